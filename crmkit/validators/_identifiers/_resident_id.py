"""Resident identity numbers of mainland China: 居民身份证号码, of 18 digits and the old one of 15.

The residence permits for people of Hong Kong, Macau and Taiwan (港澳台居民居住证) have numbers of the same form, and so
have, since 2023, the identity cards of foreigners with permanent residence (外国人永久居留身份证), which begin with 9.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import attrs

from ._identifier import Fault, Identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROVINCE_CODES", "ResidentId", "birth_date_of", "gender_of", "province_of"]

PROVINCE_CODES: Final[Mapping[str, str]] = {
    "11": "北京", "12": "天津", "13": "河北", "14": "山西", "15": "内蒙古", "21": "辽宁", "22": "吉林", "23": "黑龙江",
    "31": "上海", "32": "江苏", "33": "浙江", "34": "安徽", "35": "福建", "36": "江西", "37": "山东", "41": "河南",
    "42": "湖北", "43": "湖南", "44": "广东", "45": "广西", "46": "海南", "50": "重庆", "51": "四川", "52": "贵州",
    "53": "云南", "54": "西藏", "61": "陕西", "62": "甘肃", "63": "青海", "64": "宁夏", "65": "新疆", "71": "台湾",
    "81": "香港", "82": "澳门", "83": "台湾",
}  # fmt: skip
"""First two digits of a division code (GB/T 2260) to the province."""

_FORM_18 = re.compile(r"[1-9][0-9]{16}[0-9X]\Z").match
_FORM_15 = re.compile(r"[1-8][0-9]{14}\Z").match
_OF_FOREIGNERS = "9"
_WEIGHTS = tuple(2 ** (17 - at) % 11 for at in range(17))
_CHECK = "10X98765432"
_CENTENARIANS = frozenset({"996", "997", "998", "999"})
_CENTURY_ASSUMED = 0.97


def _check_sign(body: str) -> str:
    return _CHECK[sum(weight * int(sign) for weight, sign in zip(_WEIGHTS, body, strict=True)) % 11]


def _long(compact: str) -> str:
    """Return the number of 18 digits that stands for one of 15: those were given to people born in the 1900s."""
    if len(compact) != 15:
        return compact
    century = "18" if compact[12:] in _CENTENARIANS else "19"
    body = compact[:6] + century + compact[6:]
    return body + _check_sign(body)


def _born(long: str) -> date | None:
    try:
        return date(int(long[6:10]), int(long[10:12]), int(long[12:14]))
    except ValueError:
        return None


def _province_code(long: str) -> str:
    """Return the two digits of the province; behind the 9 of a foreigner's card stands the one that issued it."""
    return long[1:3] if long[0] == _OF_FOREIGNERS else long[:2]


@attrs.frozen
class ResidentId(Identifier):
    """居民身份证号码: province, a day of birth that existed, and a right check character; old ones of 15 digits too.

    Division codes below the province have changed many times, so only the province is held against a table.

    Example:
        >>> ResidentId().is_valid("11010519491231002X"), ResidentId().is_valid("110105194912310021")
        (True, False)
        >>> ResidentId().examine("130503670401001")[0].fix
        '130503196704010016'
        >>> ResidentId().is_valid("911124198108030024")  # a foreigner's: 9, province, country, birth
        True

    Source:
        GB 11643-1999; GB/T 2260 for the divisions; State Council decree 697 (2018) for the permits of Hong Kong,
        Macau and Taiwan residents, whose codes begin with 81, 82 and 83; National Immigration Administration (2023),
        rules of the new permanent resident identity card, for those of foreigners.

    .. versionadded:: 0.1.0
    """

    json_pattern = "^([1-9][0-9]{16}[0-9Xx]|[1-8][0-9]{14})$"

    word = "resident_id"

    def fault(self, compact: str) -> Fault | None:
        if _FORM_18(compact) is None and _FORM_15(compact) is None:
            return "malformed"
        long = _long(compact)
        if _province_code(long) not in PROVINCE_CODES:
            return "malformed"
        born = _born(long)
        if born is None or born.year < 1850:
            return "malformed"
        return None if _check_sign(long[:17]) == long[17] else "checksum"

    def form(self, compact: str) -> str:
        return _long(compact)

    def sure(self, text: str) -> float:
        return _CENTURY_ASSUMED if len(self.compact(text)) == 15 else 1.0


def _read(text: str) -> str | None:
    check = ResidentId()
    compact = check.compact(text) if len(text) < 64 else ""
    return None if not compact or check.fault(compact) is not None else _long(compact)


def birth_date_of(text: str) -> str | None:
    """Return the day of birth that a right resident id names, as ISO text."""
    long = _read(text)
    return None if long is None else f"{long[6:10]}-{long[10:12]}-{long[12:14]}"


def gender_of(text: str) -> Literal["male", "female"] | None:
    """Return what the last digit before the check character says: odd is male."""
    long = _read(text)
    if long is None:
        return None
    return "male" if int(long[16]) % 2 else "female"


def province_of(text: str) -> str | None:
    """Return the province in which the number was given."""
    long = _read(text)
    return None if long is None else PROVINCE_CODES[_province_code(long)]
