"""A block of even rows cut into columns at once, which costs a third of making rows first.

Only for blocks in which every line is one row of the expected width and every quote stands where RFC 4180 wants it.
Anything else is for `_rows`, which `tests/files/test_columns.py` compares with.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["columns_of"]

_CELL, _LINE = "\x1f", "\x1e"
"""What stands between cells, and alone in a cell at each end of a line; a block that holds one of them is not cut."""


def columns_of(lines: Sequence[str], text: str, delimiter: str, width: int) -> list[list[str]] | None:
    r"""Return the cells of each column, or ``None`` where rows have to be read one by one.

    Args:
        lines: Physical lines with their ends.
        text: All of them in one.
        delimiter: One character.
        width: Cells that each row must have.

    Example:
        >>> columns_of(["a,b\n", '1,"2, 3"\n'], 'a,b\n1,"2, 3"\n', ",", 2), columns_of(["a\n"], "a\n", ",", 2)
        ([['a', '1'], ['b', '2, 3']], None)
    """
    if width < 2 or _CELL in text or _LINE in text or delimiter in (_CELL, _LINE):  # one column may be a blank line
        return None
    if max(map(len, lines)) > csv.field_size_limit():
        return None
    whole = text if text.endswith("\n") else f"{text}\n"
    marked = _marked(whole, delimiter) if '"' not in whole else _marked_outside_quotes(whole, delimiter)
    if marked is None:
        return None
    cells = marked.split(_CELL)
    cells.pop()  # behind the last line
    step = width + 1
    if len(cells) != step * len(lines) or cells[width::step].count(_LINE) != len(lines):
        return None
    return [cells[place::step] for place in range(width)]


def _marked(text: str, delimiter: str) -> str | None:
    """Put marks where cells and lines end; ``None`` where a line ends otherwise than with LF or CRLF."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    return text.replace(delimiter, _CELL).replace("\n", f"{_CELL}{_LINE}{_CELL}")


def _marked_outside_quotes(text: str, delimiter: str) -> str | None:
    """Do the same to what stands outside of quotes, and take the quotes off; ``None`` where one is not in its place."""
    parts = text.split('"')
    inside = "".join(parts[1::2])
    if len(parts) % 2 == 0 or "\n" in inside or "\r" in inside:  # a cell that goes on in the next line
        return None
    outside = parts[::2]
    before, behind = (delimiter, "\n"), (delimiter, "\n", "\r")
    doubled = [at for at in range(1, len(outside) - 1) if not outside[at]]  # a quote within a quoted cell
    if not all(part.endswith(before) for part in outside[:-1] if part):
        return None
    if not all(part.startswith(behind) for part in outside[1:] if part):
        return None
    marked = _marked('"'.join(outside), delimiter)
    if marked is None:
        return None
    outside = marked.split('"')
    for at in doubled:
        outside[at] = '"'
    parts[::2] = outside
    return "".join(parts)
