"""Child records follow: deals and activities of a merged record point at the one that stands for it now."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit.changes import ChangeLog, Edits, apply_edits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.frames import Table
    from crmkit.typing import AuditSink, Frame

__all__ = ["repoint"]


def repoint(
    table: Table,
    columns: Sequence[str],
    pointers: Mapping[str, str],
    *,
    key: str | None,
    separator: str | None,
    by: str | None,
    reason: str | None,
    audit: AuditSink | None,
) -> tuple[Frame, ChangeLog]:
    """Replace ids of merged records; see :meth:`MergeLog.repoint`."""
    paths: list[str] = []
    rows: list[int] = []
    after: list[object] = []
    for column in columns:
        distinct = table.distinct(column)
        for code, value in enumerate(distinct.values):
            into = _several(value, pointers, separator) if separator else _one(value, pointers)
            if into is None:
                continue
            found = np.flatnonzero(distinct.codes == code).tolist()
            paths += [column] * len(found)
            rows += found
            after += [into] * len(found)
    edits = Edits(path=paths, row=rows, after=after, rule="repoint", kind="rebind")
    return apply_edits(table, edits, key=key, by=by, reason=reason, audit=audit)


def _one(value: object, pointers: Mapping[str, str]) -> object | None:
    """Return the id that stands for ``value`` now, of its type; ``None`` where it stays.

    An id that this type cannot hold, as ``007`` and ``A7`` no integer can, is text: so it still leads to its record.
    """
    into = next((pointers[text] for text in _texts(value) if text in pointers), None)
    if into is None or isinstance(value, str):
        return into
    try:
        made = _like(value, into)
    except Exception:  # noqa: BLE001  # a type of the caller's may raise anything for what it cannot hold
        return into
    return made if type(made) is type(value) and into in _texts(made) else into


def _texts(value: object) -> tuple[str, ...]:
    """Return how an id may be written; a midnight also as its day, as in a column of midnights alone."""
    text = frames.as_text(value)
    if isinstance(value, dt.datetime) and text.endswith("T00:00:00"):
        return text, frames.as_text(value, date_only=True)
    return (text,)


def _like(value: object, text: str) -> object:
    kind: Any = type(value)
    if isinstance(value, bool):
        return text == "true"
    if isinstance(value, bytes):
        return text.encode()
    if not isinstance(value, dt.date | dt.time):
        return kind(text)
    made = kind.fromisoformat(text)
    return made.astimezone(value.tzinfo) if isinstance(value, dt.datetime) and value.tzinfo else made


def _several(value: object, pointers: Mapping[str, str], separator: str) -> object | None:
    if not isinstance(value, str):
        return _one(value, pointers)
    sign = separator.strip() or separator
    ids = [part.strip() for part in value.split(sign)]
    if not any(one in pointers for one in ids):
        return None
    return separator.join(dict.fromkeys(pointers.get(one, one) for one in ids))
