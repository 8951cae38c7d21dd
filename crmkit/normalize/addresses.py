"""Postal addresses: a comparable street line, the house number, postal codes, and Chinese addresses in parts.

For comparing and checking, not for printing labels: nothing here knows whether a street exists.
"""

from __future__ import annotations

import re
import unicodedata

from crmkit._plain import digits, plain
from crmkit.errors import InvalidValueError
from crmkit.values import PostalAddress

from ._addresses import _divisions
from ._addresses._divisions import CITY, DISTRICT, MUNICIPALITIES, PROVINCE, full_province, take_city
from ._addresses._postcodes import postcode, postcode_is_valid
from ._addresses._street_words import BEFORE_NAMES, DIRECTIONS, ORDINALS, STREET_TYPES, TENS, UNITS

__all__ = [
    "format",
    "house_number",
    "is_po_box",
    "is_valid",
    "normalize",
    "parse_chinese",
    "postcode",
    "postcode_is_valid",
    "street",
    "unit",
    "validate",
]

known_cities = _divisions.known_cities

_MAX_LENGTH = 500
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_PO_BOX = re.compile(
    r"\b(?:p\.?\s*o\.?\s*(?:box|bx)|post(?:al)?\s+(?:office\s+)?box|postfach|bo[iî]te\s+postale|b\.?p\.?(?=\s*\d)|"
    r"apartado(?:\s+de\s+correos)?|casella\s+postale|locked\s+bag|gpo\s+box)\s*#?\s*(\d[\w-]*)?|(?:邮政)?信箱",
    re.IGNORECASE,
)
_UNIT = re.compile(
    rf"[\s,]+(?:(?:{'|'.join(sorted(map(re.escape, UNITS), key=len, reverse=True))})\b\.?\s*(?:no\.?\s*)?#?\s*|#\s*)"
    r"([a-z]?\d[\w-]*|[a-z]\d*)\s*\Z",
    re.IGNORECASE,
)
_UNIT_FIRST = re.compile(
    rf"\s*(?:{'|'.join(sorted(map(re.escape, UNITS), key=len, reverse=True))})(?![^\W\d])\.?\s*(?:no\.?\s*)?#?\s*"
    r"([a-z]?\d[\w-]*|[a-z])\s*(?:[,/]\s*|\s)(?=\d)",
    re.IGNORECASE,
)
_FIRST_NUMBER = re.compile(
    r"\s*(?:no\.?\s*)?(\d+\s+1/2|\d+(?:\s*[-–/]\s*\d+)?[a-z]?)\b(?!\s*(?:st|nd|rd|th)\b)", re.IGNORECASE
)
_LAST_NUMBER = re.compile(r"[^\W\d]\.?[\s,]+(\d+(?:\s*[-–/]\s*\d+)?(?:\s?[a-z])?)\.?\s*\Z", re.IGNORECASE)
_CHINESE_NUMBER = re.compile(r"(\d+(?:[-之]\d+)?)\s*(?:号|號|弄)")
_HAN_NOISE = re.compile(r"[\s,，。.;；]+")
_SIMPLE = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*\Z").match  # words and nothing else
_UNIT_WORDS = frozenset(UNITS)
_APOSTROPHE = re.compile(r"['’`.]")
_NOT_WORD = re.compile(r"[^\w/#&-]+")


def _text(raw: str) -> str:
    return digits(plain(raw[:_MAX_LENGTH]))


def street(raw: str) -> str:
    """Return the street line in comparable form.

    Args:
        raw: House number, street and unit, as typed.

    Returns:
        Lower case, without accents and punctuation; ``Street`` is ``st``, ``North`` is ``n``, ``Fifth`` is ``5th``,
        ``Apartment 4`` is ``unit 4``. ``""`` if nothing is left.

    Example:
        >>> street("123 North Main Street, Apt. 4B") == street("123 N. MAIN ST #4b")
        True
        >>> street("123 N. MAIN ST #4b"), street("350 Fifth Avenue")
        ('123 n main st unit 4b', '350 5th ave')

    Source:
        Abbreviations: USPS Publication 28, appendices B and C2; Canada Post addressing guidelines; others in
        ``crmkit/normalize/_addresses/_street_words.py``.

    .. versionadded:: 0.1.0
    """
    text = _text(raw)
    if text.isascii():  # there is nothing to fold but case
        text = text.lower()
        if _SIMPLE(text) is not None:
            words = text.split(" ")
            first = words[0]
            if _UNIT_WORDS.isdisjoint(words) and (first.isalpha() or first[0].isdigit()) and not _may_name_box(text):
                return " ".join(_unify(words))
    else:
        text = unicodedata.normalize("NFKC", text.casefold())
        if _HAN.search(text):
            return unicodedata.normalize("NFKC", _HAN_NOISE.sub("", text).casefold())
    box = _PO_BOX.search(text) if _may_name_box(text) else None
    if box and box[1]:
        text = f"{text[: box.start()]} pobox {box[1]} {text[box.end() :]}"
    text, part = _split_unit(text)
    tail = "" if part is None else f" unit {part}"
    folded = text.lower()
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", text.casefold()).casefold()
        folded = "".join(char for char in folded if not unicodedata.combining(char))
    words = _NOT_WORD.sub(" ", _APOSTROPHE.sub("", folded)).replace("#", " ").split()
    return " ".join(_unify(words)) + tail


def _may_name_box(text: str) -> bool:
    """Say whether a folded line has what every spelling of a post box has; most lines are done with here."""
    return (
        ("b" in text and ("box" in text or "bx" in text or "bp" in text or "b.p" in text or "bag" in text))
        or "fach" in text
        or "ostal" in text
        or "apartado" in text
    )


def _split_unit(text: str) -> tuple[str, str | None]:
    """Take flat, suite or room off, whether it stands behind or before the street."""
    last = text[-30:].split()[-1:]
    # A unit is a number or one letter: most lines end with a word, or begin with a digit, and need no closer look.
    word = bool(last) and len(last[0]) > 1 and last[0].isalpha() and last[0][:2].lower() != "no"
    if not word and (found := _UNIT.search(text)) and found.start() > 0:
        return text[: found.start()], found[1].lower()
    if not text[:1].isdigit() and (found := _UNIT_FIRST.match(text)):
        return text[found.end() :], found[1].lower()
    return text, None


_SHORT_DIRECTIONS = frozenset(DIRECTIONS.values())
_ABBREVIATED = ORDINALS.keys() | DIRECTIONS.keys() | STREET_TYPES.keys()


def _before(words: list[str], place: int) -> str:
    return words[place - 1] if place else ""


def _unify(words: list[str]) -> list[str]:
    """Abbreviate street types and directions; a word before the name stays (``St Mary St`` keeps its saint)."""
    known = [place for place, word in enumerate(words) if word in _ABBREVIATED]
    last = words[-1] if words else ""
    if not known:
        return [_unglued(word) for word in words]
    if len(words) > 1 and known == [len(words) - 1] and last in STREET_TYPES:  # most lines
        return [*(_unglued(word) for word in words[:-1]), STREET_TYPES[last]]
    result: list[str] = []
    named = False  # whether a word of the street's own name stands before
    for place, word in enumerate(words):
        after = words[place + 1] if place + 1 < len(words) else ""
        if word in ORDINALS and (after in STREET_TYPES or after in DIRECTIONS) and _before(words, place) not in TENS:
            short = ORDINALS[word]
        elif word in DIRECTIONS and len(words) > 2:
            short = DIRECTIONS[word]
        elif word in STREET_TYPES and place > 0 and (named or not after or word in BEFORE_NAMES):
            short = STREET_TYPES[word]
        else:
            short = _unglued(word)
        result.append(short)
        named = named or not (short[0].isdigit() or short in _SHORT_DIRECTIONS)
    return result


def _unglued(word: str) -> str:
    return f"{word[:-7]}str" if len(word) > 8 and word.endswith("strasse") else word


def normalize(raw: str) -> str | None:
    """Return ``street(raw)``, or ``None`` if nothing is left.

    Example:
        >>> normalize("10 Downing Street"), normalize(" - ")
        ('10 downing st', None)

    .. versionadded:: 0.1.0
    """
    found = street(raw)
    return found if any(char.isalnum() for char in found) else None


def house_number(raw: str) -> str | None:
    """Return the number of the house, lower case without blanks.

    Args:
        raw: Street line; the number first (``12b High Street``), last (``Hauptstraße 12 b``) or before ``号``.

    Example:
        >>> house_number("12B High Street"), house_number("Hauptstraße 12 b"), house_number("南京路１２号")
        ('12b', '12b', '12')
        >>> house_number("5th Avenue") is None, house_number("P.O. Box 12") is None
        (True, True)

    .. versionadded:: 0.1.0
    """
    text = _text(raw)
    if _HAN.search(text):
        found = _CHINESE_NUMBER.search(text) or _LAST_NUMBER.search(text)
    elif _PO_BOX.search(text):
        return None
    else:
        text = _split_unit(text)[0]
        found = _FIRST_NUMBER.match(text) or _LAST_NUMBER.search(text)
    if found is None:
        return None
    return re.sub(r"\s+(?!1/2)", "", found[1]).replace("–", "-").lower()


def unit(raw: str) -> str | None:
    """Return flat, suite or room, lower case.

    Example:
        >>> unit("123 Main St, Suite 400"), unit("123 Main St #4B"), unit("123 Main St")
        ('400', '4b', None)

    .. versionadded:: 0.1.0
    """
    return _split_unit(_text(raw))[1]


def is_po_box(raw: str) -> bool:
    """Say whether the line is a post office box.

    Example:
        >>> is_po_box("P.O. Box 123"), is_po_box("Postfach 12 34"), is_po_box("1 Box Lane")
        (True, True, False)

    .. versionadded:: 0.1.0
    """
    return _PO_BOX.search(_text(raw)) is not None


def parse_chinese(raw: str) -> PostalAddress | None:
    """Take a Chinese address apart into province, city, district and the rest.

    Args:
        raw: Address in Chinese; province and city may lack their endings (``广东深圳南山区...``).

    Returns:
        The parts, province by its official name; ``None`` if the text is not Chinese or names no division.

    Example:
        >>> found = parse_chinese("广东深圳南山区科技园路1号")
        >>> found.region, found.city, found.district, found.street
        ('广东省', '深圳市', '南山区', '科技园路1号')

    Source:
        Names of the first and second level: GB/T 2260. Others are taken by their endings (市, 区, 县, 旗).

    .. versionadded:: 0.1.0
    """
    text = re.sub(r"\s+", "", _text(raw)) if len(raw) <= _MAX_LENGTH else ""
    if not _HAN.search(text):
        return None
    text = re.sub(r"^(?:中国|中华人民共和国)", "", text)
    code = re.match(r"\d{6}", text)
    text = text[6:] if code else text
    region = city = district = None
    if found := PROVINCE.match(text):
        region, text = full_province(found[1] or found[2]), text[found.end() :]
        if region in MUNICIPALITIES:
            city = region
            text = text.removeprefix(region).removeprefix("市辖区")
    if city is None and (taken := take_city(text, known=region is not None)):
        city, text = taken
        region = region or known_cities()[city][1]
    elif city is None and (found := CITY.match(text)):
        city, text = found[1], text[found.end() :]
    if found := DISTRICT.match(text):
        district, text = found[1], text[found.end() :]
    if not (region or city or district):
        return None
    return PostalAddress(
        region=region,
        city=city,
        district=district,
        street=text or None,
        postal_code=code[0] if code else None,
        country="CN",
    )


def validate(raw: str, country: str | None = None) -> PostalAddress:
    """Return a street line as an address, or raise.

    Raises:
        InvalidValueError: If nothing is left of the text.

    Example:
        >>> validate("10 Downing Street", "GB").country
        'GB'

    .. versionadded:: 0.1.0
    """
    found = parse_chinese(raw) if country in (None, "CN") else None
    if found is not None:
        return found
    if normalize(raw) is None:
        raise InvalidValueError("the text is no street line")
    return PostalAddress(street=plain(raw), country=country)


def is_valid(raw: str) -> bool:
    """Say whether anything of a street line is there.

    Example:
        >>> is_valid("1 High St"), is_valid("--")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return normalize(raw) is not None


def format(value: PostalAddress) -> str:  # noqa: A001 - one of the four verbs that every kind of value answers
    """Return the address for people: largest part first in China, smallest first elsewhere.

    Example:
        >>> format(parse_chinese("上海市黄浦区南京东路100号"))
        '上海市黄浦区南京东路100号'

    .. versionadded:: 0.1.0
    """
    if value.country == "CN" and _HAN.search(value.street or value.city or ""):
        region = None if value.region == value.city else value.region
        return "".join(part for part in (region, value.city, value.district, value.street) if part)
    town = " ".join(part for part in (value.postal_code, value.city) if part)
    return "\n".join(part for part in (value.street, value.district, town, value.region, value.country) if part)
