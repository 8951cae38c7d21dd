"""Everything that a comparison found as tables: one line for each differing cell, and the issue table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit.issues import IssueTable
from crmkit.normalize import numbers
from crmkit.reconciliation._causes._cause import CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.typing import JSONValue

    from ._report import ReconcileReport

__all__ = ["cell_columns", "issue_table", "named_params"]

RULE = "reconcile"


def issue_table(report: ReconcileReport) -> IssueTable:
    """Return the issue table of ``ReconcileReport.issues``."""
    return IssueTable.concat(
        [_cell_issues(report), *_row_issues(report), *report.apart.issues(report.run_id, lang=report.lang)],
        lang=report.lang,
    )


def cell_columns(report: ReconcileReport) -> dict[str, list[Any]]:
    """Return the columns of ``ReconcileReport.cells``."""
    pair, part_of, which = _ordered(report)
    pairing = report.rows.pairing
    rows, others = pairing.left[pair], pairing.right[pair]
    names = [pair.name for pair in (*report.columns, *report.keys)]
    columns: dict[str, list[Any]] = {
        "record_id": _ids(report.left, [key.left for key in report.keys], rows),
        "left_row": rows.tolist(),
        "right_row": others.tolist(),
    }
    for name, values in (
        ("column", [[names[part.column]] * len(part.left) for part in report.parts]),
        ("left", [part.left for part in report.parts]),
        ("right", [part.right for part in report.parts]),
        ("cause", [[cause.code for cause in part.causes] for part in report.parts]),
        ("severity", [[CAUSES[cause.code].severity for cause in part.causes] for part in report.parts]),
    ):
        columns[name] = _gathered(values, part_of, which)
    return columns


def _ordered(report: ReconcileReport) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return for each differing cell, in order, its pair of rows, its part, and its place in the part's texts."""
    none = [np.empty(0, dtype=np.int64)]
    pair = np.concatenate([*none, *(part.pair for part in report.parts)])
    which = np.concatenate([*none, *(part.which for part in report.parts)])
    part_of = np.repeat(np.arange(len(report.parts)), [len(part) for part in report.parts])
    order = np.lexsort((part_of, pair))
    return pair[order], part_of[order], which[order]


def _gathered(values: Sequence[Sequence[Any]], part_of: NDArray[np.int64], which: NDArray[np.int64]) -> list[Any]:
    bases = np.cumsum([0, *map(len, values)])
    every = [value for part in values for value in part]
    return [every[at] for at in (bases[part_of] + which).tolist()]


def _ids(table: Table, names: Sequence[str], rows: NDArray[np.int64]) -> list[str | None]:
    """Return the record ids of some rows; parts of a key are joined by blanks."""
    if not len(rows):
        return []
    distinct, back = np.unique(rows, return_inverse=True)
    part = frames.read(table.take(distinct))  # type: ignore[arg-type]  # an array is a sequence of rows
    columns = [part.texts(name).rows() for name in names]
    if len(columns) == 1:
        ids = [None if value is None else str(value) for value in columns[0]]
    else:
        cells = zip(*columns, strict=True)
        ids = [" ".join("" if value is None else str(value) for value in row) for row in cells]
    return [ids[at] for at in back.ravel().tolist()]


def _cell_issues(report: ReconcileReport) -> IssueTable:
    pair, part_of, which = _ordered(report)
    if not len(pair):
        return IssueTable.empty(lang=report.lang)
    rows = report.rows.pairing.left[pair]
    names = [one.name for one in (*report.columns, *report.keys)]
    params = [
        [
            named_params(report, cause.params) | {"right": right}
            for cause, right in zip(part.causes, part.right, strict=True)
        ]
        for part in report.parts
    ]
    codes = _gathered([[cause.code for cause in part.causes] for part in report.parts], part_of, which)
    return IssueTable.of(
        run_id=report.run_id,
        rule=RULE,
        code=codes,
        row=rows,
        path=_gathered([[names[part.column]] * len(part.left) for part in report.parts], part_of, which),
        severity=[CAUSES[code].severity for code in codes],
        dimension=[CAUSES[code].dimension for code in codes],
        record_id=_ids(report.left, [key.left for key in report.keys], rows),
        value=_gathered([part.left for part in report.parts], part_of, which),
        params=_gathered(params, part_of, which),
        lang=report.lang,
    )


def named_params(report: ReconcileReport, params: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """Name the column that another's values are in."""
    place = params.get("with")
    return {"with": (*report.columns, *report.keys)[place].name} if isinstance(place, int) else dict(params)


def _row_issues(report: ReconcileReport) -> Iterable[IssueTable]:
    pairing, mine, yours = report.rows.pairing, report.left, report.right
    keyless = report.rows.no_key_left, report.rows.no_key_right
    own, their = [key.left for key in report.keys], [key.right for key in report.keys]
    written = _scientific(mine, own, pairing.missing), _scientific(yours, their, pairing.unexpected)
    for code, severity, dimension, rows, on_left in (
        ("row_missing", "error", "completeness", np.setdiff1d(pairing.missing, keyless[0]), True),
        ("row_unexpected", "warning", "integrity", np.setdiff1d(pairing.unexpected, keyless[1]), False),
        ("key_doubled", "error", "uniqueness", pairing.doubled_left, True),
        ("key_doubled_right", "error", "uniqueness", pairing.doubled_right, False),
        ("key_missing", "error", "completeness", keyless[0], True),
        ("key_missing_right", "error", "completeness", keyless[1], False),
        ("key_scientific", "error", "accuracy", written[0], True),
        ("key_scientific_right", "error", "accuracy", written[1], False),
    ):
        if not len(rows):
            continue
        ids = _ids(mine if on_left else yours, own if on_left else their, rows)
        yield IssueTable.of(
            run_id=report.run_id, rule=RULE, code=code, severity=severity, dimension=dimension, record_id=ids,  # type: ignore[arg-type]  # the words above are those allowed
            row=rows if on_left else np.full(len(rows), -1), path=" ".join(own),
            params=None if on_left else [{"right_row": row} for row in rows.tolist()], lang=report.lang,
        )  # fmt: skip


def _scientific(table: Table, names: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows without a partner whose key a spreadsheet wrote as ``1.38E+10``: its digits are gone."""
    if not len(rows):
        return rows
    part = frames.read(table.take(rows))  # type: ignore[arg-type]  # an array is a sequence of rows
    hit = np.zeros(len(rows), dtype=bool)
    for name in names:
        texts = part.texts(name)
        damaged = [numbers.is_scientific(str(value)) for value in texts.values]
        hit |= np.array([*damaged, False])[texts.codes]
    return np.asarray(rows[hit])
