"""Holding the vault against the log: a value that is gone must have gone by an erasure that the log tells of."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from crmkit.audit._events._commitment import opened
from crmkit.audit._events._event import Event
from crmkit.audit._stores._segment import EVENT
from crmkit.audit._stores._vault import ERASED, Vault, erased_events
from crmkit.errors import FormatError, IntegrityError

from ._damage import Damage
from ._scan import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ._source import Part, Source

__all__ = ["check_values"]

_CHANGE = b',"change":{'


def check_values(source: Source, parts: Iterable[Part], size: int, path: Path) -> list[Damage]:
    """Return what is wrong with the vault; the first event of each kind says enough.

    Args:
        source: The log.
        parts: Those of its parts whose changes are to be looked at. What was pruned commits to nothing any more.
        size: Events behind it were never acknowledged.
        path: The vault.
    """
    gone: dict[str, int] = {}
    wrong: list[int] = []
    try:
        with Vault(path, write=False).reading() as ask:
            for line in _lines(source, parts, _CHANGE):
                event = _parse(line)
                if event is None or event.seq is None or event.seq >= size:
                    continue
                try:
                    if not opened(event.change, ask(event.id)):
                        gone[event.id] = event.seq
                except (IntegrityError, ValueError):  # ids and commitments of a file can be anything
                    wrong.append(event.seq)
    except OSError:
        return [Damage(kind="unreadable", location=path.name)]
    if gone:  # the log is read anew: an erasure may have come meanwhile
        for line in _lines(source, source.parts(), ERASED):
            for event_id in erased_events(line[:-1]):
                gone.pop(event_id, None)
    first = min([*wrong, *gone.values()], default=None)
    return [] if first is None else [Damage(kind="opening", seq=first, location=path.name)]


def _lines(source: Source, parts: Iterable[Part], mark: bytes) -> Iterator[bytes]:
    for part in parts:
        if part.kind != "pruned":
            with contextlib.suppress(*UNREADABLE):  # that was said already
                yield from (line for line in source.lines(part) if mark in line and line.startswith(EVENT))


def _parse(line: bytes) -> Event | None:
    try:
        return Event.parse(line[:-1], strict=False)
    except FormatError:  # that is said elsewhere
        return None
