"""What one field tells about another: the country of a phone, the birth date of a resident id, the domain of an e-mail.

Each derivation is a name, a function of one text, and how sure what it says is; ``complete`` fills empty fields by it,
``agree`` holds filled ones against it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.errors import NotFoundError
from crmkit.normalize import addresses, countries, dates, emails, phones
from crmkit.validators._contact._region import region_name
from crmkit.validators._identifiers._resident_id import birth_date_of, gender_of, province_of
from crmkit.validators._reading._named import normalizer
from crmkit.validators._reading._web import url_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Derivation", "derivation", "derivations"]


@attrs.frozen
class Derivation:
    """What one text tells about another field.

    Attributes:
        derive: Text to what the other field should be, ``None`` where it does not tell.
        compare: The form in which the other field's own value is held against it.
        confidence: Of what is derived.
    """

    derive: Callable[[str], str | None]
    compare: Callable[[str], str | None]
    confidence: float


def _country_of_phone(text: str) -> str | None:
    if not text.lstrip(" (").startswith(("+", "00", "＋")):
        return None
    number = phones.parse(text)
    return None if number is None else number.country


def _domain_of_email(text: str) -> str | None:
    parts = emails.split(text)
    if parts is None or emails.is_free_mail(parts[1]) or emails.is_disposable(parts[1]):
        return None
    return parts[1].lower()


def _domain_of_website(text: str) -> str | None:
    key = url_key(text)
    return None if key is None else key.partition("/")[0].partition("?")[0].partition(":")[0]


def _country_of_iban(text: str) -> str | None:
    from crmkit.validators._identifiers._iban import IBAN

    check = IBAN()
    return check.compact(text)[:2] if check.examine(text) == () or check.is_valid(text) else None


# China Post, postal codes: the first two digits name the province.
_POSTAL: Final[Mapping[str, str]] = {
    digits: province
    for province, codes in (
        ("内蒙古", "01 02"), ("山西", "03 04"), ("河北", "05 06 07"), ("北京", "10"), ("辽宁", "11 12"), ("吉林", "13"),
        ("黑龙江", "15 16"), ("上海", "20"), ("江苏", "21 22"), ("安徽", "23 24"), ("山东", "25 26 27"), ("天津", "30"),
        ("浙江", "31 32"), ("江西", "33 34"), ("福建", "35 36"), ("重庆", "40"), ("湖南", "41 42"), ("湖北", "43 44"),
        ("河南", "45 46 47"), ("广东", "51 52"), ("广西", "53 54"), ("贵州", "55 56"), ("海南", "57"),
        ("四川", "61 62 63 64"), ("云南", "65 66 67"), ("陕西", "71 72"), ("甘肃", "73 74"), ("宁夏", "75"),
        ("青海", "81"), ("新疆", "83 84"), ("西藏", "85 86"),
    )
    for digits in codes.split()
}  # fmt: skip


def _region_of_chinese_postcode(text: str) -> str | None:
    code = addresses.postcode(text, "CN")
    if code is None or not addresses.postcode_is_valid(code, "CN"):
        return None
    return region_name(_POSTAL.get(code[:2], ""), "CN")


def _region_of_chinese_city(text: str) -> str | None:
    found = addresses.known_cities().get(text.strip())
    return None if found is None else region_name(found[1], "CN")


def _chinese_region(text: str) -> str | None:
    return region_name(text, "CN")


def _region_of_resident_id(text: str) -> str | None:
    return region_name(province_of(text) or "", "CN")


def _day(text: str) -> str | None:
    return dates.normalize(text)


_MALE = frozenset({"male", "m", "男", "男性", "先生", "mr", "herr"})
_FEMALE = frozenset({"female", "f", "女", "女性", "女士", "小姐", "ms", "mrs", "frau"})


def _gender(text: str) -> str | None:
    word = text.strip().casefold().rstrip(".")
    return "male" if word in _MALE else "female" if word in _FEMALE else None


@cache
def derivations() -> Mapping[str, Derivation]:
    """Return every derivation by its name."""
    domain = normalizer("url")
    return {
        # The calling code says where the number belongs; the person may live elsewhere.
        "country_of_phone": Derivation(_country_of_phone, countries.normalize, 0.9),
        # People bank abroad.
        "country_of_iban": Derivation(_country_of_iban, countries.normalize, 0.7),
        "birth_date_of_resident_id": Derivation(birth_date_of, _day, 0.99),
        "gender_of_resident_id": Derivation(gender_of, _gender, 0.99),
        # Where the number was given; people move.
        "region_of_resident_id": Derivation(_region_of_resident_id, _chinese_region, 0.7),
        "region_of_chinese_postcode": Derivation(_region_of_chinese_postcode, _chinese_region, 0.95),
        "region_of_chinese_city": Derivation(_region_of_chinese_city, _chinese_region, 0.97),
        # A company writes from its own domain, or from its parent's.
        "domain_of_email": Derivation(_domain_of_email, domain, 0.85),
        "domain_of_website": Derivation(_domain_of_website, domain, 0.97),
    }


def derivation(name: str) -> Derivation:
    """Return the derivation called ``name``.

    Raises:
        NotFoundError: If there is none.
    """
    known = derivations()
    if name not in known:
        raise NotFoundError.of("method of telling one field from another", name, known)
    return known[name]
