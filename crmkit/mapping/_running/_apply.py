"""Run a mapping over a frame: column by column, in the frame's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crmkit import frames
from crmkit._progress import steps
from crmkit.errors import NotFoundError
from crmkit.issues import IssueTable, new_run_id
from crmkit.mapping._parts._link import CANONICAL

from ._cells import convert_column, raw_columns
from ._demands import check_demands, check_facts, record_ids
from ._match import bind, header_issues
from ._name_parts import derived_links, join_names, split_name
from ._report import MappingReport
from ._run import Run

if TYPE_CHECKING:
    from crmkit.mapping._mappings._mapping import Mapping
    from crmkit.typing import Frame, Language, Progress, Severity

__all__ = ["run"]


def run(
    mapping: Mapping,
    frame: Frame,
    *,
    rest: Literal["keep", "drop"],
    cut: bool,
    lang: Language,
    progress: Progress | None,
) -> tuple[Frame, MappingReport]:
    """Return the mapped frame and the report."""
    if rest not in ("keep", "drop"):
        raise NotFoundError.of("way to treat the rest", rest, ("keep", "drop"))
    table = frames.read(frame)
    bound = bind(mapping, table.columns)
    done = Run(mapping, table, bound, cut)
    done.issues.extend(header_issues(mapping, table.columns, bound))
    raw = raw_columns(done)
    splits, joins = derived_links(done)
    taken = {*done.fed, *joins, *(link.target.name for links in splits.values() for link in links if link.target)}
    left: list[str] = []
    for column in steps(progress, table.columns, "mapping"):
        main = [link for link in done.links.get(column, ()) if link.target and not link.is_derived]
        for link in main:
            convert_column(done, link, column, raw.get(column))
        for link in splits.get(column, ()):
            split_name(done, link, column)
        for target in [name for name, columns in joins.items() if column in columns.values()]:
            join_names(done, target, joins.pop(target))
        if not main and column not in raw.values():
            left.append(column)
    for column in left:
        _place(done, column, taken, is_derived=column in splits, rest=rest)
    check_demands(done)
    check_facts(done)
    ids = record_ids(done)
    report = MappingReport(
        mapping=mapping,
        rows=len(table),
        columns=tuple(done.mapped),
        rest=tuple(left),
        unknown=done.unknown,
        issues=IssueTable.concat(done.issues, lang=lang).stamped(new_run_id(), ids),
        lang=lang,
    )
    if not done.columns and table.kind == "records":  # records without a field are records all the same
        return [{} for _ in range(len(table))], report
    return frames.build(done.columns, like=table), report


def _place(done: Run, column: str, taken: set[str], *, is_derived: bool, rest: Literal["keep", "drop"]) -> None:
    """Keep or drop a column without a place of its own, and say what it holds."""
    cells = done.table.column(column)
    filled = sum(cell is not None and cell != "" for cell in cells)
    if filled and not is_derived:
        is_lost = rest == "drop" or done.mapping.target.system != CANONICAL
        code = "column_unknown" if column in done.bound.unknown else "column_not_held"
        severity: Severity = "warning" if is_lost else "info"
        if column in done.bound.spare:
            code = "column_spare"
        done.say(
            code, severity, "completeness", column, n=filled, target=str(done.mapping.target),
            field=done.bound.spare.get(column, ""), dropped=rest == "drop",
        )  # fmt: skip
    if rest == "keep":
        name, number = column, 1
        while name in done.columns or name in taken:
            name = f"{column} ({done.mapping.source.system})" if number == 1 else f"{column} ({number})"
            number += 1
        done.columns[name] = list(cells)
