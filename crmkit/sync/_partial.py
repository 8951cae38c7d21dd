"""Tables that hold only what changed: the rest is as it was agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import frames

from ._agreed import Open

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.frames import Table

    from ._agreed import Agreed, Key

__all__ = ["filled"]


def filled(
    left: Table, right: Table, state: Agreed, *, keys: Sequence[str], names: Sequence[str],
    columns: Mapping[str, str], partial: Sequence[str],
) -> tuple[Table, Table, list[Key]]:  # fmt: skip
    """Fill up tables that hold only changed rows with what was agreed.

    Returns:
        Both tables, and the keys of rows that cannot be judged: some cell of theirs was never agreed on, and the row
        was not fetched from both sides.
    """
    theirs = [columns.get(name, name) for name in keys]
    mine_keys, your_keys = _keys(left, keys), _keys(right, theirs)
    unknown = [
        key
        for key, cells in state.rows.items()
        if any(isinstance(cell, Open) for cell in cells)
        and (("left" in partial and key not in mine_keys) or ("right" in partial and key not in your_keys))
    ]
    apart = set(unknown)
    one = _filled(left, keys, names, names, state, mine_keys | apart) if "left" in partial else left
    renamed = [columns.get(name, name) for name in names]
    other = _filled(right, theirs, renamed, names, state, your_keys | apart) if "right" in partial else right
    return one, other, unknown


def _keys(table: Table, names: Sequence[str]) -> set[Key]:
    return set(zip(*(table.texts(name).rows() for name in names), strict=True))


def _filled(
    table: Table, keys: Sequence[str], columns: Sequence[str], names: Sequence[str], state: Agreed, there: set[Key]
) -> Table:
    rest = [(key, cells) for key, cells in state.rows.items() if key not in there]
    made: dict[str, list[object]] = {name: list(table.column(name)) for name in table.columns}
    for name in made:
        if name in keys:
            place = list(keys).index(name)
            made[name] += [key[place] for key, _ in rest]
        elif name in columns and names[list(columns).index(name)] in state.columns:
            place = state.columns.index(names[list(columns).index(name)])
            made[name] += [cells[place] for _, cells in rest]
        else:
            made[name] += [None] * len(rest)
    return frames.read(made)
