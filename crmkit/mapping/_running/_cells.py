"""Write one column as the target does: each distinct text once, what cannot be converted as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmkit.issues import IssueTable
from crmkit.mapping._parts._link import CANONICAL
from crmkit.normalize import dates

from ._convert import converter, is_converted
from ._report import MappedColumn
from ._untouched import look_through

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingABC
    from collections.abc import Sequence

    from crmkit.frames import Distinct
    from crmkit.issues import Dimension
    from crmkit.mapping._parts._link import End, Link
    from crmkit.normalize.dates import DateOrder
    from crmkit.typing import JSONValue, Severity

    from ._run import Run

__all__ = ["convert_column", "limited", "raw_columns"]

_GRADES: MappingABC[str, tuple[Severity, Dimension]] = {
    "time_unreadable": ("warning", "validity"),
    "time_serial": ("warning", "validity"),
    "time_zone_missing": ("error", "validity"),
    "time_ambiguous": ("warning", "accuracy"),
    "time_gap": ("error", "validity"),
    "day_ambiguous": ("error", "accuracy"),
    "time_of_day_assumed": ("info", "accuracy"),
    "time_shortened": ("warning", "accuracy"),
    "value_unreadable": ("warning", "validity"),
    "list_item_split": ("warning", "accuracy"),
}
"""How bad it is what a conversion says of a value."""
_REFUSED = frozenset({"time_unreadable", "time_serial", "value_unreadable"})
"""What the canonical model may hold as it was, and a column of a real system refuses."""


def convert_column(done: Run, link: Link, column: str, raw: str | None) -> None:
    source, target = link.source, link.target
    if source is None or target is None:
        return
    look_through(done, link, column)
    converted = is_converted(source.form, target.form) or (
        source.form.type == target.form.type and source.form.type in ("datetime", "date", "bool")
    )
    if not converted and link.values is None and target.max_length is None:  # nothing to look at
        done.columns[target.name] = list(done.table.column(column))
        done.mapped.append(MappedColumn(column=column, target=target.name, evidence="link", is_converted=False))
        return
    texts = done.table.texts(column)
    results: list[str | None] = [str(value) for value in texts.values]
    changed = False
    if converted:
        results, changed = _written(done, link, texts, column)
    if link.values is not None:
        results, changed = _translated(done, link, texts, column), True
    fitting, shortened = limited(done, target, texts, results)
    rows = texts.spread(fitting) if changed or shortened else list(done.table.column(column))
    if raw is not None and link.values is not None:
        rows = _from_raw(link, rows, done.table.texts(raw).rows())
    done.columns[target.name] = rows
    done.mapped.append(MappedColumn(column=column, target=target.name, evidence="link", is_converted=changed))
    if link.values is not None and done.mapping.target.system == CANONICAL:
        done.columns[f"{target.name}_raw"] = list(texts.rows())


def _written(done: Run, link: Link, texts: Distinct, column: str) -> tuple[list[str | None], bool]:
    """Read each distinct text and write it as the target does; keep what cannot be read."""
    if link.source is None or link.target is None:
        raise AssertionError
    values = [str(value) for value in texts.values]
    order = _order(link.source, values)
    convert = converter(link.source.form, link.target.form, order)
    results: list[str | None] = []
    problems: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        result, problem = convert(value) if value.strip() else (value, "")
        if problem:
            problems.setdefault(problem, []).append(place)
        results.append(value if result is None and problem else result)
    zone: dict[str, JSONValue] = {"zone": link.source.form.zone or link.target.form.zone or ""}
    for code, places in problems.items():
        _say(done, code, texts, places, column, params=zone)
    return results, True


def _say(
    done: Run, code: str, texts: Distinct, places: Sequence[int], column: str, *,
    params: MappingABC[str, JSONValue] | None = None,
) -> None:  # fmt: skip
    """Add an issue for each row that has one of some values of a column."""
    severity, dimension = _GRADES[code]
    if code in _REFUSED and done.mapping.target.system != CANONICAL:
        severity = "error"
    rows = np.flatnonzero(np.isin(texts.codes, places))
    done.issues.append(
        IssueTable.of(
            rule="mapping", code=code, row=rows, path=column, severity=severity, dimension=dimension,
            value=[str(texts.values[place]) for place in texts.codes[rows].tolist()],
            params=[dict(params or {})] * len(rows),
        )
    )  # fmt: skip


def _order(source: End, values: Sequence[str]) -> DateOrder | None:
    if source.form.type not in ("datetime", "date"):
        return None
    return source.form.order or dates.infer_order(values)


def _translated(done: Run, link: Link, texts: Distinct, column: str) -> list[str | None]:
    """Give each distinct value its name on the other side; count and keep those that the table does not have."""
    if link.values is None or link.target is None:
        raise AssertionError
    results: list[str | None] = []
    counts = texts.counts().tolist()
    for place, value in enumerate(map(str, texts.values)):
        found = link.values.get(value)
        if found is None and value.strip():
            done.unknown.setdefault(column, {})[value] = counts[place]
            row = int(np.argmax(texts.codes == place))
            done.issues.append(
                IssueTable.of(
                    rule="mapping", code="value_unknown", row=[row], path=column, severity="warning",
                    dimension="validity", value=[value], params=[{"n": counts[place], "field": link.target.name}],
                )
            )  # fmt: skip
        results.append(value if found is None else found)
    return results


def limited(done: Run, target: End, texts: Distinct, results: Sequence[str | None]) -> tuple[list[str | None], bool]:
    """Report what is longer than the target stores, and cut it if that was asked for."""
    limit = target.max_length
    if limit is None:
        return list(results), False
    long = [place for place, result in enumerate(results) if result is not None and len(result) > limit]
    if not long:
        return list(results), False
    rows = np.flatnonzero(np.isin(texts.codes, long))
    whole_values = [results[place] or "" for place in texts.codes[rows].tolist()]
    done.issues.append(
        IssueTable.of(
            rule="mapping", code="cut" if done.cut else "too_long", row=rows, path=target.name,
            severity="warning" if done.cut else "error", dimension="validity", value=whole_values,
            params=[{"max_length": limit, "length": len(value)} for value in whole_values],
        )
    )  # fmt: skip
    if not done.cut:
        return list(results), False
    return [result if result is None else result[:limit] for result in results], True


# -- values as they were ---------------------------------------------------------------------------------------------


def raw_columns(done: Run) -> dict[str, str]:
    """Find the columns that hold values as their system wrote them, beside the canonical ones."""
    if done.mapping.source.system != CANONICAL:
        return {}
    there = set(done.table.columns)
    return {
        column: f"{column}_raw"
        for column, links in done.links.items()
        if f"{column}_raw" in there and any(link.values is not None for link in links)
    }


def _from_raw(link: Link, rows: Sequence[object], raw: Sequence[object]) -> list[object]:
    """Take the value that was once read where it still means what the canonical column says."""
    if link.values is None:
        raise AssertionError
    back = link.values.inverse()
    made = []
    for value, was in zip(rows, raw, strict=True):
        means = None if was is None or value is None else back.get(str(was))
        made.append(was if means is not None and means == back.get(str(value)) else value)
    return made
