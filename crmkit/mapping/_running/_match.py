"""Find the columns of a mapping in a frame, and say if the frame is somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import systems
from crmkit.issues import IssueTable

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingABC
    from collections.abc import Sequence

    from crmkit.issues import Dimension
    from crmkit.mapping._mappings._mapping import Mapping
    from crmkit.mapping._parts._link import End
    from crmkit.typing import JSONValue, Severity

__all__ = ["Bound", "bind", "header_issues", "whole"]

_RENAMED = 80.0
"""How alike two headers are, of 100, to be taken for one that somebody renamed."""
_KNOWN_SHARE = 0.3
"""Below this share of known headers a frame is hardly an export of the system."""


@attrs.frozen(kw_only=True)
class Bound:
    """Which column of a frame is which end of a mapping.

    Attributes:
        columns: Name of an end -> the frame's column.
        spare: Column -> the end that it stands for too, while a better column is there.
        unknown: Columns that no end has, in the frame's order.
        absent: Ends that the frame does not have.
    """

    columns: MappingABC[str, str]
    spare: MappingABC[str, str]
    unknown: tuple[str, ...]
    absent: tuple[str, ...]


def source_ends(mapping: Mapping) -> dict[str, End]:
    """Return every end that the mapping reads, by name."""
    return {link.source.name: link.source for link in mapping.links if link.source is not None}


def bind(mapping: Mapping, columns: Sequence[str]) -> Bound:
    """Find each end's column: by its name as written, by its other headers, then by either as people mean it."""
    ends = source_ends(mapping)
    there = set(columns)
    folded: dict[str, list[str]] = {}
    for column in columns:
        folded.setdefault(systems.fold_header(column), []).append(column)
    found: dict[str, str] = {}
    spare: dict[str, str] = {}
    taken: set[str] = set()
    exact = {name: [header for header in (end.name, *end.headers) if header in there] for name, end in ends.items()}
    names = {header for headers in exact.values() for header in headers}
    for name, end in ends.items():
        alike = [
            column for header in (end.name, *end.headers) for column in folded.get(systems.fold_header(header), ())
            if column not in names and systems.fold_header(header)
        ]  # fmt: skip
        candidates = [column for column in dict.fromkeys((*exact[name], *alike)) if column not in taken]
        if candidates:
            found[name] = candidates[0]
            spare.update(dict.fromkeys(candidates[1:], name))
            taken.update(candidates)
    return Bound(
        columns=found,
        spare=spare,
        unknown=tuple(column for column in columns if column not in taken),
        absent=tuple(name for name in ends if name not in found),
    )


def whole(
    code: str,
    *,
    severity: Severity,
    dimension: Dimension,
    path: str | None = None,
    params: MappingABC[str, JSONValue] | None = None,
) -> IssueTable:
    """Return one issue about the whole table or a whole column."""
    return IssueTable.of(
        rule="mapping", code=code, row=[None], path=path, severity=severity, dimension=dimension, params=[params or {}]
    )


def header_issues(mapping: Mapping, columns: Sequence[str], bound: Bound) -> list[IssueTable]:
    """Return what the headers say: another system's export, one of another kind, headers that were renamed."""
    found: list[IssueTable] = []
    source = mapping.source
    known = source.system in systems.names()
    candidate = systems.identify(columns) if known else None
    alien = candidate is not None and candidate.system != source.system
    if candidate is not None and alien:
        params: dict[str, JSONValue] = {"found": candidate.system, "kind": candidate.kind, "expected": str(source)}
        found.append(whole("system_unexpected", severity="error", dimension="consistency", params=params))
    elif candidate is not None and source.kind is not None and candidate.kind != source.kind:
        least = len(set(bound.columns.values()))
        other = sum(systems.field_of(source.system, candidate.kind, column) is not None for column in columns)
        if other > least:
            params = {"found": candidate.kind, "expected": source.kind, "system": source.system}
            found.append(whole("kind_unexpected", severity="error", dimension="consistency", params=params))
    elif columns and len(bound.columns) < _KNOWN_SHARE * len(columns):
        params = {"n": len(bound.columns), "columns": len(columns), "system": str(source)}
        found.append(whole("headers_unknown", severity="warning", dimension="consistency", params=params))
    if not alien:
        found.extend(_renamed(mapping, bound))
    return found


def _renamed(mapping: Mapping, bound: Bound) -> list[IssueTable]:
    """Name unknown columns that look like ends that are absent: somebody renamed them."""
    if not bound.unknown or not bound.absent:
        return []
    from rapidfuzz import fuzz, process

    ends = source_ends(mapping)
    wanted = {header: name for name in bound.absent for header in (name, *ends[name].headers)}
    folded = {header: systems.fold_header(header) for header in wanted}
    found = []
    for column in bound.unknown:
        text = systems.fold_header(column)
        best = process.extractOne(text, folded, scorer=fuzz.ratio, score_cutoff=_RENAMED) if len(text) > 2 else None
        if best is not None:
            name = wanted[best[2]]
            found.append(
                IssueTable.of(
                    rule="mapping", code="header_renamed", row=[None], path=column, severity="warning",
                    dimension="consistency", params=[{"field": name}], fix=[name], confidence=[round(best[1] / 100, 4)],
                )
            )  # fmt: skip
    return found
