"""What a generator returns: records that can be rendered piece by piece, and the truth about them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import numpy as np

from crmkit._optional import require
from crmkit.errors import NotFoundError
from crmkit.frames import build

from ._duplicates import Causes
from ._planted import Planted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from crmkit.typing import Frame

__all__ = ["Causes", "Generated", "Kind", "Planted", "sample"]

Columns: TypeAlias = "dict[str, list[str | None]]"
Kind: TypeAlias = Literal["recordset", "pandas", "polars", "arrow", "mapping", "records"]

_CHUNK = 100_000
_LIBRARY = {"pandas": ("pandas", "DataFrame"), "polars": ("polars", "DataFrame")}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Generated:
    """Generated records, and what a matcher or a validator should find in them.

    The records themselves are made when they are asked for, all at once (``records``, ``columns``) or in pieces
    (``chunks``), with the same result.

    Attributes:
        column_names: The columns, in order.
        truth: Shape ``(n,)``: the party that each record describes; equal numbers are one party.
        causes: What was done to each record.
        severity: Shape ``(n,)``: 0 for an original, 1 lightly, 2 medium, 3 heavily altered.
        groups: Shape ``(n,)``: the household of a contact, the company of an account; -1 for none. Records of one
            group and different parties are the traps that a matcher has to avoid.

    .. versionadded:: 0.1.0
    """

    column_names: tuple[str, ...]
    truth: NDArray[np.int64]
    causes: Causes
    severity: NDArray[np.int64]
    groups: NDArray[np.int64]
    like: object = None
    _render: Callable[[int, int], tuple[Columns, list[Planted]]]

    def __len__(self) -> int:
        return len(self.truth)

    def __repr__(self) -> str:
        return f"Generated({len(self)} records of {len(np.unique(self.truth))} parties)"

    def chunks(self, rows: int = _CHUNK) -> Iterator[Columns]:
        """Render the records piece by piece, so that a file can be larger than memory.

        Example:
            >>> from crmkit.testing import generate
            >>> [len(piece["email"]) for piece in generate.contacts(250).chunks(100)]
            [100, 100, 50]
        """
        for start in range(0, len(self), rows):
            yield self._render(start, min(start + rows, len(self)))[0]

    @property
    def columns(self) -> Columns:
        """All columns as lists of text, ``None`` where a value is missing; made anew at each access."""
        out: Columns = {name: [] for name in self.column_names}
        for chunk in self.chunks():
            for name, values in chunk.items():
                out[name] += values
        return out

    @cached_property
    def records(self) -> Frame:
        """The records as the kind of table that was asked for, a ``RecordSet`` by default."""
        if self.like is None or self.like == "recordset":
            return build(self.columns)
        return build(self.columns, like=sample(self.like) if isinstance(self.like, str) else self.like)

    @cached_property
    def planted(self) -> tuple[Planted, ...]:
        """The errors planted by ``messy=True``: row, column and kind, in row order."""
        return tuple(
            item
            for start in range(0, len(self), _CHUNK)
            for item in self._render(start, min(start + _CHUNK, len(self)))[1]
        )

    def pairs(self) -> NDArray[np.int64]:
        """Return every true pair of rows.

        Returns:
            Shape ``(n_pairs, 2)``, the smaller row first, sorted.
        """
        order = np.argsort(self.truth, kind="stable")
        party = self.truth[order]
        found = [np.zeros((0, 2), dtype=np.int64)]
        for step in range(1, len(party)):
            same = np.flatnonzero(party[step:] == party[:-step])
            if not len(same):
                break
            found.append(np.column_stack([order[same], order[same + step]]))
        pairs = np.concatenate(found)
        return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def sample(kind: str) -> object:
    """Return an empty table of the named kind."""
    if kind == "mapping":
        return {"id": []}
    if kind == "records":
        return [{"id": None}]
    if kind == "arrow":
        return require("pyarrow", extra="arrow", what="generate").table({"id": []})
    if kind in _LIBRARY:
        module, name = _LIBRARY[kind]
        return getattr(require(module, extra=None, what="generate"), name)({"id": []})
    raise NotFoundError.of("kind of table", kind, ["recordset", "mapping", "records", "arrow", *_LIBRARY])
