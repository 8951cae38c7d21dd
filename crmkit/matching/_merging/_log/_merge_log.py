"""The log of merges: where records went and came from, and the way back, also after later merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from crmkit import frames
from crmkit._called import check_called
from crmkit.changes import ChangeLog
from crmkit.errors import NotFoundError

from ._merge_file import read_merges, write_merges
from ._provenance import alternatives, provenance
from ._repoint import repoint
from ._undo import taken_apart, undo

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from crmkit.typing import AuditSink, Frame

    from ._merging import Merging, Undone

__all__ = ["MergeLog"]


class MergeLog(ChangeLog):
    """The change log of a merge, and of the merges before it.

    As a :class:`crmkit.changes.ChangeLog` it is that of its own run: ``revert``, iterating and counting are about the
    last merge. What it knows beyond that is about all runs: a merge of records that had been merged before continues
    their log where matching was given it as ``previous``.

    Attributes:
        undone: The merges that were undone, oldest first.

    Note:
        A saved log holds the values of all merged records in the clear: it is what undoing needs.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_earlier", "_merging", "undone")

    _earlier: tuple[MergeLog, ...]
    _merging: Merging
    undone: tuple[Undone, ...]

    @classmethod
    def of(
        cls, log: ChangeLog, merging: Merging, *, earlier: Sequence[MergeLog] = (), undone: Sequence[Undone] = ()
    ) -> MergeLog:
        """Return the log of a run with what else is known of it; for crmkit itself."""
        header, lines, sealed = log._header, log._lines, log._seal
        made = cls._make(header, lines, conflicts=log.conflicts, sealed=sealed)
        made._merging, made._earlier = merging, tuple(earlier)
        made.undone = tuple(undone) or (earlier[-1].undone if earlier else ())
        return made

    @property
    def runs(self) -> tuple[MergeLog, ...]:
        """The logs of all runs, oldest first; the last is this one."""
        return (*self._earlier, self)

    def __repr__(self) -> str:
        before = f", after {len(self._earlier)} earlier run(s)" if self._earlier else ""
        undone = f"; {len(self.undone)} merge(s) undone" if self.undone else ""
        return f"<MergeLog {self.run_id}: {self.merged:,} records merged{before}{undone}>"

    def _name_of(self, row: int) -> str:
        ids = self._merging.ids
        return str(row) if ids is None else ids.records[row]

    def _active(self, undone: Sequence[Undone]) -> NDArray[np.int64]:
        """Return the merge lines of this run that were not undone."""
        gone = [one.survivor for one in undone if one.run_id == self.run_id]
        return np.flatnonzero(self._of_kind("merge") & ~np.isin(self._lines.survivor, gone))

    def pointers(self) -> dict[str, str]:
        """Return for every merged record the one that stands for it now, by record ids as text.

        A record that went into one which went into another points at the last; what was undone points nowhere, and a
        record that stood in the table of a later run again points where that run put it.

        Example:
            >>> from crmkit.matching import merge_clusters
            >>> people = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
            >>> golden, first = merge_clusters(people, {"a": 1, "b": 1}, key="id")
            >>> golden, second = merge_clusters(golden, {"a": 1, "c": 1}, key="id", survivors=["c"], previous=first)
            >>> second.pointers()
            {'b': 'c', 'a': 'c'}
        """
        found: dict[str, str] = {}
        for run in self.runs:
            ids = run._merging.ids
            if found and ids is not None:
                for record in found.keys() & set(ids.records):
                    del found[record]
            lines = run._lines
            moved: dict[str, str] = {}
            for line in run._active(self.undone).tolist():
                into = run._name_of(int(lines.survivor[line]))
                moved[run._name_of(int(lines.row[line]))] = into
            if moved:
                found = {record: moved.get(into, into) for record, into in found.items()} | moved
        return found

    def survivor_of(self, record_id: object) -> str:
        """Return the id of the record that stands for this one now, as text; itself if it was not merged.

        Raises:
            NotFoundError: No run had the record; the message does not repeat its id.
        """
        name = frames.as_text(record_id)
        into = self.pointers().get(name)
        if into is None and not any(run._knows(name) for run in self.runs):
            raise NotFoundError("no merged table had a record of this id")
        return name if into is None else into

    def _knows(self, name: str) -> bool:
        ids = self._merging.ids
        return name in ids.records if ids is not None else name.isdecimal() and int(name) < self.rows

    def clusters(self) -> dict[str, int]:
        """Return the cluster of every record of every run, by record ids as text; a merged record has its survivor's.

        It is what ``previous=`` carries over.
        """
        known: dict[str, int] = {}
        for run in self.runs:
            ids = run._merging.ids
            if ids is not None:
                known.update(zip(ids.records, ids.clusters.tolist(), strict=True))
        for record, into in self.pointers().items():
            if into in known:
                known[record] = known[into]
        return known

    def taken_apart(self) -> list[tuple[str, ...]]:
        """Return the records, as text, of each merge that was undone because they are different parties.

        Matching with this log as ``previous`` keeps every two of a tuple apart, unless a label says that they match.

        Example:
            >>> from crmkit.matching import merge_clusters
            >>> golden, merges = merge_clusters([{"id": "a"}, {"id": "b"}], {"a": 1, "b": 1}, key="id")
            >>> people, merges = merges.undo(golden, "a", reason="father and son")
            >>> merges.taken_apart()
            [('a', 'b')]
        """
        return taken_apart(self)

    def provenance(self, like: Frame | None = None) -> Frame:
        """Return where every value of the golden records of this run came from.

        Args:
            like: A frame whose kind the result has; a ``RecordSet`` without it.

        Returns:
            Columns ``record_id`` (of the golden record), ``path`` (column), ``source`` (the record id that the value
            came from; several for united values, ``"; "`` between them) and ``rule``.
        """
        return provenance(self, like)

    def alternatives(self, golden: Frame) -> Frame:
        """Return the values that golden records of this run could have had, and have not.

        Args:
            golden: What the merge returned.

        Returns:
            A frame of the kind of ``golden``: ``record_id`` (of the golden record), ``path``, ``kept``, ``alternative``
            and ``source``, the record that has the alternative. Values are text, in the clear.

        Raises:
            ConflictError: The frame is not the one that the merge returned.
        """
        return alternatives(self, golden)

    def repoint(
        self,
        frame: Frame,
        column: str | Sequence[str],
        *,
        key: str | None = None,
        separator: str | None = None,
        by: str | None = None,
        reason: str | None = None,
        audit: AuditSink | None = None,
    ) -> tuple[Frame, ChangeLog]:
        """Point deals, activities and other child records at the records that stand for merged ones.

        Args:
            frame: The child records.
            column: The column with the ids of merged records, or several.
            key: Column with the child records' own ids, for the change log.
            separator: Parts the ids of a cell that holds several; each stays once.
            by: Who does it.
            reason: Why.
            audit: Where to record it.

        Returns:
            The frame, of the caller's kind, and the change log, with changes of kind ``rebind``. Ids of records that
            were not merged stay as they are.

        Raises:
            SchemaError: No such column.

        Example:
            >>> from crmkit.matching import merge_clusters
            >>> golden, merges = merge_clusters([{"id": 7}, {"id": 8}], {7: 0, 8: 0}, key="id")
            >>> deals, rebinds = merges.repoint([{"deal": "d1", "contact": 8}], "contact")
            >>> deals, rebinds.revert(deals)
            ([{'deal': 'd1', 'contact': 7}], [{'deal': 'd1', 'contact': 8}])
        """
        columns = [column] if isinstance(column, str) else list(column)
        return repoint(
            frames.read(frame),
            columns,
            self.pointers(),
            key=key,
            separator=separator,
            by=by,
            reason=reason,
            audit=audit,
        )

    def undo(
        self,
        frame: Frame,
        records: object | Iterable[object] | None = None,
        *,
        run_id: str | None = None,
        together: bool = False,
        apart: bool | None = None,
        by: str | None = None,
        reason: str | None = None,
        now: Callable[[], dt.datetime] | None = None,
        audit: AuditSink | None = None,
    ) -> tuple[Frame, MergeLog]:
        """Undo merges of any run: one, a set of them, or everything.

        Rows are found by their record ids, so rows may have been added, removed or moved since; merged rows come back
        behind the record that stood before them. Where the table had no ids it must be as the merge left it.

        Args:
            frame: The table as it is now.
            records: Record ids; each names the last merge, not undone yet, that the record survived in or went away
                by. The whole golden record is taken apart. ``None`` undoes everything, of all runs.
            run_id: Look for the merges in this run instead of the last that fits.
            together: Also undo later merges that the same records took part in, without which these cannot be undone.
            apart: Whether these records are different parties, so that matching with this log as ``previous`` keeps
                every two of them apart; later merges that are undone together are not meant. Without it that is so
                where ``records`` are named, and not where everything is taken back.
            by: Who does it.
            reason: Why.
            now: The clock.
            audit: Where to record it, as ``records.unmerge``.

        Returns:
            The frame, of the caller's kind, and the log that knows what was undone.

        Raises:
            ConflictError: A later merge depends on one of these, or a value was changed since; ``.conflicts`` names
                records and columns, never values, and nothing was undone.
            NotFoundError: A record took part in no merge, or there is no such run.

        Example:
            >>> from crmkit.matching import merge_clusters
            >>> people = [{"id": "a", "tel": None}, {"id": "b", "tel": "5"}]
            >>> golden, merges = merge_clusters(people, {"a": 1, "b": 1}, key="id", survivors=["a"])
            >>> back, merges = merges.undo(golden, "b", by="lin")
            >>> back == people, merges
            (True, <MergeLog ...: 1 records merged; 1 merge(s) undone>)
        """
        check_called(now=now)
        return undo(
            self,
            frame,
            records,
            run_id=run_id,
            together=together,
            apart=apart,
            by=by,
            reason=reason,
            now=now,
            audit=audit,
        )

    def verify(self) -> None:
        """Return if every value of every run is the one that was written down; raise otherwise.

        Raises:
            TamperedLogError: A line is not what it was.
        """
        for run in self.runs:
            run._sealed().verify(run._lines)

    def redact(self, record_id: str) -> int:
        """Erase the values of one record, and of those merged into it, from the logs of all runs.

        Its id stays, and so do the clusters; what was erased cannot be undone any more.

        Returns:
            How many lines were erased.
        """
        return super().redact(record_id) + sum(run.redact(record_id) for run in self._earlier[-1:])

    def to_frame(self, like: object = None, *, what: Literal["changes", "merges"] = "changes") -> Frame:
        """Return the changes of this run as a frame, or the merges of all runs.

        Args:
            like: A frame whose kind the result has; a ``RecordSet`` without it.
            what: ``"changes"`` as :meth:`crmkit.changes.ChangeLog.to_frame`; ``"merges"`` has one row for each merged
                record: ``run_id``, ``at``, ``by``, ``record_id``, ``survivor_id``, ``confidence``, ``undone``.
        """
        if what == "changes":
            return super().to_frame(like)
        columns: dict[str, list[object]] = {
            name: [] for name in ("run_id", "at", "by", "record_id", "survivor_id", "confidence", "undone")
        }
        for run in self.runs:
            lines = run._lines
            gone = {one.survivor for one in self.undone if one.run_id == run.run_id}
            for line in np.flatnonzero(run._of_kind("merge")).tolist():
                survivor, sure = int(lines.survivor[line]), float(lines.confidence[line])
                row = (
                    run.run_id, run._header.at, run._header.by, run._name_of(int(lines.row[line])),
                    run._name_of(survivor), None if np.isnan(sure) else sure, survivor in gone,
                )  # fmt: skip
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(value)
        return frames.build(columns, like=like)

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the logs of all runs as JSON Lines, each line chained to the one before; a file there is replaced.

        Returns:
            The hash of the last line. Kept elsewhere, it proves later that the whole log was not written anew.

        Raises:
            SchemaError: A value of a type that has no form in the file (see :doc:`/reference/formats`).
        """
        return write_merges(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, expect: str | None = None) -> MergeLog:
        """Read a saved log of merges and verify it.

        Args:
            path: The file.
            expect: What :meth:`save` returned, where it was kept.

        Raises:
            TamperedLogError: A line was edited, dropped, added or moved, or the file was cut.
            FormatError: Not a log of merges, or of a later version.
        """
        return read_merges(path, expect=expect)
