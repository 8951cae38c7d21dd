"""Whether the values of a column are such as a field holds: what confirms or refutes a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmkit.normalize import countries, dates, emails, phones

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.frames import Table

__all__ = ["agreement", "looks_like_milliseconds"]

_SAMPLE = 200
_MILLISECONDS = re.compile(r"\d{12,13}(?:\.0+)?\Z", re.ASCII)
_NUMBER = re.compile(r"[-+(]?[^\w\s]?\s?\d[\d\s.,'’]*\)?\s?(?:%|万|亿|[A-Za-z]{1,3}|元)?\Z", re.ASCII | re.IGNORECASE)
_WEB = re.compile(r"(?:https?://)?[^\s@/]+\.[^\s@]{2,}\Z")
_POSTCODE = re.compile(r"[A-Z0-9][A-Z0-9 \-]{2,9}\Z", re.IGNORECASE)


def agreement(table: Table, column: str, kind: str) -> float | None:
    """Return the share of values that are such as the type holds; ``None`` without values, 1 for free text."""
    texts = _texts(table, column)
    if not texts:
        return None
    test = _TESTS.get(kind)
    return 1.0 if test is None else sum(bool(test(value)) for value in texts) / len(texts)


def looks_like_milliseconds(table: Table, column: str) -> bool:
    """Say whether a column holds moments as milliseconds since 1970."""
    texts = _texts(table, column)
    return bool(texts) and all(map(_MILLISECONDS.match, texts))


def _texts(table: Table, column: str) -> list[str]:
    found = (str(value).strip() for value in table.texts(column).values[: 5 * _SAMPLE])
    texts = [value for value in found if value]
    return texts[:: -(-len(texts) // _SAMPLE)] if texts else []


def _is_phone(value: str) -> bool:
    return 5 <= sum(map(str.isdigit, value)) <= 20 and (
        phones.is_valid(value) or not re.search(r"[^\d\s()+\-./x转]", value)
    )


def _is_day(value: str) -> bool:
    return (
        dates.parse(value, order="DMY") is not None
        or dates.parse(value, order="MDY") is not None
        or bool(dates.month_day(value))
    )


def _is_truth(value: str) -> bool:
    return value.casefold() in {"true", "false", "yes", "no", "y", "n", "0", "1", "t", "f", "是", "否"}


_TESTS: dict[str, Callable[[str], object]] = {
    "email": emails.is_valid,
    "phone": _is_phone,
    "date": _is_day,
    "datetime": _is_day,
    "url": _WEB.match,
    "domain": _WEB.match,
    "number": _NUMBER.match,
    "money": _NUMBER.match,
    "bool": _is_truth,
    "country": lambda value: countries.normalize(value) is not None,
    "postcode": _POSTCODE.match,
}
