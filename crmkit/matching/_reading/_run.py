"""What one run of matching has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from crmkit import frames
from crmkit.errors import NotFoundError
from crmkit.records._held import HeldColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ._encode import Encoded
    from ._sources import Source

__all__ = ["Run"]


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Run:
    """What was read for one run: the tables with their columns, their codes and the record ids."""

    sources: tuple[Source, ...]
    encoded: Encoded
    ids: tuple[Sequence[object], ...]
    keys: tuple[str | None, ...]
    notes: tuple[str, ...]

    def id_of(self, row: int) -> object:
        """Return the record id of a row of the joined tables."""
        first = len(self.ids[0])
        return self.ids[0][row] if row < first else self.ids[1][row - first]

    def ids_of(self, rows: NDArray[np.int32], side: int) -> list[object]:
        """Return the record ids of rows, all of table ``side``."""
        offset = len(self.ids[0]) if side else 0
        ids, places = self.ids[side], (rows - offset).tolist()
        return list(ids.take(places)) if isinstance(ids, HeldColumn) else [ids[row] for row in places]

    def values_of(self, rows: NDArray[np.int32], side: int) -> list[dict[str, object]]:
        """Return the filled cells of rows, all of table ``side``, by column."""
        table = self.sources[side].table
        columns = {name: table.column(name) for name in table.columns}
        offset = len(self.ids[0]) if side else 0
        return [
            {name: values[row] for name, values in columns.items() if values[row] is not None}
            for row in (rows - offset).tolist()
        ]

    def texts_of_ids(self) -> list[str]:
        """Return the record ids of the first table as text."""
        ids = list(self.ids[0])
        return cast("list[str]", ids) if set(map(type, ids)) <= {str} else [frames.as_text(one) for one in ids]

    def row_of(self, record_id: object, side: int) -> int:
        """Return the row of a record id.

        Raises:
            NotFoundError: No record has it; the message does not repeat the id.
        """
        ids = self.ids[side]
        try:
            row = ids.index(record_id)
        except ValueError:
            raise NotFoundError("no record has this id; ids are those in .clusters") from None
        return row + (len(self.ids[0]) if side else 0)
