"""Profiles and health reports kept over time, in one JSON Lines or SQLite file; no server."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crmkit._disk import make_private
from crmkit.errors import CrmkitWarning, FormatError, SchemaError

from ._health import MARKER as HEALTH
from ._health import Health
from ._profile import MARKER as PROFILE
from ._profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["History"]

_SQLITE = (".sqlite", ".sqlite3", ".db")


class History:
    """A file of profiles and health reports, added to and never rewritten.

    Args:
        path: A name that ends in ``.jsonl``, ``.sqlite`` or ``.db`` says how it is kept. Made at the first ``add``.

    Raises:
        FormatError: If the name has another ending.

    Example:
        >>> import tempfile
        >>> from crmkit.quality import profile
        >>> history = History(tempfile.mkdtemp() + "/quality.jsonl")
        >>> history.add(profile([{"email": "a@example.com"}], name="contacts"))
        >>> [found.rows for found in history.profiles("contacts", last=30)]
        [1]

    .. versionadded:: 0.1.0
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        place = Path(path)
        ending = place.suffix.lower()
        if ending not in (".jsonl", *_SQLITE):
            raise FormatError("a history is kept in a file that ends in .jsonl, .sqlite or .db", location=str(place))
        self.path = place
        self._store: _Store = _Sqlite(place) if ending in _SQLITE else _Lines(place)

    def add(self, item: Kept) -> None:
        """Keep a profile, a health report, or anything else that names itself and gives plain data with a format."""
        if not all(hasattr(item, name) for name in ("name", "at", "to_dict")):
            raise SchemaError(f"a history keeps profiles, health reports and the like, not {type(item).__name__}")
        self._store.add(item.name, item.at, item.to_dict())

    def profiles(
        self, name: str | None = None, *, last: int | None = None, since: datetime | None = None
    ) -> list[Profile]:
        """Return profiles, oldest first.

        Args:
            name: Only those of this name.
            last: Only the newest so many.
            since: Only those of this moment or later.
        """
        return [Profile.from_dict(data) for data in self._read(PROFILE, name, last, since)]

    def healths(
        self, name: str | None = None, *, last: int | None = None, since: datetime | None = None
    ) -> list[Health]:
        """Return health reports, oldest first; arguments as for :meth:`profiles`."""
        return [Health.from_dict(data) for data in self._read(HEALTH, name, last, since)]

    def documents(
        self, marker: str, name: str | None = None, *, last: int | None = None, since: datetime | None = None
    ) -> list[Mapping[str, Any]]:
        """Return what was kept of another format as plain data, oldest first.

        Args:
            marker: The format, such as ``crmkit-consistency/1``; other versions of it are given too.
            name: Only those of this name.
            last: Only the newest so many.
            since: Only those of this moment or later.
        """
        return self._read(marker, name, last, since)

    def _read(
        self, marker: str, name: str | None, last: int | None, since: datetime | None
    ) -> list[Mapping[str, Any]]:  # fmt: skip
        family = marker.partition("/")[0]
        found = [
            (datetime.fromisoformat(data["at"]), data)
            for data in self._store
            if str(data.get("format", "")).partition("/")[0] == family and (name is None or data.get("name") == name)
        ]
        found.sort(key=lambda pair: pair[0])
        kept = [data for at, data in found if since is None or at >= since]
        return kept if last is None else kept[max(len(kept) - last, 0) :]

    def __repr__(self) -> str:
        return f"History({str(self.path)!r})"


class Kept(Protocol):
    """What a history keeps."""

    @property
    def name(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    def to_dict(self) -> Mapping[str, Any]:
        """Return plain data, with ``format``, ``name`` and ``at``."""


class _Store(Protocol):
    def add(self, name: str, at: datetime, data: Mapping[str, Any]) -> None: ...
    def __iter__(self) -> Iterator[Mapping[str, Any]]: ...


class _Lines:
    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, at: datetime, data: Mapping[str, Any]) -> None:
        del name, at
        line = json.dumps(data, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace")
        with make_private(self._path).open("ab") as file:
            if file.tell() and not self._ends_whole():
                line = b"\n" + line  # a writer died in the middle of its line: ours begins on its own
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _ends_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        if not self._path.exists():
            return
        broken = 0
        with self._path.open("rb") as file:
            for line in file:
                try:
                    data = json.loads(line)
                except ValueError:
                    broken += bool(line.strip())
                    continue
                if isinstance(data, dict) and "at" in data:
                    yield data
                else:
                    broken += 1
        if broken:
            warnings.warn(
                f"{self._path}: {broken} lines could not be read and were left out", CrmkitWarning, stacklevel=4
            )


class _Sqlite:
    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, at: datetime, data: Mapping[str, Any]) -> None:
        with contextlib.closing(sqlite3.connect(make_private(self._path))) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS snapshots (at TEXT NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL)"
            )
            connection.execute(
                "INSERT INTO snapshots VALUES (?, ?, ?)",
                (at.astimezone(UTC).isoformat(), name, json.dumps(data, ensure_ascii=True, sort_keys=True)),
            )

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        if not self._path.exists():
            return
        try:
            with contextlib.closing(sqlite3.connect(self._path)) as connection:
                rows = connection.execute("SELECT data FROM snapshots ORDER BY at").fetchall()
        except sqlite3.DatabaseError:
            raise FormatError("not a history", location=str(self._path)) from None
        for (text,) in rows:
            yield json.loads(text)
