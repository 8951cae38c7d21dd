"""The log itself: what changed, undone exactly, in whole or in part."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from crmkit import _notebook, frames
from crmkit.errors import FormatError, NotFoundError

from . import _in_words as in_words
from ._change import Change
from ._columns import KINDS, Codes
from ._file import read_file, write_file
from ._order import Order
from ._revert import revert
from ._seal import Seal, seal

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmkit.typing import AuditSink, Frame

    from ._change import Conflict
    from ._columns import Header, Lines


class ChangeLog:
    """Every change of one run, with what was there before.

    Made by :func:`apply_edits` and :func:`apply_merges`, or read with :meth:`load`. Iterating gives one
    :class:`Change` a line, in order; in memory a log is columns, so a long one costs no object a line.

    A log without changes is false, as any empty sequence is: ``if log:`` asks whether anything was changed.

    Note:
        A saved log holds values in the clear: it is what undoing needs. Keep it where the data itself may be kept, and
        use :meth:`redact` when somebody's data must be erased.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_header", "_lines", "_seal", "conflicts")

    _header: Header
    _lines: Lines
    _seal: Seal | None
    conflicts: tuple[Conflict, ...]

    @classmethod
    def _make(
        cls, header: Header, lines: Lines, *, conflicts: Sequence[Conflict] = (), sealed: Seal | None = None
    ) -> Self:
        log = object.__new__(cls)
        log._header, log._lines, log._seal, log.conflicts = header, lines, sealed, tuple(conflicts)
        return log

    @property
    def run_id(self) -> str:
        """ULID of the run that made the changes."""
        return self._header.run_id

    @property
    def key(self) -> str | None:
        """Column with the record ids."""
        return self._header.key

    @property
    def rows(self) -> int:
        """How many rows the frame had before."""
        found = self._header.layout["rows"]
        return found if isinstance(found, int) else 0

    @property
    def merged(self) -> int:
        """How many rows went into others."""
        return int(np.count_nonzero(self._of_kind("merge")))

    @property
    def redacted(self) -> int:
        """How many lines have had their values erased; they cannot be undone."""
        return int(np.count_nonzero(self._lines.redacted))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Change]:
        return map(self._change, range(len(self._lines)))

    def __getitem__(self, line: int) -> Change:
        if not -len(self) <= line < len(self):
            raise IndexError("there is no such change")
        return self._change(line % len(self))

    def column(self, name: str) -> list[Any]:
        """Return one attribute of every change, without making the changes.

        Args:
            name: An attribute of :class:`Change`; ``"kind"``, ``"rule"``, ``"rule_version"``, ``"path"``,
                ``"reason"`` and ``"record_id"`` cost nothing, for the others the changes are made after all.

        Raises:
            NotFoundError: A change has no such attribute.
        """
        if name not in Change.__annotations__:
            raise NotFoundError.of("attribute of a change", name, Change.__annotations__)
        column = getattr(self._lines, name, None)
        if isinstance(column, Codes):
            return column.column()
        return list(self._lines.record_id) if name == "record_id" else [getattr(change, name) for change in self]

    def __repr__(self) -> str:
        counts = [f"{count:,} {kind}{'s' if count != 1 else ''}" for kind, count in self.counts().items()]
        erased = f"; the values of {self.redacted:,} are erased" if self.redacted else ""
        return f"<ChangeLog {self.run_id}: {', '.join(counts) or 'no changes'}{erased}>"

    def _of_kind(self, kind: str) -> Any:
        lines = self._lines
        return (
            lines.kind.codes == lines.kind.values.index(kind)
            if kind in lines.kind.values
            else np.zeros(len(lines), dtype=bool)
        )

    def _change(self, line: int) -> Change:
        header, lines = self._header, self._lines
        before, confidence, survivor = lines.before_of(line), float(lines.confidence[line]), int(lines.survivor[line])
        return Change(
            change_id=f"{header.run_id}-{line}",
            run_id=header.run_id,
            kind=lines.kind[line],
            record_id=lines.record_id[line],
            row=int(lines.row[line]),
            path=lines.path[line],
            type=lines.type_of(line),
            before=dict(before.cells) if isinstance(before, frames.StoredRow) else before,
            after=lines.after[line],
            rule=lines.rule[line],
            rule_version=lines.rule_version[line],
            confidence=None if np.isnan(confidence) else confidence,
            by=header.by,
            at=header.at,
            reason=lines.reason[line],
            survivor=None if survivor < 0 else survivor,
            redacted=bool(lines.redacted[line]),
        )

    def counts(self, by: str = "kind") -> dict[str, int]:
        """Count lines.

        Args:
            by: An attribute of :class:`Change` with few different values: ``"kind"``, ``"rule"``, ``"path"``,
                ``"reason"``, ``"redacted"`` (``True`` for lines whose values were erased).

        Example:
            >>> from crmkit.changes import Edits, apply_edits
            >>> _, log = apply_edits([{"a": 1}, {"a": 2}], Edits(path=["a", "a"], row=[0, 1], after=[5, 6]))
            >>> log.counts(), log.counts("path")
            ({'cell': 2}, {'a': 2})
        """
        counted = Counter(self.column(by))
        return {str(name): count for name, count in counted.most_common()}

    def revert(self, frame: Frame, where: Callable[[Change], bool] | Mapping[str, object] | None = None) -> Frame:
        """Undo the changes, exactly: values and their types, missing markers, dtypes, index, order and number of rows.

        Args:
            frame: What the run returned, or that after other parts of this log were undone. A copy that went through
                a file of text is undone by text: a cell counts as unchanged if it reads as what the log holds, and
                gets its former value as text.
            where: Undo only these: a function of a :class:`Change`, or attributes and the values they must have, such
                as ``{"rule": "trim"}`` or ``{"survivor": 7}``.

        Returns:
            The frame, of the caller's kind. What is undone already stays as it is.

        Raises:
            ConflictError: A value, or the number of rows, is not what the run left; nothing is undone. ``.conflicts``
                names rows and columns, never values.
            NotFoundError: ``where`` names an attribute that changes lack, a column that the frame did not have, or a
                rule, record or other word that no change of this log has.

        Example:
            >>> from crmkit.changes import Edits, apply_edits
            >>> edits = Edits(path=["a", "a"], row=[0, 1], after=[5, 6], rule=["odd", "even"])
            >>> changed, log = apply_edits([{"a": 1}, {"a": 2}], edits)
            >>> log.revert(changed, where={"rule": "even"})
            [{'a': 5}, {'a': 2}]
        """
        return revert(frames.read(frame), self._header, self._lines, self._chosen(where))

    def _revert_lines(self, frame: Frame, chosen: Sequence[int], order: Sequence[str] | None) -> Frame:
        """Undo lines; with ``order``, all records as they once stood, also where rows came, went or moved since."""
        table, key = frames.read(frame), self._header.key
        where = None if order is None or key is None else Order(table, key, order)
        return revert(table, self._header, self._lines, chosen, order=where)

    def _chosen(self, where: Callable[[Change], bool] | Mapping[str, object] | None) -> list[int]:
        if where is None:
            return list(range(len(self._lines)))
        if callable(where):
            return [line for line in range(len(self._lines)) if where(self._change(line))]
        wanted = dict(where)
        for name in wanted:
            if name not in Change.__annotations__:
                raise NotFoundError.of("attribute of a change", name, Change.__annotations__)
        columns = [str(name) for name, _ in cast("list[tuple[object, object]]", self._header.layout["columns"])]
        if isinstance(wanted.get("path"), str) and wanted["path"] not in columns:
            raise NotFoundError.of("column", wanted["path"], columns)
        if "kind" in wanted and wanted["kind"] not in KINDS:
            raise NotFoundError.of("kind of change", wanted["kind"], KINDS)
        fits = np.ones(len(self._lines), dtype=bool)
        for name, value in list(wanted.items()):
            column = getattr(self._lines, name, None)
            if isinstance(column, Codes):
                if value not in column.values and name not in {"path", "kind"}:  # these may well have no change
                    raise NotFoundError.of(f"{name} in the change log", str(value), map(str, column.values))
                codes = [code for code, found in enumerate(column.values) if found == value]
                fits &= np.isin(column.codes, codes)
            elif name in {"row", "survivor"} and type(value) is int and value >= 0:
                fits &= column == value
            elif name == "record_id":
                same = np.fromiter((found == value for found in self._lines.record_id), dtype=bool, count=len(fits))
                if not same.any():
                    hint = "" if isinstance(value, str) else "; record ids are texts"
                    raise NotFoundError(f"the change log has no change of record_id {value!r}{hint}")
                fits &= same
            else:
                continue
            del wanted[name]
        return [
            line
            for line in np.flatnonzero(fits).tolist()
            if not wanted or all(getattr(self._change(line), name) == value for name, value in wanted.items())
        ]

    def _sealed(self) -> Seal:
        if self._seal is None:
            self._seal = seal(self._lines)
        return self._seal

    def _parts(self) -> tuple[Header, Lines, Seal]:
        return self._header, self._lines, self._sealed()

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the log as JSON Lines, each line chained to the one before; an existing file is replaced.

        Returns:
            The hash of the last line. Kept elsewhere, it proves later that the whole log was not written anew.

        Raises:
            SchemaError: A value of a type that has no form in the file (see :doc:`/reference/formats`).
        """
        return write_file(path, [self._parts()])

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, expect: str | None = None) -> Self:
        """Read a saved log and verify it.

        Args:
            path: The file.
            expect: What :meth:`save` returned, where it was kept.

        Raises:
            TamperedLogError: A line was edited, dropped, added or moved, or the file was cut.
            FormatError: Not a change log, several of them, or of a later version.
        """
        logs = read_file(path, expect=expect)
        if len(logs) != 1:
            raise FormatError(f"{len(logs)} logs are in the file; read them with crmkit.changes.load")
        header, lines, sealed = logs[0]
        return cls._make(header, lines, sealed=sealed)

    def record(self, audit: AuditSink) -> object:
        """Record the run in an audit log: who did what to how many records, by which rules, never a value.

        The event's action is ``records.merge`` or ``records.fix``, its resource the run, its count the lines; its
        detail has the counts by kind and rule, the number of conflicts, and a digest over all commitments of the log,
        which ties the event to this log and to no other.

        Args:
            audit: The log, or anything with its method.

        Returns:
            What the sink gives back.

        Example:
            >>> from crmkit.changes import Edits, apply_edits
            >>> class Printed:
            ...     def record(self, action, **said): print(action, said["resource"][0], said["count"], said["fields"])
            >>> _, log = apply_edits([{"a": 1}, {"a": 2}], Edits(path=["a", "a"], row=[0, 1], after=[5, 6]))
            >>> log.record(Printed())
            records.fix run 2 ['a']

        .. versionadded:: 0.1.0
        """
        return audit.record(
            "records.merge" if self.merged else "records.fix",
            actor=self._header.by,
            resource=("run", self.run_id),
            outcome="ok",
            fields=sorted({path for path in self._lines.path.values if path is not None}),
            count=len(self),
            purpose=self._header.reason or None,
            at=dt.datetime.fromisoformat(self._header.at),
            detail={
                "kinds": self.counts(),
                "rules": self.counts("rule"),
                "conflicts": len(self.conflicts),
                "digest": self._sealed().digest(),
            },
        )

    def verify(self) -> None:
        """Return if every value is the one that was written down; raise otherwise.

        Raises:
            TamperedLogError: A line is not what it was.
        """
        self._sealed().verify(self._lines)

    def redact(self, record_id: str) -> int:
        """Erase the values of one record, and of the records that were merged into it, from the log.

        Line, row, column and rule stay, and the chain still verifies. What was erased cannot be undone any more. The
        record id itself stays: use keys that say nothing about a person.

        Returns:
            How many lines were erased.
        """
        sealed, lines = self._sealed(), self._lines
        same = np.fromiter((found == record_id for found in lines.record_id), dtype=bool, count=len(lines))
        survivors = set(lines.row[same & ~self._of_kind("merge")].tolist())
        merged = self._of_kind("merge")
        survivors |= {int(lines.survivor[line]) for line in np.flatnonzero(merged) if lines.after[line] == record_id}
        same |= np.isin(lines.survivor, list(survivors)) & merged
        erased = np.flatnonzero(same & ~lines.redacted)
        for line in erased:
            lines.erase(int(line))
            sealed.erase(int(line))
        return len(erased)

    def to_frame(self, like: object = None) -> Frame:
        """Return the lines as a frame of the kind of ``like``, or a ``RecordSet``. Values are in the clear, as text."""
        columns: dict[str, list[object]] = {name: [] for name in Change.__annotations__}
        for change in self:
            for name, column in columns.items():
                column.append(getattr(change, name))
        for name in ("before", "after"):
            columns[name] = [_shown(value) for value in columns[name]]
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, object]:
        """Return what the log is about, without values."""
        return {
            "run_id": self.run_id,
            "at": self._header.at,
            "by": self._header.by,
            "rows": self.rows,
            "counts": self.counts(),
            "redacted": self.redacted,
            "rules": self.counts("rule"),
            "conflicts": len(self.conflicts),
        }

    def _repr_html_(self) -> str:
        from crmkit.masking import shown_id

        heads = ("kind", "record", "row", "column", "type", "rule", "reason")
        lines = [self._change(line) for line in range(min(_MOST_LINES, len(self)))]
        ids = [None if one.record_id is None else shown_id(one.record_id) for one in lines]
        rows = [
            (one.kind, shown, one.row, one.path, in_words.types(one.type), in_words.rule(one.rule), one.reason)
            for one, shown in zip(lines, ids, strict=True)
        ]
        # What all lines have in common is said once, and what none has not at all.
        distinct = [{row[place] for row in rows} for place in range(len(heads))]
        kept = [place for place, found in enumerate(distinct) if len(found) > 1 or (found and place in _WHERE)]
        common = {heads[place]: found.pop() for place, found in enumerate(distinct) if found and place not in kept}
        table = _notebook.table([heads[place] for place in kept], [[row[place] for place in kept] for row in rows])
        facts = _notebook.facts({"by": self._header.by, **common} if rows else {})
        rest = _notebook.more(len(rows), len(self), "lines")
        return _notebook.sheet("", repr(self)[1:-1], facts, table if rows else "", rest)


_MOST_LINES = 10
_WHERE = (1, 2, 3)  # record, row and column


def _shown(value: object) -> str | None:
    value = frames.plain(value)
    if value is None:
        return None
    if isinstance(value, dict):
        return "; ".join(f"{name}={_shown(cell) or ''}" for name, cell in value.items())
    return frames.as_text(value)
