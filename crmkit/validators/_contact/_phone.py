"""Telephone numbers: valid in their numbering plan, by the country that the same row names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import attrs
import numpy as np

from crmkit.errors import NotFoundError, SchemaError
from crmkit.normalize import phones
from crmkit.normalize._bulk import phones as phone_bulk
from crmkit.normalize._placeholders import is_filler_number, is_placeholder
from crmkit.validators._checks._answers import Answers, Forms
from crmkit.validators._checks._by_country import ByCountry
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._references import Context, Reference, country_reference
from crmkit.validators._checks._verdict import Finding, Skipped, Verdict, normal, stand_in
from crmkit.values import PhoneType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.typing import JSONValue

__all__ = ["Phone"]

_BARE = re.compile(r"\+?[\d ().-]+\Z", re.ASCII).match
_LETTERS_AS_DIGITS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "|": "1"})
_FEWEST_DIGITS = 5
_FEWEST_OF_A_NUMBER = 7
_LONG_ENOUGH_FOR_ABROAD = 10
_LONGEST = 250
_LONGEST_LOCAL = 10

# How sure a number's international form is, by what tells its country; docs/explanation/validation.md has the reasons.
_INTERNATIONAL = 1.0
_OWN_COUNTRY = 0.99
_FIXED_COUNTRY = 0.97
_DEFAULT_COUNTRY = 0.95
_AREA_CODE_UNSURE = 0.8
_TRUNK_PREFIX_MISSING = 0.8
_PLUS_WAS_LOST = 0.9
_LETTER_FOR_DIGIT = 0.9
_LETTERS_LEFT_OUT = 0.8
"""The reference reads over letters in a number, or takes them for digits of their keys; they may be misread ones."""

_SURE = np.full(7, np.nan)  # by how a number is written; NaN: by what tells its country
_SURE[phone_bulk.ABROAD_FORM] = _INTERNATIONAL
_SURE[phone_bulk.LOCAL] = _AREA_CODE_UNSURE
_SURE[phone_bulk.LANDLINE] = _TRUNK_PREFIX_MISSING


def _types(types: Iterable[str]) -> tuple[str, ...]:
    listed = (types,) if isinstance(types, str) else tuple(types)
    for name in listed:
        if name not in get_args(PhoneType):
            raise SchemaError(str(NotFoundError.of("type of telephone number", name, get_args(PhoneType))))
    return listed


@attrs.frozen(kw_only=True, repr=False)
class Phone(ByCountry):
    """A telephone number that its numbering plan allows.

    Args:
        country: Where national numbers belong: a code or name, or ``col("country")`` to read it from each row.
        default: The country where the column is empty or names none; without it such a national number is skipped,
            not called wrong.
        types: The types of number that will do: ``mobile``, ``fixed_line``, ``toll_free``, ...; all where absent.
            A number of which its plan does not tell (``+1``) is taken for either.

    Example:
        >>> Phone(country="CN").is_valid("138 0013 8000"), Phone(country="CN").is_valid("138 0013")
        (True, False)
        >>> Phone(country="CN").examine("138 0013 8000")[0].fix
        '+8613800138000'

    Source:
        ITU-T E.164; numbering plans of libphonenumber, as phonenumbers carries them.

    .. versionadded:: 0.1.0
    """

    default: str | None = attrs.field(default=None, converter=country_reference)
    types: tuple[str, ...] = attrs.field(default=(), converter=_types)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.default, Reference):
            raise SchemaError("default= of a Phone() is one country; give the column as country=")

    def examine(self, text: str, context: Context = ()) -> Verdict:
        own, sure = self.country_of(context), _OWN_COUNTRY if self.references else _FIXED_COUNTRY
        country = own or self.default
        if not own:
            sure = _DEFAULT_COUNTRY
        form = _form(text, country) if len(text) <= _LONGEST else None
        if form is None:
            return _refused(text, country, own)
        sure = _how_sure(text, country, sure)
        if _has_letters(text) and " ext. " not in form:
            sure = min(sure, _LETTERS_LEFT_OUT)
        if self.types and not self._is_of_type(form):
            return (Finding("phone_type", params=_said(self.types), severity="warning"),)
        return normal(text, form, confidence=sure)

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        if self.types:
            return Check.examine_many(self, texts, contexts)
        return self.examine_column(texts, contexts).verdicts()

    def examine_column(self, texts: Sequence[str], contexts: Sequence[Context]) -> Answers:
        if self.types:
            return Answers(dict(Check.examine_many(self, texts, contexts)))
        places = {context: place for place, context in enumerate(dict.fromkeys(contexts))}
        context_of = np.fromiter(map(places.__getitem__, contexts), np.int64, len(texts))
        own = [self.country_of(context) for context in places]
        named = _OWN_COUNTRY if self.references else _FIXED_COUNTRY
        usual = [named if country else _DEFAULT_COUNTRY for country in own]
        found = phone_bulk.read_many(texts, [country or self.default for country in own], context_of)
        said: dict[int, Verdict] = {}
        for doubtful in np.flatnonzero(found.kinds == phone_bulk.UNKNOWN).tolist():
            verdict = self.examine(texts[doubtful], contexts[doubtful])
            if verdict:
                said[doubtful] = verdict
        at = np.flatnonzero(found.kinds > phone_bulk.E164)
        sure = _SURE[found.kinds[at]]
        by_country = np.isnan(sure)
        sure[by_country] = np.array(usual)[context_of[at[by_country]]]
        return Answers(said, Forms(at, found.forms[at], sure))

    def _is_of_type(self, form: str) -> bool:
        number = phones.parse(form)
        kind = None if number is None else number.type
        return kind in self.types or (kind == "fixed_line_or_mobile" and bool({"mobile", "fixed_line"} & {*self.types}))

    def __repr__(self) -> str:
        types = f", types={list(self.types)!r}" if self.types else ""
        return f"Phone(country={self.country!r}, default={self.default!r}{types})"


_IN_CHINESE = {
    "fixed_line": "固定电话", "mobile": "手机", "fixed_line_or_mobile": "固定电话或手机", "toll_free": "免费电话",
    "premium_rate": "付费电话", "shared_cost": "分摊付费电话", "voip": "网络电话", "personal": "个人号码",
    "pager": "寻呼机", "uan": "企业统一号码", "voicemail": "语音信箱", "unknown": "未知类型",
}  # fmt: skip


def _said(types: Sequence[str]) -> dict[str, JSONValue]:
    """Return types of number as params of a message: the words of the interface, and those of each language."""
    return {
        "types": list(types), "types_en": [name.replace("_", " ") for name in types],
        "types_zh": [_IN_CHINESE.get(name, name) for name in types],
    }  # fmt: skip


def _how_sure(text: str, country: str | None, sure: float) -> float:
    """Return how sure the international form of a valid number is."""
    if _is_international(text):
        return _INTERNATIONAL
    if phones.has_trunk_prefix(text, country):
        return sure
    if len(text) <= _LONGEST_LOCAL and phones.may_lack_area_code(text, country):
        return _AREA_CODE_UNSURE
    # Without trunk prefix and no mobile it may be a number of another country that the plan happens to take.
    return sure if phones.is_mobile(text, country) else _TRUNK_PREFIX_MISSING


def _form(text: str, country: str | None) -> str | None:
    """Return E.164, with the extension behind it where there is one, or ``None`` for what is no valid number."""
    bare = text.removeprefix("+").isdecimal() or (_BARE(text) is not None and not phones.may_have_extension(text))
    if bare:  # nothing that could be an extension
        return phones.normalize(text, country)
    number = phones.written(text, country)
    if number is None:
        return None
    # The reference takes what stands behind a semicolon for digits to dial on; people write the next number there.
    if number[1] is not None and len(number[1]) >= _FEWEST_OF_A_NUMBER and len(phones.split_many(text)) > 1:
        return None
    return number[0] if number[1] is None else f"{number[0]} ext. {number[1]}"


def _is_international(text: str) -> bool:
    return text[:1] == "+" or text.lstrip(" (\u3000\xa0'")[:1] in ("+", "＋")


def _refused(text: str, country: str | None, own: str | None) -> Verdict:
    if len(text) > _LONGEST:
        return (Finding("phone_invalid_international"),)
    if is_placeholder(text) or is_filler_number(text):
        return stand_in("warning")
    if phones.is_lossy(text):
        return (Finding("phone_lossy"),)
    numbers = phones.split_many(text)
    if (
        len(numbers) > 1
        and phones.is_valid(numbers[0], country)
        and all(
            phones.is_valid(number, country) or (country is not None and phones.is_local(number, country))
            for number in numbers[1:]
        )
    ):
        return (Finding("phone_several", params={"n": len(numbers)}, severity="warning"),)
    code, params = "phone_invalid_international", {}
    if country is not None and not _is_international(text):
        code, params = "phone_invalid", {"country": country}
    digits = sum(char.isdecimal() for char in text)
    if country is None and phones.is_mobile(text, "CN") and phones.is_valid(text, "CN"):
        return Skipped("country_missing" if own is None else "country_invalid")  # 1 may be no country code here
    for candidate, sure in _repairs(text, digits):
        form = _form(candidate, country)
        if form is not None:
            return (Finding(code, fix=form, confidence=sure, params=params),)
    if country is not None and phones.is_local(text, country):
        return (Finding("phone_local", params={"country": country}, severity="warning"),)
    if country is None and not _is_international(text) and digits >= _FEWEST_DIGITS and not _has_letters(text):
        return Skipped("country_missing" if own is None else "country_invalid")
    return (Finding(code, params=params),)


def _repairs(text: str, digits: int) -> list[tuple[str, float]]:
    found = []
    if digits >= _FEWEST_DIGITS and text.isascii():
        swapped = text.translate(_LETTERS_AS_DIGITS)
        if swapped != text and not _has_letters(swapped):
            found.append((swapped, _LETTER_FOR_DIGIT))
        if digits > _LONG_ENOUGH_FOR_ABROAD and _BARE(text) is not None and not text.startswith(("+", "0")):
            found.append((f"+{text}", _PLUS_WAS_LOST))
    return found


def _has_letters(text: str) -> bool:
    return any(char.isalpha() for char in text)
