"""What is gathered while a mapping runs over a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._match import whole

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingABC
    from collections.abc import Sequence

    from crmkit.frames import Table
    from crmkit.issues import Dimension, IssueTable
    from crmkit.mapping._mappings._mapping import Mapping
    from crmkit.mapping._parts._link import Link
    from crmkit.typing import JSONValue, Severity

    from ._match import Bound
    from ._report import MappedColumn

__all__ = ["Run"]


@attrs.define
class Run:
    """The mapping, the frame, and what has been found and written so far.

    Attributes:
        mapping: What is done.
        table: What it is done to.
        bound: Which column of the table is which end.
        cut: Whether values that are too long are cut.
        links: Column of the table -> the links that read it.
        fed: The target columns that a column of the table feeds directly.
        columns: What has been written.
        issues: What has been found.
        mapped: Which column became which.
        unknown: Column -> value that a picklist or table does not have -> how many rows have it.
    """

    mapping: Mapping
    table: Table
    bound: Bound
    cut: bool
    links: MappingABC[str, Sequence[Link]] = attrs.field(init=False)
    fed: frozenset[str] = attrs.field(init=False)
    columns: dict[str, list[object]] = attrs.field(factory=dict)
    issues: list[IssueTable] = attrs.field(factory=list)
    mapped: list[MappedColumn] = attrs.field(factory=list)
    unknown: dict[str, dict[str, int]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        links: dict[str, list[Link]] = {}
        for link in self.mapping.links:
            if link.source is not None and link.source.name in self.bound.columns:
                links.setdefault(self.bound.columns[link.source.name], []).append(link)
        self.links = links
        self.fed = frozenset(
            link.target.name for found in links.values() for link in found if link.target and not link.is_derived
        )

    def say(self, code: str, severity: Severity, dimension: Dimension, path: str | None, **params: JSONValue) -> None:
        """Add an issue about the whole table or a column."""
        self.issues.append(whole(code, severity=severity, dimension=dimension, path=path, params=params))
