"""Where telephone numbers belong whose row names no country, told by the numbers themselves."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from crmkit.normalize import phones, text

if TYPE_CHECKING:
    from crmkit.columns import ColumnMap
    from crmkit.frames import Table

__all__ = ["home_country"]

_SAMPLE = 100
_CANDIDATES = (
    "CN", "US", "GB", "DE", "FR", "IN", "JP", "KR", "BR", "AU", "ES", "IT", "NL", "MX", "PL", "TR", "ZA", "HK", "TW",
    "SG", "CA",
)  # fmt: skip
_FEWEST = 10
_LEAST_SHARE = 0.8
"""Files that need a check have bad numbers; a tenth of them must not hide where the others belong."""
_LEAST_SHARE_IN_CHINESE = 0.5
_LEAST_LEAD = 0.15
_MOST_NAMED = 0.1
_MOST_BY_CHANCE = 0.5
_PHONE_FIELDS = ("mobile", "phone", "phone_home", "phone_other", "fax")
_FEWEST_DIGITS = 8
"""Shorter numbers are local ones nearly everywhere, and plans with open lengths (DE) take any: they prove nothing."""


def home_country(table: Table, found: ColumnMap) -> str | None:
    """Return the country whose plan four in five national numbers fit, and clearly better than any other's.

    A plan that takes most numbers of such a length, whatever their digits, is no evidence (DE). A table whose headers
    are in simplified Chinese needs no lead, and one number is enough: where half of the numbers fit the plan of China,
    they are taken for Chinese ones.

    Args:
        table: The table.
        found: Its columns.

    Returns:
        ISO 3166-1 alpha-2 code; ``None`` where the numbers do not tell.
    """
    named = found.column("country")
    if named is not None and float((table.texts(named).codes >= 0).mean() if len(table) else 0) > _MOST_NAMED:
        return None  # rows without a country in a table of many countries could be anywhere
    sample = _national_numbers(table, found)
    chinese = any(text.has_han(name) and text.to_simplified(name) == name for name in table.columns)
    if chinese and sample and _share(sample, "CN") >= _LEAST_SHARE_IN_CHINESE:
        return "CN"
    if len(sample) < _FEWEST:
        return None
    shares = sorted(((_share(sample, code), code) for code in _CANDIDATES), reverse=True)
    # Canada shares the plan of the United States: the two never tell themselves apart by numbers.
    (best, code), (second, _) = shares[0], next(item for item in shares[1:] if {item[1], shares[0][1]} != {"US", "CA"})
    if best < _LEAST_SHARE or best - second < _LEAST_LEAD or _share(_scrambled(sample), code) > _MOST_BY_CHANCE:
        return None
    return "US" if code == "CA" else code


def _scrambled(sample: list[str]) -> list[str]:
    """Return the numbers with random digits; a leading zero stays, since every plan tells it from other digits."""
    draw = random.Random(0)  # noqa: S311 - a fixed sequence, so that a file is always read alike
    made = []
    for number in sample:
        first = next(i for i, char in enumerate(number) if char.isdecimal())
        made.append(
            "".join(
                draw.choice("0123456789") if char.isdecimal() and not (i == first and char == "0") else char
                for i, char in enumerate(number)
            )
        )
    return made


def _share(sample: list[str], country: str) -> float:
    return sum(_fits(number, country) for number in sample) / len(sample)


def _fits(number: str, country: str) -> bool:
    """Say whether the number is valid there and written as there: a landline has its trunk prefix, a mobile may not."""
    if not phones.is_valid(number, country):
        return False
    return phones.has_trunk_prefix(number, country) or phones.is_mobile(number, country)


def _national_numbers(table: Table, found: ColumnMap) -> list[str]:
    sample: list[str] = []
    for field in _PHONE_FIELDS:
        column = found.column(field)
        if column is not None:
            texts = [str(value).strip() for value in table.texts(column).values[: 4 * _SAMPLE]]
            sample += [number for number in texts if _is_national(number)][:_SAMPLE]
    return sample[:_SAMPLE]


def _is_national(number: str) -> bool:
    return (
        len(number) < 4 * _FEWEST_DIGITS
        and not number.startswith(("+", "00"))
        and sum(map(str.isdecimal, number)) >= _FEWEST_DIGITS
    )
