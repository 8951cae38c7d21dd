"""Which column is which field: the answer of :func:`crmkit.columns.recognize`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from crmkit import _notebook, systems
from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue, Language, RecordKind

__all__ = ["ColumnMap", "Evidence"]

Evidence: TypeAlias = Literal["header", "name", "contents"]
"""What told the field: a header of the recognised system, a usual name, or what the column holds."""

_KIND_NAMES: Mapping[str, Mapping[Language, str]] = {
    "contact": {"en": "contacts", "zh": "联系人"},
    "account": {"en": "accounts", "zh": "客户（公司）"},
    "lead": {"en": "leads", "zh": "销售线索"},
    "deal": {"en": "deals", "zh": "商机"},
    "activity": {"en": "activities", "zh": "活动记录"},
}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "system": "An export of {system}, taken for {kind} ({count} of its headers).",
        "generic": "From no system that crmkit knows, taken for {kind}.",
        "unknown": "From no system that crmkit knows; what kind of record it holds is not clear.",
        "header": "header of {system}",
        "name": "usual name",
        "contents": "told from what it holds",
        "field": "{column}: {field} ({evidence})",
        "spare": "{column}: one more {field}",
        "trap": "{column}: {why}; never used to match",
        "key": "Rows are named by the column {column}.",
        "no_key": "No column names the rows; their position does.",
        "unassigned": "Left as they are: {columns}.",
        "people": "Taken for accounts although there are names of people: {columns}. "
        "Two rows of one company are one account, whoever stands in them; as contacts they stay apart.",
        "more": "and {count} more",
        "join": ", ",
    },
    "zh": {
        "system": "{system} 导出的{kind}（识别出 {count} 个列名）。",
        "generic": "不是已知系统的导出，按{kind}处理。",
        "unknown": "不是已知系统的导出，记录类型不明。",
        "header": "{system} 的列名",
        "name": "常用列名",
        "contents": "根据内容判断",
        "field": "{column}：{field}（{evidence}）",
        "spare": "{column}：另一个{field}",
        "trap": "{column}：{why}，不用于匹配",
        "key": "记录以“{column}”列标识。",
        "no_key": "没有标识列，按行号标识。",
        "unassigned": "其余列不作处理：{columns}。",
        "people": "虽有人名列（{columns}），仍按客户（公司）处理：同一公司的多行视为同一客户；按联系人处理则不会合并。",
        "more": "等另外 {count} 列",
        "join": "、",
    },
}
_SHOWN = 10


def _frozen(mapping: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(mapping))


def _rounded(score: float) -> float:
    return round(score, 6)


@attrs.frozen(kw_only=True)
class ColumnMap:
    """Which column holds which canonical field, why crmkit thinks so, and what must not be matched on.

    Attributes:
        system: The system whose export it is; ``None`` if no evidence is good enough.
        kind: The record kind; ``None`` where nothing tells.
        score: Weight of evidence for the system, in nats; 0 without a system.
        columns: Every column of the table, in its order.
        fields: Column to canonical field. No two columns share a field.
        evidence: Column to what told its field; the same columns as ``fields``.
        traps: Column to why it must never feed a match key of its row (a key of ``crmkit.systems.TRAPS``). Such a
            column may have a field too: the owner's e-mail is worth checking, and still not the customer's.
        spare: Column to the field that it would hold if a better column did not: a third e-mail, a second street.
        key: The column that names rows; ``None`` if there is none that is filled and unique enough.
        people: Columns of a table of accounts that hold names of people, as those of their contacts. They are not
            matched on: rows of one company are one account, whoever stands in them.

    .. versionadded:: 0.1.0
    """

    system: str | None
    kind: RecordKind | None
    score: float = attrs.field(converter=_rounded)
    columns: tuple[str, ...]
    fields: Mapping[str, str] = attrs.field(converter=_frozen, hash=False)
    evidence: Mapping[str, Evidence] = attrs.field(converter=_frozen, hash=False)
    traps: Mapping[str, str] = attrs.field(converter=_frozen, hash=False)
    spare: Mapping[str, str] = attrs.field(converter=_frozen, hash=False)
    key: str | None
    people: tuple[str, ...] = ()

    def __repr__(self) -> str:
        of = f"{self.system} {self.kind}" if self.system else str(self.kind)
        return f"<ColumnMap of {of}: {len(self.fields)} of {len(self.columns)} columns recognized, key {self.key!r}>"

    def _repr_html_(self) -> str:
        rows = [
            (name, self.fields.get(name, self.spare.get(name)), self.evidence.get(name), self.traps.get(name))
            for name in self.columns
        ]
        lead = f"{self.system or 'no system that crmkit knows'}, {self.kind or 'kind not clear'}, key {self.key}"
        table = _notebook.table(("column", "field", "told by", "never to match on because"), rows)
        return _notebook.sheet("Columns", lead, table)

    def __reduce__(self) -> tuple[object, ...]:
        return ColumnMap.from_dict, (self.to_dict(),)  # results go to other processes; the views of mappings cannot

    def column(self, canonical: str) -> str | None:
        """Return the column that holds a canonical field, or ``None``."""
        return next((column for column, field in self.fields.items() if field == canonical), None)

    def is_matchable(self, column: str) -> bool:
        """Whether the column may be compared to tell if two rows are one party.

        A trap may not. The one exception is the name of the linked company: nobody's identity, and still worth
        comparing next to a person's name.

        Example:
            >>> from crmkit import columns, frames
            >>> table = frames.read({"First name": ["Ann"], "E-mail": ["ann@example.com"], "Owner e-mail": [None]})
            >>> found = columns.recognize(table)
            >>> [column for column in found.fields if found.is_matchable(column)]
            ['First name', 'E-mail']
        """
        trap = self.traps.get(column)
        return trap is None or (trap == "linked_account" and self.fields.get(column) == "company_name")

    def to_dict(self) -> dict[str, JSONValue]:
        """Return everything as JSON can say it; :meth:`from_dict` reads it back."""
        return {
            "system": self.system,
            "kind": self.kind,
            "score": self.score,
            "columns": list(self.columns),
            "fields": dict(self.fields),
            "evidence": dict(self.evidence),
            "traps": dict(self.traps),
            "spare": dict(self.spare),
            "key": self.key,
            "people": list(self.people),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ColumnMap:
        """Return the map that :meth:`to_dict` wrote.

        Raises:
            FormatError: If a part is absent.
        """
        try:
            parts = {field.name: document[field.name] for field in attrs.fields(cls)}
        except KeyError as err:
            raise FormatError(f"a column map without {err.args[0]!r}") from err
        return cls(**(parts | {name: tuple(parts[name]) for name in ("columns", "people")}))

    def explain(self, lang: Language = "en") -> list[str]:
        """Say in words what was recognised and assumed: one line for the file, one for each column that matters.

        Column names are shown; values never are, and no name where one of them looks like a value.

        Args:
            lang: ``en`` or ``zh``.
        """
        words = _WORDS[lang]
        lines = [self._headline(words, lang)]
        system = self._system_name(lang)
        shown_as = systems.shown_headers(self.columns)
        for column in self.columns:
            if column in self.fields:
                evidence = words[self.evidence[column]].format(system=system)
                lines.append(
                    words["field"].format(
                        column=shown_as[column], field=_label(self.fields[column], lang), evidence=evidence
                    )
                )
            elif column in self.spare:
                lines.append(words["spare"].format(column=shown_as[column], field=_label(self.spare[column], lang)))
            if column in self.traps:
                lines.append(words["trap"].format(column=shown_as[column], why=systems.TRAPS[self.traps[column]][lang]))
        rest = [
            shown_as[column]
            for column in self.columns
            if not (column in self.fields or column in self.spare or column in self.traps)
        ]
        if rest:
            shown = rest[:_SHOWN] + ([words["more"].format(count=len(rest) - _SHOWN)] if len(rest) > _SHOWN else [])
            lines.append(words["unassigned"].format(columns=words["join"].join(shown)))
        if self.people:
            lines.append(words["people"].format(columns=words["join"].join(shown_as[one] for one in self.people)))
        lines.append(words["no_key"] if self.key is None else words["key"].format(column=shown_as[self.key]))
        return lines

    def _system_name(self, lang: Language) -> str:
        return systems.get(self.system).titles[lang] if self.system else ""

    def _headline(self, words: Mapping[str, str], lang: Language) -> str:
        if self.kind is None:
            return words["unknown"]
        kind = _KIND_NAMES[self.kind][lang]
        if self.system is None:
            return words["generic"].format(kind=kind)
        count = sum(evidence == "header" for evidence in self.evidence.values())
        return words["system"].format(system=self._system_name(lang), kind=kind, count=count)


def _label(canonical: str, lang: Language) -> str:
    return systems.canonical_fields()[canonical].labels[lang]
