from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise

import numpy as np
import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.records import RecordSet
from crmkit.testing import generate


@pytest.fixture(scope="module")
def made():
    return generate.contacts(20_000, seed=3)


@pytest.fixture(scope="module")
def columns(made):
    return made.columns


def digest(columns, rows):
    text = json.dumps({name: values[:rows] for name, values in columns.items()}, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def share(values):
    return sum(value is None for value in values) / len(values)


# --- determinism ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (generate.contacts, "1843f82424119da6"),
        (generate.accounts, "89e9a668631c8454"),
        (generate.febrl_like, "14aae6ac10229a10"),
    ],
)
def test_the_first_thousand_rows_are_the_same_everywhere(make, expected):
    made = make(1000, seed=42)
    assert digest(made.columns, 1000) == expected


def test_another_seed_gives_other_records():
    assert generate.contacts(50, seed=1).columns != generate.contacts(50, seed=2).columns


def test_a_row_does_not_depend_on_the_rows_it_is_rendered_with(made, columns):
    for rows in (7_777, 1):
        pieces = list(made.chunks(rows)) if rows > 1 else [next(iter(made.chunks(rows)))]
        for name, values in columns.items():
            found = [value for piece in pieces for value in piece[name]]
            assert found == values[: len(found)]


# --- truth ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [generate.contacts, generate.accounts, generate.febrl_like])
def test_pairs_are_exactly_the_rows_of_one_party(make):
    made = make(400, seed=5)
    slow = [(a, b) for a in range(400) for b in range(a + 1, 400) if made.truth[a] == made.truth[b]]
    assert [tuple(pair) for pair in made.pairs().tolist()] == slow
    assert len(slow) > 50


def test_a_fifth_of_the_records_repeat_another_one(made):
    assert len(np.unique(made.truth)) == 16_000
    assert np.count_nonzero(made.severity) == 4_000
    # every party has its one record as it was first written
    assert np.bincount(made.truth[made.severity == 0]).tolist() == [1] * 16_000


def test_half_of_the_duplicates_are_lightly_altered_and_a_seventh_heavily(made):
    light, medium, heavy = np.bincount(made.severity)[1:] / 4_000
    assert abs(light - 0.50) < 0.03
    assert abs(medium - 0.35) < 0.03
    assert abs(heavy - 0.15) < 0.03
    happened = np.array([len(causes) for causes in made.causes])
    assert (happened[made.severity == 0] == 0).all()
    assert (happened[made.severity == 1] == 1).all()
    assert happened[made.severity == 3].mean() > 3


def test_causes_can_be_asked_for_by_row_and_by_name(made):
    counts = made.causes.counts()
    assert sum(counts.values()) == sum(map(len, made.causes))
    for cause in counts:
        rows = made.causes.rows(cause)
        assert len(rows) == counts[cause] > 20
        assert all(cause in made.causes[row] for row in rows[:50])
    with pytest.raises(NotFoundError, match="did you mean 'moved'"):
        made.causes.rows("movd")


def test_what_is_said_to_have_happened_can_be_seen(made, columns):
    original = {int(made.truth[row]): int(row) for row in np.flatnonzero(made.severity == 0)}
    seen = {
        "given_typo": "given_name",
        "family_typo": "family_name",
        "nickname": "given_name",
        "initial": "given_name",
        "street_typo": "street",
        "moved": "street",
        "married": "family_name",
        "new_email": "email",
        "email_typo": "email",
        "birth_typo": "birth_date",
        "birth_swap": "birth_date",
        "new_phone": "phone",
    }
    for cause, column in seen.items():
        values = columns[column]
        both = [
            (values[row], values[original[int(made.truth[row])]])
            for row in made.causes.rows(cause)
            if values[row] is not None and values[original[int(made.truth[row])]] is not None
        ]
        changed = sum(new != old for new, old in both)
        assert changed > 0.9 * len(both) > 5, cause


def test_a_married_name_is_another_surname_with_the_same_given_name(made, columns):
    rows = [row for row in made.causes.rows("married") if made.causes[row] == ("married",)]
    original = {int(made.truth[row]): int(row) for row in np.flatnonzero(made.severity == 0)}
    assert len(rows) > 10
    for row in rows:
        first = original[int(made.truth[row])]
        assert columns["given_name"][row] == columns["given_name"][first]


# --- rates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [("email", 0.11), ("phone", 0.18), ("birth_date", 0.50), ("company_name", 0.20), ("job_title", 0.30)],
)
def test_values_are_missing_as_often_as_documented(columns, column, expected):
    assert abs(share(columns[column]) - expected) < 0.012


def test_an_eighth_of_the_persons_share_a_household(made):
    people = made.groups[np.unique(made.truth, return_index=True)[1]]
    sizes = np.bincount(people[people >= 0])
    assert abs(np.count_nonzero(people >= 0) / len(people) - 0.12) < 0.005
    assert sizes.min() >= 2
    assert sizes.max() <= 5


def test_households_share_address_surname_and_often_the_land_line():
    made = generate.contacts(20_000, seed=9, duplicates=0)
    columns = made.columns
    rows = np.flatnonzero(made.groups >= 0)
    members: dict[int, list[int]] = {}
    for row in rows.tolist():
        members.setdefault(int(made.groups[row]), []).append(row)
    streets = [{columns["postal_code"][row] for row in house} for house in members.values()]
    assert all(len(codes) == 1 for codes in streets)
    latin = [house for house in members.values() if columns["country"][house[0]] not in ("CN", "BG")]
    assert all(len({columns["family_name"][row] for row in house}) == 1 for house in latin)
    named_alike = [len({columns["given_name"][row] for row in house}) < len(house) for house in members.values()]
    assert np.mean(named_alike) < 0.002
    phones = []
    for house in members.values():
        numbers = [phone(columns, row) for row in house]
        if len(numbers) > 1 and None not in numbers:
            phones.append(len(set(numbers)) == 1)
    assert abs(np.mean(phones) - 0.40) < 0.05


def phone(columns, row):
    raw = columns["phone"][row]
    if raw is None:
        return None
    return phonenumbers.format_number(
        phonenumbers.parse(raw, columns["country"][row]), phonenumbers.PhoneNumberFormat.E164
    )


def test_one_in_a_hundred_is_a_son_with_his_fathers_name_and_address():
    made = generate.contacts(20_000, seed=9, duplicates=0, scripts={"latin": 1})
    columns = made.columns
    seen = Counter(
        zip(columns["given_name"], columns["family_name"], columns["postal_code"], columns["city"], strict=True)
    )
    # namesakes in one street of one city are far rarer than sons
    assert 0.008 < sum(count - 1 for count in seen.values()) / 20_000 < 0.014


def test_one_in_a_hundred_gives_a_role_mailbox(columns):
    locals_ = [email.partition("@")[0].lower() for email in columns["email"] if email]
    assert abs(sum(name in {"info", "sales", "office", "contact"} for name in locals_) / len(locals_) - 0.01) < 0.003


def test_some_companies_answer_at_one_switchboard():
    made = generate.contacts(20_000, seed=9, duplicates=0, households=0)
    columns = made.columns
    shared = Counter(number for row in range(20_000) if (number := phone(columns, row)))
    # a tenth of the companies, a quarter of their people: 2.5 % of all, the lonely ones among them not counted
    assert 0.008 < sum(count for count in shared.values() if count > 1) / 20_000 < 0.035


def test_namesakes_grow_faster_than_the_file():
    def namesakes(n):
        columns = generate.contacts(n, seed=1, duplicates=0, households=0).columns
        names = Counter(zip(columns["given_name"], columns["family_name"], strict=True))
        return sum(count * (count - 1) // 2 for count in names.values()) / n - 0.01  # the sons

    assert namesakes(16_000) > 2.5 * namesakes(4_000) > 0


def test_scripts_come_in_their_shares(made, columns):
    original = np.flatnonzero(made.severity == 0).tolist()
    names = [columns["family_name"][row] for row in original]
    han = sum("\u4e00" <= name[0] <= "\u9fff" for name in names) / len(names)
    cyrillic = sum("\u0400" <= name[0] <= "\u04ff" for name in names) / len(names)
    assert abs(han - 0.25) < 0.015
    assert abs(cyrillic - 0.05) < 0.01


def test_a_single_script_can_be_had():
    columns = generate.contacts(300, seed=1, scripts={"cyrillic": 2}).columns
    assert set(columns["country"]) == {"BG"}


# --- values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["synthetic", "fiction"])
@pytest.mark.parametrize("make", [generate.contacts, generate.accounts])
def test_every_phone_number_that_nobody_altered_is_valid_in_its_country(make, kind):
    made = make(3_000, seed=4, phones=kind, duplicates=0)
    columns = made.columns
    for raw, country in zip(columns["phone"], columns["country"], strict=True):
        if raw is not None:
            assert phonenumbers.is_valid_number(phonenumbers.parse(raw, country)), raw


def test_every_email_that_nobody_altered_is_valid_and_reserved():
    emails = [email for email in generate.contacts(3_000, seed=4, duplicates=0).columns["email"] if email]
    for email in emails:
        validate_email(email, check_deliverability=False)
        site = email.partition("@")[2]
        assert site.endswith((".example", "example.com", "example.net", "example.org"))


def test_an_address_belongs_to_one_person_unless_a_desk_or_a_household_has_it(made, columns):
    owners: dict[str, set[int]] = {}
    homes: dict[str, set[int]] = {}
    for row in np.flatnonzero(made.severity == 0).tolist():
        email = columns["email"][row]
        if email and email.partition("@")[0] not in {"info", "sales", "office", "contact"}:
            owners.setdefault(email, set()).add(int(made.truth[row]))
            homes.setdefault(email, set()).add(int(made.groups[row]))
    shared = [email for email, people in owners.items() if len(people) > 1]
    of_homes = [email for email in shared if len(homes[email]) == 1 and min(homes[email]) >= 0]
    assert len(of_homes) > 0.001 * len(owners)
    shared = [email for email in shared if email not in of_homes]
    assert len(shared) <= 0.001 * len(owners)  # two ways to form an address can give one text


def test_full_names_go_into_one_field_where_asked():
    plain = generate.contacts(500, seed=6).columns
    zh = generate.contacts(500, seed=6, full_names="zh").columns
    everybody = generate.contacts(500, seed=6, full_names="all").columns
    for row in range(500):
        chinese = plain["country"][row] == "CN"
        assert (zh["full_name"][row] is not None) is chinese
        assert (zh["family_name"][row] is None) is chinese
        assert plain["family_name"][row] in everybody["full_name"][row]
        assert everybody["given_name"][row] is None


# --- tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["recordset", "pandas", "polars", "arrow", "mapping", "records"])
def test_every_kind_of_table_holds_the_same_records(kind):
    from crmkit import frames

    if kind in ("pandas", "polars"):
        pytest.importorskip(kind)
    if kind == "arrow":
        pytest.importorskip("pyarrow")
    made = generate.contacts(200, seed=8, like=kind)
    table = frames.read(made.records)
    assert table.columns == made.column_names
    for name, values in made.columns.items():
        assert list(table.column(name)) == values


def test_a_frame_serves_as_a_pattern_for_the_records():
    made = generate.accounts(20, like=[{"id": 1}])
    assert isinstance(made.records, list)
    assert made.records[0]["id"] == "A0000001"


def test_the_default_is_a_record_set():
    assert isinstance(generate.febrl_like(20).records, RecordSet)


def test_a_misspelt_kind_of_table_is_named_with_the_nearest_one():
    with pytest.raises(NotFoundError, match="did you mean 'pandas'"):
        _ = generate.contacts(5, like="panda").records


# --- planted errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [generate.contacts, generate.accounts])
def test_planted_errors_are_where_they_are_said_to_be_and_nowhere_else(make):
    clean, messy = make(3_000, seed=2), make(3_000, seed=2, messy=True)
    before, after = clean.columns, messy.columns
    differing = {(row, name) for name in before for row in range(3_000) if before[name][row] != after[name][row]}
    assert {(item.row, item.column) for item in messy.planted} == differing
    assert all(one.row < other.row for one, other in pairwise(messy.planted))
    assert not clean.planted
    assert 0.05 < len(messy.planted) / 3_000 < 0.12


def test_every_kind_of_error_occurs():
    kinds = {item.kind for item in generate.contacts(20_000, seed=2, messy=True).planted}
    assert kinds == {kind for column in generate.CONTACT_ERRORS.values() for kind in column}


# --- accounts ---------------------------------------------------------------------------------------------------


def test_branches_of_a_company_are_parties_of_their_own_with_one_website():
    made = generate.accounts(5_000, seed=3)
    columns = made.columns
    sites: dict[int, set[int]] = {}
    websites: dict[int, set[str]] = {}
    for row in np.flatnonzero(made.severity == 0).tolist():
        sites.setdefault(int(made.groups[row]), set()).add(int(made.truth[row]))
        if columns["website"][row]:
            websites.setdefault(int(made.groups[row]), set()).add(columns["website"][row])
    sizes = [len(parties) for parties in sites.values()]
    assert 0.10 < np.mean([size > 1 for size in sizes]) < 0.35
    assert max(sizes) > 8
    assert all(len(found) == 1 for found in websites.values())


def test_credit_codes_have_right_check_characters():
    uscc = pytest.importorskip("stdnum.cn.uscc")
    codes = [code for code in generate.accounts(2_000, seed=3).columns["registration_id"] if code]
    assert len(codes) > 100
    assert all(uscc.is_valid(code) for code in codes)


# --- the second generator -----------------------------------------------------------------------------------------


def test_febrl_like_gives_no_original_more_duplicates_than_allowed():
    made = generate.febrl_like(3_000, seed=3, duplicates=0.6, most=3)
    sizes = np.bincount(made.truth)
    assert sizes.max() == 4
    assert sizes.sum() == 3_000
    assert len(sizes) == 1_200


def test_febrl_like_fills_up_to_the_last_place():
    made = generate.febrl_like(60, seed=3, duplicates=0.75, most=3)
    assert np.bincount(made.truth).tolist() == [4] * 15


def test_febrl_like_alters_duplicates_only():
    made = generate.febrl_like(2_000, seed=3)
    altered = np.array([len(causes) > 0 for causes in made.causes])
    assert altered[made.severity > 0].all()
    assert not altered[made.severity == 0].any()


# --- wrong use and small tables -----------------------------------------------------------------------------------


@given(n=st.integers(0, 12), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=30, deadline=None)
def test_tiny_tables_are_whole(n, seed):
    for make in (generate.contacts, generate.accounts, generate.febrl_like):
        made = make(n, seed=seed)
        assert {len(values) for values in made.columns.values()} <= {n}
        assert len(made) == len(made.truth) == len(made.severity) == len(made.groups) == n


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": -1},
        {"n": 5, "duplicates": 1.0},
        {"n": 5, "duplicates": -0.1},
        {"n": 5, "households": 0.95},
        {"n": 5, "scripts": {}},
        {"n": 5, "scripts": {"latin": -1.0}},
        {"n": 5, "scripts": {"latin": float("nan")}},
    ],
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidValueError):
        generate.contacts(**wrong)


def test_more_duplicates_than_fit_are_refused():
    with pytest.raises(InvalidValueError, match="do not fit"):
        generate.febrl_like(100, duplicates=0.9, most=2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scripts": {"latn": 1.0}}, "did you mean 'latin'"),
        ({"phones": "fictional"}, "did you mean 'fiction'"),
        ({"full_names": "zhh"}, "did you mean 'zh'"),
    ],
)
def test_misspelt_choices_are_named_with_the_nearest_one(wrong, said):
    with pytest.raises(NotFoundError, match=said):
        generate.contacts(10, **wrong)


def test_a_representation_shows_counts_only(made):
    assert repr(made) == "Generated(20000 records of 16000 parties)"
    assert repr(made.causes) == "Causes(4000 of 20000 records altered)"


@pytest.mark.thorough
def test_a_million_records_stay_within_their_memory():
    import subprocess
    import sys

    code = (
        "import resource\nfrom crmkit.testing import generate\n"
        "made = generate.contacts(1_000_000, seed=1)\n"
        "assert sum(len(piece['id']) for piece in made.chunks()) == 1_000_000\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) < 700_000  # kB; piece by piece there is no table of text
