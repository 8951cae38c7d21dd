"""One of a closed list of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from crmkit.errors import NotFoundError, SchemaError
from crmkit.normalize import text as texts
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._arguments import words
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import PASSED, Finding, Verdict, normal, stand_in
from crmkit.validators._reading._likeness import nearest

if TYPE_CHECKING:
    from crmkit.typing import JSONValue
    from crmkit.validators._checks._references import Context

__all__ = ["Choice"]

_LONGEST = 1000

# The stages that Salesforce, HubSpot, Zoho, Dynamics 365, 纷享销客 and 销售易 deliver, brought to one list.
_STAGES = ("new", "qualified", "proposal", "negotiation", "won", "lost")
_STAGE_SYNONYMS = {
    "prospecting": "new", "appointment scheduled": "new", "初步接洽": "new", "新建": "new", "验证客户": "new",
    "qualification": "qualified", "needs analysis": "qualified", "qualified to buy": "qualified",
    "需求确定": "qualified", "需求确认": "qualified", "value proposition": "qualified",
    "id. decision makers": "qualified",
    "proposal/price quote": "proposal", "presentation scheduled": "proposal", "方案/报价": "proposal",
    "方案报价": "proposal", "报价": "proposal", "perception analysis": "proposal", "negotiation/review": "negotiation",
    "decision maker bought-in": "negotiation", "contract sent": "negotiation", "谈判审核": "negotiation",
    "谈判": "negotiation", "商务谈判": "negotiation", "合同谈判": "negotiation",
    "closed won": "won", "closedwon": "won", "赢单": "won", "成交": "won", "已成交": "won",
    "closed lost": "lost", "closedlost": "lost", "输单": "lost",
    "丢单": "lost", "流失": "lost", "closed lost to competition": "lost",
}  # fmt: skip
_STATUSES = ("open", "contacted", "qualified", "converted", "unqualified")
_STATUS_SYNONYMS = {
    "new": "open", "open - not contacted": "open", "not contacted": "open", "未处理": "open", "未联系": "open",
    "待跟进": "open", "working": "contacted", "working - contacted": "contacted", "attempted to contact": "contacted",
    "connected": "contacted", "in progress": "contacted", "跟进中": "contacted", "已联系": "contacted",
    "有效": "qualified", "合格": "qualified", "closed - converted": "converted", "已转化": "converted",
    "已转换": "converted", "closed - not converted": "unqualified", "无效": "unqualified", "junk lead": "unqualified",
    "lost lead": "unqualified", "disqualified": "unqualified",
}  # fmt: skip


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return words("the values of a Choice()", values)


def _pairs(synonyms: Mapping[str, str] | tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(synonyms.items()) if isinstance(synonyms, Mapping) else tuple(synonyms)
    words("the synonyms of a Choice()", [word for pair in pairs for word in pair])
    return pairs


@attrs.define(frozen=True, slots=False)
class Choice(Check):
    """One of a closed list of values; case, width and blanks are a matter of form.

    Args:
        values: The values as they should be written.
        synonyms: Other ways to say them: ``{"closed won": "won"}``.

    Example:
        >>> stage = Choice(["new", "won", "lost"], synonyms={"赢单": "won"})
        >>> stage.examine("Won")[0].fix, stage.examine("赢单")[0].fix, stage.examine("maybe")[0].code
        ('won', 'won', 'choice_unknown')

    .. versionadded:: 0.1.0
    """

    values: tuple[str, ...] = attrs.field(converter=_texts)
    synonyms: tuple[tuple[str, str], ...] = attrs.field(default=(), kw_only=True, converter=_pairs)

    @synonyms.validator
    def _means_a_value(self, _attribute: object, synonyms: tuple[tuple[str, str], ...]) -> None:
        for _, value in synonyms:
            if value not in self.values:
                raise SchemaError(f"a synonym of a Choice(): {NotFoundError.of('value', value, self.values)}")

    @classmethod
    def deal_stages(cls) -> Choice:
        """Return the stages of a deal that most systems know, with their Chinese and everyday names.

        Example:
            >>> [Choice.deal_stages().examine(text)[0].fix for text in ("赢单", "Closed Won", "Negotiation/Review")]
            ['won', 'won', 'negotiation']
        """
        return cls(_STAGES, synonyms=_STAGE_SYNONYMS)

    @classmethod
    def lead_statuses(cls) -> Choice:
        """Return the statuses of a lead that most systems know, with their Chinese and everyday names.

        Example:
            >>> [Choice.lead_statuses().examine(text)[0].fix for text in ("已转化", "Working - Contacted")]
            ['converted', 'contacted']
        """
        return cls(_STATUSES, synonyms=_STATUS_SYNONYMS)

    @cached_property
    def _known(self) -> dict[str, str]:
        known = {texts.fold(synonym): value for synonym, value in self.synonyms}
        return known | {texts.fold(value): value for value in self.values}

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.values)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if text in self._exact:
            return PASSED
        meant = self._known.get(texts.fold(text))
        if meant is not None:
            return normal(text, meant)
        if is_placeholder(text):
            return stand_in("warning")
        near, likeness = nearest(texts.fold(text), self._known) if len(text) <= _LONGEST else (None, None)
        return (Finding("choice_unknown", fix=near, confidence=likeness, params={"n": len(self.values)}),)

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        del contexts
        exact, examine = self._exact, self.examine
        return {at: verdict for at, text in enumerate(texts) if text not in exact and (verdict := examine(text))}

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        listed: list[JSONValue] = [*dict.fromkeys([*self.values, *(word for word, _ in self.synonyms)])]
        return {"enum": listed}, not self.synonyms
