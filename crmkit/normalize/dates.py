"""Dates as people, spreadsheets and CRM exports write them.

``3/4/2024`` is in March or in April, and no text can say which: without an ``order`` such a date is ``None``, and
``is_ambiguous`` says why. ``infer_order`` finds the order of a column from the dates that can be read in one way only.
Time and offset behind a date are read and dropped: the day stays the one that was written.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from crmkit._plain import digits, plain
from crmkit.errors import InvalidValueError

from ._date_words import MONTHS, chinese_number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DateOrder",
    "format",
    "from_serial",
    "has_short_year",
    "infer_order",
    "is_ambiguous",
    "is_valid",
    "month_day",
    "normalize",
    "order_evidence",
    "parse",
    "separator",
    "validate",
]

DateOrder: TypeAlias = Literal["YMD", "DMY", "MDY"]
"""In which order year, month and day stand."""

_MAX_LENGTH = 80
_TIME = (
    r"(?:(?:[T,]|\s)\s*(?:上午|下午|晚上|中午)?\s*\d{1,2}[:.时時]\d{1,2}(?:[:.分]\d{1,2}秒?(?:[.,]\d{1,9})?)?分?\s*(?:[AaPp]\.?[Mm]\.?)?"
    r"\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?\Z"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?\d{4}(?:\d{2})?Z?)?\Z", re.ASCII)
_EPOCH_MS = re.compile(r"-?\d{13}\Z", re.ASCII)
_SERIAL = re.compile(r"(\d{1,7})(?:\.\d+)?\Z", re.ASCII)
_NUMERIC = re.compile(r"(\d{1,4})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?" + _TIME, re.ASCII)
_CHINESE = re.compile(
    r"([\d〇零一二三四五六七八九]{2,4})年([\d一二三四五六七八九十]{1,3})月([\d一二三四五六七八九十]{1,3})[日号號]?(?:\s*星期.|\s*周.)?"
    + _TIME
)
_FULL_YEAR = re.compile(r"\d{4}")
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_DAY_FIRST = re.compile(
    _WEEKDAY
    + r"(\d{1,2})(?:st|nd|rd|th|er|º|°|\.)?[\s-]*(?:of\s+|de\s+)?([^\W\d_]{3,10})\.?,?[\s-]*(?:de\s+)?(\d{4}|\d{2})"
    + _TIME
)
_MONTH_FIRST = re.compile(_WEEKDAY + r"([^\W\d_]{3,10})\.?[\s-]*(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4}|\d{2})" + _TIME)
_YEAR_FIRST = re.compile(r"(\d{4})[\s-]+([^\W\d_]{3,10})\.?[\s-]+(\d{1,2})" + _TIME)
_YEAR_MONTH_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z").match
_MONTH_DAY = re.compile(r"--(\d{2})-?(\d{2})\Z", re.ASCII)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_POSIX_FIRST_YEAR = 1969
"""Two digits are 1969 to 2068, as POSIX strptime reads %y."""


def _full_year(text: str, first_year: int) -> int:
    year = int(text)
    return year if len(text) > 2 else first_year + (year - first_year) % 100


def _numeric_readings(first: str, second: str, third: str, separator: str, first_year: int) -> dict[DateOrder, date]:
    """Return every reading of three numbers that gives a day that exists."""
    if len(first) > 2:
        tried: tuple[DateOrder, ...] = ("YMD",) if len(first) == 4 and len(third) <= 2 else ()
    elif len(third) == 4:
        tried = ("DMY",) if separator == "." else ("DMY", "MDY")
    elif len(third) == 2:
        tried = ("DMY",) if separator == "." else ("DMY", "MDY", "YMD") if len(first) == 2 else ("DMY", "MDY")
    else:
        tried = ()
    found: dict[DateOrder, date] = {}
    for order in tried:
        texts = {"YMD": (first, second, third), "DMY": (third, second, first), "MDY": (third, first, second)}[order]
        day = _day(_full_year(texts[0], first_year), int(texts[1]), int(texts[2]))
        if day is not None:
            found[order] = day
    return found


def _readings(raw: str, first_year: int = _POSIX_FIRST_YEAR) -> dict[DateOrder, date]:
    """Return the days that the text can mean, by the order that reads it so; one where the form leaves no choice."""
    if len(raw) > _MAX_LENGTH:
        return {}
    text = digits(plain(raw))
    if match := _NUMERIC.match(text):
        return _numeric_readings(match[1], match[3], match[4], match[2], first_year)
    day: date | None = None
    if match := _COMPACT.match(text):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
    elif _EPOCH_MS.match(text):
        day = _from_epoch_ms(int(text))
    elif match := _CHINESE.match(text):
        parts = [chinese_number(match[place]) for place in (1, 2, 3)]
        if None not in parts:
            year = _full_year(match[1], first_year) if match[1].isascii() else parts[0]
            day = _day(year or 0, parts[1] or 0, parts[2] or 0)
    else:
        day = _spelled(text, first_year)
    return {} if day is None else {"YMD": day}


def _spelled(text: str, first_year: int) -> date | None:
    for pattern, (year, month, day) in ((_DAY_FIRST, (3, 2, 1)), (_MONTH_FIRST, (3, 1, 2)), (_YEAR_FIRST, (1, 2, 3))):
        match = pattern.match(text)
        if match and (number := MONTHS.get(match[month].casefold())):
            return _day(_full_year(match[year], first_year), number, int(match[day]))
    return None


def _from_epoch_ms(number: int) -> date | None:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)).date()
    except OverflowError:
        return None


def parse(
    raw: str, *, order: DateOrder | None = None, serial: bool = False, first_year: int = _POSIX_FIRST_YEAR
) -> date | None:
    """Return the day that the text means.

    Args:
        raw: Date as typed or exported, with or without a time; milliseconds since 1970 (13 digits) count in UTC.
        order: How to read three numbers with the year last or short. Year-first dates with four digits, month names
            and Chinese dates need none. With points between, the day is first.
        serial: Read a bare number of up to seven digits as Excel's day number (1900 system).
        first_year: The first of the hundred years that two digits mean; of birth dates they are in the past.

    Returns:
        The day, or ``None`` if the text is no date, the day does not exist, the year is missing (``--0412``), or
        it could be two days and ``order`` does not say which.

    Example:
        >>> [parse(raw).isoformat() for raw in ("2024年3月5日", "3/15/2024 2:30 PM", "20240315", "15.03.2024")]
        ['2024-03-05', '2024-03-15', '2024-03-15', '2024-03-15']
        >>> parse("3/4/2024"), parse("3/4/2024", order="DMY"), parse("0/0/00"), parse("2023-02-29")
        (None, datetime.date(2024, 4, 3), None, None)
        >>> parse("15.06.27").year, parse("15.06.27", first_year=1927).year
        (2027, 1927)

    Source:
        ISO 8601-1:2019 section 5.2; orders and month names: Unicode CLDR; two-digit years: POSIX strptime ``%y``.

    .. versionadded:: 0.1.0
    """
    if serial and (match := _SERIAL.match(raw.strip()[:20])):
        return from_serial(int(match[1]))
    found = _readings(raw, first_year)
    if order is not None and (len(found) > 1 or _is_short(found)) and separator(raw) != ".":
        return found.get(order)  # with points between, no order but that of the day first is written
    days = set(found.values())
    return days.pop() if len(days) == 1 else None


def has_short_year(raw: str) -> bool:
    """Say whether the text is a date whose year has two digits, so that its century is a matter of choice.

    Example:
        >>> has_short_year("15.06.27"), has_short_year("15.06.1927"), has_short_year("5-Mar-24"), has_short_year("soon")
        (True, False, True, False)

    .. versionadded:: 0.1.0
    """
    if _FULL_YEAR.search(raw.strip()[:10]) is not None:  # the usual case; an offset such as +0800 stands further back
        return False
    found = _readings(raw)
    return bool(found) and found != _readings(raw, _POSIX_FIRST_YEAR - 100)


def _is_short(found: dict[DateOrder, date]) -> bool:
    """Say whether the only reading is one of several that the form allows."""
    return len(found) == 1 and "YMD" not in found


def is_ambiguous(raw: str) -> bool:
    """Say whether the text can mean two different days.

    Example:
        >>> is_ambiguous("3/4/2024"), is_ambiguous("13/4/2024"), is_ambiguous("3/3/2024"), is_ambiguous("2024-03-04")
        (True, False, False, False)

    .. versionadded:: 0.1.0
    """
    return len(set(_readings(raw).values())) > 1


def infer_order(values: Iterable[str]) -> DateOrder | None:
    """Find the order in which a column writes its dates.

    Args:
        values: The column's texts; those that are no dates do not count.

    Returns:
        The order that reads at least 95 % of the dates which can be read in one order only; ``"YMD"`` if all have the
        year first; ``None`` if the column has no such date or contradicts itself. Dates with points between say
        nothing about those with slashes or hyphens.

    Example:
        >>> infer_order(["3/4/2024", "13/4/2024"]), infer_order(["3/4/2024"]), infer_order(["2024-01-02"])
        ('DMY', None, 'YMD')
        >>> infer_order(["3/4/2024", "13.4.2024"]) is None
        True

    .. versionadded:: 0.1.0
    """
    return order_evidence(values)[0]


_ENOUGH = 3
_LEAST_SHARE = 0.95


def order_evidence(values: Iterable[str]) -> tuple[DateOrder | None, frozenset[str]]:
    """Find the order of a column, and the separators between numbers for which it is proven.

    Returns:
        What `infer_order` returns; and the separators of which several dates can be read in that order only, and none
        in another one only.

    Example:
        >>> order_evidence(["3/4/2024", "13/4/2024"])
        ('DMY', frozenset())
        >>> order_evidence(["3/4/2024", "13/4/2024", "14/4/2024", "15/4/2024"])
        ('DMY', frozenset({'/'}))

    .. versionadded:: 0.1.0
    """
    votes: dict[str, Counter[DateOrder]] = {}
    undecided: set[str] = set()
    year_first = False
    for raw in values:
        if year_first and _YEAR_MONTH_DAY(raw) is not None:
            continue  # whether there is such a day or not, it says nothing new
        found = _readings(raw)
        between = separator(raw)
        if len(found) > 1:
            undecided.add(between)
        elif "YMD" in found:
            year_first = True
        elif found:
            votes.setdefault(between, Counter()).update(list(found))
    if not votes:
        return ("YMD" if year_first and not undecided else None), frozenset()
    asked = votes.keys() & undecided if undecided else votes.keys()
    orders: set[DateOrder | None] = set()
    for between in asked:
        best, count = votes[between].most_common(1)[0]
        orders.add(best if count >= _LEAST_SHARE * votes[between].total() else None)
    order = orders.pop() if len(orders) == 1 else None
    if order is None:
        return None, frozenset()
    proven = [between for between, counted in votes.items() if list(counted) == [order] and counted[order] >= _ENOUGH]
    return order, frozenset(proven)


def separator(raw: str) -> str:
    """Return what stands between the numbers of a date of three numbers; ``""`` for other texts.

    Example:
        >>> separator("3/4/2024"), separator("13.4.2024"), separator("March 5th, 2024")
        ('/', '.', '')

    .. versionadded:: 0.1.0
    """
    match = _NUMERIC.match(digits(plain(raw[: _MAX_LENGTH + 1])))
    return "" if match is None else match[2]


def month_day(raw: str) -> tuple[int, int] | None:
    """Return month and day of a vCard date without a year.

    Example:
        >>> month_day("--0412"), month_day("--04-12"), month_day("2024-04-12")
        ((4, 12), (4, 12), None)

    Source:
        RFC 6350 section 4.3.1.

    .. versionadded:: 0.1.0
    """
    match = _MONTH_DAY.match(raw.strip()[:_MAX_LENGTH])
    if match is None or _day(2000, int(match[1]), int(match[2])) is None:
        return None
    return int(match[1]), int(match[2])


def from_serial(number: int) -> date | None:
    """Return the day of an Excel day number in the 1900 system.

    Args:
        number: 1 is 1900-01-01; 60 is Excel's 29 February 1900, which never was: ``None``.

    Example:
        >>> from_serial(45366), from_serial(60)
        (datetime.date(2024, 3, 15), None)

    Source:
        ECMA-376 part 1, section 18.17.4.1.

    .. versionadded:: 0.1.0
    """
    if not 0 < number <= 2_958_465 or number == 60:
        return None
    return date(1899, 12, 31 if number < 60 else 30) + timedelta(days=number)


def normalize(raw: str, *, order: DateOrder | None = None) -> str | None:
    """Return the day in ISO form.

    Example:
        >>> normalize("March 5th, 2024"), normalize("soon")
        ('2024-03-05', None)

    .. versionadded:: 0.1.0
    """
    found = parse(raw, order=order)
    return None if found is None else found.isoformat()


def validate(raw: str, *, order: DateOrder | None = None) -> date:
    """Return the day, or raise.

    Raises:
        InvalidValueError: If the text is no date, or could be two.

    Example:
        >>> validate("5-Mar-24")
        datetime.date(2024, 3, 5)

    .. versionadded:: 0.1.0
    """
    found = parse(raw, order=order)
    if found is None:
        if is_ambiguous(raw):
            raise InvalidValueError("the text can mean two days; say order='DMY', 'MDY' or 'YMD'")
        raise InvalidValueError("the text is no date")
    return found


def is_valid(raw: str, *, order: DateOrder | None = None) -> bool:
    """Say whether the text is one certain day.

    Example:
        >>> is_valid("2024-02-29"), is_valid("3/4/2024")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return parse(raw, order=order) is not None


def format(value: date) -> str:  # noqa: A001 - one of the four verbs that every kind of value answers
    """Return the day for people, in ISO form, which nobody misreads.

    Example:
        >>> format(date(2024, 3, 5))
        '2024-03-05'

    .. versionadded:: 0.1.0
    """
    return value.isoformat()
