from __future__ import annotations

import json
from typing import TYPE_CHECKING

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.normalize import countries

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("raw", "code"),
    [("中国", "CN"), ("PRC", "CN"), ("P.R. China", "CN"), ("CHN", "CN"), ("cn", "CN"), ("People's Republic of China",
    "CN"),
     ("中华人民共和国", "CN"), ("中國", "CN"), ("Ｃｈｉｎａ", "CN"), ("UK", "GB"), ("U.K.", "GB"), ("England", "GB"),
     ("英国", "GB"), ("USA", "US"),
     ("U.S.", "US"), ("United States of America", "US"), ("美国", "US"), ("Deutschland", "DE"), ("香港", "HK"),
     ("Hong Kong SAR", "HK"),
     ("台湾", "TW"), ("臺灣", "TW"), ("Macau", "MO"), ("Côte d'Ivoire", "CI"), ("Cote dIvoire", "CI"),
     ("the netherlands", "NL"),
     ("Holland", "NL"), ("Korea, Republic of", "KR"), ("한국", "KR"), ("日本", "JP"), ("Россия", "RU"), ("Turkey",
     "TR"), ("Türkiye", "TR"),
     ("Bosnia & Herzegovina", "BA"), ("Bosnia and Herzegovina", "BA"), (" france ", "FR"), ("Congo", "CG"),
     ("DR Congo", "CD")],
)  # fmt: skip
def test_names_people_write(raw: str, code: str) -> None:
    assert countries.normalize(raw) == code


@pytest.mark.parametrize(
    "raw", ["", "Atlantis", "Chinatown", "中", "EU", "XX", "C", "\ud800", "China\x00town", "a" * 10_000_000]
)
def test_other_text_is_no_country(raw: str) -> None:
    assert countries.normalize(raw) is None
    assert not countries.is_valid(raw)


def test_every_country_answers_to_its_own_names() -> None:
    assert len(countries.codes()) == 250  # ISO 3166-1 and Kosovo
    for code in countries.codes():
        assert countries.normalize(code.lower()) == code
        assert countries.normalize(countries.name(code)) == code
        assert countries.normalize(countries.name(code, "zh")) == code
        assert countries.format(code, "zh") == countries.name(code, "zh")


def test_calling_codes_are_those_of_the_numbering_plans() -> None:
    for code in countries.codes():
        assert (countries.calling_code(code) or 0) == phonenumbers.country_code_for_region(code)


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.text(max_size=30))
def test_normal_form_is_stable(raw: str) -> None:
    found = countries.normalize(raw)
    if found is not None:
        assert countries.normalize(found) == found


def test_wrong_use_and_bad_data_differ() -> None:
    with pytest.raises(NotFoundError):
        countries.name("China")
    with pytest.raises(InvalidValueError) as caught:
        countries.validate("Canary Land")
    assert "Canary" not in str(caught.value)


# Composite names of the map data that the vectors come from.
ELSE = {
    "Polynésie française, Îles du Vent (eaux territoriales)",
    "France, Mayotte (eaux territoriales)",
    "France, La Réunion (eaux territoriales)",
    "France, Nouvelle-Calédonie, Grande Terre et récifs d'Entrecasteaux (eaux territoriales)",
}


def test_country_names_of_the_address_vectors(conformance: Path) -> None:
    cases = json.loads((conformance / "address_format" / "cases.json").read_text(encoding="utf-8"))["cases"]
    differing = set()
    for parts in (case["components"] for case in cases):
        found = countries.normalize(parts.get("country", ""))
        if found is None and parts.get("country"):
            differing.add(parts["country"])
        elif found is not None and found != parts["country_code"].upper():
            assert (parts["country"], parts["country_code"]) == ("China", "hk")  # a part of China, with its own code
    assert differing == ELSE


@pytest.mark.parametrize("raw", ["n/a", "N/A", "n.a.", " n/a "])
def test_what_stands_for_nothing_is_no_country(raw: str) -> None:
    assert countries.normalize(raw) is None
    assert countries.normalize("NA") == "NA"


@pytest.mark.parametrize("raw", ["Korea", "Congo", "Georgia", "England", "Scotland", "wales", "英格兰"])
def test_a_part_or_an_ambiguous_name_is_not_exact(raw: str) -> None:
    assert countries.normalize(raw) is not None
    assert not countries.is_exact(raw)


@pytest.mark.parametrize("raw", ["GE", "GEO", "South Korea", "UK", "中国", "United States"])
def test_a_name_of_one_whole_country_is_exact(raw: str) -> None:
    assert countries.is_exact(raw)
