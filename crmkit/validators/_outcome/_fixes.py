"""A plan of changes: looked at, reviewed by people, applied compare-and-set, undone exactly."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from crmkit import frames
from crmkit._called import check_called
from crmkit.errors import FormatError, NotFoundError
from crmkit.files import read_csv
from crmkit.records import RecordSet

from ._html import plan_html
from ._places import groups_of, places_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crmkit.changes import ChangeLog
    from crmkit.issues import IssueTable
    from crmkit.typing import AuditSink, Frame, JSONValue, Language
    from crmkit.validators._schema._schema import Schema

    from ._report import ValidationReport

__all__ = ["FixPlan"]

_REVIEW = ("accept", "row", "record_id", "field", "before", "after", "confidence", "codes", "rule", "together", "why",
           "key", "run_id", "rule_version", "seal")  # fmt: skip
_ISSUE_COLUMNS = ("rows", "paths", "befores", "afters", "confidences", "rules", "whys", "record_ids")
_CELL_COLUMNS = (*_ISSUE_COLUMNS, "codes", "together")
_HALF = 13
"""Characters of a seal that cover all but ``after``."""
_YES = frozenset({"yes", "y", "1", "true", "x", "ok", "accept", "是", "接受", "同意", "√", "✓"})
_NO = frozenset({"no", "n", "0", "false", "reject", "", "否", "拒绝", "不"})


def _tuple(column: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(column)


@attrs.frozen(kw_only=True)
class FixPlan:
    """One proposed change for each cell, with where it comes from and how sure it is. Nothing is changed yet.

    Made by :meth:`ValidationReport.fixes`, or read back from a review by :meth:`from_csv`. Columns have one length and
    the order of the rows.

    Attributes:
        rows: 0-based rows.
        paths: Columns.
        befores: What the cell must hold, as text; ``None`` where it must be missing.
        afters: What it will hold.
        confidences: 0 to 1.
        codes: For each cell the codes of the issues that the change settles.
        rules: The rule that asks for it; the first, where several do.
        together: How many cells of its row its rule wants changed; of two, such as the sides of an exchange, neither
            is changed alone.
        whys: Why, in words.
        record_ids: The records' ids.
        key: The column of the ids.
        run_id: The run that proposed the changes.
        rule_version: Content hash of its rule set.
        n_rows: Rows of the frame that was checked, where that is known.
        lang: Language in which a notebook shows it, that of the check.

    .. versionadded:: 0.1.0
    """

    rows: tuple[int, ...] = attrs.field(default=(), converter=_tuple)
    paths: tuple[str, ...] = attrs.field(default=(), converter=_tuple)
    befores: tuple[str | None, ...] = attrs.field(default=(), converter=_tuple, repr=False)
    afters: tuple[str, ...] = attrs.field(default=(), converter=_tuple, repr=False)
    confidences: tuple[float, ...] = attrs.field(default=(), converter=_tuple)
    codes: tuple[tuple[str, ...], ...] = attrs.field(default=(), converter=_tuple)
    rules: tuple[str, ...] = attrs.field(default=(), converter=_tuple)
    together: tuple[int, ...] = attrs.field(default=(), converter=_tuple)
    whys: tuple[str, ...] = attrs.field(default=(), converter=_tuple)
    record_ids: tuple[str | None, ...] = attrs.field(default=(), converter=_tuple, repr=False)
    key: str | None = None
    run_id: str = ""
    rule_version: str = ""
    n_rows: int | None = attrs.field(default=None, eq=False)
    lang: Language = "en"

    @classmethod
    def of(
        cls,
        report: ValidationReport,
        *,
        min_confidence: float,
        codes: Iterable[str] | None,
        fields: Iterable[str] | None,
    ) -> FixPlan:
        """Return the plan of a report; see :meth:`ValidationReport.fixes`."""
        if not 0 <= min_confidence <= 1:
            raise ValueError("min_confidence is a share between 0 and 1")
        issues = report.issues
        wanted_codes = _known(codes, "code of a fix", [*issues.counts("code"), *_all_codes()])
        wanted_fields = _known(fields, "field", report.schema.columns)
        picked = issues.filter(code=wanted_codes, path=wanted_fields, min_confidence=min_confidence)
        names = ("row", "path", "value", "fix", "confidence", "rule", "message", "record_id")
        sizes = _together(report.schema, issues)
        rows, paths = picked.column("row"), picked.column("path")
        # Issues are sorted by row and path, so those of one cell, which propose one value, stand together.
        cells = list(zip(rows, paths, strict=True))
        first = [at for at, (cell, before) in enumerate(zip(cells, [None, *cells], strict=False)) if cell != before]
        words = picked.column("code")
        ends = [*first[1:], len(rows)][: len(first)]
        # Checks of a field propose one value; a rule between records may propose another: the surer one is taken.
        fix, sure = picked.column("fix"), picked.column("confidence")
        best = [
            start if end - start == 1 else max(range(start, end), key=lambda at: (sure[at], -at))
            for start, end in zip(first, ends, strict=True)
        ]
        reasons = [
            (words[start],)
            if end - start == 1
            else tuple(dict.fromkeys(words[at] for at in range(start, end) if fix[at] == fix[chosen]))
            for start, end, chosen in zip(first, ends, best, strict=True)
        ]
        chosen_cells = picked.take(best)
        found: dict[str, Any] = {
            name: chosen_cells.column(column) for name, column in zip(_ISSUE_COLUMNS, names, strict=True)
        }
        linked = (
            [sizes.get(pair, 1) for pair in zip(found["rows"], found["rules"], strict=True)]
            if sizes
            else [1] * len(first)
        )
        key = report.schema.key if report.schema.key in report.columns else None
        plan = cls(
            **found, codes=reasons, together=linked, key=key, run_id=report.run_id,
            rule_version=report.schema.hash[:16], n_rows=report.n_rows, lang=issues.lang,
        )  # fmt: skip
        whole = plan._whole()  # a surer proposal for one side, or a choice of fields, leaves the other side alone
        return plan if all(whole) else plan.take([i for i, kept in enumerate(whole) if kept])

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        figures = ", ".join(f"{n} {path}" for path, n in self.counts("field").items())
        return f"FixPlan({len(self)} cells{': ' if figures else ''}{figures})"

    def _repr_html_(self) -> str:
        return plan_html(self)

    def counts(self, by: str = "code") -> dict[str, int]:
        """Count the cells by ``code``, ``field`` or ``rule``, most frequent first; a cell may have several codes.

        Raises:
            NotFoundError: If there is no such way to count.
        """
        words: Iterable[str]
        if by == "code":
            words = (code for codes in self.codes for code in codes)
        elif by in ("field", "rule"):
            words = self.paths if by == "field" else self.rules
        else:
            raise NotFoundError.of("way to count fixes", by, ["code", "field", "rule"])
        return dict(Counter(words).most_common())

    def take(self, positions: Sequence[int]) -> FixPlan:
        """Return the plan with these changes only."""
        chosen: dict[str, Any] = {name: tuple(getattr(self, name)[i] for i in positions) for name in _CELL_COLUMNS}
        return attrs.evolve(self, **chosen)

    def head(self, n: int = 20) -> FixPlan:
        """Return the first changes."""
        return self.take(range(min(n, len(self))))

    def where(
        self, *, min_confidence: float = 0.0, codes: Iterable[str] | None = None, fields: Iterable[str] | None = None
    ) -> FixPlan:
        """Return the changes that are sure enough, settle one of these codes, and are in one of these columns."""
        wanted_codes = None if codes is None else {codes} if isinstance(codes, str) else set(codes)
        wanted_fields = None if fields is None else {fields} if isinstance(fields, str) else set(fields)
        return self.take(
            [
                i
                for i in range(len(self))
                if self.confidences[i] >= min_confidence
                and (wanted_codes is None or wanted_codes.intersection(self.codes[i]))
                and (wanted_fields is None or self.paths[i] in wanted_fields)
            ]
        )

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the changes as a frame of the kind of ``like``, values in the clear; ``head(20)`` has the first."""
        columns: dict[str, Sequence[object]] = {
            "row": self.rows, "record_id": self.record_ids, "field": self.paths, "before": self.befores,
            "after": self.afters, "confidence": self.confidences, "why": self.whys,
        }  # fmt: skip
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data, without values."""
        return {"run_id": self.run_id, "cells": len(self), "fields": self.counts("field"), "codes": self.counts()}

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the plan for people to review: they put ``yes`` or ``no`` into the column ``accept``.

        Values are in the clear. Cells that a spreadsheet could run are guarded, and the guard is taken back on reading.
        """
        n = len(self)
        columns: dict[str, Sequence[str]] = {
            "accept": ["yes"] * n, "row": [str(row) for row in self.rows],
            "record_id": [record_id or "" for record_id in self.record_ids], "field": self.paths,
            "before": [before or "" for before in self.befores], "after": self.afters,
            "confidence": [repr(float(share)) for share in self.confidences],
            "codes": [" ".join(codes) for codes in self.codes], "rule": self.rules,
            "together": [str(size) for size in self.together], "why": self.whys, "key": [self.key or ""] * n,
            "run_id": [self.run_id] * n, "rule_version": [self.rule_version] * n,
        }  # fmt: skip
        RecordSet({**columns, "seal": [_seal(columns, i) for i in range(n)]}).to_csv(path)

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str], *, key: str | None = None, allow_edits: bool = False) -> FixPlan:
        """Return the changes of a review that were accepted.

        Args:
            path: What :meth:`to_csv` wrote and people filled in.
            key: The column of the record ids, where it is called otherwise by now.
            allow_edits: Take lines whose ``after`` somebody rewrote as that person's own value. Off, because a
                spreadsheet rewrites ``+8613800138000`` and dates without being asked. Nothing else of a line may be
                another: which cell it is about, and where the change comes from.

        Raises:
            FormatError: If it is no review, an ``accept`` cell is neither yes nor no, a line was changed after it was
                written, other than ``allow_edits`` takes, or lines are of several plans; lines are named, values are
                not.
        """
        table = frames.read(read_csv(path, unescape=True))
        missing = [name for name in _REVIEW if name not in table.columns]
        if missing:
            raise FormatError(f"not a review of fixes: it has no column {missing[0]!r}", location=str(path))
        cells = {name: [str(cell) if cell is not None else "" for cell in table.column(name)] for name in _REVIEW}
        kept, changed, spoilt = [], set(), []
        for i, word in enumerate(cells["accept"]):
            answer = word.strip().casefold()
            if answer not in _YES and answer not in _NO:
                raise FormatError("the column 'accept' takes yes or no", location=f"{path}, line {i + 2}")
            if answer in _NO:
                continue
            kept.append(i)
            seal = _seal(cells, i)
            if cells["seal"][i] != seal:
                changed.add(i)
                if cells["seal"][i][:_HALF] != seal[:_HALF]:
                    spoilt.append(i)
        if spoilt or (changed and not allow_edits):
            lines = ", ".join(str(i + 2) for i in (spoilt or sorted(changed))[:10])
            what = " in more than 'after'" if spoilt else "; if a person meant it, pass allow_edits=True"
            raise FormatError(f"lines {lines} are not as they were written{what}", location=str(path))
        if any(len({cells[name][i] for i in kept}) > 1 for name in ("key", "run_id", "rule_version")):
            raise FormatError("the lines are of several plans; read each by itself", location=str(path))
        try:
            rows = [int(cells["row"][i]) for i in kept]
            confidences = [float(cells["confidence"][i]) for i in kept]
            together = [int(cells["together"][i]) for i in kept]
        except ValueError:
            raise FormatError("a row, a confidence or a number of cells is not a number", location=str(path)) from None
        first = kept[0] if kept else None
        return cls(
            rows=rows, paths=[cells["field"][i] for i in kept], befores=[cells["before"][i] or None for i in kept],
            afters=[cells["after"][i] for i in kept], confidences=confidences,
            codes=[tuple(cells["codes"][i].split()) for i in kept],
            rules=["review" if i in changed else cells["rule"][i] for i in kept],
            together=together, whys=[cells["why"][i] for i in kept],
            record_ids=[cells["record_id"][i] or None for i in kept],
            key=key or (None if first is None else cells["key"][first] or None),
            run_id="" if first is None else cells["run_id"][first],
            rule_version="" if first is None else cells["rule_version"][first],
        )  # fmt: skip

    def apply(
        self, frame: Frame, *, by: str | None = None, reason: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC), audit: AuditSink | None = None,
    ) -> tuple[Frame, ChangeLog]:  # fmt: skip
        """Change the cells and write down what was there.

        Compare-and-set: a cell that no longer holds what the plan was made for is left alone and is among the log's
        ``.conflicts``. Applying a plan twice changes nothing more. Changes that are only right together, such as the
        two sides of an exchange, are made both or not at all.

        Args:
            frame: The frame that was checked, or a later state of it. Where the schema has a key, records are found
                by it wherever their rows are now, and one that is gone is a conflict; where it has none, every row
                must be where it was.
            by: Who applies the plan.
            reason: Why; each change's own reason is in its rule.
            now: The clock.
            audit: Where to record it, such as a ``crmkit.audit.Log``.

        Returns:
            The changed frame, of the caller's kind, and the change log, whose ``revert(clean)`` gives ``frame`` again.

        Raises:
            SchemaError: If the frame lacks a column of the plan, its key, or a row of a plan without a key.
        """
        check_called(now=now)
        from crmkit import changes

        table = frames.read(frame)
        plan = self.take([i for i, whole in enumerate(self._whole()) if whole])
        refused = [
            changes.Conflict(row=self.rows[i], record_id=self.record_ids[i], path=self.paths[i], reason=_NOT_ALONE)
            for i, whole in enumerate(self._whole())
            if not whole
        ]
        cells = list(zip(plan.rows, plan.paths, plan.afters, strict=True))
        places, lost = places_of(table, self.key, cells, plan.record_ids, n_rows=self.n_rows)
        groups = groups_of(plan.rows, plan.rules, plan.together)
        gone = {groups[i] for i, place in enumerate(places) if place is None} - {None}
        found = [i for i, place in enumerate(places) if place is not None and groups[i] not in gone]
        plan = plan.take(found)
        edits = changes.Edits(
            path=list(plan.paths), row=[place for i in found if (place := places[i]) is not None],
            after=list(plan.afters), before=list(plan.befores), rule=list(plan.rules),
            rule_version=self.rule_version or None, confidence=list(plan.confidences), group=[groups[i] for i in found],
        )  # fmt: skip
        return changes.apply_edits(
            table, edits, key=self.key, by=by, reason=reason, now=now, audit=audit, refused=[*lost, *refused]
        )  # fmt: skip

    def _whole(self) -> list[bool]:
        """Say of each change whether all that belong together with it are in the plan."""
        if max(self.together, default=1) == 1:
            return [True] * len(self)
        there = Counter(zip(self.rows, self.rules, strict=True))
        return [
            size <= there[pair]
            for size, pair in zip(self.together, zip(self.rows, self.rules, strict=True), strict=True)
        ]


_NOT_ALONE = "belongs together with a change that the plan leaves out"


def _together(schema: Schema, issues: IssueTable) -> dict[tuple[int, str], int]:
    """Count for each row and rule the cells that the rule would change, where it changes several."""
    names = [rule.title for rule in schema.all_rules if rule.changes_several]
    if not names:
        return {}
    proposed = issues.filter(rule=names, min_confidence=0.0)
    return Counter(zip(proposed.column("row"), proposed.column("rule"), strict=True))


def _seal(columns: Mapping[str, Sequence[str]], at: int) -> str:
    """Return the seal of a line: a letter and half of it over all but ``after``, and the other half over that too.

    It begins with a letter, and numbers may be written in other ways, because spreadsheets do so unasked.
    """
    line = {name: columns[name][at] for name in _REVIEW if name not in ("accept", "after", "seal")}
    for name in ("row", "confidence", "together"):
        with contextlib.suppress(ValueError):
            line[name] = repr(float(line[name]))
    halves = (line, {**line, "after": columns["after"][at]})
    digests = (hashlib.sha256(json.dumps(half, sort_keys=True).encode()).hexdigest()[:12] for half in halves)
    return f"s{''.join(digests)}"


def _known(words: Iterable[str] | None, what: str, known: Iterable[str]) -> list[str] | None:
    if words is None:
        return None
    listed = [words] if isinstance(words, str) else list(words)
    names = list(known)
    for word in listed:
        if word not in names:
            raise NotFoundError.of(what, word, names)
    return listed


def _all_codes() -> tuple[str, ...]:
    from crmkit.issues import catalog_codes

    return catalog_codes()
