"""Tell column names that are values of a record: a file without a header was read as if it had one.

No column is called ``ann@example.com``. Where one is, the others may be a person's name and address, and no message
shows them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ValueShape", "looks_like_value", "shown_headers", "value_shape"]

ValueShape: TypeAlias = Literal["email", "url", "phone", "date", "number", "code"]
"""What a text looks like that is no name of a column; a number has at least six digits, a code letters and digits."""

_LONGEST = 200
_PERSONAL_DIGITS = 7
_EMAIL = re.compile(r"[^\s@,;<>()\"]+@[^\s@,;<>()\"]+\.[^\W\d_]{2,24}")
_URL = re.compile(r"(?:https?://|www\.)\S+\.\S+", re.IGNORECASE)
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}年\d{1,2}月\d{1,2}日)"
    r"(?:[T ]\d{1,2}:\d{2}\S*(?: [AP]M)?)?",
    re.IGNORECASE,
)
_MONTH_OR_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?")
_PHONE = re.compile(
    r"(?:\+|\(|0)[\d ().\-/]{6,24}\d"  # +49 30 901820, (212) 555-0123, 010-62345678
    r"|(?:\+?1[ .-]?)?\d{3}([ .-])\d{3}\1\d{4}"  # 212-555-0123
    r"|1[3-9]\d([ -]?)\d{4}\2\d{4}"  # 138 0013 8000
)
_NUMBER = re.compile(r"\d{6,20}[Xx]?")
_CODE = re.compile(
    r"(?=(?:\w*\d){2})(?=\w*[^\W\d_])[0-9A-Za-z]{8,40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)


def value_shape(text: str) -> ValueShape | None:
    """Return what value the text looks like, or ``None`` if it may be the name of a column.

    Example:
        >>> [value_shape(text) for text in ("ann@example.com", "+1 212 555 0123", "2024-03-05", "E-mail", "202401")]
        ['email', 'phone', 'date', None, None]

    .. versionadded:: 0.1.0
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _EMAIL.fullmatch(text):
        return "email"
    if _URL.fullmatch(text):
        return "url"
    if not any(map(str.isdigit, text)):
        return None
    if _DATE.fullmatch(text):
        return "date"
    if _PHONE.fullmatch(text):
        return "phone"
    if _NUMBER.fullmatch(text):
        return None if _MONTH_OR_DAY.fullmatch(text) else "number"
    return "code" if _CODE.fullmatch(text) else None


def looks_like_value(header: str) -> bool:
    """Say whether a column's name can only be the value of a person: an e-mail address or a long number.

    Example:
        >>> looks_like_value("ann@example.com"), looks_like_value("13800138000"), looks_like_value("2024-03-05")
        (True, True, False)

    .. versionadded:: 0.1.0
    """
    shape = value_shape(header)
    return shape in ("email", "phone") or (shape == "number" and sum(map(str.isdigit, header)) >= _PERSONAL_DIGITS)


def shown_headers(headers: Sequence[str]) -> Mapping[str, str]:
    """Return each column's name as a message may show it: itself, or its place if any of the names is a value.

    Example:
        >>> shown_headers(["Ann", "ann@example.com"]), shown_headers(["Name"])
        ({'Ann': '#1', 'ann@example.com': '#2'}, {'Name': 'Name'})

    .. versionadded:: 0.1.0
    """
    hidden = any(map(looks_like_value, headers))
    return {header: f"#{place}" if hidden else header for place, header in enumerate(headers, start=1)}
