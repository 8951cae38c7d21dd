"""What goes through a mapping as it is, and cannot be what its column holds: said before a target refuses it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from crmkit import systems
from crmkit.issues import IssueTable
from crmkit.mapping._parts._link import CANONICAL
from crmkit.normalize import numbers

if TYPE_CHECKING:
    from crmkit.issues import Dimension
    from crmkit.mapping._parts._link import Link
    from crmkit.typing import Severity

    from ._run import Run

__all__ = ["look_through"]

_NESTED: Final = (list, tuple, dict, set, frozenset)
_EXACT: Final = 2.0**53
"""From here on a float cannot hold every integer: an id is no longer what it was."""


def look_through(done: Run, link: Link, column: str) -> None:
    """Add issues about cells that hold several values, and about ids and numbers that are none."""
    cells = done.table.column(column)
    kinds = set(map(type, cells)) - {type(None)}
    if any(issubclass(kind, _NESTED) for kind in kinds):
        rows = [row for row, cell in enumerate(cells) if isinstance(cell, _NESTED)]
        _say(done, "value_nested", _refused(done), "validity", column, rows)
    meant = _meaning(done, link)
    if meant in ("id", "phone") and kinds & {str, float}:
        rows = [row for row, cell in enumerate(cells) if _has_lost_digits(cell)]
        _say(done, "id_scientific", "error", "accuracy", column, rows)
    if link.target is not None and link.target.form.type == "number" and str in kinds:
        rows = [row for row, cell in enumerate(cells) if isinstance(cell, str) and not _is_number(cell)]
        if link.source is None or link.source.form.scale == link.target.form.scale:  # else the conversion says it
            _say(done, "value_unreadable", _refused(done), "validity", column, rows)


def _refused(done: Run) -> Severity:
    """A real system refuses what the canonical model may hold."""
    return "warning" if done.mapping.target.system == CANONICAL else "error"


def _say(done: Run, code: str, severity: Severity, dimension: Dimension, column: str, rows: list[int]) -> None:
    if rows:
        values = [str(done.table.column(column)[row]) for row in rows]
        done.issues.append(
            IssueTable.of(
                rule="mapping", code=code, row=rows, path=column, severity=severity, dimension=dimension, value=values
            )
        )


def _meaning(done: Run, link: Link) -> str | None:
    """Return the canonical type of a column, whichever side tells it."""
    fields = systems.canonical_fields()
    for side, end in ((done.mapping.target, link.target), (done.mapping.source, link.source)):
        if end is None:
            continue
        name: str | None = end.name
        if side.system != CANONICAL:
            known = side.kind is not None and side.system in systems.names()
            found = systems.field_of(side.system, side.kind, end.name) if known and side.kind is not None else None
            name = None if found is None else found.canonical
        if name is not None and name in fields:
            return fields[name].type
    return None


def _has_lost_digits(cell: object) -> bool:
    if isinstance(cell, float):
        return abs(cell) >= _EXACT
    return isinstance(cell, str) and "+" in cell and numbers.is_scientific(cell)


def _is_number(text: str) -> bool:
    stripped = text.strip()
    if not stripped or (stripped.isascii() and stripped.isdigit()):
        return True
    try:
        return Decimal(stripped).is_finite()
    except InvalidOperation:
        return False
