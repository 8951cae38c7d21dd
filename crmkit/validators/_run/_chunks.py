"""A table that comes in pieces: what needs one row at a time is asked of each piece, which is then let go.

Kept to the end are only the columns that other rows decide about: those of rules that compare records, and fields whose
check first learns how the column is written (the order of dates). Of such a column each distinct text is held once, and
a reference to it for each row. What must be unique, and the key, is nearly all distinct: of that there are kept a hash
for each row, and the texts compressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit.errors import SchemaError
from crmkit.issues import IssueTable
from crmkit.validators._checks._check import When, walk
from crmkit.validators._reading._columns import Columns
from crmkit.validators._rules._relations import Unique

from ._packed import PackedTexts, is_text
from ._run import Part
from ._unique_pieces import UniqueInPieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.frames import Table
    from crmkit.typing import Frame, Progress
    from crmkit.validators._outcome._assumptions import Assumption
    from crmkit.validators._outcome._counts import RuleOutcome
    from crmkit.validators._outcome._report import ValidationReport

    from ._run import Item, Run

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
    kept: _Kept | None = None
    parts: list[Part] = []
    n_rows = 0
    for number, chunk in enumerate(chunks):
        table = frames.read(chunk)
        if kept is None:
            kept = _Kept.of(run, table, keep_rows=keep_rows)
        elif set(table.columns) != set(kept.first.columns):
            odd = sorted(set(table.columns) ^ set(kept.first.columns))
            raise SchemaError(f"piece {number} has other columns than the first: {', '.join(odd[:5])}")
        kept.take(table, n_rows)
        part = run.part(table, kept.local, piece=True)
        parts.append(attrs.evolve(part, issues=part.issues.shifted(n_rows)))
        n_rows += len(table)
    if kept is None:
        raise SchemaError("check_chunks() was given no piece")
    native = kept.first.native
    whole = frames.read(frames.build(kept.columns, like=native) if kept.columns else kept.first.take([]))
    if kept.later:
        part = run.part(whole, kept.later, progress=progress, known=True)
        ids = None if run.schema.key is None else kept.packed.get(run.schema.key)
        if ids is not None:
            rows = part.issues.rows
            part = attrs.evolve(part, issues=part.issues.with_ids(rows, ids.ids_at(rows)))
        parts.append(part)
    parts += kept.finished(run)
    return run.report(_merged(parts), whole, n_rows=n_rows, whole=keep_rows, columns=kept.first.columns)


@attrs.define(eq=False)
class _Kept:
    """What stays of pieces that were let go.

    Attributes:
        first: The first piece.
        local: The items, by their places, that are asked of each piece.
        later: Those that are asked at the end, of the columns kept whole.
        unique: Rules of uniqueness, by their places, of which hashes are kept.
        columns: The columns kept whole.
        packed: Columns of text that are only asked for rows with an issue.
    """

    first: Table
    local: list[int]
    later: list[int]
    unique: dict[int, UniqueInPieces]
    columns: dict[str, list[object]]
    packed: dict[str, PackedTexts]
    _known: dict[object, object] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, run: Run, table: Table, *, keep_rows: bool) -> _Kept:
        """Decide what must be kept, by the first piece."""
        items, key = run.items, run.schema.key
        local = [place for place, item in enumerate(items) if _is_local(item, table)]
        rest = [place for place in range(len(items)) if place not in local]
        unique = {} if keep_rows else {
            place: UniqueInPieces(item) for place in rest
            if isinstance(item := items[place], Unique) and item.condition is None and _all_text(table, item.fields)
        }  # fmt: skip
        later = [place for place in rest if place not in unique]
        read = {name for place in later for name in _reads(items[place])}
        if key is not None and any(isinstance(items[place], Unique) for place in later):
            read.add(key)  # such an issue names the other records
        packed = {name for rule in unique.values() for name in rule.rule.fields}
        if key is not None and key not in read and (later or unique):
            packed |= {key} if _all_text(table, (key,)) and not keep_rows else set()
            read |= set() if key in packed else {key}
        columns: dict[str, list[object]] = {name: [] for name in table.columns if keep_rows or name in read}
        return cls(table, local, later, unique, columns, {name: PackedTexts() for name in packed})

    def take(self, table: Table, start: int) -> None:
        """Keep of a piece what must be kept."""
        odd = [name for name in self.packed if not is_text(table.column(name))]
        if odd:
            self._unpack()
        view = Columns(table)
        for rule in self.unique.values():
            rule.add(view, start)
        for name, packed in self.packed.items():
            packed.append(table.column(name))
        for name in self.columns:
            self._append(name, table.column(name))

    def _append(self, name: str, values: Iterable[object]) -> None:
        known = self._known
        self.columns[name] += [known.setdefault(value, value) if type(value) is str else value for value in values]

    def _unpack(self) -> None:
        """Keep whole what was packed: a column that began as text goes on as something else."""
        for name, packed in self.packed.items():
            if name not in self.columns:
                self.columns[name] = []
                self._append(name, packed)
        self.later = sorted([*self.later, *self.unique])
        self.packed, self.unique = {}, {}

    def finished(self, run: Run) -> list[Part]:
        """Return what the rules of uniqueness found."""
        ids = None if run.schema.key is None else self.packed.get(run.schema.key)
        if ids is None and self.unique and run.schema.key in self.columns:
            ids = PackedTexts()
            ids.append(frames.read({"id": self.columns[run.schema.key]}).texts("id").rows())
        parts = []
        for place, rule in self.unique.items():
            outcome, tables = rule.finish(run, self.packed, ids, run.schema.fields)
            parts.append(Part({place: [outcome]}, IssueTable.concat(tables), {}))
        return parts


def _all_text(table: Table, names: Iterable[str]) -> bool:
    return all(name in table.columns and is_text(table.column(name)) for name in names)


def _is_local(item: Item, table: Table) -> bool:
    """Say whether a field or rule needs nothing but the row; one of which the table has no column needs less."""
    if not _reads(item).intersection(table.columns):
        return True
    if not isinstance(item, tuple):
        return item.row_local
    field, check = item
    parts = walk(check)
    if any(part.learns for part in parts):
        return False
    # A column with types of its own is looked at as a whole: one cell of text makes its form a matter of writing.
    return not any(part.typed for part in parts) or field not in table.columns or Columns(table).holds_text(field)


def _reads(item: Item) -> set[str]:
    """Return the columns that an item reads, beside the key."""
    if not isinstance(item, tuple):
        return set(item.reads)
    field, check = item
    names = {field}
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
