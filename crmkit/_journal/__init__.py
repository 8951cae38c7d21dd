"""An append-only file of chained JSON lines that shows when it was edited, and survives a crash.

A line has a *body*, which the chain covers, and a *side*, which it does not: what may have to be erased one day
(values, salts) stands beside a commitment to it in the body, so that an erasure leaves the chain whole.  Both are JSON
objects as bytes, ``crmkit-json/1`` by the caller's hand; what they mean is the caller's matter.  One writer at a time,
across processes; readers need no lock.  The bytes are specified in ``docs/reference/formats.md``.

A chain shows every change to lines that others follow.  That the last lines are missing, or that the whole file was
written anew, shows only against a `Head` that was kept elsewhere.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> with Journal.open(path, kind="example") as journal:
    ...     head = journal.append(b'{"action":"merge"}', side=b'{"salt":"00"}')
    >>> [(line.number, line.body, line.side) for line in read(path, kind="example", expect=head)]
    [(1, {'action': 'merge'}, {'salt': '00'})]
"""

from __future__ import annotations

from ._line import Head, Line
from ._lock import FileLock
from ._reader import header_of, read
from ._writer import Journal, Recovery

__all__ = ["FileLock", "Head", "Journal", "Line", "Recovery", "header_of", "read"]
