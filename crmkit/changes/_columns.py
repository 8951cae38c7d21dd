"""The lines of a log in memory: columns, not objects."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.frames import StoredRows, encode_cell, identity, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from crmkit.typing import JSONValue

_OWN_KEYS: Final = frozenset({str, type(None)})
VERSION: Final = 1
KINDS: Final = ("cell", "merge", "split", "drop", "restore", "rebind", "escape", "rename")


@attrs.frozen(kw_only=True)
class Header:
    """What holds for every line of a log."""

    run_id: str
    at: str
    by: str | None
    reason: str | None
    key: str | None
    unique_key: bool
    layout: dict[str, JSONValue]
    twins: tuple[tuple[int, int], ...] = ()
    """Where there is no key: rows that stay, each with a row that is merged away and reads the same."""


class Codes:
    """A column of few different values: each is held once."""

    __slots__ = ("codes", "values")

    def __init__(self, column: Iterable[object] = ()) -> None:
        held = column if isinstance(column, list) else list(column)
        self.values: list[Any] = list(dict.fromkeys(held))
        number = {value: code for code, value in enumerate(self.values)}
        self.codes: npt.NDArray[np.int32] = np.fromiter(map(number.__getitem__, held), dtype=np.int32, count=len(held))

    def __getitem__(self, line: Any) -> Any:
        if isinstance(line, np.ndarray):
            made = Codes()
            made.values, made.codes = self.values, self.codes[line]
            return made
        return self.values[self.codes[line]]

    def column(self) -> list[Any]:
        """Return one value for each line."""
        values = self.values
        return [values[code] for code in self.codes]

    @classmethod
    def coded(cls, values: Sequence[object], codes: npt.NDArray[Any]) -> Codes:
        """Return a column of which codes are known; values that are equal become one, values that no line has go."""
        made = cls(values)
        codes = made.codes[codes]
        used = np.bincount(codes, minlength=len(made.values)) > 0
        number = np.cumsum(used, dtype=np.int32) - np.int32(1)
        made.codes = number[codes]
        made.values = list(compress(made.values, used))
        return made

    @classmethod
    def constant(cls, value: object, n: int) -> Codes:
        """Return a column of one value."""
        made = cls([value] if n else [])
        made.codes = np.zeros(n, dtype=np.int32)
        return made


@attrs.define(kw_only=True)
class Lines:
    """All lines, aligned.

    ``before`` and ``after`` are cells as the frame held them; of a merge, ``before`` is a place in ``rows``.
    """

    kind: Codes
    row: npt.NDArray[np.int64]
    path: Codes
    before: list[Any]
    after: list[Any]
    record_id: list[str | None]
    survivor: npt.NDArray[np.int64]
    rule: Codes
    rule_version: Codes
    confidence: npt.NDArray[np.float64]
    reason: Codes
    redacted: npt.NDArray[np.bool_]
    types: list[str] | None = None
    """Of a log that was read: as written, because erased values have none."""
    rows: StoredRows = attrs.field(factory=lambda: StoredRows({}, None, 0))

    def __len__(self) -> int:
        return len(self.before)

    def without(self, lines: Sequence[int]) -> Lines:
        """Return the log without some lines."""
        keep = np.setdiff1d(np.arange(len(self)), np.asarray(lines))
        taken: dict[str, Any] = {}
        for field in attrs.fields(Lines):
            column = getattr(self, field.name)
            if isinstance(column, Codes | np.ndarray):
                taken[field.name] = column[keep]
            elif isinstance(column, list):
                taken[field.name] = [column[line] for line in keep]
        return attrs.evolve(self, **taken)

    def stored_rows(self, lines: Sequence[int]) -> StoredRows:
        """Return the whole rows that merge lines hold."""
        return self.rows.take([self.before[line] for line in lines])

    def before_of(self, line: int) -> Any:
        """Return what was there: a cell, or for a merge the whole row."""
        before = self.before[line]
        return self.rows[before] if self.kind[line] == "merge" and before is not None else before

    def erase(self, line: int) -> None:
        """Forget the values of a line."""
        if self.kind[line] == "merge" and self.before[line] is not None:
            self.rows.erase(self.before[line])
        self.before[line] = self.after[line] = None
        self.redacted[line] = True

    def type_of(self, line: int) -> str:
        """Return the ``type`` of a line."""
        if self.types is not None:
            return self.types[line]
        if self.kind[line] == "merge":
            return "row"
        before, after = encode_cell(self.before[line])[0], encode_cell(self.after[line])[0]
        return before if before == after else f"{before}>{after}"


def check_storable(rows: StoredRows) -> None:
    """Raise if a log of these rows could not be saved, and name the column.

    Raises:
        SchemaError: A cell of a type that has no form in the file.
    """
    columns: dict[str, list[object]] = dict(rows.columns)
    if rows.labels is not None:
        columns["(index)"] = rows.labels
    for name, cells in columns.items():
        if set(map(type, cells)) <= _OWN_KEYS:
            continue
        for cell in cells:
            if type(cell) is str or cell is None:
                continue
            try:
                encode_cell(cell)
            except SchemaError as error:
                hint = "convert the column, or merge without it"
                raise SchemaError(f"column {name!r}: {error}, so the merge could not be undone; {hint}") from None


def confidences(values: Sequence[float | None] | float | None, n: int) -> npt.NDArray[np.float64]:
    """Return confidences as floats, ``NaN`` for none."""
    if values is None or isinstance(values, int | float):
        return np.full(n, np.nan if values is None else float(values))
    return np.fromiter((np.nan if value is None else value for value in values), dtype=np.float64, count=n)


def codes(values: Sequence[object] | str | None, n: int) -> Codes:
    """Return a column given either whole or as the one value that stands for all lines."""
    return Codes.constant(values, n) if values is None or isinstance(values, str) else Codes(values)


def row_identities(rows: StoredRows, names: Sequence[str]) -> list[object]:
    """Return a key for each row that two rows share only if they hold the same; markers of missing are one."""
    missing: list[object] = [None] * len(rows)
    columns = [_identities(rows.columns.get(name, missing)) for name in names]
    labels = missing if rows.labels is None else _identities(rows.labels)
    return list(zip(labels, *columns, strict=True))


def _identities(cells: Sequence[object]) -> Sequence[object]:
    """Return a key for each cell; text and ``None`` are their own, which no tuple of the others equals."""
    if set(map(type, cells)) <= _OWN_KEYS:
        return cells
    return [None if (value := plain(cell)) is None else _own_or_identity(value) for cell in cells]


def _own_or_identity(value: object) -> object:
    return value if type(value) is str else identity(value)
