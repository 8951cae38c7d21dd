"""Why two cells differ: a closed list of causes, told from one pair of texts.

A migration team does not repair cells, it repairs steps: an import that cuts at 40 characters, a spreadsheet between
two systems, a time zone that nobody set. So every difference gets the narrowest cause that explains it, tried from the
most harmless to the most serious; what nothing explains is ``changed``. What one pair alone cannot prove (a cut, a
shift of a day, a recoded pick list) is decided over the whole column in ``_columns``.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit.normalize import addresses, companies, countries, dates, emails, numbers, phones, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import JSONValue, Severity

__all__ = ["CAUSES", "KINDS", "Cause", "ColumnKind", "Grade", "cause_of", "is_marker"]

ColumnKind: TypeAlias = Literal[
    "text", "email", "phone", "country", "number", "date", "datetime", "postcode", "company"
]
"""What a column holds, which decides what counts as another way to write the same."""

KINDS: Final = ("text", "email", "phone", "country", "number", "date", "datetime", "postcode", "company")


@attrs.frozen
class Grade:
    """How bad a cause is, and which quality suffers.

    .. versionadded:: 0.1.0
    """

    severity: Severity
    dimension: Dimension


CAUSES: Final[Mapping[str, Grade]] = {
    "whitespace": Grade("info", "consistency"),
    "case": Grade("info", "consistency"),
    "full_width": Grade("info", "consistency"),
    "traditional": Grade("info", "consistency"),
    "format": Grade("info", "consistency"),
    "float_noise": Grade("info", "consistency"),
    "missing_marker": Grade("info", "consistency"),
    "recoded": Grade("info", "consistency"),
    "rounding": Grade("warning", "accuracy"),
    "unit": Grade("error", "accuracy"),
    "time_zone": Grade("error", "accuracy"),
    "day_month_swapped": Grade("error", "accuracy"),
    "date_system": Grade("error", "accuracy"),
    "truncated": Grade("error", "completeness"),
    "leading_zeros_lost": Grade("error", "accuracy"),
    "digits_lost": Grade("error", "accuracy"),
    "mojibake": Grade("error", "validity"),
    "value_map_miss": Grade("error", "consistency"),
    "swapped_columns": Grade("error", "accuracy"),
    "value_lost": Grade("error", "completeness"),
    "value_added": Grade("warning", "completeness"),
    "changed": Grade("error", "consistency"),
}
"""Every cause, from the most harmless, with its grade."""


@attrs.frozen
class Cause:
    """Why two cells differ.

    Attributes:
        code: One of ``CAUSES``.
        params: What proves it, without values out of the cells: a factor, a shift, a length.
        to_confirm: What the cause would be if the whole column shows the same; ``code`` holds otherwise.

    .. versionadded:: 0.1.0
    """

    code: str
    params: Mapping[str, JSONValue] = attrs.field(factory=dict, hash=False)
    to_confirm: Cause | None = None


_MARKERS = frozenset({
    "", "-", "--", "—", "n/a", "na", "n.a.", "null", "none", "nil", "nan", "nat", "(blank)", "(empty)", "(null)",
    "#n/a", "<na>", "无", "無", "空", "暂无", "未知", "未填写", "没有",
})  # fmt: skip
_WORDS_FOR_UNKNOWN = frozenset({"unknown", "not available", "not applicable", "undefined", "?"})
_LONGEST = 4_000
"""Longer texts are compared by the plain causes only: nothing below may take more than linear time on them."""
_BLANKS = re.compile(r"[\s\u00a0\u200b-\u200d\u2060\ufeff]+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+?\d{1,3}\Z", re.ASCII)
_DIGITS = re.compile(r"\d+\Z", re.ASCII)
_FLOAT_NOISE = Decimal("1e-9")
_UNITS = (10_000, 1_000, 100)
_DAY = dt.timedelta(days=1)
_SYSTEMS_APART = dt.timedelta(days=1462)
"""The two day counts of Excel: 1900-01-00 and 1904-01-01."""
_FARTHEST_ZONES = dt.timedelta(hours=26)
_QUARTER = dt.timedelta(minutes=15)
_SHORTEST_CUT = 3


def is_marker(value: str) -> bool:
    """Whether a text is a way to write that there is nothing.

    Example:
        >>> is_marker(" N/A "), is_marker("无"), is_marker("0")
        (True, True, False)

    .. versionadded:: 0.1.0
    """
    folded = unicodedata.normalize("NFKC", value[:40]).strip().casefold() if len(value) < 40 else value
    return folded in _MARKERS or folded in _WORDS_FOR_UNKNOWN


def cause_of(left: str | None, right: str | None, kind: ColumnKind = "text") -> Cause | None:
    """Tell why two cells differ.

    Args:
        left: The one cell as text; ``None`` is missing.
        right: The other.
        kind: What the column holds.

    Returns:
        The cause, or ``None`` where the cells hold the same.

    Example:
        >>> cause_of("+86 138 0013 8000", "13800138000", "phone").code
        'format'
        >>> cause_of("00123", "123").code, cause_of("1.2", "120").params["factor"]
        ('leading_zeros_lost', 100)
        >>> cause_of("same", "same") is None
        True

    Note:
        O(length); at most some tens of microseconds where a phone number has to be parsed.

    .. versionadded:: 0.1.0
    """
    if left == right:
        return None
    if left is None or is_marker(left):
        return Cause("missing_marker" if right is None or is_marker(right) else "value_added")
    if right is None or is_marker(right):
        return Cause("value_lost")
    for told in (_spelling, _typed(kind), _number, _moment, _damage):
        found = told(left, right)
        if found is not None:
            return found
    return Cause("changed", to_confirm=_cut(left, right))


def _typed(kind: ColumnKind) -> Callable[[str, str], Cause | None]:
    form = _FORMS.get(kind)

    def told(left: str, right: str) -> Cause | None:
        if form is None or len(left) > _LONGEST or len(right) > _LONGEST:
            return None
        one = form(left)
        same = one is not None and one == form(right)
        return Cause("format") if same or (kind == "phone" and _phones_agree(left, right)) else None

    return told


# -- spelling ---------------------------------------------------------------------------------------------------------


def _spelling(left: str, right: str) -> Cause | None:
    """Blanks, case, width, script: harmless, and the same whatever the column holds."""
    if _BLANKS.sub("", left) == _BLANKS.sub("", right):
        # "Ann Lee" and "AnnLee" are not a matter of blanks at the edge, but nothing else is between them either.
        return Cause("whitespace")
    a, b = _squeezed(left), _squeezed(right)
    if a.casefold() == b.casefold():
        return Cause("case")
    wide_a, wide_b = (_squeezed(unicodedata.normalize("NFKC", part)).casefold() for part in (left, right))
    if wide_a == wide_b:
        return Cause("full_width")
    if text.has_han(left) and text.has_han(right) and text.to_simplified(wide_a) == text.to_simplified(wide_b):
        return Cause("traditional")
    return None


def _squeezed(value: str) -> str:
    return _BLANKS.sub(" ", value).strip()


# -- another way to write the same ------------------------------------------------------------------------------------


def _phones_agree(left: str, right: str) -> bool:
    """Whether one number is the other in national form: the same digits behind a country and a trunk prefix."""
    a, b = (re.sub(r"\D", "", unicodedata.normalize("NFKC", value)) for value in (left, right))
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    national = shorter.lstrip("0")
    return len(national) >= 7 and longer.endswith(national) and len(longer) - len(national) <= 4


def _amount(value: str) -> str | None:
    money = numbers.parse(value)
    return None if money is None else format(money.amount.normalize(), "f")


def _date(value: str) -> str | None:
    found = dates.parse(value)
    return None if found is None else found.isoformat()


_FORMS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "phone": phones.normalize,
    "email": emails.key,
    "country": countries.normalize,
    "number": _amount,
    "date": _date,
    "company": companies.normalize,
    "postcode": addresses.postcode,
}


# -- numbers ----------------------------------------------------------------------------------------------------------


def _decimal(value: str) -> Decimal | None:
    stripped = value.strip()
    if len(stripped) > 64 or not _NUMBER.match(stripped):
        return None
    try:
        return Decimal(stripped)
    except InvalidOperation:  # pragma: no cover - the pattern lets nothing through that Decimal refuses
        return None


def _number(left: str, right: str) -> Cause | None:
    """Zeros, digits, noise, rounding, unit."""
    a, b = left.strip(), right.strip()
    if _DIGITS.match(a) and _DIGITS.match(b) and a.lstrip("0") == b.lstrip("0"):
        return Cause("leading_zeros_lost")
    one, other = _decimal(a), _decimal(b)
    if one is None or other is None:
        return None
    lost = _digits_lost(a, b, one, other)
    if lost is not None:
        return lost
    if one == other:
        return Cause("leading_zeros_lost" if _has_leading_zero(a) != _has_leading_zero(b) else "format")
    if not one or not other:
        return None
    if abs(one - other) <= _FLOAT_NOISE * max(abs(one), abs(other)):
        return Cause("float_noise")
    for factor in _UNITS:
        for big, small in ((one, other), (other, one)):
            if _close(big, small * factor):
                return Cause("unit", {"factor": factor, "larger": "left" if big is one else "right"})
    return _rounding(one, other)


def _has_leading_zero(value: str) -> bool:
    return len(value) > 1 and value[0] == "0" and value[1] not in ".eE"


def _close(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _FLOAT_NOISE * abs(one)


def _digits_lost(a: str, b: str, one: Decimal, other: Decimal) -> Cause | None:
    """A spreadsheet shows long numbers as 1.38E+10 and keeps fifteen digits of them."""
    for text_, number, whole, exact in ((a, one, b, other), (b, other, a, one)):
        if _SCIENTIFIC.match(text_) and _DIGITS.match(whole) and len(whole) >= 9:
            shown = len(re.sub(r"[eE].*|\D", "", text_))
            if _to_digits(exact, shown) == _to_digits(number, shown):
                return Cause("digits_lost", {"kept": shown}) if number != exact else Cause("format")
        if _DIGITS.match(text_) and _DIGITS.match(whole) and len(text_) == len(whole) > 15 and number != exact:
            kept = len(text_.rstrip("0"))
            if kept <= 17 and abs(number - exact) < Decimal(10) ** (len(whole) - 15):
                return Cause("digits_lost", {"kept": min(kept, 15)})
    return None


def _to_digits(number: Decimal, digits: int) -> Decimal:
    if not number:
        return number
    places = digits - 1 - number.adjusted()
    return round(number, places) if places < 60 else number


def _rounding(one: Decimal, other: Decimal) -> Cause | None:
    """One is the other with fewer places behind the point."""
    for fine, coarse in ((one, other), (other, one)):
        exponent, places = fine.as_tuple().exponent, coarse.normalize().as_tuple().exponent
        if not isinstance(exponent, int) or not isinstance(places, int):  # pragma: no cover - NaN never gets here
            continue
        digits = max(0, -places)
        if -exponent > digits:
            step = Decimal(1).scaleb(-digits)
            if abs(fine - coarse) <= step / 2:
                return Cause("rounding", {"digits": digits})
            if abs(fine - coarse) < step and abs(coarse) < abs(fine):
                return Cause("rounding", {"digits": digits, "cut": True})
    return None


# -- moments ----------------------------------------------------------------------------------------------------------

_TIME_OF_DAY = re.compile(r"\d[T ]\d{1,2}:\d{2}", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\b(.*)", re.ASCII | re.DOTALL)


def _read_moment(value: str) -> tuple[dt.datetime, bool] | None:
    """Return a moment and whether it has a time of day; an offset is applied, so that the moment is in UTC."""
    stripped = value.strip()
    if not 8 <= len(stripped) <= 40:
        return None
    has_time = _TIME_OF_DAY.search(stripped) is not None
    try:
        found = dt.datetime.fromisoformat(stripped.replace("/", "-", 2) if stripped[:4].isdigit() else stripped)
    except ValueError:
        day = dates.parse(stripped)
        if day is None or has_time:
            return None
        return dt.datetime.combine(day, dt.time()), False
    if found.tzinfo is not None:
        try:
            found = found.astimezone(dt.UTC).replace(tzinfo=None)
        except OverflowError:
            return None
    return found, has_time


def _moment(left: str, right: str) -> Cause | None:
    """Zones, swapped days and months, and the two day counts of Excel."""
    serial = _serial(left, right)
    if serial is not None:
        return serial
    one, other = _read_moment(left), _read_moment(right)
    if one is None or other is None:
        return _swapped_text(left, right)
    (a, timed_a), (b, timed_b) = one, other
    if a == b:
        return Cause("format")
    if timed_a != timed_b and a.date() == b.date():
        return Cause("rounding", {"unit": "day"})  # the time of day is gone
    apart = abs(a - b)
    if _swapped(a, b):
        return Cause("day_month_swapped")
    if apart == _SYSTEMS_APART or (not timed_a and not timed_b and abs(apart - _SYSTEMS_APART) <= _DAY):
        return Cause("date_system", {"days": apart.days})
    if timed_a and timed_b:
        if apart < dt.timedelta(minutes=1) and 0 in (a.second, b.second):
            return Cause("rounding", {"unit": "minute"})
        if apart < dt.timedelta(seconds=1):
            return Cause("rounding", {"unit": "second"})
        if apart <= _FARTHEST_ZONES and apart % _QUARTER == dt.timedelta(0):
            hours = (b - a) / dt.timedelta(hours=1)
            return Cause("time_zone", {"hours": int(hours) if hours == int(hours) else hours})
    elif apart == _DAY:
        shift = Cause("time_zone", {"days": (b - a).days})
        return Cause("changed", to_confirm=shift)
    return None


def _swapped(a: dt.datetime, b: dt.datetime) -> bool:
    return (a.year, a.month, a.day, a.time()) == (b.year, b.day, b.month, b.time()) and a.day != a.month


def _swapped_text(left: str, right: str) -> Cause | None:
    """``3/4/2026`` and ``4/3/2026``, which no reading alone can tell."""
    a, b = _SLASHED.match(left.strip()), _SLASHED.match(right.strip())
    if a is None or b is None:
        return None
    (day, month, year, rest), (other_day, other_month, other_year, other_rest) = a.groups(), b.groups()
    same = (int(day), int(month), year, rest) == (int(other_month), int(other_day), other_year, other_rest)
    return Cause("day_month_swapped") if same and int(day) <= 12 and int(month) <= 12 else None


def _serial(left: str, right: str) -> Cause | None:
    """A day count that a spreadsheet left where the other side has the date."""
    for count, day in ((left, right), (right, left)):
        stripped = count.strip()
        if not re.fullmatch(r"\d{4,5}(?:\.0+)?", stripped, re.ASCII):
            continue
        found, moment = dates.from_serial(int(float(stripped))), _read_moment(day)
        if found is None or moment is None or _NUMBER.match(day.strip()):
            continue
        apart = abs(moment[0] - dt.datetime.combine(found, dt.time()))
        if apart < _DAY:
            return Cause("format")
        if abs(apart - _SYSTEMS_APART) <= _DAY:
            return Cause("date_system", {"days": apart.days})
    return None


# -- damage -----------------------------------------------------------------------------------------------------------

_WRONG_READINGS = (
    ("utf-8", "cp1252"), ("utf-8", "latin-1"), ("utf-8", "gb18030"), ("gb18030", "latin-1"), ("gb18030", "cp1252"),
    ("gb18030", "utf-8"), ("cp1252", "utf-8"), ("big5", "gb18030"), ("big5", "latin-1"), ("cp1252", "gb18030"),
)  # fmt: skip
"""Written in the one, read as the other."""


def _damage(left: str, right: str) -> Cause | None:
    """Wrong decoding: known both sides, it is enough to damage the one and see whether the other comes out."""
    if (left.isascii() and right.isascii()) or len(left) > _LONGEST or len(right) > _LONGEST:
        return None
    for whole, damaged in ((left, right), (right, left)):
        if whole.isascii():
            continue
        if text.repair(damaged) == whole or _question_marks(whole, damaged):
            return Cause("mojibake")
        for written, read in _WRONG_READINGS:
            try:
                seen = whole.encode(written).decode(read, "replace")
            except (UnicodeEncodeError, LookupError):
                continue
            if seen == damaged:
                return Cause("mojibake", {"written": written, "read": read})
    return None


def _question_marks(whole: str, damaged: str) -> bool:
    """``张三`` that became ``??``: the target had no such characters."""
    if len(whole) != len(damaged) or not ("?" in damaged or "\ufffd" in damaged):
        return False
    return all(b == a or (b in "?\ufffd" and not a.isascii()) for a, b in zip(whole, damaged, strict=True))


def _cut(left: str, right: str) -> Cause | None:
    """One side is the beginning of the other: a cut, if the column shows that it cuts there."""
    for whole, part, side in ((left, right, "right"), (right, left, "left")):
        kept = part.rstrip("…").rstrip()
        if len(whole) > len(kept) >= _SHORTEST_CUT and whole.startswith(kept):
            return Cause(
                "truncated", {"length": len(part), "side": side, "bytes": len(part.encode("utf-8", "replace"))}
            )
    return None
