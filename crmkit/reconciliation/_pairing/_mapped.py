"""Two tables of two systems: the left one is mapped first, so that like is compared with like."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from crmkit import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.frames import Table
    from crmkit.mapping import Mapping as FieldMapping
    from crmkit.mapping import MappingReport
    from crmkit.reconciliation._causes._cause import ColumnKind
    from crmkit.typing import Frame

__all__ = ["Mapped", "map_left", "with_targets"]

T = TypeVar("T")

_KINDS: Mapping[str, ColumnKind] = {"datetime": "datetime", "date": "date", "number": "number"}


@attrs.frozen(kw_only=True)
class Mapped:
    """The left table as the right one's system writes it.

    Attributes:
        left: Its columns have the names of the mapping's target.
        columns: Those names -> what the right table calls them.
        kinds: What columns hold, where the mapping says so.
        report: What the mapping said.
        named: Turns a name of the left table, as it was or as it is now, into the one that it has now.
    """

    left: Table
    columns: Mapping[str, str]
    kinds: Mapping[str, ColumnKind]
    report: MappingReport
    named: Callable[[str], str]

    def renamed(self, table: Mapping[str, T]) -> dict[str, T]:
        """Return settings by column under the names that columns have now."""
        return {self.named(name): value for name, value in table.items()}

    def key(self, key: str | Sequence[str] | None) -> str | list[str] | None:
        """Return the key's columns under the names that they have now."""
        if key is None or isinstance(key, str):
            return None if key is None else self.named(key)
        return [self.named(name) for name in key]


def map_left(left: Frame, right: Table, mapping: FieldMapping) -> Mapped:
    """Map the left table, and find the columns of the right one, whichever of their headers they have.

    What the mapping has no place for is not compared; a picklist is compared as the right system names its values.
    """
    made, report = mapping.apply(left, rest="drop")
    table = frames.read(made)
    if not table.columns and not len(table):  # an empty list: it would have had the columns that the other one has
        table = frames.read({name: [] for name in mapping.inverse().columns_in(right.columns)})
    became = {one.column: one.target for one in report.columns}
    theirs = mapping.inverse().columns_in(right.columns)
    forms = {link.target.name: link.target.form.type for link in mapping.links if link.target is not None}
    return Mapped(
        left=table,
        columns={name: theirs[name] for name in table.columns if name in theirs},
        kinds={name: _KINDS[forms[name]] for name in table.columns if name in theirs and forms.get(name) in _KINDS},
        report=report,
        named=lambda name: name if name in table.columns else became.get(name) or mapping.to(name) or name,
    )


def with_targets(left: Table, right: Table, mapping: FieldMapping) -> Table:
    """Return the right table with an empty column for each field that the mapping writes and the table lacks.

    The fields are there in the right one's system: an empty table, or records of an API that leaves out what is empty,
    only does not show them.
    """
    read = mapping.columns_in(left.columns)
    written = [link.target.name for link in mapping.links if link.target and link.source and link.source.name in read]
    there = mapping.inverse().columns_in(right.columns)
    lacking = [name for name in dict.fromkeys(written) if name not in there and name not in right.columns]
    if not lacking:
        return right
    columns = {name: right.column(name) for name in right.columns}
    return frames.read({**columns, **{name: [None] * len(right) for name in lacking}})
