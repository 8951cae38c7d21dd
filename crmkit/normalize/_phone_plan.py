"""Phone numbers: an accept-only fast path in front of phonenumbers, which decides everything else.

The fast path takes digits with plain punctuation, in international form or in the national form of one region, and
says yes only where ``phonenumbers.parse`` and ``is_valid_number`` would, with the same E.164 form. Its patterns are
made from the metadata that phonenumbers carries, region by region at first use: there is no second copy, and a new
release of phonenumbers changes both. ``tests/normalize/test_phones.py`` compares the two on mutated numbers of every
region.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Match = Callable[[str], re.Match[str] | None]
    _Kind = tuple[frozenset[int], Match]

_PLAIN = re.compile(r"\(?(\+?) ?(\(?\d[\d ().-]{4,28}\d)\Z", re.ASCII).match
_PUNCTUATION = str.maketrans("", "", " ().-")
_SHORTEST = 7  # of a number with its calling code; a shorter one is for the reference

# Every kind that makes a number valid; those most asked for first, since any of them will do.
KINDS = (
    "mobile", "fixed_line", "toll_free", "shared_cost", "uan", "voip", "premium_rate", "personal_number", "pager",
    "voicemail",
)  # fmt: skip


SPECIAL = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")


class Region(NamedTuple):
    """What the fast path must know of one region's plan."""

    code: str
    calling_code: str
    valid: _ByLength
    general: Match
    longest: int
    prefix: Match | None
    transforms: bool
    abroad: Match | None
    leading: Match | None
    metadata: Any
    """What the reference holds."""
    trunk: str | None
    """What is dialed before an area code inside the country, ``0`` mostly."""


def _never(_text: str) -> None:
    return None


class _ByLength:
    """One pattern for each length that a number of a plan can have, made when the first such number is met.

    A file has numbers of a few lengths, and a pattern of all kinds of a region takes milliseconds to compile.
    """

    __slots__ = ("_general", "_kinds", "_made")

    def __init__(self, metadata: Any) -> None:
        self._general = metadata.general_desc
        self._kinds = [desc for kind in KINDS if (desc := getattr(metadata, kind)) and desc.national_number_pattern]
        self._made: dict[int, Match | None] = {}

    def get(self, length: int) -> Match | None:
        """Return the pattern of valid numbers of this length, ``None`` if there are none."""
        try:
            return self._made[length]
        except KeyError:
            return self._made.setdefault(length, self._make(length))

    def _make(self, length: int) -> Match | None:
        if length not in self._general.possible_length:
            return None
        here = [f"(?:{desc.national_number_pattern})" for desc in self._kinds if length in desc.possible_length]
        if not here:
            return None
        pattern = rf"(?=(?:{self._general.national_number_pattern})\Z)(?:{'|'.join(here)})"
        return re.compile(pattern, re.ASCII).fullmatch


def _region_of(metadata: Any) -> Region:
    general = metadata.general_desc
    prefix = metadata.national_prefix_for_parsing
    return Region(
        code=metadata.id,
        calling_code=str(metadata.country_code),
        valid=_ByLength(metadata),
        general=re.compile(general.national_number_pattern, re.ASCII).fullmatch
        if general.national_number_pattern
        else _never,
        longest=max(general.possible_length, default=0),
        prefix=re.compile(prefix).match if prefix else None,
        transforms=bool(metadata.national_prefix_transform_rule),
        abroad=re.compile(metadata.international_prefix).match if metadata.international_prefix else None,
        leading=re.compile(metadata.leading_digits).match if metadata.leading_digits is not None else None,
        metadata=metadata,
        trunk=metadata.national_prefix or None,
    )


def _kind_of(desc: Any, general: Any) -> _Kind | None:
    """Return the lengths and the pattern of one kind of number, ``None`` where the plan has none of it."""
    if desc is None or not desc.national_number_pattern:
        return None
    lengths = desc.possible_length or general.possible_length
    return frozenset(lengths), re.compile(desc.national_number_pattern, re.ASCII).fullmatch


def _is_of(kind: _Kind | None, national: str) -> bool:
    return kind is not None and len(national) in kind[0] and kind[1](national) is not None


def can_be_mobile(national: str, code: str) -> bool:
    """Say whether a valid number is a mobile one, or one of a plan that does not tell; as the reference's type does.

    Args:
        national: A valid national number, as :func:`accept` returns it.
        code: The region that it returns.
    """
    special, mobile = _mobile_kinds(code)
    return not any(_is_of(kind, national) for kind in special) and _is_of(mobile, national)


@cache
def _mobile_kinds(code: str) -> tuple[tuple[_Kind, ...], _Kind | None]:
    """Return the kinds that the reference asks for before mobiles, and mobiles; nothing for a region unknown to it."""
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(code, None)
    if metadata is None:
        return (), None
    general = metadata.general_desc
    kinds = (_kind_of(getattr(metadata, name), general) for name in SPECIAL)
    return tuple(kind for kind in kinds if kind is not None), _kind_of(metadata.mobile, general)


@cache
def region(code: str) -> Region | None:
    """Return the plan of one ISO region, or ``None`` if the reference does not know it."""
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(code, None)
    return None if metadata is None else _region_of(metadata)


@cache
def sharing(calling_code: str) -> tuple[Region, ...]:
    """Return the regions of a calling code in the reference's order, or nothing if no region has it."""
    import phonenumbers

    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code), ())
    if codes == ("001",):
        metadata = phonenumbers.PhoneMetadata.metadata_for_nongeo_region(int(calling_code), None)
        return () if metadata is None else (_region_of(metadata),)
    plans = [region(code) for code in codes]
    return tuple(plan for plan in plans if plan is not None)


@cache
def calling_code_of(start: str) -> str:
    """Return the calling code that three digits begin with, or ``""``; no code is the beginning of another."""
    return next((start[:width] for width in (1, 2, 3) if start[0] != "0" and sharing(start[:width])), "")


def _strip(national: str, plan: Region) -> str | None:
    """Take the national prefix off; ``None`` where only the reference can tell."""
    if plan.prefix is None:
        return national
    match = plan.prefix(national)
    if match is None:
        return national
    if match.end() == 0 or (plan.transforms and match.lastindex is not None):
        return None
    rest = national[match.end() :]
    if len(rest) > plan.longest or plan.general(rest) is None:
        return None
    return rest


def _accept_national(national: str, calling_code: str, main: Region) -> tuple[str, str, str] | None:
    stripped = _strip(national, main)
    if stripped is None:
        return None
    length = len(stripped)
    for plan in sharing(calling_code):
        if plan.leading is not None and plan.leading(stripped) is None:
            continue
        valid = plan.valid.get(length)
        if valid is not None and valid(stripped) is not None:
            return calling_code, stripped, plan.code
        if plan.leading is not None:
            return None
    return None


def accept(raw: str, country: str | None) -> tuple[str, str, str] | None:
    """Return calling code, national number and region of a number beyond doubt; ``None``: ask the reference."""
    plus: str | bool = raw[:1] == "+"
    number = raw[1:] if plus else raw
    if not (6 <= len(number) <= 30 and number.isascii() and number.isdecimal()):  # all digits: the pattern would match
        match = _PLAIN(raw)
        if match is None:
            return None
        plus, rest = match.groups()
        number = rest if rest.isdecimal() else rest.translate(_PUNCTUATION)
    if plus:
        return _accept_international(number)
    if country is None:
        return None
    plan = region(country)
    if plan is None:
        return None
    dialed = None if plan.abroad is None else plan.abroad(number)
    if dialed is not None:  # the prefix that is dialed before a country code: the reference takes it off first of all
        rest = number[dialed.end() :]
        return None if rest[:1] == "0" or len(rest) < _SHORTEST else _accept_international(rest)
    if number.startswith(plan.calling_code):
        if len(number) > plan.longest:  # too long to be national: the calling code was written without its plus
            rest = number[len(plan.calling_code) :]
            if plan.prefix is not None and plan.prefix(rest) is not None:
                return None
            return _accept_national(rest, plan.calling_code, plan)
        if plan.general(number) is None:
            return None
    return _accept_national(number, plan.calling_code, plan)


def _accept_international(number: str) -> tuple[str, str, str] | None:
    calling_code = calling_code_of(number[:3])
    if not calling_code:
        return None
    return _accept_national(number[len(calling_code) :], calling_code, sharing(calling_code)[0])


@cache
def _plain_plan(start: str) -> tuple[int, Match, tuple[tuple[Match | None, _ByLength], ...]] | None:
    """Return for three digits behind a plus: where the national number begins, its national prefix, its regions."""
    calling_code = calling_code_of(start)
    if not calling_code:
        return None
    plans = sharing(calling_code)
    prefix = plans[0].prefix or _never
    return 1 + len(calling_code), prefix, tuple((plan.leading, plan.valid) for plan in plans)


def is_e164(text: str) -> bool:
    """Say whether the text is E.164 of a valid number beyond doubt: what :func:`accept` gives back unchanged.

    The same questions in the same order, without a call for each; for loops over many numbers.
    """
    if text[:1] != "+" or not (7 <= len(text) <= 16 and text.isascii() and text[1:].isdecimal()):
        return False
    found = _plain_plan(text[1:4])
    if found is None:
        return False
    start, prefix, plans = found
    national = text[start:]
    if prefix(national) is not None:
        return False
    length = len(national)
    for leading, valid in plans:
        if leading is not None and leading(national) is None:
            continue
        of_length = valid.get(length)
        if of_length is not None and of_length(national) is not None:
            return True
        if leading is not None:
            return False
    return False


@lru_cache(maxsize=1)
def _kinds() -> dict[int, str]:
    from phonenumbers import PhoneNumberType

    return {
        PhoneNumberType.FIXED_LINE: "fixed_line",
        PhoneNumberType.MOBILE: "mobile",
        PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
        PhoneNumberType.TOLL_FREE: "toll_free",
        PhoneNumberType.PREMIUM_RATE: "premium_rate",
        PhoneNumberType.SHARED_COST: "shared_cost",
        PhoneNumberType.VOIP: "voip",
        PhoneNumberType.PERSONAL_NUMBER: "personal",
        PhoneNumberType.PAGER: "pager",
        PhoneNumberType.UAN: "uan",
        PhoneNumberType.VOICEMAIL: "voicemail",
    }


def kind(number: Any) -> str:
    """Return what the plan uses a parsed number for, as one of ``crmkit.values.PhoneType``."""
    import phonenumbers

    return _kinds().get(phonenumbers.number_type(number), "unknown")


def is_local(raw: str, country: str) -> bool:
    """Say whether the plan knows such a number only without its area code."""
    import phonenumbers

    found = _parsed(raw, country)
    if found is None:
        return False
    reason = phonenumbers.is_possible_number_with_reason(found)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)


def reference(raw: str, country: str | None) -> Any:
    """Return the number as phonenumbers parses it if it is valid, else ``None``."""
    import phonenumbers

    found = _parsed(raw, country)
    return found if found is not None and phonenumbers.is_valid_number(found) else None


@lru_cache(maxsize=4)  # several questions are asked of one refused number, one after the other
def _parsed(raw: str, country: str | None) -> Any:
    import phonenumbers

    try:
        return phonenumbers.parse(raw, country)
    except (phonenumbers.NumberParseException, UnicodeError):
        return None
