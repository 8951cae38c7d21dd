"""Read one table or two for a run: recognize the columns, find the record ids, encode what is compared."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crmkit import columns as recognition
from crmkit import systems
from crmkit.matching._record_ids import record_ids

from ._encode import encode
from ._run import Run
from ._sources import find_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.columns import ColumnMap
    from crmkit.frames import Table
    from crmkit.matching._kinds._fields import Comparison
    from crmkit.typing import Progress, RecordKind

__all__ = ["read_run"]

_log = logging.getLogger("crmkit.matching")


def read_run(
    tables: Sequence[Table],
    comparisons: Sequence[Comparison],
    *,
    kind: RecordKind,
    country: str | None,
    keys: Sequence[str | None],
    progress: Progress | None,
) -> Run:
    """Read the tables; ``keys`` names the column with the record ids of each, ``None`` where it is to be found.

    Raises:
        SchemaError: Nothing to match on, or no such key column.
    """
    maps = [recognition.recognize(table, kind=kind) for table in tables]
    sources = find_sources(tables, maps, comparisons)
    for source in sources:
        source.country = country
    notes: list[str] = []
    ids, used = [], []
    for source, name in zip(sources, keys, strict=True):
        found, column, note = record_ids(source.table, name, source.map.key)
        ids.append(found)
        used.append(column)
        if note is not None:
            notes.append(note)
    notes += [_of_people(found) for found in maps if found.people]
    encoded = encode(sources, comparisons, progress=progress)
    if encoded.n < 2:
        notes.append(f"{encoded.n} record{'s' if encoded.n != 1 else ''}: nothing to compare")
    elif not encoded.fields:
        notes.append("every column to match on is empty: nothing to compare")
    _log.info("encoded %d records, %d comparisons", encoded.n, len(encoded.comparisons))
    return Run(sources=tuple(sources), encoded=encoded, ids=tuple(ids), keys=tuple(used), notes=tuple(notes))


def _of_people(found: ColumnMap) -> str:
    shown = systems.shown_headers(found.columns)
    columns = ", ".join(shown[one] for one in found.people)
    return (
        f"matched as accounts, although there are names of people in {columns}: rows of one company are one account, "
        "whoever stands in them; matched as contacts they stay apart"
    )
