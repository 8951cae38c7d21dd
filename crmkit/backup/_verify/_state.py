"""Which files were read and found good, and when: so that samples reach everything in time.

The file is merged by newest time under a lock and replaced as a whole, so two verifications at once, or a crash in
one, lose nothing that was saved before.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmkit._canonical import json_bytes, parse_json
from crmkit._disk import replacing
from crmkit._journal import FileLock
from crmkit.backup._manifest._statement import CLOCK_SKEW
from crmkit.backup._tree._files import open_regular
from crmkit.errors import FormatError

if TYPE_CHECKING:
    import datetime as dt
    import os

    from crmkit.backup._manifest._entry import Entry

FORMAT: Final = "crmkit-scrub/1"


def file_key(backup_id: str, entry: Entry) -> str:
    """Name one content at one place in one backup, without saying where."""
    data = b"\x00".join((backup_id.encode(), entry.digest, entry.path))
    return hashlib.sha256(data).hexdigest()[:24]


class ScrubState:
    """The state of one file, held in memory until `save`."""

    def __init__(self, path: str | os.PathLike[str], now: dt.datetime) -> None:
        self._path = Path(path)
        # What a wrong clock dated into the future would never be due again: it counts as never read.
        self._latest = int((now + CLOCK_SKEW).timestamp())
        self._new: dict[str, int] = {}
        self._old = self._load()

    def _load(self) -> dict[str, int]:
        if not self._path.exists():
            return {}
        with open_regular(self._path) as stream:
            try:
                head = parse_json(stream.readline().rstrip(b"\n"))
                times = json.loads(stream.read())
            except (FormatError, ValueError, RecursionError):
                head, times = None, None
        if head != {"format": FORMAT} or not isinstance(times, dict):
            raise FormatError(f"not a state of {FORMAT}; move it away to start over", location=self._path.name)
        if not all(type(value) is int for value in times.values()):
            raise FormatError("a time is not a number of seconds", location=self._path.name)
        return {key: at for key, at in times.items() if at <= self._latest}

    def last(self, key: str) -> int:
        """Return when a file was last found good, in seconds since 1970; -1 for never."""
        return self._old.get(key, -1)

    def saw(self, key: str, at: dt.datetime) -> None:
        """Remember that a file was found good."""
        self._new[key] = int(at.timestamp())

    def known(self, keys: list[str]) -> int:
        """Return how many of these were ever found good."""
        return sum(key in self._new or key in self._old for key in keys)

    def forget(self, key: str) -> None:
        """A file that is not good now counts as never read."""
        self._old.pop(key, None)
        self._new[key] = -1

    def save(self) -> None:
        """Write what is known now and what others wrote meanwhile."""
        if not self._new:
            return
        lock = FileLock(self._path.with_name(self._path.name + ".lock"), wait_s=30.0)
        try:
            merged = self._load()
            for key, at in self._new.items():
                if at < 0:
                    merged.pop(key, None)
                else:
                    merged[key] = max(at, merged.get(key, -1))
            with replacing(self._path) as stream:
                stream.write(json_bytes({"format": FORMAT}) + b"\n" + json_bytes(merged) + b"\n")
        finally:
            lock.release()
        self._old, self._new = merged, {}
