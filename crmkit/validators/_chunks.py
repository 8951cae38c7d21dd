"""Frames that come in pieces, put together column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import frames
from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.typing import Frame

__all__ = ["joined"]


def joined(chunks: Iterable[Frame]) -> Frame:
    """Return the pieces as one frame of the kind of the first.

    Equal texts are kept once over all pieces, so that a column of few different values costs a pointer a row.
    """
    columns: dict[str, list[object]] = {}
    first: Frame | None = None
    known: dict[object, object] = {}
    for number, chunk in enumerate(chunks):
        table = frames.read(chunk)
        if first is None:
            first = chunk
            columns = {name: [] for name in table.columns}
        elif set(table.columns) != set(columns):
            odd = sorted(set(table.columns) ^ set(columns))
            raise SchemaError(f"piece {number} has other columns than the first: {', '.join(odd[:5])}")
        for name, values in columns.items():
            values += [known.setdefault(value, value) if type(value) is str else value for value in table.column(name)]
    if first is None:
        raise SchemaError("check_chunks() was given no piece")
    return frames.build(columns, like=first)
