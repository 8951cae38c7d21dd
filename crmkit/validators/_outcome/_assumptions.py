"""What a run took for granted, so that a reader can object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import systems
from crmkit.issues import message
from crmkit.normalize import countries

if TYPE_CHECKING:
    from crmkit.typing import JSONValue, Language

__all__ = ["Assumption"]

_WORDS: dict[str, dict[str, str]] = {
    "system": {"en": "taken for an export of {system}", "zh": "识别为 {system} 的导出文件"},
    "kind": {"en": "records taken for {kind}", "zh": "记录按 {kind} 处理"},
    "kind_unknown": {"en": "the kind of record is not clear", "zh": "无法判断记录类型"},
    "field": {"en": "column {column} taken for: {field}", "zh": "列 {column} 识别为 {field}"},
    "header_like_values": {
        "en": "names of columns look like values ({n}), so they are not shown: is the first row a record?",
        "zh": "有 {n} 个列名看起来像数据，故不显示列名：首行是否为记录？",
    },
    "unknown_columns": {
        "en": "columns not recognized, checked as plain text only ({n}): {columns}",
        "zh": "有 {n} 列未能识别，仅按普通文本检查：{columns}",
    },
    "date_order": {"en": "dates of column {column} read as {order}", "zh": "列 {column} 的日期按 {order} 读取"},
    "decimal_comma": {
        "en": "numbers of column {column} read with a decimal comma: 1.234 is a thousand",
        "zh": "列 {column} 的数字按小数逗号读取：1.234 即 1234",
    },
    "decimal_sign_open": {
        "en": "column {column} does not show its decimal sign: 1.234 read as a fraction, 1,234 as a thousand",
        "zh": "列 {column} 看不出小数点写法：1.234 按小数读取，1,234 按千位读取",
    },
    "nameless_column": {
        "en": "column {place} has no name, so it was not checked: give it one",
        "zh": "第 {place} 列没有列名，故未检查：请为其命名",
    },
    "default_country": {
        "en": "phone numbers without a country taken for numbers of {country}",
        "zh": "未注明国家的电话号码按 {country} 处理",
    },
    "ids_unusable": {
        "en": "the ids in column {column} are missing or repeated too often to name rows; their position does",
        "zh": "列 {column} 的编号缺失或重复过多，无法标识记录，按行号标识",
    },
    "absent_column": {"en": "no column {column}: its rules were skipped", "zh": "没有列 {column}，相关规则已跳过"},
    "required_by_system": {
        "en": "{system} requires {field}, but there is no such column",
        "zh": "{system} 要求填写 {field}，但没有这一列",
    },
    "length_limits": {"en": "length limits of {system} applied", "zh": "按 {system} 的长度限制检查"},
}


_KINDS: dict[str, dict[str, str]] = {
    "contact": {"en": "contacts", "zh": "联系人"},
    "account": {"en": "accounts", "zh": "客户（公司）"},
    "lead": {"en": "leads", "zh": "销售线索"},
    "deal": {"en": "deals", "zh": "商机"},
    "activity": {"en": "activities", "zh": "活动记录"},
}


def _said(name: str, value: JSONValue, lang: Language) -> JSONValue:
    """Return a param as people call it: codes and canonical names stay in the params, words are for reading."""
    if name == "system":
        return systems.get(str(value)).titles[lang]
    if name == "kind":
        return _KINDS[str(value)][lang]
    if name == "country":
        return countries.name(str(value), lang)
    field = systems.canonical_fields().get(str(value)) if name == "field" else None
    return value if field is None else field.labels[lang]


@attrs.frozen
class Assumption:
    """One thing that was taken for granted: a code, and what fills its sentence.

    Example:
        >>> found = Assumption.of("date_order", column="born", order="DMY")
        >>> str(found), found.text("zh")
        ('dates of column born read as DMY', '列 born 的日期按 DMY 读取')

    .. versionadded:: 0.1.0
    """

    code: str
    params: tuple[tuple[str, JSONValue], ...] = ()

    @classmethod
    def of(cls, code: str, **params: JSONValue) -> Assumption:
        """Return the assumption with these params."""
        return cls(code, tuple(params.items()))

    def text(self, lang: Language = "en") -> str:
        """Return the sentence in English or Chinese, without a final stop."""
        params = {name: _said(name, value, lang) for name, value in self.params}
        return message(self.code, params, lang=lang, template=_WORDS.get(self.code))

    def __str__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the assumption as plain data."""
        return {"code": self.code, "params": dict(self.params)}
