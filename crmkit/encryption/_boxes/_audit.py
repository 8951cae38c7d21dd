"""Who does something and why, and telling an audit sink; never a value."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

import attrs

from crmkit.encryption._octets._record_id import is_blank
from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.typing import AuditSink, JSONValue


@attrs.frozen
class _Acting:
    actor: str | None = None
    purpose: str | None = None


_acting: ContextVar[_Acting] = ContextVar("crmkit_acting", default=_Acting())  # noqa: B039 - frozen


@contextmanager
def acting(*, actor: str | None = None, purpose: str | None = None) -> Iterator[None]:
    """Say who works in this block, and why; goes into every audit event, and a box may require a purpose.

    Args:
        actor: Who, as the audit log knows it.
        purpose: Why, in the words of your record of processing.

    Example:
        >>> with acting(actor="lin", purpose="support case 17"):
        ...     pass

    .. versionadded:: 0.1.0
    """
    before = _acting.set(_Acting(actor, purpose))
    try:
        yield
    finally:
        _acting.reset(before)


@attrs.frozen
class Auditor:
    """Tells the sink of a box what was done.

    Attributes:
        sink: ``None``: nobody is told.
        require_purpose: Decrypting without a purpose is refused, and a blank one is none.
    """

    sink: AuditSink | None
    require_purpose: bool

    def check_purpose(self) -> None:
        """Refuse to decrypt where a purpose is required and none was said."""
        purpose = _acting.get().purpose
        if self.require_purpose and (type(purpose) is not str or is_blank(purpose)):
            raise RefusedError("this box decrypts only for a purpose: with acting(purpose=...)", rule="purpose_missing")

    def tell(
        self,
        action: str,
        fields: Sequence[str],
        *,
        resource: tuple[str, str] | None = None,
        count: int = 1,
        outcome: Literal["ok", "denied", "failed"] = "ok",
        detail: Mapping[str, JSONValue] | None = None,
    ) -> None:
        """Record one event; an error of the sink is the caller's, so nothing happens unrecorded."""
        if self.sink is not None:
            now = _acting.get()
            self.sink.record(
                f"encryption.{action}",
                actor=now.actor,
                resource=resource,
                outcome=outcome,
                fields=tuple(fields),
                count=count,
                purpose=now.purpose,
                detail={} if detail is None else detail,
            )
