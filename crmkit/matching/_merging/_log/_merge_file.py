"""The log of merges as a file: the change logs of all runs under one chain, then what merging knows beyond them.

Specified byte by byte in ``docs/reference/formats.md``.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.changes import ChangeLog
from crmkit.changes._file import read_whole, write_file
from crmkit.changes._seal import json_bytes
from crmkit.errors import FormatError, IntegrityError, TamperedLogError
from crmkit.matching._merging._cluster_ids import ClusterIds

from ._merging import Merging, Sources, Undone

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from ._merge_log import MergeLog

JOURNAL = "merges"
VERSION = 1
_CHUNK = 4096


def write_merges(log: MergeLog, path: str | os.PathLike[str]) -> str:
    """Write the logs of all runs; return the hash of the last line."""
    about = [
        {
            "following": None if ids is None else ids.following,
            "records": None if ids is None else len(ids.records),
            "rules": dict(run._merging.rules),
        }
        for run in log.runs
        for ids in (run._merging.ids,)
    ]
    return write_file(
        path,
        [run._parts() for run in log.runs],
        kind=JOURNAL,
        about={"merging": about, "merging_version": VERSION},
        rest=[json_bytes(body) for body in _bodies(log)],
    )


def _bodies(log: MergeLog) -> Iterator[Mapping[str, object]]:
    for number, run in enumerate(log.runs):
        ids = run._merging.ids
        if ids is not None:
            for start in range(0, len(ids.records), _CHUNK):
                yield {
                    "clusters": ids.clusters[start : start + _CHUNK].tolist(),
                    "records": list(ids.records[start : start + _CHUNK]),
                    "run": number,
                }
        for path, found in run._merging.sources.items():
            pairs = iter(sorted(found.of().items()))
            while part := list(islice(pairs, _CHUNK)):
                yield {"path": path, "run": number, "sources": [[row, list(rows)] for row, rows in part]}
    for one in log.undone:
        yield {"undone": attrs.asdict(one)}


def read_merges(path: str | os.PathLike[str], *, expect: str | None) -> MergeLog:
    """Read the logs of all runs and check all of it."""
    from ._merge_log import MergeLog

    name = Path(path).name
    try:
        parts, header, bodies = read_whole(path, expect=expect, kind=JOURNAL)
    except TamperedLogError:
        raise
    except IntegrityError as error:  # a log is written whole, so that no crash leaves an unfinished line
        raise TamperedLogError("the log was cut here; take another copy of it", location=error.location) from None
    if header.get("merging_version") != VERSION:
        raise FormatError(f"merges of version {header.get('merging_version')!r}; this reads {VERSION}", location=name)
    try:
        about = [_Run(**told) for told in header["merging"]]
        undone = [one for body in bodies if (one := _read(body, about)) is not None]
        last = len(parts) - 1
        known = [run.merging(log_header.layout["rows"]) for run, (log_header, _, _) in zip(about, parts, strict=True)]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise FormatError("not a log of merges", location=name) from None
    runs: list[MergeLog] = []
    for (log_header, lines, sealed), merging in zip(parts, known, strict=True):
        log = ChangeLog._make(log_header, lines, sealed=sealed)
        runs.append(MergeLog.of(log, merging, earlier=tuple(runs), undone=undone))
    return runs[last]


@attrs.define
class _Run:
    following: int | None
    records: int | None
    rules: dict[str, str]
    names: list[str] = attrs.field(factory=list, init=False)
    clusters: list[int] = attrs.field(factory=list, init=False)
    sources: dict[str, dict[int, tuple[int, ...]]] = attrs.field(factory=dict, init=False)

    def merging(self, rows: Any) -> Merging:
        """Return what was read, if it is whole."""
        for found in self.sources.values():
            for row, came_from in found.items():
                if not all(type(one) is int and 0 <= one < rows for one in (row, *came_from)):
                    raise ValueError
        sources = {path: Sources.read(found) for path, found in self.sources.items()}
        if self.records is None:
            return Merging(ids=None, rules=self.rules, sources=sources)
        whole = (
            len(self.names) == len(self.clusters) == self.records == rows
            and set(map(type, self.names)) <= {str}
            and set(map(type, self.clusters)) <= {int}
            and type(self.following) is int
            and max(self.clusters, default=-1) < self.following
        )
        if not whole or self.following is None:
            raise ValueError
        ids = ClusterIds(self.names, np.asarray(self.clusters, dtype=np.int64), self.following)
        return Merging(ids=ids, rules=self.rules, sources=sources)


def _read(body: Mapping[str, Any], runs: list[_Run]) -> Undone | None:
    """Add one line to its run, or return what it says was undone."""
    if body.keys() == {"undone"}:
        one = Undone(**body["undone"])
        if type(one.survivor) is not int or type(one.run_id) is not str or type(one.apart) is not bool:
            raise ValueError
        return one
    number = body["run"]
    if type(number) is not int or number < 0:
        raise ValueError
    run = runs[number]
    if body.keys() == {"clusters", "records", "run"}:
        run.names += body["records"]
        run.clusters += body["clusters"]
    elif body.keys() == {"path", "run", "sources"}:
        found = run.sources.setdefault(body["path"], {})
        found.update({row: tuple(rows) for row, rows in body["sources"]})
    else:
        raise ValueError
    return None
