"""What is held against what: the columns of both tables, what they hold, and what is near enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit._nearest import did_you_mean
from crmkit.columns import recognize
from crmkit.errors import NotFoundError, SchemaError
from crmkit.frames import Compared
from crmkit.reconciliation._causes._cause import KINDS
from crmkit.systems import canonical_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.frames import Table
    from crmkit.reconciliation._causes._cause import ColumnKind
    from crmkit.typing import Frame

__all__ = ["ColumnPair", "check_by_column", "key_pairs", "pair_columns", "read_both"]

_KIND_OF_TYPE: Mapping[str, ColumnKind] = {
    "email": "email", "phone": "phone", "country": "country", "postcode": "postcode", "company": "company",
    "money": "number", "number": "number", "date": "date", "datetime": "datetime",
}  # fmt: skip
"""What the type of a canonical field means here."""


@attrs.frozen(kw_only=True)
class ColumnPair:
    """A column on the left and the one on the right that should hold the same.

    Attributes:
        left: Name on the left.
        right: Name on the right.
        kind: What it holds; decides what counts as another way to write the same.
        tolerance: Numbers that differ by no more than this are equal.
        values: What values on the left are called on the right.

    .. versionadded:: 0.1.0
    """

    left: str
    right: str
    kind: ColumnKind = attrs.field(default="text")
    tolerance: float = 0.0
    values: Mapping[str, str] | None = attrs.field(default=None, hash=False, repr=False)

    @property
    def name(self) -> str:
        """The name by which reports speak of it: that on the left."""
        return self.left

    def compared(self) -> Compared:
        """Return the pair as ``frames.row_hashes`` takes it."""
        return Compared(left=self.left, right=self.right, tolerance=self.tolerance, values=self.values)


def read_both(
    left: Frame, right: Frame, columns: Mapping[str, str], *, names: Sequence[str] = ()
) -> tuple[Table, Table]:
    """Read both tables; an empty list, which has no columns, gets those of the other.

    Args:
        left: Any frame.
        right: Another.
        columns: What columns of the left table are called on the right, where the names differ.
        names: Columns of the left table to have where both are empty lists.

    Raises:
        SchemaError: Not a frame.

    .. versionadded:: 0.1.0
    """
    one, other = frames.read_two(left, right)
    if not (one.columns or other.columns or len(one) or len(other)):
        return frames.read({name: [] for name in names}), frames.read({columns.get(name, name): [] for name in names})
    if not one.columns and not len(one):
        back = {yours: mine for mine, yours in columns.items()}
        one = frames.read({back.get(name, name): [] for name in other.columns})
    elif not other.columns and not len(other):
        other = frames.read({columns.get(name, name): [] for name in one.columns})
    return one, other


def key_names(key: str | Sequence[str] | None) -> list[str]:
    """Return the names of the key's columns."""
    return [key] if isinstance(key, str) else list(key or ())


def names_given(columns: Mapping[str, str] | None) -> dict[str, str]:
    """Return the names of columns on both sides.

    Raises:
        SchemaError: A list of names, which would say which are compared and not what they are called.
    """
    given: object = columns  # what callers without a type checker pass
    if given is not None and not hasattr(given, "items"):
        raise SchemaError("columns= maps names of the left table to those of the right; only=[...] compares some")
    return dict(columns or {})


def key_pairs(
    left: Table, right: Table, key: str | Sequence[str] | None, columns: Mapping[str, str]
) -> list[ColumnPair]:
    """Return the key's columns on both sides.

    Raises:
        SchemaError: A key column is not there, or none was named and none is recognised.
    """
    names = key_names(key)
    if not names:
        found = recognize(left).key
        if found is None or columns.get(found, found) not in right.columns:
            raise SchemaError("no key: name the column (or columns) that identify a row with key=")
        names = [found]
    return [_checked(left, right, name, columns.get(name, name)) for name in names]


def pair_columns(
    left: Table,
    right: Table,
    *,
    keys: Sequence[ColumnPair],
    columns: Mapping[str, str],
    only: Sequence[str] | None,
    kinds: Mapping[str, ColumnKind],
    tolerance: Mapping[str, float] | float,
    values: Mapping[str, Mapping[str, str]],
) -> list[ColumnPair]:
    """Return the columns to compare: those named, else all that both tables have.

    Raises:
        SchemaError: A column that was named is not there.
        NotFoundError: There is no such kind.
    """
    keyed = {pair.left for pair in keys}
    if only is None:
        names = [name for name in left.columns if columns.get(name, name) in right.columns and name not in keyed]
        for name in columns:
            _checked(left, right, name, columns[name])
    else:
        names = [name for name in only if name not in keyed]
    for what, given in (("kinds", kinds), ("tolerance", tolerance), ("values", values)):
        if not isinstance(given, int | float):
            _check_named(what, given, [*names, *keyed])
    for kind in kinds.values():
        if kind not in KINDS:
            raise NotFoundError.of("kind of column", kind, KINDS)
    fields, canonical = recognize(left).fields, canonical_fields()
    made = []
    for name in names:
        pair = _checked(left, right, name, columns.get(name, name))
        width = float(tolerance) if isinstance(tolerance, int | float) else float(tolerance.get(name, 0.0))
        if not width >= 0:
            raise ValueError("a tolerance is a number from 0 up")
        found = _KIND_OF_TYPE.get(canonical[fields[name]].type) if name in fields else None
        kind = kinds.get(name) or found or "text"
        made.append(attrs.evolve(pair, kind=kind, tolerance=width, values=values.get(name)))
    if not made and (len(left) or len(right)):
        raise SchemaError("the tables have no column in common besides the key; map them with columns={left: right}")
    return made


def check_by_column(*, kinds: object, tolerance: object, values: object) -> None:
    """Demand settings by column where there are any; a tolerance may be one number for all of them.

    Raises:
        SchemaError: Something else, such as a share written as text.
    """
    if not isinstance(tolerance, int | float | Mapping):
        raise SchemaError(
            "tolerance= is a number in the unit of the column, or column to number, such as {'amount': 0.01}, "
            f"not {type(tolerance).__name__}"
        )
    for what, given, such in (("kinds", kinds, "{'tel': 'phone'}"), ("values", values, "{'plan': {'Gold': 'g'}}")):
        if given is not None and not isinstance(given, Mapping):
            raise SchemaError(f"{what}= is by column, such as {such}, not {type(given).__name__}")


def _check_named(what: str, given: Mapping[str, object], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            near = did_you_mean(name, names)
            raise SchemaError(
                f"{what}= names {name!r}, which is not compared" + (f"; did you mean {near!r}?" if near else "")
            )


def _checked(left: Table, right: Table, name: str, other: str) -> ColumnPair:
    for side, column, table in (("left", name, left), ("right", other, right)):
        if column not in table.columns:
            raise SchemaError(f"{side} table: {NotFoundError.of('column', column, table.columns)}")
    return ColumnPair(left=name, right=other)
