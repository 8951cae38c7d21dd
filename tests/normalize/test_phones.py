from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.normalize import _phone_plan, phones
from crmkit.normalize._phone_plan import accept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def by_reference(text: str, country: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    number.extension = None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def example_numbers() -> list[phonenumbers.PhoneNumber]:
    found = []
    for region in REGIONS:
        for kind in phonenumbers.supported_types_for_region(region):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found.append((region, number))
    everywhere = phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    return [*found, *((None, phonenumbers.example_number_for_non_geo_entity(code)) for code in everywhere)]


def mutated(rng: random.Random, number: phonenumbers.PhoneNumber) -> str:
    formats = phonenumbers.PhoneNumberFormat
    e164 = phonenumbers.format_number(number, formats.E164)
    national = phonenumbers.national_significant_number(number)
    text = rng.choice(
        [e164, phonenumbers.format_number(number, formats.INTERNATIONAL), phonenumbers.format_number(number,
        formats.NATIONAL),
         national, e164[1:], "00" + e164[1:], "011" + e164[1:], "0" + national, "1" + national, "8" + national,
         f"+{number.country_code} (0){national}", f"(+{number.country_code}) {national}"]
    )  # fmt: skip
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        place, char = rng.randint(0, len(text)), rng.choice("0123456789 -().+")
        match rng.randint(0, 2):
            case 0:
                text = text[:place] + char + text[place:]
            case 1:
                text = text[:place] + text[place + 1 :]
            case _:
                text = text[:place] + char + text[place + 1 :]
    return text


def compare_with_reference(count: int) -> None:
    rng = random.Random(20261123)
    numbers = example_numbers()
    accepted = 0
    for _ in range(count):
        region, number = rng.choice(numbers)
        text = mutated(rng, number)
        country = rng.choice([region, region, region, None, rng.choice(REGIONS)])
        fast = accept(text, country)
        if fast is not None:
            accepted += 1
            assert f"+{fast[0]}{fast[1]}" == by_reference(text, country), (text, country)
            assert fast[2] in (phonenumbers.region_code_for_number(phonenumbers.parse(text, country)), "001")
    assert accepted > count / 8


def test_fast_path_says_only_what_the_reference_says() -> None:
    compare_with_reference(4_000)


@pytest.mark.thorough
def test_fast_path_says_only_what_the_reference_says_on_many() -> None:
    compare_with_reference(60_000)


def test_fast_path_takes_well_formed_numbers_of_every_region() -> None:
    """It is worth something: international forms of the examples hardly ever need the reference."""
    formats = phonenumbers.PhoneNumberFormat
    texts = [
        phonenumbers.format_number(number, form)
        for _, number in example_numbers()
        for form in (formats.E164, formats.INTERNATIONAL)
        if phonenumbers.is_valid_number(number)
    ]
    assert sum(accept(text, None) is not None for text in texts) > 0.97 * len(texts)


def test_example_numbers_of_every_region(conformance: Path) -> None:
    data = json.loads((conformance / "phone_examples" / "examples.json").read_text(encoding="utf-8"))
    if data["phonenumbers"] != phonenumbers.__version__:
        pytest.skip("the vectors were made with another release of the numbering plans")
    for case in data["cases"]:
        country = None if case["region"] == "001" else case["region"]
        text = case["e164"] if country is None else case["number"]
        found = phones.parse(text, country)
        assert found is not None, case
        assert found.e164 == case["e164"]
        assert phones.format(found) == case["international"]
        assert phones.normalize(case["national"] if country else case["e164"], country) == case["e164"]
        assert found.country == (None if case["reported_region"] == "001" else case["reported_region"])
        assert found.type == {"personal_number": "personal"}.get(case["reported_type"], case["reported_type"])


def test_numbers_that_are_too_short_are_refused(conformance: Path) -> None:
    data = json.loads((conformance / "phone_examples" / "invalid.json").read_text(encoding="utf-8"))
    for case in data["cases"]:
        assert not phones.is_valid(case["number"], case["region"])
        assert not phones.is_valid(case["e164"])


@pytest.mark.parametrize(
    "raw",
    ["13800138000", "138 0013 8000", "138-0013-8000", "+86 138 0013 8000", "+8613800138000", "008613800138000",
    "0086 138 0013 8000",
     "8613800138000", "86-13800138000", "(+86) 138 0013 8000", "＋８６　１３８００１３８０００",
     "１３８００１３８０００", "13800138000.0",
     "'13800138000", "1.3800138000E+10", "\u202d13800138000\u202c", "Tel: 13800138000", "013800138000",
     "+86 (0) 13800138000"],
)  # fmt: skip
def test_a_chinese_mobile_in_any_dress(raw: str) -> None:
    assert phones.normalize(raw, "CN") == "+8613800138000"


@pytest.mark.parametrize(
    "raw", ["0086 13800138000", "(0086)13800138000", "8613800138000", "+86-138-0013-8000", "00 1 212 555 0123"]
)
def test_a_calling_code_needs_no_country(raw: str) -> None:
    assert phones.normalize(raw) in ("+8613800138000", "+12125550123")


@pytest.mark.parametrize(
    ("raw", "country", "e164", "extension"),
    [
        ("010-62345678转123", "CN", "+861062345678", "123"),
        ("010-62345678 转分机 8001", "CN", "+861062345678", "8001"),
        ("（010）6234 5678－分机 12", "CN", "+861062345678", "12"),
        ("+1 212 555 0123 x45", None, "+12125550123", "45"),
        ("212-555-0123 ext. 7", "US", "+12125550123", "7"),
        ("020 7946 0958 #123", "GB", "+442079460958", "123"),
        ("tel:+44-20-7946-0958;ext=9", None, "+442079460958", "9"),
    ],
)
def test_extensions_stand_apart(raw: str, country: str | None, e164: str, extension: str) -> None:
    found = phones.parse(raw, country)
    assert found is not None
    assert (found.e164, found.extension) == (e164, extension)
    assert phones.normalize(raw, country) == e164
    assert phones.format(found).endswith((f"ext. {extension}", f"x{extension}"))
    assert str(found) == f"{e164};ext={extension}"


@pytest.mark.parametrize("prefix", ["171", "175", "192", "198", "166", "199", "191", "195"])
def test_newer_chinese_mobile_ranges_are_known(prefix: str) -> None:
    """Ranges that people reported missing from libphonenumber; 149 (things, not people) is still no mobile there."""
    if phonenumbers.__version__ < "9":
        pytest.skip("older numbering plans")
    assert phones.is_mobile(f"{prefix}00138000"[:11], "CN")


@pytest.mark.parametrize(("raw", "lossy"), [("1.38001E+10", True), ("1.38E+10", True), ("8.61380014E+12", True),
                                           ("1.3800138001E+10", False), ("13800138000.00", False), ("x",
                                           False)])  # fmt: skip
def test_lost_digits_are_said_and_never_invented(raw: str, lossy: bool) -> None:
    assert phones.is_lossy(raw) is lossy
    if lossy:
        assert phones.normalize(raw, "CN") is None


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("13800138000/13900139000", ["13800138000", "13900139000"]),
        ("13800138000；010-62345678", ["13800138000", "010-62345678"]),
        ("13800138000、13900139000、", ["13800138000", "13900139000"]),
        ("13800138000\r\n13900139000", ["13800138000", "13900139000"]),
        ("13800138000 或 13900139000", ["13800138000", "13900139000"]),
        ("212 555 0123 or 212 555 0124", ["212 555 0123", "212 555 0124"]),
        ("010-62345678/79", ["010-62345678/79"]),
        ("+44 20 7946 0958", ["+44 20 7946 0958"]),
        ("", []),
    ],
)
def test_numbers_of_one_cell_are_taken_apart(cell: str, numbers: list[str]) -> None:
    assert phones.split_many(cell) == numbers


def test_national_form_needs_a_country() -> None:
    assert phones.normalize("020 7946 0958") is None
    assert phones.normalize("13800138000", "ZZ") is None
    assert phones.normalize("+8613800138000", "ZZ") == "+8613800138000"


def test_a_number_of_no_country_has_none() -> None:
    found = phones.validate("+80012345678")
    assert (found.country, found.type) == (None, "toll_free")


def test_validate_says_nothing_of_the_value() -> None:
    with pytest.raises(InvalidValueError, match="for the country given") as caught:
        phones.validate("13800138", "CN")
    assert "138" not in str(caught.value)


def test_last_seven_digits() -> None:
    assert phones.last7("+8613800138000") == phones.last7("0138000") == "0138000"
    assert phones.last7("12") is None


@settings(deadline=None)  # the first call reads tables and metadata
@given(
    st.text(max_size=60) | st.text("0123456789+-() .eExX/转ext#;,", max_size=40),
    st.sampled_from([None, "CN", "US", "AR", "MX", "IT"]),
)
def test_normal_form_is_stable_and_the_pieces_keep_every_digit(raw: str, country: str | None) -> None:
    found = phones.normalize(raw, country)
    if found is not None:
        assert phones.normalize(found) == found
        assert re.fullmatch(r"\+[1-9]\d{3,16}", found)
    pieces = phones.split_many(raw)
    digits = sorted(char for char in raw if char in "0123456789")
    assert sorted(char for piece in pieces for char in piece if char in "0123456789") == digits


HOSTILE = [
    "", "+", "\ud800", "\x00" * 50, "9" * 10_000_000, "+" * 100_000, "1 " * 100_000, "1-" * 120, "٠١٢٣٤٥٦٧٨٩",
    "1;" * 500_000,
    "\n" * 1_000_000, "x" * 249, "(" * 250, "e" * 250, "1e99", "5.E+99", "9" * 250, "📞+86 138 0013 8000", "²³" * 9,
]  # fmt: skip


@pytest.mark.parametrize("country", [None, "CN", "IT"])
def test_hostile_text_neither_raises_nor_hangs(country: str | None) -> None:
    for text in HOSTILE:
        phones.normalize(text, country)
        phones.parse(text, country)
        phones.is_valid(text, country)
        phones.is_mobile(text, country)
        phones.split_many(text)
        phones.last7(text)
        phones.is_lossy(text)


def test_numbers_without_their_area_code_are_told_from_wrong_ones():
    assert [phones.is_local(raw, "US") for raw in ("555-0123", "312 555 0123", "55501", "x", "+1 555 0123")] == [
        True, False, False, False, True,
    ]  # fmt: skip


def test_only_open_plans_leave_doubt_about_a_missing_area_code():
    assert phones.may_lack_area_code("9251085", "DE")
    assert not phones.may_lack_area_code("030 9251085", "DE")
    assert not phones.may_lack_area_code("15123456789", "DE")
    assert not phones.may_lack_area_code("91234567", "SG")
    assert not phones.may_lack_area_code("9251085", None)


@pytest.mark.parametrize(
    ("raw", "e164", "extension"),
    [
        ("010-62345678-801", "+861062345678", "801"),
        ("(010) 6234 5678 - 801", "+861062345678", "801"),
        ("0411-8765432-12", None, None),
        ("+86-10-62345678-801", "+861062345678", "801"),
        ("400-810-8888-123", "+864008108888", "123"),
        ("13800138000-8", "+8613800138000", "8"),
        ("010-6234-5678", "+861062345678", None),
        ("0571-8765432-1", "+8657187654321", None),
    ],
)
def test_a_hyphen_behind_a_whole_chinese_number_begins_its_extension(raw, e164, extension):
    found = phones.parse(raw, "CN")
    assert (found and found.e164, found and found.extension) == (e164, extension)
    assert phones.normalize(raw, "CN") == e164


def test_other_countries_have_no_such_extensions():
    assert phones.parse("212-555-0123-801", "US") is None
    assert phones.normalize("030-901820-12", "DE") == "+493090182012"


@pytest.mark.parametrize("raw", ["62345678", "6234 5678", "6234-5678", "8765432", "62345678转801", "62345678-801"])
def test_numbers_of_chinese_towns_lack_their_area_code(raw):
    assert phones.is_local(raw, "CN")


@pytest.mark.parametrize("raw", ["12345678", "1380013", "010-62345678", "138001380"])
def test_other_chinese_numbers_are_not_local(raw):
    assert not phones.is_local(raw, "CN")


def dialed_forms(region: str) -> Iterator[str]:
    """One number of each kind of a region, in every form that people dial and type."""
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            national, code = phonenumbers.national_significant_number(number), str(number.country_code)
            yield from (phonenumbers.format_number(number, form) for form in range(3))
            yield from (f"00{code}{national}", f"011{code}{national}", f"{code}{national}", f"{code}-{national}")
            yield from (f"00 {code} 0{national}", f"0{national}", f"1{national}")
            yield phonenumbers.format_out_of_country_calling_number(number, "US")


def hold_against_reference(seed: int, share: float) -> int:
    rng = random.Random(seed)
    accepted = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for form in dialed_forms(region):
            if rng.random() > share:
                continue
            for _ in range(4):
                text = form
                for _ in range(rng.choice([0, 0, 1, 2])):
                    at, digit = rng.randrange(len(text) + 1), rng.choice("0123456789")
                    text = rng.choice([text[:at] + digit + text[at:], text[:at] + text[at + 1 :], text[:at] + digit])
                country = rng.choice([region, region, "US", "CN", "DE", "BR", "MX", "AR", "IT"])
                fast = _phone_plan.accept(text, country)
                plain = fast is not None and f"+{fast[0]}{fast[1]}" == text
                assert plain or not _phone_plan.is_e164(text), text
                if fast is None:
                    continue
                accepted += 1
                number = phonenumbers.parse(text, country)
                assert phonenumbers.is_valid_number(number), (text, country)
                assert (str(number.country_code), phonenumbers.national_significant_number(number)) == fast[:2], text
                assert phonenumbers.region_code_for_number(number) in (fast[2], None), text
                mobile = phonenumbers.number_type(number) in (1, 2)
                assert _phone_plan.can_be_mobile(fast[1], fast[2]) == mobile, (text, country)
    return accepted


def test_numbers_dialed_from_abroad_or_without_their_plus_are_read_as_the_reference_does() -> None:
    assert hold_against_reference(3, 0.2) > 800


@pytest.mark.thorough
def test_numbers_of_every_region_are_read_as_the_reference_does_on_many() -> None:
    assert sum(hold_against_reference(seed, 1.0) for seed in range(5)) > 40_000
