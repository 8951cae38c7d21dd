"""Which character stands between the cells, by the rows it would make."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CANDIDATES = ",;\t|"
SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 1 << 16


def sniff(lines: Sequence[str], *, whole: bool) -> str:
    r"""Return the delimiter that cuts the sample into the most even rows of more than one cell.

    The sample is cut by the rules of CSV, so delimiters and line ends inside quoted cells do not count.  Where no
    candidate makes two cells the file has one column, and the comma is as good as any.

    Args:
        lines: The first lines of the file.
        whole: They are all of it; else the last row may be cut and is left out.

    Example:
        >>> sniff(["name;note\n", 'Ann;"a, b, c\n', 'd, e"\n'], whole=True)
        ';'
    """
    return max(
        CANDIDATES, key=lambda candidate: (_evenness(lines, candidate, whole=whole), -CANDIDATES.index(candidate))
    )


def _evenness(lines: Sequence[str], delimiter: str, *, whole: bool) -> tuple[float, int]:
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # a cell beyond the limit: judge by what came before
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                rows.append(row)  # noqa: PERF401  what came before an error is kept
    if not whole and len(rows) > 1:
        rows.pop()
    widths = Counter(map(len, rows))
    widths.pop(1, None)
    if not widths:
        return 0.0, 0
    header = len(rows[0])
    width, count = max(widths.items(), key=lambda item: (item[1], item[0] == header, item[0]))
    share = count / len(rows)
    return (share if header == width else share / 2), width
