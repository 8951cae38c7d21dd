"""A table that comes in pieces: what needs one row at a time is asked of each piece, which is then let go.

Kept to the end are only the columns that other rows decide about: those of rules that compare records, and fields whose
check first learns how the column is written (the order of dates). Of a kept column each distinct text is held once, and
a reference to it for each row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit.errors import SchemaError
from crmkit.issues import IssueTable

from ._check import When, walk
from ._columns import Columns
from ._run import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.frames import Table
    from crmkit.typing import Frame, Progress

    from ._assumptions import Assumption
    from ._outcome import RuleOutcome
    from ._report import ValidationReport
    from ._run import Item, Run
    from ._schema import Schema

__all__ = ["run_chunks"]


def run_chunks(
    run: Run, chunks: Iterable[Frame], *, keep_rows: bool, progress: Progress | None
) -> ValidationReport:  # fmt: skip
    """Ask every rule of a run about the rows of all pieces.

    Args:
        run: The run.
        chunks: The pieces.
        keep_rows: Whether the report shall hold the rows.
        progress: For what is asked at the end; a step is a field or rule.

    Raises:
        SchemaError: If there is no piece, or two have different columns.
    """
    items = run.items
    first: Table | None = None
    here: list[int] = []
    kept: dict[str, list[object]] = {}
    known: dict[object, object] = {}
    parts: list[Part] = []
    n_rows = 0
    for number, chunk in enumerate(chunks):
        table = frames.read(chunk)
        if first is None:
            first = table
            here = [place for place, item in enumerate(items) if _is_local(item, table)]
            read = {name for place, item in enumerate(items) if place not in here for name in _reads(item, run.schema)}
            kept = {name: [] for name in table.columns if keep_rows or name in read}
        elif set(table.columns) != set(first.columns):
            odd = sorted(set(table.columns) ^ set(first.columns))
            raise SchemaError(f"piece {number} has other columns than the first: {', '.join(odd[:5])}")
        part = run.part(table, here, piece=True)
        parts.append(attrs.evolve(part, issues=part.issues.shifted(n_rows)))
        for name, values in kept.items():
            values += [known.setdefault(value, value) if type(value) is str else value for value in table.column(name)]
        n_rows += len(table)
    if first is None:
        raise SchemaError("check_chunks() was given no piece")
    whole = frames.read(frames.build(kept, like=first.native)) if kept else first
    later = [place for place in range(len(items)) if place not in here]
    if later:
        parts.append(run.part(whole, later, progress=progress, known=True))
    return run.report(_merged(parts), whole, n_rows=n_rows, whole=keep_rows)


def _is_local(item: Item, table: Table) -> bool:
    """Say whether a field or rule needs nothing but the row."""
    if not isinstance(item, tuple):
        return item.row_local
    field, check = item
    parts = walk(check)
    if any(part.learns for part in parts):
        return False
    # A column with types of its own is looked at as a whole: one cell of text makes its form a matter of writing.
    return not any(part.typed for part in parts) or field not in table.columns or Columns(table).holds_text(field)


def _reads(item: Item, schema: Schema) -> set[str]:
    names = {schema.key} if schema.key is not None else set()
    if not isinstance(item, tuple):
        return names.union(item.reads)
    field, check = item
    names.add(field)
    for part in walk(check):
        names.update(reference.column for reference in part.references)
        names.update(part.condition.columns if isinstance(part, When) else ())
    return names


def _merged(parts: Iterable[Part]) -> Part:
    """Add the counts of the pieces up."""
    outcomes: dict[int, list[RuleOutcome]] = {}
    assumptions: dict[int, list[Assumption]] = {}
    issues = []
    for part in parts:
        issues.append(part.issues)
        for place, found in part.outcomes.items():
            before = outcomes.get(place)
            pairs = found if before is None else [old.plus(new) for old, new in zip(before, found, strict=True)]
            outcomes[place] = list(pairs)
        for place, notes in part.assumptions.items():
            assumptions.setdefault(place, []).extend(notes)
    return Part(outcomes, IssueTable.concat(issues), assumptions)
