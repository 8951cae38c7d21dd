"""Phone numbers: E.164 with the extension apart.

What is valid and what a number's E.164 form is, phonenumbers says (a port of Google's libphonenumber). Before it is
asked, forms that it does not know are rewritten into forms that it does: full-width digits, ``转`` and ``分机`` for an
extension, a number that a spreadsheet turned into ``13800138000.0``, ``00`` for ``+`` where no country is given.

A number in scientific notation (``1.38E+10``) has lost digits for good and gives ``None``; ``is_lossy`` says so. Only
where the mantissa still holds every digit (``1.3800138001E+10``) it is read.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from crmkit._plain import digits, plain
from crmkit.errors import InvalidValueError
from crmkit.values import PhoneNumber

from . import _phone_plan

if TYPE_CHECKING:
    from crmkit.values import PhoneType

__all__ = [
    "format",
    "is_lossy",
    "is_mobile",
    "is_valid",
    "last7",
    "normalize",
    "parse",
    "split_many",
    "validate",
]

_MAX_RAW = 250  # phonenumbers refuses longer text
_LONGEST_LOCAL = 8
_SCIENTIFIC = re.compile(r"\+?(\d(?:[.,]\d+)?)[eE]\+?(\d{1,3})\Z", re.ASCII)
_FLOAT = re.compile(r"(\+?\d{5,15})[.,]0+\Z", re.ASCII)
_EXTENSION = re.compile(
    r"[\s,;(]*(?:转分机|轉分機|转|轉|分机号?|分機號?|内线|內線)[\s:.#-]*(\d{1,7})[\s)]*\Z", re.ASCII
)
_CHINESE_EXTENSION = re.compile(
    r"((?:\(?(?:\+|00)?86\)?[ -]?)?"
    r"(?:\(?0?\d{2,3}\)?[ -]?\d{4}[ ]?\d{4}|\(?0\d{3}\)?[ -]?\d{7}(?=[ ]?-[ ]?\d\d)|[2-8]\d{7}|[2-8]\d{6}(?=-\d\d)"
    r"|400[ -]?\d{3}[ -]?\d{4}|1[3-9]\d[ -]?\d{4}[ -]?\d{4}))[ ]?-[ ]?(\d{1,6})\Z",
    re.ASCII,
)
"""A whole Chinese number and, behind one more hyphen, the extension: 010-62345678-801."""
_LOCAL_IN_CHINA = re.compile(r"[2-8]\d{2,3}[ -]?\d{4}\Z", re.ASCII)
_PLAIN_EXTENSION = re.compile(r"(\+?[\d ().-]*\d) ?(?:ext\. ?|x)(\d{1,6})\Z", re.ASCII).match
_ABROAD = re.compile(r"\(?00[ -]?(?=[1-9])", re.ASCII)
_CHINA_WITHOUT_PLUS = re.compile(r"\(?86\)?[ -]?1[3-9]\d[ -]?\d{4}[ -]?\d{4}\Z", re.ASCII)
_SEPARATOR = re.compile(r"\s*[/;|,\n\r、]+\s*|\s+(?:or|oder|ou|o)\s+|\s*[或和]\s*")
_MAY_SEPARATE = re.compile(r"[^0-9 ().+-]").search
_FEWEST_DIGITS = 5


def _expand(text: str) -> str | None:
    """Write a number in scientific notation out if no digit is lost; ``None`` if some are."""
    match = _SCIENTIFIC.match(text)
    if match is None:
        return text
    mantissa, exponent = match.groups()
    given = len(mantissa) - 1 if len(mantissa) > 1 else 1
    if given != int(exponent) + 1:
        return None
    return f"{Decimal(mantissa.replace(',', '.')).scaleb(int(exponent)):f}"


def _prepare(raw: str, country: str | None) -> str | None:
    text = digits(plain(raw)).lstrip("'`\"").strip()
    expanded = _expand(text)
    if expanded is None:
        return None
    text = _FLOAT.sub(r"\1", expanded)
    text = _EXTENSION.sub(r" ext. \1", text)
    if "-" in text and (country == "CN" or text.startswith(("+86", "(+86", "0086", "(0086"))):
        text = _CHINESE_EXTENSION.sub(r"\1 ext. \2", text)
    if country is None:
        if _ABROAD.match(text):
            text = _ABROAD.sub("+", text, count=1).replace(")", " ", 1)
        elif _CHINA_WITHOUT_PLUS.match(text):
            text = "+" + text.replace("(", "").replace(")", "")
    return text


def normalize(raw: str, country: str | None = None) -> str | None:
    """Return the number in E.164, without its extension.

    Args:
        raw: One number as typed.
        country: ISO 3166-1 alpha-2 code of the country it is dialed from, for numbers in national form.

    Returns:
        ``+`` and at most 15 digits, or ``None`` if the text is no number, is not valid in its plan, or is in national
        form and nobody said where.

    Example:
        >>> normalize("138 0013 8000", "CN"), normalize("(0086) 138-0013-8000"), normalize("020 7946 0958", "GB")
        ('+8613800138000', '+8613800138000', '+442079460958')
        >>> normalize("138 0013 8000") is None, normalize("010-12345678转123", "CN")
        (True, '+861012345678')

    Note:
        A newer release of the numbering plans can change the form of a number (Mexico dropped a ``1`` in 2019), so
        an index over E.164 carries the version of its normalizer.

    Source:
        ITU-T E.164 and E.123; numbering plans: libphonenumber metadata.

    .. versionadded:: 0.1.0
    """
    fast = _phone_plan.accept(raw, country)
    if fast is not None:
        return f"+{fast[0]}{fast[1]}"
    if len(raw) > _MAX_RAW:
        return None
    text = _prepare(raw, country)
    fast = _phone_plan.accept(text, country) if text and text != raw else None
    if fast is not None:
        return f"+{fast[0]}{fast[1]}"
    found = _written(text, country)
    return None if found is None else found[0]


is_e164 = _phone_plan.is_e164


def written(raw: str, country: str | None = None) -> tuple[str, str | None] | None:
    """Return E.164 and extension of a valid number; what :func:`parse` says without asking for country and type.

    Example:
        >>> written("+44 20 7946 0958 ext. 12")
        ('+442079460958', '12')
    """
    return _written(_prepare(raw, country), country) if len(raw) <= _MAX_RAW else None


def _written(text: str | None, country: str | None) -> tuple[str, str | None] | None:
    if not text or len(text) > _MAX_RAW:
        return None
    apart = _PLAIN_EXTENSION(text)
    if apart is not None:  # an extension behind a number beyond doubt: the reference takes it off in the same way
        fast = _phone_plan.accept(apart[1], country)
        if fast is not None:
            return f"+{fast[0]}{fast[1]}", apart[2]
    number = _phone_plan.reference(text, country)
    if number is None:
        return None
    import phonenumbers

    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}", number.extension


def accept(raw: str, country: str | None = None) -> str | None:
    """Return E.164 of a number beyond doubt; ``None`` says nothing: ask :func:`normalize`. For bulk work.

    Example:
        >>> accept("+8613800138000"), accept("no number")
        ('+8613800138000', None)
    """
    fast = _phone_plan.accept(raw, country)
    return None if fast is None else f"+{fast[0]}{fast[1]}"


def parse(raw: str, country: str | None = None) -> PhoneNumber | None:
    """Return the number with its country, extension and type, or ``None`` if it is not valid.

    Args:
        raw: One number as typed.
        country: ISO 3166-1 alpha-2 code of the country it is dialed from.

    Example:
        >>> found = parse("+44 20 7946 0958 ext. 12")
        >>> found.e164, found.extension, found.country, found.type
        ('+442079460958', '12', 'GB', 'fixed_line')

    .. versionadded:: 0.1.0
    """
    if len(raw) > _MAX_RAW:
        return None
    text = _prepare(raw, country)
    if not text or len(text) > _MAX_RAW:
        return None
    number = _phone_plan.reference(text, country)
    if number is None:
        return None
    import phonenumbers

    national = phonenumbers.national_significant_number(number)
    found = phonenumbers.region_code_for_number(number)
    return PhoneNumber(
        e164=f"+{number.country_code}{national}",
        country=None if found == "001" else found,
        extension=number.extension,
        national=national,
        type=cast("PhoneType", _phone_plan.kind(number)),
    )


def validate(raw: str, country: str | None = None) -> PhoneNumber:
    """Return the number, or raise.

    Raises:
        InvalidValueError: If the text is no valid number there.

    Example:
        >>> validate("+86 138 0013 8000").type
        'mobile'

    .. versionadded:: 0.1.0
    """
    found = parse(raw, country)
    if found is None:
        where = "" if country is None else " for the country given"
        raise InvalidValueError(f"the text is no valid phone number{where}")
    return found


def is_valid(raw: str, country: str | None = None) -> bool:
    """Say whether the text is a valid number.

    Example:
        >>> is_valid("138 0013 8000", "CN"), is_valid("138 0013 800", "CN")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return normalize(raw, country) is not None


def format(value: PhoneNumber) -> str:  # noqa: A001 - one of the four verbs that every kind of value answers
    """Return the number for people, in international form.

    Example:
        >>> format(validate("13800138000", "CN"))
        '+86 138 0013 8000'

    Source:
        ITU-T E.123; grouping by libphonenumber.

    .. versionadded:: 0.1.0
    """
    import phonenumbers

    number = phonenumbers.parse(value.e164)
    number.extension = value.extension
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def is_lossy(raw: str) -> bool:
    """Say whether a spreadsheet turned the number into scientific notation and digits are gone.

    Example:
        >>> is_lossy("1.38E+10"), is_lossy("1.3800138001E+10"), is_lossy("13800138000.0")
        (True, False, False)

    .. versionadded:: 0.1.0
    """
    return len(raw) <= _MAX_RAW and _expand(digits(plain(raw))) is None


def is_mobile(raw: str, country: str | None = None) -> bool:
    """Say whether the number can be a mobile one; where the plan does not tell (``+1``), it can.

    Example:
        >>> is_mobile("13800138000", "CN"), is_mobile("010 1234 5678", "CN")
        (True, False)

    .. versionadded:: 0.1.0
    """
    fast = _phone_plan.accept(raw, country)
    if fast is not None:
        return _phone_plan.can_be_mobile(fast[1], fast[2])
    found = parse(raw, country)
    return found is not None and found.type in ("mobile", "fixed_line_or_mobile")


def is_local(raw: str, country: str) -> bool:
    """Say whether the number is complete but for its area code: it can be dialed in its own town only.

    Example:
        >>> is_local("555-0123", "US"), is_local("312-555-0123", "US"), is_local("12", "US")
        (True, False, False)
        >>> is_local("6234 5678", "CN"), is_local("010-62345678", "CN")
        (True, False)

    Source:
        Local-only lengths of libphonenumber's plans. Of China it knows none: there, the numbering plan of the Ministry
        of Industry and Information Technology (2017) gives seven or eight digits that begin with 2 to 8.
    """
    if len(raw) > _MAX_RAW:
        return False
    text = _prepare(raw, country)
    if country == "CN" and text and _LOCAL_IN_CHINA.match(text.partition(" ext. ")[0]):
        return True
    return bool(text) and _phone_plan.is_local(text or "", country)


def may_have_extension(raw: str) -> bool:
    """Say whether digits with punctuation can hold an extension behind a last hyphen, as Chinese numbers do.

    Example:
        >>> may_have_extension("010-62345678-801"), may_have_extension("212-555-0123")
        (True, False)
    """
    return raw.count("-") > 0 and _CHINESE_EXTENSION.match(raw) is not None


def has_trunk_prefix(raw: str, country: str | None) -> bool:
    """Say whether a national number begins as numbers do that are dialed from another town of the country.

    True where the country has no trunk prefix, or is not known.

    Example:
        >>> has_trunk_prefix("030 9251085", "DE"), has_trunk_prefix("9251085", "DE")
        (True, False)
        >>> has_trunk_prefix("9123 4567", "SG")
        True

    Source:
        National prefixes of libphonenumber's plans.
    """
    plan = None if country is None else _phone_plan.region(country)
    if plan is None or plan.trunk is None:
        return True
    return next((char for char in digits(raw[:_MAX_RAW]) if char.isdecimal()), "") == plan.trunk


def may_lack_area_code(raw: str, country: str | None) -> bool:
    """Say whether a valid national number may be a local one: it is short, and the trunk prefix is missing.

    Example:
        >>> may_lack_area_code("9251085", "DE"), may_lack_area_code("030 9251085", "DE")
        (True, False)
    """
    number = digits(raw[:_MAX_RAW])
    return sum(map(str.isdecimal, number)) <= _LONGEST_LOCAL and not has_trunk_prefix(number, country)


def last7(raw: str) -> str | None:
    """Return the last seven digits, which agree whether or not somebody wrote the area code.

    Args:
        raw: E.164 or any text; give the number without its extension.

    Returns:
        Seven digits, or ``None`` if there are fewer.

    Example:
        >>> last7("+13125550123"), last7("555-0123"), last7("911")
        ('5550123', '5550123', None)

    .. versionadded:: 0.1.0
    """
    found = "".join(char for char in digits(raw[:_MAX_RAW]) if char.isdecimal())
    return found[-7:] if len(found) >= 7 else None


def split_many(raw: str) -> list[str]:
    """Take the numbers of one cell apart.

    Args:
        raw: A cell: numbers with ``/``, ``;``, ``,``, ``、``, ``|``, ``或`` or a line break between them.

    Returns:
        The numbers as typed, in order. A piece of fewer than five digits belongs to the number before it
        (``010-12345678/79``, ``5550100, 12``).

    Example:
        >>> split_many("13800138000/13900139000；010-12345678")
        ['13800138000', '13900139000', '010-12345678']
        >>> split_many("020 7946 0958/9")
        ['020 7946 0958/9']

    .. versionadded:: 0.1.0
    """
    if len(raw) > 16 * _MAX_RAW:
        return [raw]
    if raw.isascii() and _MAY_SEPARATE(raw) is None:
        return [raw.strip()] if raw.strip() else []
    text = "\n".join(plain(line) for line in raw.splitlines())
    pieces: list[str] = []
    end = 0
    separator = ""
    for match in [*_SEPARATOR.finditer(text), None]:
        piece = text[end : match.start() if match else len(text)]
        if sum(char.isdecimal() for char in piece) >= _FEWEST_DIGITS or not pieces:
            pieces.append(piece)
        else:
            pieces[-1] += separator + piece
        if match:
            end, separator = match.end(), match.group()
    found = [piece.strip(" \n;,/|、") for piece in pieces]
    return [piece for piece in found if piece]
