"""The issue table, version 1: fourteen columns, held as columns.

A million rows can have a million issues, so nothing here is one object per issue until somebody looks at one. Columns
with few distinct values are coded, the others hold references to texts that the checked table holds anyway.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from crmkit import frames
from crmkit.errors import NotFoundError, SchemaError, ShapeError

from ._columns import Array, Coded, coded, encoder, is_column, join, numbers, objects
from ._html import issues_html
from ._issue import COLUMNS, DIMENSIONS, SEVERITIES, Dimension, Issue
from ._messages import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.typing import Frame, JSONValue, Language, Severity

__all__ = ["IssueTable"]

_LANGUAGES = ("en", "zh")
_CODED = ("run_id", "path", "rule", "code", "severity", "dimension", "params", "related")
_WORDS = {"severity": SEVERITIES, "dimension": DIMENSIONS}
_TEXTS = ("record_id", "value", "fix")
_COUNTABLE = {"field": "path", **{name: name for name in ("path", "rule", "code", "severity", "dimension")}}


class IssueTable:
    """Issues as columns, sorted by row, path and rule; whole-table issues come first.

    Immutable. Built by :meth:`of`, joined by :meth:`concat`, looked at one by one as :class:`Issue`.

    Example:
        >>> found = IssueTable.of(rule="email", code="email_invalid", row=[4, 2], path="email", value=["a", "b"])
        >>> [(issue.row, issue.message) for issue in found]
        [(2, 'not an e-mail address'), (4, 'not an e-mail address')]
        >>> found.counts("severity")
        {'error': 2}

    .. versionadded:: 0.1.0
    """

    __slots__ = ("__dict__", "_columns", "_lang", "_templates")

    def __init__(
        self,
        columns: Mapping[str, Coded | Array],
        *,
        lang: Language = "en",
        templates: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        if lang not in _LANGUAGES:
            raise NotFoundError.of("language", lang, _LANGUAGES)
        self._columns = dict(columns)
        self._lang: Language = lang
        self._templates = dict(templates or {})

    # -- making ---------------------------------------------------------------------------------------------------

    @classmethod
    def empty(cls, *, lang: Language = "en") -> IssueTable:
        """Return a table without issues."""
        return cls.of(rule=[], code="", row=[], lang=lang)

    @classmethod
    def of(
        cls,
        *,
        rule: str | Sequence[str] | Coded,
        code: str | Sequence[str] | Coded,
        row: int | Sequence[int | None] | Array | None,
        run_id: str = "",
        path: str | Sequence[str | None] | Coded | None = None,
        severity: Severity | Sequence[Severity] | Coded = "error",
        dimension: Dimension | Sequence[Dimension] | Coded = "validity",
        record_id: str | Sequence[str | None] | Array | None = None,
        value: str | Sequence[str | None] | Array | None = None,
        fix: str | Sequence[str | None] | Array | None = None,
        confidence: float | Sequence[float | None] | Array | None = None,
        params: Mapping[str, JSONValue] | Sequence[Mapping[str, JSONValue] | str] | Coded | None = None,
        related: Sequence[Sequence[str]] | None = None,
        lang: Language = "en",
        templates: Mapping[str, Mapping[str, str]] | None = None,
    ) -> IssueTable:
        """Build a table from columns; a single value stands for a whole column.

        Args:
            rule: Which rule of the rule set.
            code: Stable machine words.
            row: Positions in the input from 0; ``None`` for the whole table.
            run_id: The run's ULID.
            path: The column, or a dotted path into a nested record.
            severity: How bad.
            dimension: Which quality suffers.
            record_id: The key's value, as text.
            value: The value as read.
            fix: The proposed value.
            confidence: Of the fix, 0 to 1.
            params: What the message needs; mappings, or their JSON text.
            related: For each issue the ids of the other records it is about.
            lang: Language of the messages.
            templates: A rule's own messages: rule to language to text.

        Returns:
            The table, sorted.

        Raises:
            ShapeError: If two columns differ in length.
        """
        given: dict[str, object] = {
            "run_id": run_id, "record_id": record_id, "row": row, "path": path, "rule": rule, "code": code,
            "severity": severity, "dimension": dimension, "value": value, "params": params, "related": related,
            "fix": fix, "confidence": confidence,
        }  # fmt: skip
        lengths = {name: len(column) for name, column in given.items() if is_column(name, column)}  # type: ignore[arg-type]  # only sized ones pass
        n = next(iter(lengths.values()), 1)
        if any(length != n for length in lengths.values()):
            raise ShapeError(f"issue columns differ in length: {lengths}", expected=n, actual=lengths)
        columns: dict[str, Coded | Array] = {}
        for name, column in given.items():
            if name == "row":
                columns[name] = numbers(column, n, dtype=np.int64, missing=-1)
            elif name == "confidence":
                columns[name] = numbers(column, n, dtype=np.float64, missing=np.nan)
            elif name in _TEXTS:
                columns[name] = objects(column, n)
            else:
                columns[name] = coded(column, n, encoder(name))
        return cls(columns, lang=lang, templates=templates)._sorted()

    @classmethod
    def concat(cls, tables: Iterable[IssueTable], *, lang: Language | None = None) -> IssueTable:
        """Join tables into one, sorted; equal issues are kept.

        Example:
            >>> one = IssueTable.of(rule="a", code="x", row=3)
            >>> len(IssueTable.concat([one, IssueTable.empty(), one]))
            2
        """
        parts = list(tables)
        kept = [part for part in parts if len(part)]
        language: Language = lang or (parts[0]._lang if parts else "en")
        if not kept:
            return cls.empty(lang=language)
        templates = {rule: text for part in kept for rule, text in part._templates.items()}
        columns: dict[str, Coded | Array] = {}
        for name in kept[0]._columns:
            pieces = [part._columns[name] for part in kept]
            if name in _CODED:
                columns[name] = join(cast("list[Coded]", pieces))
            else:
                columns[name] = np.concatenate(cast("list[Array]", pieces))
        return cls(columns, lang=language, templates=templates)._sorted()

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names of version 1, in order."""
        return COLUMNS

    @property
    def lang(self) -> Language:
        """The language of the messages."""
        return self._lang

    def in_language(self, lang: Language) -> IssueTable:
        """Return the same issues with messages in another language."""
        return IssueTable(self._columns, lang=lang, templates=self._templates)

    def __len__(self) -> int:
        return len(self._array("row"))

    def __iter__(self) -> Iterator[Issue]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> Issue:
        n = len(self)
        if not -n <= i < n:
            raise IndexError("there is no such issue")
        one = self.take([i % n])
        cells = {name: one.column(name)[0] for name in COLUMNS}
        cells["params"] = json.loads(str(cells["params"]))
        cells["related"] = tuple(json.loads(str(cells["related"])))
        return Issue(**cast("Any", cells))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IssueTable):
            return NotImplemented
        return len(self) == len(other) and all(self.column(name) == other.column(name) for name in COLUMNS)

    __hash__ = None  # type: ignore[assignment]  # as of other containers: compared by content, not hashable

    def column(self, name: str) -> list[Any]:
        """Return one column as a list, missing as ``None``.

        Raises:
            SchemaError: If the issue table has no such column.
        """
        if name == "message":
            return self._messages
        if name not in self._columns:
            raise SchemaError(str(NotFoundError.of("issue column", name, COLUMNS)))
        column = self._columns[name]
        if isinstance(column, Coded):
            return column.texts()
        if name == "row":
            return [None if row < 0 else row for row in column.tolist()]
        if name == "confidence":
            return [None if share != share else share for share in column.tolist()]
        return cast("list[Any]", column.tolist())

    @property
    def rows(self) -> Array:
        """The rows that have an issue, each once, ascending; whole-table issues have none."""
        rows = np.unique(self._array("row"))
        return rows[rows >= 0]

    def counts(self, by: str = "severity") -> dict[str, int]:
        """Count the issues, most frequent first.

        Args:
            by: ``severity``, ``code``, ``rule``, ``field`` (the path) or ``dimension``.

        Raises:
            NotFoundError: If there is no such way to count.
        """
        if by not in _COUNTABLE:
            raise NotFoundError.of("way to count issues", by, _COUNTABLE)
        column = self._code(_COUNTABLE[by])
        tally = np.bincount(column.codes, minlength=len(column.values))
        found = [(value or "", int(n)) for value, n in zip(column.values, tally, strict=True) if n]
        return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))

    def filter(
        self,
        *,
        severity: str | Iterable[str] | None = None,
        code: str | Iterable[str] | None = None,
        rule: str | Iterable[str] | None = None,
        path: str | Iterable[str] | None = None,
        dimension: str | Iterable[str] | None = None,
        row: int | None = None,
        min_confidence: float | None = None,
    ) -> IssueTable:
        """Return the issues that agree with every argument, named as the columns; several words are alternatives.

        ``path`` is a field; ``min_confidence`` keeps those that have a fix at least that sure.

        Raises:
            NotFoundError: No such severity or dimension. Of rules that found nothing, any code or field is taken.

        Example:
            >>> table = IssueTable.of(rule=["a", "b"], code="x", row=[1, 2])
            >>> len(table.filter(rule="b")), len(table.filter(rule=("a", "b"), row=1))
            (1, 1)
        """
        keep = np.ones(len(self), dtype=bool)
        wanted = {"severity": severity, "code": code, "rule": rule, "path": path, "dimension": dimension}
        for name, words in wanted.items():
            if words is not None:
                allowed = {words} if isinstance(words, str) else set(words)
                column = self._code(name)
                if unknown := sorted(map(str, allowed.difference(_WORDS.get(name, allowed)))):
                    raise NotFoundError.of(name, unknown[0], _WORDS[name])
                hits = np.array([value in allowed for value in column.values], dtype=bool)
                keep &= hits[column.codes] if len(hits) else keep
        if row is not None:
            keep &= self._array("row") == row
        if min_confidence is not None:
            keep &= self._array("confidence") >= min_confidence  # never true of NaN: no fix
        return self.take(np.flatnonzero(keep))

    def take(self, positions: Sequence[int] | Array) -> IssueTable:
        """Return the issues at these positions, in this order."""
        at = np.asarray(positions, dtype=np.int64)
        columns = {
            name: column.take(at) if isinstance(column, Coded) else column[at] for name, column in self._columns.items()
        }
        return IssueTable(columns, lang=self._lang, templates=self._templates)

    def stamped(self, run_id: str, record_ids: Sequence[str | None] | None = None) -> IssueTable:
        """Return the issues as found by one run, each with the id of its record.

        Args:
            run_id: The run's ULID.
            record_ids: The id of each row of the input; without it the issues keep what they have.
        """
        columns = {**self._columns, "run_id": coded(run_id, len(self), None)}
        if record_ids is not None:
            ids = objects([*record_ids, None], len(record_ids) + 1)
            columns["record_id"] = ids[self._array("row")]  # whole-table issues have row -1: the last place
        return IssueTable(columns, lang=self._lang, templates=self._templates)

    def shifted(self, rows: int) -> IssueTable:
        """Return the issues of a piece that begins ``rows`` rows after its table; those of no row stay as they are."""
        row = self._array("row")
        columns = {**self._columns, "row": np.where(row < 0, row, row + rows)}
        return IssueTable(columns, lang=self._lang, templates=self._templates)

    def placed(self, rows: Array) -> IssueTable:
        """Return the issues of a choice of rows with the places that these have in the whole table.

        Args:
            rows: For each row of the choice its place.
        """
        row = self._array("row")
        places = np.append(rows, -1)  # those of no row stay as they are
        return IssueTable({**self._columns, "row": places[row]}, lang=self._lang, templates=self._templates)

    def with_ids(self, rows: Array, record_ids: Sequence[str | None]) -> IssueTable:
        """Return the issues with the ids of their records.

        Args:
            rows: The rows that have an issue, as :attr:`rows`.
            record_ids: The id of each.
        """
        row = self._array("row")
        ids = objects([*record_ids, None], len(rows) + 1)
        at = np.where(row < 0, len(rows), np.searchsorted(rows, row))
        columns = {**self._columns, "record_id": ids[at]}
        return IssueTable(columns, lang=self._lang, templates=self._templates)

    def head(self, n: int = 5) -> IssueTable:
        """Return the first ``n`` issues."""
        return self.take(range(min(n, len(self))))

    # -- handing on -----------------------------------------------------------------------------------------------

    def to_columns(self, *, lang: Language | None = None) -> dict[str, list[Any]]:
        """Return all columns as lists, in the order of version 1."""
        table = self if lang is None else self.in_language(lang)
        return {name: table.column(name) for name in COLUMNS}

    def to_dicts(self, *, lang: Language | None = None) -> list[dict[str, Any]]:
        """Return one dict per issue; for a few issues, not for a million."""
        columns = self.to_columns(lang=lang)
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]

    def __repr__(self) -> str:
        figures = ", ".join(f"{n} {severity}" for severity, n in self.counts("severity").items())
        return f"IssueTable({len(self)} issues{': ' if figures else ''}{figures})"

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the issues as a frame of the kind of ``like``, or a ``RecordSet``; values are in the clear."""
        return frames.build(self.to_columns(), like=like)

    def _repr_html_(self) -> str:
        return issues_html(self)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _array(self, name: str) -> Array:
        return cast("Array", self._columns[name])

    def _code(self, name: str) -> Coded:
        return cast("Coded", self._columns[name])

    @cached_property
    def _messages(self) -> list[str]:
        rule, code, params = self._code("rule"), self._code("code"), self._code("params")
        # One text for each distinct (rule, code, params): a million issues have a few thousand.
        keys = (rule.codes.astype(np.int64) * len(code.values) + code.codes) * max(len(params.values), 1) + params.codes
        distinct, first, back = np.unique(keys, return_index=True, return_inverse=True)
        texts = np.empty(len(distinct), dtype=object)
        for place, i in enumerate(first.tolist()):
            of_rule = str(rule.values[rule.codes[i]])
            texts[place] = message(
                str(code.values[code.codes[i]]),
                json.loads(str(params.values[params.codes[i]])),
                lang=self._lang,
                template=self._templates.get(of_rule),
            )
        return cast("list[str]", texts[back.reshape(-1)].tolist())

    def _sorted(self) -> IssueTable:
        row = self._array("row")
        if len(row) < 2:
            return self
        key = row + 1
        for name in ("path", "rule"):
            column = self._code(name)
            order = sorted(
                range(len(column.values)), key=[(one is not None, one or "") for one in column.values].__getitem__
            )
            rank = np.empty(len(order), dtype=np.int64)
            rank[order] = np.arange(len(order))
            key = key * (len(order) + 1) + rank[column.codes]
        if bool(np.all(key[:-1] <= key[1:])):
            return self
        return self.take(np.argsort(key, kind="stable"))
