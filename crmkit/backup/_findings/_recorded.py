"""What is done to backups, for an audit log: who, which one, how it ended; never a name of a file or a value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.typing import AuditSink, JSONValue

    from ._findings import Finding

__all__ = ["record_backup"]


def record_backup(
    audit: AuditSink | None,
    verb: str,
    name: str | None,
    *,
    by: str | None,
    ok: bool = True,
    count: int = 1,
    purpose: str | None = None,
    findings: Iterable[Finding] = (),
    kind: str = "backup",
    detail: Mapping[str, JSONValue] | None = None,
) -> None:
    """Record one doing; without a log nothing.

    Args:
        audit: The log, or anything with its method.
        verb: ``create``, ``verify``, ``drill``, ``recover``, ``heal``.
        name: Id of the backup or run; ``None`` where it could not be read.
        by: Who.
        ok: How it ended.
        count: Files or rows.
        purpose: What for.
        findings: Their codes are counted.
        kind: Kind of the resource.
        detail: Anything else.
    """
    if audit is None:
        return
    codes: dict[str, JSONValue] = dict(sorted(Counter(finding.code for finding in findings).items()))
    audit.record(
        f"backup.{verb}",
        actor=by,
        resource=None if name is None else (kind, name),
        outcome="ok" if ok else "failed",
        count=count,
        purpose=purpose,
        detail={**(detail or {}), **({"codes": codes} if codes else {})},
    )
