from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from crmkit import frames
from crmkit.matching._kinds import _alike as alike
from crmkit.matching._kinds._fields import EncodedField
from crmkit.matching._kinds._vocabulary import Vocabulary
from crmkit.matching._matcher import Matcher
from crmkit.matching._pairs._levels import compare_pairs
from crmkit.matching.comparisons import KINDS
from crmkit.testing import generate


def field_of(kind, values):
    ready = KINDS[kind].prepare(values)
    codes = np.arange(len(values), dtype=np.int32)
    return EncodedField("x", Vocabulary(values), (codes,), np.ones(len(values)), float(len(values)), ready.traits)


def level(kind, first, second):
    normalized = [KINDS[kind].normalize(text) for text in (first, second)]
    field = field_of(kind, normalized)
    there, back = (
        KINDS[kind].compare(field, np.array([a], dtype=np.int32), np.array([b], dtype=np.int32))[0]
        for a, b in ((0, 1), (1, 0))
    )
    assert there == back, "a comparison must not depend on the side"
    return KINDS[kind].levels[there]


@pytest.mark.parametrize(
    ("kind", "first", "second", "expected"),
    [
        ("given_name", "William", "Bill", "nickname or prefix"),
        ("given_name", "Alex", "Alexander", "nickname or prefix"),
        ("given_name", "J.", "José", "initial"),
        ("given_name", "Madeleine", "Madelene", "typo"),
        ("given_name", "Anna", "Robert", "another name"),
        ("given_name", "Annabeth", "Zorovan", "different"),
        ("given_name", "Tom", "Tim", "another name"),
        ("generation", "Jr.", "Senior", "different"),
        ("given_name", "伟", "Wei", "typo"),
        ("given_name", "明文", "Mingwe", "typo"),
        ("given_name", "明", "明明", "typo"),
        ("given_name", "伟", "娜", "another name"),
        ("family_name", "Müller", "Muler", "typo"),
        ("family_name", "Smith-Jones", "Jones", "part of it"),
        ("family_name", "Garcia Lopez", "Lopez", "part of it"),
        ("family_name", "Stone", "Baker", "different"),
        ("date", "1980-05-01", "1980-05-02", "one edit or day and month swapped"),
        ("date", "1980-05-01", "1980-01-05", "one edit or day and month swapped"),
        ("date", "1980-05-12", "1980-05-21", "one edit or day and month swapped"),
        ("date", "1980-05-01", "1980-05-27", "two parts equal or two edits"),
        ("date", "1980-05-01", "1980-12-27", "same year"),
        ("date", "1980-05-01", "1961-12-27", "different"),
        ("email", "ann.lee@example.org", "ann.le@example.org", "typo"),
        ("email", "annabel.lee@example.org", "annnabel.lea@example.org", "two edits"),
        ("email", "annabel@example.org", "annabel@example.net", "same local part"),
        ("email", "ann@example.org", "bob@example.org", "different"),
        ("phone", "+1 202 555 0123", "+1 202 555 0124", "one edit or same last seven"),
        ("phone", "+12025550123", "5550123", "one edit or same last seven"),
        ("phone", "+12025550123", "+12025559999", "different"),
        ("street", "12 Main Street", "12 Maine St.", "same number and alike, or one edit"),
        ("street", "Main Street", "12 Main St", "alike without number, or two edits"),
        ("street", "14 Main Street", "12 Main Street", "other number"),
        ("street", "14 Main Street", "7 Oak Avenue", "different"),
        ("city", "上海", "上海市", "alike"),
        ("city", "Springfeild", "Springfield", "alike"),
        ("city", "Oslo", "Bergen", "different"),
        ("postcode", "60601-1234", "60601", "alike"),
        ("postcode", "SW1A 1AA", "M1 1AE", "different"),
        ("region", "NSW", "NSV", "one edit"),
        ("company", "Acme Trading Ltd", "Acme Trading and Sons", "alike"),
        ("company", "Acme", "Globex", "different"),
        ("organization", "Chicago Commons", "Commons Chicago", "typo or words moved"),
        ("organization", "Chicago Commons Association", "Chicago Commons", "part of it"),
        ("organization", "Bethel New Life", "Happy Kids Center", "another name"),
        ("organization", "BNL", "Happy Kids Center", "different"),
        ("organization", "Bethel New Life", "创兴网络科技", "different"),
        ("organization", "万科企业股份有限公司", "万科", "part of it"),
        ("identifier", "A-123-456", "A123457", "one edit"),
        ("identifier", "A123456", "B999999", "different"),
        ("web", "http://www.example.com/a", "exampel.com", "typo"),
        ("web", "example.com", "example.org", "different"),
        ("number", "100", "101", "within 2 %"),
        ("number", "100", "107", "within 10 %"),
        ("number", "100", "200", "different"),
        ("text", "a long remark on this", "a long remark on this one", "alike"),
        ("text", "a long remark", "nothing", "different"),
        ("exact", "a", "b", "different"),
    ],
)
def test_levels_of_values_that_people_type(kind, first, second, expected):
    assert level(kind, first, second) == expected


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("given_name", "N/A"), ("given_name", "..."), ("date", "soon"), ("email", "none"), ("phone", "0000000"),
        ("phone", "12"), ("web", "none"), ("identifier", "000-000"), ("number", "many"), ("number", "inf"),
        ("city", "-"), ("street", " , "), ("company", "unknown"), ("text", " "), ("exact", ""), ("postcode", "--"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_missing(kind, raw):
    assert KINDS[kind].normalize(raw) is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_starts_from_probabilities(kind):
    one = KINDS[kind]
    assert sum(one.start) == pytest.approx(1.0)
    assert len(one.start) == len(one.levels)
    assert one.levels[one.different] == "different"
    assert repr(one).startswith(f"<Kind {kind}: exact")


TEXTS = st.lists(st.text(alphabet="abcd élß伟明😀", min_size=1, max_size=12), min_size=2, max_size=8, unique=True)


@given(TEXTS, st.integers(1, 2))
def test_bounded_edits_equal_those_that_are_read(values, most):
    field = field_of("region", values)
    a, b = (np.array(side, dtype=np.int32) for side in np.triu_indices(len(values), 1))
    found = alike.edits_of(field, a, b, most=most) <= most
    assert found.tolist() == [OSA.distance(values[x], values[y]) <= most for x, y in zip(a, b, strict=True)]


@given(TEXTS, st.sampled_from([0.7, 0.85, 0.92]))
def test_bounded_jaro_winkler_equals_that_which_is_read(values, least):
    field = field_of("region", values)
    a, b = (np.array(side, dtype=np.int32) for side in np.triu_indices(len(values), 1))
    found = alike.jaro_winkler_of(field, a, b, least=least)
    expected = [JaroWinkler.similarity(values[x], values[y]) >= least - 1e-9 for x, y in zip(a, b, strict=True)]
    assert found.tolist() == expected


@given(
    st.lists(st.text(alphabet="abc dé伟 ", min_size=1, max_size=14).map(lambda one: " ".join(one.split())), min_size=2,
             max_size=8, unique=True),
    st.sampled_from([60.0, 75.0, 95.0]),
)  # fmt: skip
def test_bounded_token_sets_equal_those_that_are_read(values, least):
    field = field_of("text", values)
    a, b = (np.array(side, dtype=np.int32) for side in np.triu_indices(len(values), 1))
    found = alike.token_set_of(field, a, b, least=least)
    assert found.tolist() == [fuzz.token_set_ratio(values[x], values[y]) >= least for x, y in zip(a, b, strict=True)]


@given(
    st.lists(st.text(alphabet="abc dé伟 ", min_size=1, max_size=14).map(lambda one: " ".join(one.split())), min_size=2,
             max_size=8, unique=True),
)  # fmt: skip
def test_bounded_words_and_affixes_equal_those_that_are_read(values):
    field = field_of("text", values)
    a, b = (np.array(side, dtype=np.int32) for side in np.triu_indices(len(values), 1))
    pairs = [(values[x], values[y]) for x, y in zip(a, b, strict=True)]

    def contains(one, two):
        return one <= two or two <= one if one and two else False

    words = alike.has_all_words_of(field, a, b)
    assert words.tolist() == [contains(set(one.split()), set(two.split())) for one, two in pairs]
    filled = [bool(one and two) for one, two in pairs]
    starts = alike.is_affix_of(field, a, b)
    assert starts.tolist() == [ok and (one.startswith(two) or two.startswith(one))
                               for ok, (one, two) in zip(filled, pairs, strict=True)]  # fmt: skip
    ends = alike.is_affix_of(field, a, b, at_end=True)
    assert ends.tolist() == [ok and (one.endswith(two) or two.endswith(one))
                             for ok, (one, two) in zip(filled, pairs, strict=True)]  # fmt: skip


def test_distinct_pairs_are_compared_once_with_the_same_result():
    field = field_of("city", ["oslo", "osl", "bergen", "berge"])
    random = np.random.default_rng(0)
    a = random.integers(0, 4, 3_000).astype(np.int32)
    b = random.integers(0, 4, 3_000).astype(np.int32)
    apart = a != b
    compare = KINDS["city"].compare
    assert (
        alike.on_distinct_pairs(field, a[apart], b[apart], compare).tolist()
        == compare(field, a[apart], b[apart]).tolist()
    )


@pytest.fixture(scope="module")
def encoded():
    return Matcher.contacts()._read([frames.read(generate.contacts(600, seed=6).columns)], None, None).encoded


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_levels_do_not_depend_on_the_side(encoded, seed):
    random = np.random.default_rng(seed)
    left, right = (random.integers(0, 600, 300).astype(np.int32) for _ in range(2))
    there, back = compare_pairs(encoded, left, right), compare_pairs(encoded, right, left)
    assert np.array_equal(there.levels, back.levels)
    assert np.allclose(there.rarity, back.rarity)


def levels_of(columns, **kinds):
    encoded = Matcher.contacts()._read([frames.read(columns)], None, None).encoded
    pairs = compare_pairs(encoded, np.array([0], dtype=np.int32), np.array([1], dtype=np.int32))
    return {
        one.name: KINDS[one.kind].levels[level] if level >= 0 else None
        for one, level in zip(encoded.comparisons, pairs.levels[:, 0].tolist(), strict=True)
    }


def test_given_and_family_name_exchanged_are_seen():
    swapped = levels_of({"first_name": ["Hall", "Isla"], "last_name": ["Isla", "Hall"]})
    assert swapped == {"given": "swapped", "family": None}
    half = levels_of({"first_name": ["Hall", "Isla"], "last_name": ["Berg", "Hall"]})
    assert half["given"] == "half swapped"


def test_one_letter_is_never_an_exact_given_name_but_one_character_is():
    assert levels_of({"first_name": ["J", "J."], "last_name": ["Lee", "Lee"]})["given"] == "initial"
    assert levels_of({"first_name": ["伟", "伟"], "last_name": ["王", "王"]})["given"] == "exact"


@pytest.mark.parametrize(
    ("names", "emails", "expected"),
    [
        (("John", "Smith"), ("john.smith@example.org", "john.smith@example.net"), "different"),
        (("John", "Smith"), ("xsmith@example.org", "ysmith@example.org"), "different"),
        (("思", "宋"), ("si.song@example.org", "sj.song@example.org"), "different"),
        (("John", "Smith"), ("sunny77@example.org", "sunny78@example.org"), "different"),
        (("John", "Smith"), ("sunnyboy@example.org", "sunny.boy@example.org"), "different"),
        (("John", "Smith"), ("info@example.org", "info@example.net"), "different"),
        (("John", "Smith"), ("sunnyboy@example.org", "sunnyboy@example.net"), "same local part"),
        (("John", "Smith"), ("sunnyboy@example.org", "sunnybay@example.org"), "typo"),
    ],
)
def test_a_likeness_of_addresses_that_namesakes_have_too_counts_as_none(names, emails, expected):
    columns = {"first_name": [names[0]] * 2, "last_name": [names[1]] * 2, "email": list(emails)}
    assert levels_of(columns)["email"] == expected


def test_of_several_phones_the_best_agreement_counts():
    found = levels_of(
        {
            "last_name": ["Lee", "Lee"],
            "mobile": ["+12025550123", None],
            "phone": ["+12025550177", "+12025550123"],
        }
    )
    assert found["phone"] == "exact"


def test_the_domain_of_an_equal_address_counts_nothing():
    found = levels_of({"last_name": ["Lee", "Lee"], "email": ["ann@acme.example", "ann@acme.example"]})
    assert found["domain"] is None
    found = levels_of({"last_name": ["Lee", "Lee"], "email": ["ann@acme.example", "bob@acme.example"]})
    assert found["domain"] == "exact"


def test_phones_are_read_in_the_country_of_their_row():
    found = levels_of(
        {
            "last_name": ["Lee", "Lee"],
            "country": ["GB", None],
            "phone": ["020 7946 0123", "+44 20 7946 0123"],
        }
    )
    assert found["phone"] == "exact"


def test_dates_are_read_in_the_order_that_the_column_shows():
    columns = {"last_name": ["Lee", "Lee", "Kim"], "birth_date": ["05/01/1980", "1980-01-05", "25/12/1990"]}
    assert levels_of(columns)["birth_date"] == "exact"
