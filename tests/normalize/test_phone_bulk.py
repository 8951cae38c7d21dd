"""Many numbers at once against one after the other: what the bulk path says, the fast path says, too."""

from __future__ import annotations

import random

import numpy as np
import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.normalize import phones
from crmkit.normalize._bulk import phones as bulk
from crmkit.testing.generate import contacts

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def check(texts, countries):
    """Compare what is said of some numbers with what the careful functions say of each; return how many are said."""
    known = sorted(set(countries), key=str)
    country_of = np.array([known.index(country) for country in countries], dtype=np.int64)
    found = bulk.read_many(texts, known, country_of)
    forms_alone = bulk.read_many(texts, known, country_of, ways=False)
    assert forms_alone.forms.tolist() == found.forms.tolist()
    for kind in (bulk.UNKNOWN, bulk.E164):
        assert np.array_equal(forms_alone.kinds == kind, found.kinds == kind)
    for text, country, kind, form in zip(texts, countries, found.kinds.tolist(), found.forms, strict=True):
        if kind == bulk.UNKNOWN:
            assert form is None
            continue
        assert phones.accept(text, country) == (text if kind == bulk.E164 else form), (text, country)
        number = phonenumbers.parse(text, country)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == (form or text)
        if kind in (bulk.E164, bulk.ABROAD_FORM):
            assert "+" in text
        elif kind == bulk.TRUNK:
            assert phones.has_trunk_prefix(text, country)
        else:
            assert not phones.has_trunk_prefix(text, country)
            short = len(text) <= 10 and phones.may_lack_area_code(text, country)
            assert (kind == bulk.LOCAL) == short
            assert short or phones.is_mobile(text, country) == (kind == bulk.MOBILE), (text, country)
    return int(np.count_nonzero(found.kinds))


def written(number, rng):
    """Write a number as people do."""
    formats = phonenumbers.PhoneNumberFormat
    text = phonenumbers.format_number(number, rng.choice([formats.E164, formats.INTERNATIONAL, formats.NATIONAL]))
    digits = "".join(char for char in text if char.isdigit() or char == "+")
    spaced = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return rng.choice([text, digits, digits, spaced, f"00{number.country_code}{number.national_number}",
                       str(number.national_number), f"{number.country_code}{number.national_number}"])  # fmt: skip


def mutated(text, rng):
    if not text or rng.random() < 0.4:
        return text
    at = rng.randrange(len(text))
    return rng.choice([text[:at] + text[at + 1 :], text[:at] + rng.choice("0123456789+-() .x\n") + text[at:],
                       text[:at] + rng.choice("0123456789") + text[at + 1 :], text[:-2], f"{text}00"])  # fmt: skip


def samples(rounds, seed):
    rng = random.Random(seed)
    texts, countries = [], []
    for code in REGIONS:
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE,
                     phonenumbers.PhoneNumberType.TOLL_FREE):  # fmt: skip
            number = phonenumbers.example_number_for_type(code, kind)
            if number is None:
                continue
            for _ in range(rounds):
                wild = phonenumbers.PhoneNumber(
                    country_code=number.country_code, national_number=number.national_number
                )
                for _ in range(rng.randrange(4)):
                    digits = str(wild.national_number)
                    at = rng.randrange(len(digits))
                    wild.national_number = int(digits[:at] + rng.choice("0123456789") + digits[at + 1 :]) or 1
                texts.append(mutated(written(wild, rng), rng))
                countries.append(rng.choice([code, code, code, None, rng.choice(REGIONS)]))
    return texts, countries


def test_numbers_of_every_region_and_their_mutations_are_read_as_one_by_one():
    texts, countries = samples(2, seed=1)
    assert check(texts, countries) > len(texts) / 8


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_more_mutations_are_read_as_one_by_one(seed):
    texts, countries = samples(40, seed=seed)
    assert check(texts, countries) > len(texts) / 8


def test_nearly_all_right_numbers_are_decided():
    made = contacts(3000, seed=3).columns
    pairs = [(phone, country) for phone, country in zip(made["phone"], made["country"], strict=True) if phone]
    right = [(phone, country) for phone, country in pairs if phones.normalize(phone, country)]
    assert check(*map(list, zip(*right, strict=True))) > 0.9 * len(right)


@given(
    st.lists(st.tuples(st.text("+() .-0123456789\n x０", max_size=20), st.sampled_from([None, *REGIONS])), max_size=6)
)
@example([("", None)])
@example([("(", "US"), ("+", "CN"), ("\n", None), ("(+ (", "DE")])
@example([("1" * 5000, "CN"), ("13800138000", "CN")])
@example([("0261234567", "JP"), ("00311234567", "BR"), ("0 31 21 2345 6789", "BR")])
def test_any_text_is_read_as_one_by_one(pairs):
    check([text for text, _ in pairs], [country for _, country in pairs])


def test_a_column_without_numbers_is_no_trouble():
    assert check([], []) == 0
