"""Chinese provinces and the shapes of the names below them, for taking an address apart."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from crmkit._tables import read_set

# GB/T 2260 names of the 34 divisions of the first level, with what people leave off.
_PROVINCES: Final[dict[str, str]] = {
    "北京": "北京市", "天津": "天津市", "上海": "上海市", "重庆": "重庆市", "河北": "河北省",
    "山西": "山西省", "辽宁": "辽宁省", "吉林": "吉林省", "黑龙江": "黑龙江省", "江苏": "江苏省",
    "浙江": "浙江省", "安徽": "安徽省", "福建": "福建省", "江西": "江西省", "山东": "山东省",
    "河南": "河南省", "湖北": "湖北省", "湖南": "湖南省", "广东": "广东省", "海南": "海南省",
    "四川": "四川省", "贵州": "贵州省", "云南": "云南省", "陕西": "陕西省", "甘肃": "甘肃省",
    "青海": "青海省", "台湾": "台湾省", "内蒙古": "内蒙古自治区", "广西": "广西壮族自治区", "西藏": "西藏自治区",
    "宁夏": "宁夏回族自治区", "新疆": "新疆维吾尔自治区", "香港": "香港特别行政区", "澳门": "澳门特别行政区",
}  # fmt: skip
MUNICIPALITIES: Final[frozenset[str]] = frozenset({"北京市", "天津市", "上海市", "重庆市"})

PROVINCE: Final = re.compile(
    "(北京|天津|上海|重庆)市?|("
    + "|".join(sorted(_PROVINCES, key=len, reverse=True))
    + ")(?!市)(?:特别行政区|(?:壮族|回族|维吾尔)?自治区|省)?"
)
CITY: Final = re.compile(r"([^\d\s省市区县]{2,10}?(?:自治州|地区|盟|市)|[^\d\s省市区县]{1,4}市)")
DISTRICT: Final = re.compile(
    r"([^\d\s省市路街道号]{1,12}?(?:自治县|自治旗|新区|林区|特区|(?<!园)区|县|旗|市))(?![路街道巷])"
)


def full_province(short: str) -> str:
    """Return the official name for the part that everybody writes."""
    return _PROVINCES[short]


@cache
def known_cities() -> dict[str, tuple[str, str]]:
    """Map the name of a city, with and without its ending, to its official name and its province."""
    found: dict[str, tuple[str, str]] = {}
    for line in read_set("chinese_cities.txt"):
        province, _, names = line.partition(": ")
        for name in names.split():
            official = name if name.endswith(("盟", "自治州", "地区")) else f"{name}市"
            found[name] = found[official] = (official, province)
    return found


def take_city(text: str, *, known: bool) -> tuple[str, str] | None:
    """Return the official name of the city that ``text`` begins with, and what is behind it.

    Args:
        text: Address without its province.
        known: Whether the province was written. Without it a city must have its ending or a district behind it, since
            streets are named after cities: ``南京东路`` is in Shanghai, ``朝阳区`` in Beijing.
    """
    cities = known_cities()
    for length in range(min(11, len(text)), 1, -1):
        found = cities.get(text[:length])
        if found is None:
            continue
        rest = text[length:]
        if text[:length] == found[0] or (rest[:1] not in _AFTER_A_NAME and (known or DISTRICT.match(rest))):
            return found[0], rest
    return None


_AFTER_A_NAME: Final = frozenset("区县路街镇乡村道巷")
