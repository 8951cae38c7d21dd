"""What goes to the audit log, and what happens when it cannot."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.typing import AuditSink, JSONValue

__all__ = ["Auditor", "RecordMode"]

RecordMode: TypeAlias = Literal["denies", "sensitive", "all"]
"""Which decisions are written to the audit log."""

_log = logging.getLogger("crmkit.permissions")


class Auditor:
    """Writes decisions to a sink; says whether an action may go on."""

    def __init__(self, sink: AuditSink, record: RecordMode, on_failure: Literal["deny", "allow"]) -> None:
        self._sink = sink
        self._record = record
        self._on_failure = on_failure

    def wants(self, resource: Resource, action: str, *, allowed: bool) -> bool:
        """Say whether this decision is to be written."""
        if not allowed or self._record == "all":
            return True
        return self._record == "sensitive" and action in resource.sensitive_actions

    def wants_fields(self) -> bool:
        """Say whether it is to be written that sensitive fields were shown in the clear."""
        return self._record != "denies"

    def write(
        self,
        action: str,
        *,
        actor: str | None,
        resource: tuple[str, str] | None,
        allowed: bool,
        at: dt.datetime,
        detail: Mapping[str, JSONValue],
        fields: Sequence[str] = (),
        count: int = 1,
    ) -> bool:
        """Write one event and return whether an allowed action may go on."""
        try:
            self._sink.record(
                action,
                actor=actor,
                resource=resource,
                outcome="ok" if allowed else "denied",
                fields=fields,
                count=count,
                at=at,
                detail=detail,
            )
        except Exception as error:  # noqa: BLE001 - whatever the sink does, the chosen policy decides
            _log.error("the audit log failed: %s", type(error).__name__)  # its text may hold values
            return self._on_failure == "allow"
        return True
