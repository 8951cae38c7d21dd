"""Public Protocols and aliases: what areas expect from each other and from the caller's own objects.

Areas do not import one another. What one needs of another it asks for here, so anything with the right methods will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = [
    "AuditSink",
    "FieldAccess",
    "FieldDisclosure",
    "Frame",
    "JSONValue",
    "KeyWrapper",
    "Language",
    "Progress",
    "RecordKind",
    "Severity",
    "Signer",
    "Usage",
    "UsageSource",
    "Verifier",
]

T = TypeVar("T")

JSONValue: TypeAlias = "bool | int | float | str | Sequence[JSONValue] | Mapping[str, JSONValue] | None"
"""What JSON can say."""

Frame: TypeAlias = Any
"""Any table that ``crmkit.frames`` reads: pandas, polars, pyarrow, duckdb, a ``RecordSet``, dicts, records.

To a type checker it is ``Any``, on purpose. As a parameter, a union of all that is read would have to hold
``Iterable``, for records, and so would let through the path that people pass by mistake. As a result, it would make
everybody narrow what they know already; and a type variable ("what went in comes out") would be wrong where a lazy
frame comes back collected, a duckdb relation as a pyarrow table, and a generator as a list. Annotate the name that
takes the result: ``clean: pd.DataFrame``."""

Severity: TypeAlias = Literal["error", "warning", "info"]
"""How bad an issue is; worst first."""

Language: TypeAlias = Literal["en", "zh"]
"""What messages and pages are written in."""

RecordKind: TypeAlias = Literal["contact", "account", "lead", "deal", "activity"]
"""What one row of a table is."""


@runtime_checkable
class Progress(Protocol):
    """Wraps an iterable and shows how far it is; ``tqdm`` itself satisfies it.

    .. versionadded:: 0.1.0
    """

    def __call__(self, iterable: Iterable[T], /, *, total: int | None = None, desc: str | None = None) -> Iterable[T]:
        """Return an iterable over the same items."""
        ...


@runtime_checkable
class AuditSink(Protocol):
    """Where areas record what was done: ``crmkit.audit.Log`` or anything with this method.

    .. versionadded:: 0.1.0
    """

    def record(
        self,
        action: str,
        *,
        actor: str | None,
        resource: tuple[str, str] | None,
        outcome: Literal["ok", "denied", "failed"],
        fields: Sequence[str] = (),
        count: int = 1,
        purpose: str | None = None,
        at: datetime | None = None,
        detail: Mapping[str, JSONValue] = ...,
    ) -> object:
        """Append one event."""
        ...


class Usage(Protocol):
    """One use of a permission, as a log remembers it.

    .. versionadded:: 0.1.0
    """

    @property
    def actor(self) -> str:
        """Who."""
        ...

    @property
    def action(self) -> str:
        """Did what."""
        ...

    @property
    def resource(self) -> tuple[str, str] | None:
        """To which kind and id of thing."""
        ...

    @property
    def at(self) -> datetime:
        """When, as an aware UTC moment."""
        ...


@runtime_checkable
class UsageSource(Protocol):
    """What reviews and least privilege read; ``verified`` says whether the log proved itself.

    .. versionadded:: 0.1.0
    """

    verified: bool

    def usage(self, *, since: datetime) -> Iterable[Usage]:
        """Return the uses since then, oldest first."""
        ...


@runtime_checkable
class FieldAccess(Protocol):
    """What encryption asks before it decrypts for somebody.

    .. versionadded:: 0.1.0
    """

    def level(
        self, resource: str, field: str, record: Mapping[str, object] | None
    ) -> Literal["hidden", "masked", "read", "write"]:
        """Return what the principal may see of the field."""
        ...


@runtime_checkable
class FieldDisclosure(FieldAccess, Protocol):
    """A :class:`FieldAccess` that is told what was granted before anything is decrypted; a ``View`` is one.

    .. versionadded:: 0.1.0
    """

    def disclose(
        self,
        resource: str,
        levels: Mapping[str, Literal["hidden", "masked", "read", "write"]],
        record: Mapping[str, object] | None,
        *,
        key: object = None,
        count: int = 1,
    ) -> None:
        """Write down what is about to be shown; whatever this raises, nothing is shown.

        Args:
            resource: The table.
            levels: Field -> the level at which it is shown.
            record: The row, where it is known.
            key: The id of the record, where it is known and the row is not.
            count: How many rows.
        """
        ...


@runtime_checkable
class KeyWrapper(Protocol):
    """Holds a wrapping key and never hands it out: a key management service, or a key file.

    Called when a keyring is created, loaded, refreshed or rotated, never when a value is encrypted or decrypted.

    .. versionadded:: 0.1.0
    """

    @property
    def uri(self) -> str:
        """Names the wrapping key, not secret: ``aws-kms:alias/crm``, ``local:prod-2026``."""
        ...

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Return ``key`` encrypted; unwrapping takes the same context.

        Raises:
            KMSUnavailableError: Trying again may help.
            KMSRefusedError: Trying again does not help.
        """
        ...

    def unwrap(self, blob: bytes, context: Mapping[str, str]) -> bytes:
        """Return the key that :meth:`wrap` encrypted; raises as it does."""
        ...


@runtime_checkable
class Signer(Protocol):
    """Signs bytes with one key.

    .. versionadded:: 0.1.0
    """

    @property
    def key_id(self) -> str:
        """Names the key, not secret."""
        ...

    def sign(self, message: bytes, /) -> bytes:
        """Return the signature of ``message``."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Checks signatures of one key.

    .. versionadded:: 0.1.0
    """

    @property
    def key_id(self) -> str:
        """Names the key, not secret."""
        ...

    def verify(self, message: bytes, signature: bytes, /) -> None:
        """Return nothing if the signature is good; raise otherwise."""
        ...
