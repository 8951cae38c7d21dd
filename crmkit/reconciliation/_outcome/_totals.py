"""Control totals: what an accountant checks before looking at any row."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.columns import recognize
from crmkit.errors import NotFoundError, SchemaError
from crmkit.systems import canonical_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.frames import Table
    from crmkit.reconciliation._pairing._settings import ColumnPair

    from ._report import ReconcileReport

__all__ = ["Total", "totals"]


@attrs.frozen(kw_only=True)
class Side:
    """The numbers of one table: how many, their exact sum, the least and the greatest, and cells that are none.

    .. versionadded:: 0.1.0
    """

    count: int = 0
    sum: Decimal = Decimal(0)
    least: Decimal | None = None
    greatest: Decimal | None = None
    other: int = 0


@attrs.frozen(kw_only=True)
class Total:
    """Count, sum, least and greatest of one column, and of one group of rows if there are groups.

    Attributes:
        column: Name on the left.
        group: The value that the rows share; ``None`` for all rows, and for rows without a value.
        left: The figures of the left table.
        right: Those of the right table.

    .. versionadded:: 0.1.0
    """

    column: str
    group: str | None = attrs.field(default=None, repr=False)
    left: Side
    right: Side

    @property
    def agrees(self) -> bool:
        """Whether both sides have the same figures."""
        return self.left == self.right

    @property
    def difference(self) -> Decimal:
        """Sum on the right less sum on the left."""
        return self.right.sum - self.left.sum


def totals(report: ReconcileReport, columns: Sequence[str] | None, *, by: str | None) -> list[Total]:
    """Return the totals of the columns; see :meth:`crmkit.reconciliation.ReconcileReport.totals`."""
    known = {pair.left: pair for pair in report.columns}
    for name in columns or ():
        if name not in known:
            raise SchemaError(str(NotFoundError.of("compared column", name, known)))
    chosen = [known[name] for name in columns] if columns is not None else list(known.values())
    group = None if by is None else next((pair for pair in (*report.columns, *report.keys) if pair.left == by), None)
    if by is not None and group is None:
        raise SchemaError(str(NotFoundError.of("compared column", by, known)))
    made: list[Total] = []
    apart = _no_amounts(report) if columns is None else frozenset()
    for pair in chosen:
        if pair.left in apart:
            continue
        if columns is None and not (_is_numeric(report.left, pair.left) and _is_numeric(report.right, pair.right)):
            continue
        made.extend(_of_column(report, pair, group))
    return made


def _no_amounts(report: ReconcileReport) -> frozenset[str]:
    """Return columns that may be digits and add up to nothing: phones, ids; the sum of one row would be its value."""
    fields, known = recognize(report.left).fields, canonical_fields()
    ids = {name for name, field in fields.items() if known[field].type not in ("number", "money")}
    kinds = {pair.left: pair.kind for pair in report.columns}
    return frozenset(
        name for name, kind in kinds.items() if kind not in ("number", "text") or (name in ids and kind != "number")
    )


def _of_column(report: ReconcileReport, pair: ColumnPair, group: ColumnPair | None) -> Iterator[Total]:
    mine = _sides(report.left, pair.left, None if group is None else group.left)
    yours = _sides(report.right, pair.right, None if group is None else group.right)
    for name in dict.fromkeys([*mine, *yours]):
        yield Total(column=pair.left, group=name, left=mine.get(name, Side()), right=yours.get(name, Side()))


def _number(value: object) -> Decimal | None:
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _is_numeric(table: Table, name: str) -> bool:
    """Whether all of a column's values are numbers; text with leading zeros is an id, not a number."""
    some = False
    for piece in table.pieces():
        texts = [str(value) for value in piece.texts(name).values]
        some = some or bool(texts)
        if not all(
            _number(value) is not None
            and value[0] != "+"
            and not (len(value) > 1 and value[0] == "0" and value[1].isdigit())
            for value in texts
        ):
            return False
    return some


def _sides(table: Table, name: str, by: str | None) -> dict[str | None, Side]:
    found: dict[str | None, Side] = {None: Side()} if by is None else {}
    for piece in table.pieces():
        for group, side in _piece_sides(piece, name, by).items():
            found[group] = _added(found[group], side) if group in found else side
    return found


def _added(one: Side, other: Side) -> Side:
    """Put the figures of two parts of a table together."""
    least = [value for value in (one.least, other.least) if value is not None]
    greatest = [value for value in (one.greatest, other.greatest) if value is not None]
    return Side(
        count=one.count + other.count,
        sum=one.sum + other.sum,
        least=min(least, default=None),
        greatest=max(greatest, default=None),
        other=one.other + other.other,
    )


def _piece_sides(table: Table, name: str, by: str | None) -> dict[str | None, Side]:
    texts = table.texts(name)
    numbers = [_number(value) for value in texts.values]
    if by is None:
        groups, names = np.zeros(len(table), dtype=np.int64), [None]
    else:
        grouped = table.texts(by)
        groups, names = grouped.codes.astype(np.int64), [*map(str, grouped.values), None]  # type: ignore[list-item]  # None stands for no value
    width = len(numbers) + 1
    filled = texts.codes >= 0
    keys = (groups[filled] % len(names)) * width + texts.codes[filled]
    found: dict[str | None, Any] = {name: Side() for name in names} if by is None else {}
    distinct, counts = np.unique(keys, return_counts=True)
    for key, n in zip(distinct.tolist(), counts.tolist(), strict=True):
        group, number = names[key // width], numbers[key % width]
        side = found.get(group, Side())
        if number is None:
            found[group] = attrs.evolve(side, other=side.other + n)
            continue
        found[group] = Side(
            count=side.count + n,
            sum=side.sum + number * n,
            least=number if side.least is None else min(side.least, number),
            greatest=number if side.greatest is None else max(side.greatest, number),
            other=side.other,
        )
    return found
