"""What a mapping did to a frame, and what is to be known before anything is loaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import attrs

from crmkit import frames
from crmkit._notebook import sheet, table
from crmkit.issues import SEVERITIES, Report, at_least, message

if TYPE_CHECKING:
    from collections import abc

    from crmkit.issues import IssueTable
    from crmkit.mapping._mappings._mapping import Mapping
    from crmkit.typing import Frame, JSONValue, Language, Severity

__all__ = ["MappedColumn", "MappingReport"]

_SHOWN = 20
_WORDS: abc.Mapping[Language, abc.Mapping[str, str]] = {
    "en": {"title": "Mapping", "figures": "{rows} rows, {columns} columns mapped, {rest} without a place",
           "column": "column", "target": "becomes", "issue": "what", "cells": "times", "none": "nothing to report"},
    "zh": {"title": "映射", "figures": "{rows} 行，{columns} 列已映射，{rest} 列无对应字段",
           "column": "列", "target": "对应", "issue": "情况", "cells": "次数", "none": "没有需要说明的情况"},
}  # fmt: skip


@attrs.frozen(kw_only=True)
class MappedColumn:
    """A column of the frame and what became of it.

    Attributes:
        column: As the frame calls it.
        target: As the result calls it.
        evidence: ``link`` for a column of the mapping, ``derived`` for names taken apart or put together.
        is_converted: Whether its values were written anew.

    .. versionadded:: 0.1.0
    """

    column: str
    target: str
    evidence: Literal["link", "derived"]
    is_converted: bool


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MappingReport(Report):
    """The result of :meth:`crmkit.mapping.Mapping.apply` and ``check``.

    Attributes:
        mapping: What was done.
        rows: How many rows the frame has.
        columns: Which column became which.
        rest: The columns that the target has no place for.
        unknown: Column -> value that a table or picklist does not have -> in how many rows. Values out of records: for
            the eyes of whoever owns the data.
        issues: The issue table.
        lang: Language of messages.

    Example:
        >>> from crmkit import mapping
        >>> leads = [{"Status": "Frozen", "LastName": "Lee", "Company": "Acme"}]
        >>> _, report = mapping.preset("salesforce", "lead").apply(leads)
        >>> report
        <MappingReport: salesforce lead -> canonical lead: 1 rows, 3 columns, 0 left, 1 warning>
        >>> report.unknown["Status"]
        {'Frozen': 1}

    .. versionadded:: 0.1.0
    """

    mapping: Mapping
    rows: int
    columns: tuple[MappedColumn, ...]
    rest: tuple[str, ...]
    unknown: abc.Mapping[str, abc.Mapping[str, int]]
    issues: IssueTable
    lang: Language = "en"

    @property
    def ok(self) -> bool:
        """Whether there is no issue of severity ``error``: nothing that the target refuses, cuts or reads wrongly."""
        return not self.issues.counts("severity").get("error")

    def counts(self) -> abc.Mapping[str, int]:
        """Return rows, mapped columns, columns without a place, and issues by severity."""
        found = self.issues.counts("severity")
        graded = {word: found.get(word, 0) for word in ("error", "warning", "info")}
        return {"rows": self.rows, "columns": len(self.columns), "rest": len(self.rest), **graded}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the issues as a frame of the kind of ``like``, or a ``RecordSet``."""
        return frames.build(self.issues.to_columns(lang=self.lang), like=like)

    def to_dict(self) -> abc.Mapping[str, JSONValue]:
        """Return the summary as plain data, without values out of records."""
        return {
            "source": str(self.mapping.source),
            "target": str(self.mapping.target),
            "counts": dict(self.counts()),
            "columns": [[one.column, one.target] for one in self.columns],
            "rest": list(self.rest),
            "codes": dict(self.issues.counts("code")),
        }

    def explain(self, lang: Language | None = None) -> list[str]:
        """Say what is to be known, one sentence for each column and matter, the worst first.

        Example:
            >>> from crmkit import mapping
            >>> to_salesforce = mapping.preset("salesforce", "account").inverse()
            >>> to_salesforce.check([{"name": "Acme", "legal_name": "Acme Ltd"}]).explain()
            ['legal_name: salesforce account has no place for it, 1 cells are filled (1)']
        """
        language = lang or self.lang
        return [
            f"{path}: {said} ({n:,})" if path else f"{said} ({n:,})"
            for (path, said), n in self._matters(language).items()
        ]

    def _matters(self, lang: Language) -> dict[tuple[str, str], int]:
        """Count what was found by column and code; of the figures in a message only those that all have in common."""
        order = {word: place for place, word in enumerate(SEVERITIES)}
        columns = [self.issues.column(name) for name in ("severity", "path", "code", "params")]
        found: dict[tuple[int, str, str], dict[str, int]] = {}
        for severity, path, code, params in zip(*columns, strict=True):
            texts = found.setdefault((order[severity], path or "", code), {})
            texts[params] = texts.get(params, 0) + 1
        said: dict[tuple[str, str], int] = {}
        # What somebody can act on in this file stands before what is doubtful about any file.
        for (_, path, code), texts in sorted(
            found.items(), key=lambda item: (item[0][0], item[0][2] == "fact_unconfirmed", item[0])
        ):
            first, *others = map(json.loads, texts)
            common = {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}
            key = (path, message(code, common, lang=lang))
            said[key] = said.get(key, 0) + sum(texts.values())
        return said

    def __repr__(self) -> str:
        found = self.counts()
        graded = "".join(f", {found[word]} {word}" for word in ("error", "warning", "info") if found[word])
        source, target = self.mapping.source, self.mapping.target
        return (
            f"<MappingReport: {source} -> {target}: {self.rows} rows, {len(self.columns)} columns, "
            f"{len(self.rest)} left{graded}>"
        )

    def _repr_html_(self) -> str:
        words = _WORDS[self.lang]
        figures = words["figures"].format(rows=self.rows, columns=len(self.columns), rest=len(self.rest))
        matters = list(self._matters(self.lang).items())[:_SHOWN]
        rows = [(path, said, n) for (path, said), n in matters]
        body = table([words["column"], words["issue"], words["cells"]], rows) if rows else f"<p>{words['none']}</p>"
        pairs = [(one.column, one.target) for one in self.columns[:_SHOWN]]
        mapped = table([words["column"], words["target"]], pairs) if pairs else ""
        return sheet(words["title"], figures, body, mapped)

    def _reason(self, severity: Severity) -> str | None:
        found = self.issues.counts("severity")
        counted = {word: found[word] for word in at_least(severity) if found.get(word)}
        if not counted:
            return None
        figures = ", ".join(f"{n:,} of severity {word}" for word, n in counted.items())
        return f"the records cannot be moved as they are: {figures}; see .report"
