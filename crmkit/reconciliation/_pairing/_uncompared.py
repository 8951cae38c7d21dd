"""What was not compared, because only one table has it: a renamed header must not pass for agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from crmkit.issues import IssueTable, message
from crmkit.systems import fold_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.frames import Table
    from crmkit.mapping import MappingReport
    from crmkit.typing import Language

__all__ = ["Uncompared", "uncompared"]

_RENAMED: Final = 80.0
"""How alike two headers are, of 100, to be taken for one that somebody renamed."""
_OF_HEADERS: Final = frozenset(
    {"system_unexpected", "kind_unexpected", "headers_unknown", "header_renamed", "column_unknown", "column_not_held"}
)
"""What a mapping says of columns that then are not compared."""
_WRONG: Final = frozenset({"system_unexpected", "kind_unexpected"})


@attrs.frozen(kw_only=True)
class Uncompared:
    """Columns that only one table has.

    Attributes:
        missing: Those of the left table that hold something.
        unexpected: Those of the right table that hold something.
        alike: Missing column -> an unexpected one whose name looks like it.
        mapping: What the mapping said that brought the left table into the right one's form.
    """

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    alike: Mapping[str, str] = attrs.field(factory=dict)
    mapping: MappingReport | None = None

    @property
    def is_alien(self) -> bool:
        """Whether the mapping says that the left table is another system's, or holds another kind of record."""
        return self.mapping is not None and bool(_WRONG & self.mapping.issues.counts("code").keys())

    def said(self, lang: Language) -> list[str]:
        """Say which columns were not compared that should have been."""
        alien = self.mapping.explain(lang)[:1] if self.mapping is not None and self.is_alien else []
        absent = [f"{name}: {message('column_absent', lang=lang)}" for name in self.missing]
        alike = [
            f"{like}: {message('header_renamed', {'field': name}, lang=lang)}" for name, like in self.alike.items()
        ]
        return alien + absent + alike

    def issues(self, run_id: str, *, lang: Language) -> Iterator[IssueTable]:
        """Return one issue for each column, and what the mapping said of headers."""
        for code, names in (("column_absent", self.missing), ("column_unexpected", self.unexpected)):
            if names:
                absent = code == "column_absent"
                yield IssueTable.of(
                    run_id=run_id, rule="reconcile", code=code, severity="error" if absent else "info",
                    dimension="completeness", row=[None] * len(names), path=list(names), lang=lang,
                )  # fmt: skip
        if self.alike:
            yield IssueTable.of(
                run_id=run_id, rule="reconcile", code="header_renamed", severity="warning", dimension="consistency",
                row=[None] * len(self.alike), path=list(self.alike.values()),
                params=[{"field": name} for name in self.alike], fix=list(self.alike), lang=lang,
            )  # fmt: skip
        if self.mapping is not None:
            codes = self.mapping.issues.column("code")
            yield self.mapping.issues.take([at for at, code in enumerate(codes) if code in _OF_HEADERS])


def uncompared(
    left: Table, right: Table, columns: Mapping[str, str], *, only: Sequence[str] | None, mapping: MappingReport | None
) -> Uncompared:
    """Find the columns that only one table has; none where the caller named those to compare.

    Args:
        left: The left table.
        right: The right table.
        columns: What columns of the left table are called on the right, where the names differ.
        only: Columns that were named.
        mapping: The report of the mapping that made the left table.
    """
    if only is not None:
        return Uncompared(mapping=mapping)
    theirs, mine = set(right.columns), {columns.get(name, name) for name in left.columns}
    missing = [name for name in left.columns if columns.get(name, name) not in theirs and _is_filled(left, name)]
    spare = [name for name in right.columns if name not in mine]
    return Uncompared(
        missing=tuple(missing),
        unexpected=tuple(name for name in spare if _is_filled(right, name)),
        alike=_alike(missing, spare) if missing and spare else {},
        mapping=mapping,
    )


def _is_filled(table: Table, name: str) -> bool:
    return not all(bool(piece.blank(name).all()) for piece in table.pieces())


def _alike(missing: Sequence[str], spare: Sequence[str]) -> dict[str, str]:
    from rapidfuzz import fuzz, process

    folded = {name: fold_header(name) for name in spare}
    found: dict[str, str] = {}
    for name in missing:
        best = process.extractOne(fold_header(name), folded, scorer=fuzz.ratio, score_cutoff=_RENAMED)
        if best is not None and fold_header(name):
            found[name] = best[2]
            del folded[best[2]]
    return found
