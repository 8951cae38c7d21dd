"""Blind indexes find what they should, give away what the plan says, and refuse the rest."""

import datetime as dt
import math
import random
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.encryption import AcceptedLeak, Field, Index, Keyring
from crmkit.encryption._fields._normalizers import normalize
from crmkit.encryption._fields._plan import allowed_bits, rank_attack
from crmkit.errors import (
    CheckFailedError,
    DoubleEncryptionError,
    InvalidValueError,
    NotFoundError,
    RefusedError,
    ShapeError,
)

REASON = AcceptedLeak("accepted for the sake of this test")


@pytest.mark.parametrize(
    ("rows", "range_"),
    [
        (1_000, (5, 8)),
        (10_000, (7, 12)),
        (100_000, (9, 15)),
        (1_000_000, (10, 18)),
        (10_000_000, (12, 22)),
        (1 << 20, (11, 19)),
    ],
)
def test_lengths_follow_the_rule(rows, range_):
    assert allowed_bits(rows) == range_
    for bits in range(range_[0], range_[1] + 1):
        assert 2 <= rows / 2**bits < math.sqrt(rows)
    assert rows / 2 ** (range_[1] + 1) < 2
    assert rows / 2 ** (range_[0] - 1) >= math.sqrt(rows)
    index = Index.filter(rows=rows)
    assert index.bits == sum(range_) // 2


@pytest.mark.parametrize("rows", [0, 15, True, 100.0, None])
def test_row_counts_that_mean_nothing_are_refused(rows):
    with pytest.raises(RefusedError):
        Index.filter(rows=rows)


def test_indexes_that_would_leak_or_not_work_are_refused():
    for build in [
        lambda: Index.filter(rows=1000, bits=4),
        lambda: Index.filter(rows=1000, bits=9),
        lambda: Index.filter(rows=1000, partitions=3),
        lambda: Index.filter(rows=1000, name="a b"),
        lambda: Index.domain(rows=1000),
        lambda: Index("filter", "f", 8),
        lambda: Index("unique", "u", 128, partitions=2),
        lambda: Index.compound(rows=1000),
        lambda: Index.prefix(0, rows=1000),
        lambda: Index.last(True, rows=1000),
        lambda: Index.bucket(0, rows=1000),
        lambda: Index.bucket(1.5, rows=1000),
        lambda: AcceptedLeak("because"),
        lambda: Index.plan(["a"], rows=1000, partitions=3),
        lambda: Index.plan([None], rows=1000),
        lambda: Index.plan(["a"], rows=3),
    ]:
        with pytest.raises(RefusedError):
            build()


def test_misspelt_settings_are_told():
    with pytest.raises(TypeError, match="no argument 'bit'"):
        Index.filter(rows=1000, bit=8)
    with pytest.raises(NotFoundError, match="did you mean 'email-v1'"):
        Index.unique(normalizer="emial-v1")
    with pytest.raises(NotFoundError):
        Index.plan(["a"], rows=1000, normalizer="x")


def test_spellings_of_one_value_have_one_term(ring):
    cases = [
        ("email-v1", None, ["Ana@Example.com", " ana@EXAMPLE.com ", "ana@example.com"], "anna@example.com"),
        ("e164-v1", "CN", ["138 0013 8000", "+86 13800138000", "１３８００１３８０００"], "13900138000"),
        ("digits-v1", None, ["12-34", "1234", "１２３４"], "12345"),
        ("text-v1", None, ["Straße  x", "STRASSE X", " ｓｔｒａｓｓｅ x"], "strasse"),
        ("exact-v1", None, ["a"], "A"),
        ("email-v1", None, ["not an Address", "NOT  an address"], "not a address"),
    ]
    for normalizer, country, alike, other in cases:
        field = Field("t.f", normalizer=normalizer, country=country, indexes=[Index.unique()])
        box = ring.box([field])
        terms = {tuple(box.terms(field, value)) for value in alike}
        assert len(terms) == 1, normalizer
        assert tuple(box.terms(field, other)) not in terms
        assert box.index_values(field, alike[0]) == {"unique": next(iter(terms))[0]}
        assert box.index_column(field, [*alike, None]) == [*(box.terms(field, alike[0]) * len(alike)), None]


def test_a_value_without_a_normal_form_never_meets_one_that_is_it():
    assert normalize("email-v1", "no address") == "\0no address"
    assert normalize("digits-v1", "x") == "\0x"
    for name in ("text-v1", "email-v1", "name-v1"):
        with pytest.raises(InvalidValueError, match="not assigned"):
            normalize(name, "a\U000effff")
        with pytest.raises(InvalidValueError):
            normalize(name, "a\ud800")


def test_terms_differ_between_fields_indexes_schemes_and_tenants(ring, wrapper, tmp_path):
    fields = [
        Field("t.f", indexes=[Index.unique(), Index.unique(name="other"), Index.filter(rows=10**6, bits=18)]),
        Field(
            "t.g",
            column="g",
            indexes=[
                Index.unique(),
                Index.filter(rows=10**6, bits=17),
                Index.filter(rows=10**6, bits=18, partitions=2, name="p"),
            ],
        ),
    ]
    found = []
    for one in (ring, Keyring.create(tmp_path / "o", wrapper=wrapper, tenant="globex")):
        box = one.box(fields)
        for field in fields:
            found += [term for index in field.indexes for term in box.terms(field, "x", index.name)]
    assert len(set(found)) == len(found)
    with pytest.raises(NotFoundError, match="index"):
        box.terms(fields[0], "x")
    with pytest.raises(NotFoundError, match="did you mean 'unique'"):
        box.terms(fields[0], "x", "uniqe")


def test_parts_of_values_are_found(ring):
    email = Field("t.email", normalizer="email-v1", indexes=[Index.domain(rows=1000, accept=REASON)])
    phone = Field(
        "t.phone",
        normalizer="e164-v1",
        indexes=[Index.last(4, rows=1000, bits=4, accept=REASON), Index.prefix(3, rows=1000, bits=4, accept=REASON)],
    )
    words = Field("t.note", indexes=[Index.tokens(rows=1000)])
    born = Field("t.born", type=dt.date, indexes=[Index.bucket(7, rows=1000, accept=REASON)])
    pay = Field("t.pay", type=Decimal, indexes=[Index.bucket(Decimal("0.5"), rows=1000)])
    box = ring.box([email, phone, words, born, pay])
    assert (
        box.terms(email, "Example.com")
        == box.terms(email, "ana@EXAMPLE.com")
        == [box.index_values(email, "b@example.com")["domain"]]
    )
    assert box.terms(phone, "8000", "last4") == box.terms(phone, "+8613800138000", "last4")
    assert box.terms(phone, "+86", "prefix3") == box.terms(phone, "+8613800138000", "prefix3")
    several = box.index_values(words, "Big  deal, big win")["tokens"]
    assert len(several) == 3
    assert box.terms(words, "“deal”!") == box.terms(words, "DEAL") == [several[1]]
    assert box.index_values(words, "-- ,")["tokens"] == []
    assert box.terms(words, "BIG") == [several[0]]
    assert box.index_values(words, " ")["tokens"] == []
    assert box.index_column(words, ["big", None]) == [[several[0]], None]
    monday = dt.date(2026, 11, 23)
    spans = [box.terms(born, monday + dt.timedelta(days=day)) for day in range(15)]
    assert 2 <= len({tuple(span) for span in spans}) <= 4
    assert box.terms(pay, Decimal("-0.1")) == box.terms(pay, Decimal("-0.5"))
    # Two buckets may share a term of few bits; many do not.
    assert len({tuple(box.terms(pay, Decimal(n))) for n in range(-10, 10)}) > 5
    assert box.terms(pay, 0) == box.terms(pay, Decimal("0.49"))
    for bad in ("x", True, None if False else 1.5):
        with pytest.raises(InvalidValueError):
            box.terms(pay, bad)
    assert box.terms(pay, None) == []


def test_compounds_need_all_of_their_parts(ring):
    field = Field("t.name", normalizer="name-v1", indexes=[Index.compound("born", "zip", rows=1000)])
    box = ring.box([field])
    assert field.index_columns == {"with_born_zip": "name_with_born_zip"}
    value = ("Ana Lee", dt.date(1990, 1, 2), "0123")
    written = box.index_values(field, "ana lee", {"born": dt.date(1990, 1, 2), "zip": "0123"})
    assert written == {"with_born_zip": box.terms(field, value)[0]}
    assert box.index(field, "x") == {}
    assert box.index_values(field, "Ana", {"born": None, "zip": "1"}) == {"with_born_zip": None}
    columns = box.index_column(
        field, ["Ana Lee", "B", None], others=[[dt.date(1990, 1, 2), None, None], ["0123", "1", "2"]]
    )
    assert columns == [box.terms(field, value)[0], None, None]
    for wrong in ("Ana", ("Ana",), b"Ana"):
        with pytest.raises(InvalidValueError, match="3 values"):
            box.terms(field, wrong)
    with pytest.raises(ShapeError):
        box.index_column(field, ["x"])
    with pytest.raises(ShapeError):
        box.index_column(field, ["x"], others=[[1, 2], [1]])


def test_partitions_spread_a_value_and_a_look_up_asks_for_all(ring):
    field = Field("t.f", indexes=[Index.filter(rows=10**6, partitions=8)])
    box = ring.box([field])
    terms = box.terms(field, "smith")
    written = box.index_column(field, ["smith"] * 400)
    assert len(terms) == 8
    assert set(written) == set(terms)
    assert repr(field.indexes[0]) == "Index.filter(name='filter', bits=14, partitions=8)"


def test_terms_are_as_long_as_said(ring):
    field = Field(
        "t.f",
        indexes=[Index.unique(), Index.filter(rows=10**6, bits=18), Index.filter(rows=10**20, bits=63, name="long")],
    )
    box = ring.box([field])
    terms = box.index_column(field, [str(n) for n in range(3000)], "filter")
    assert 0 <= min(terms) < max(terms) < 2**18
    assert max(terms) > 2**17
    assert all(term < 2**63 for term in box.index_column(field, [str(n) for n in range(100)], "long"))
    assert all(len(term) == 32 for term in box.index_column(field, [str(n) for n in range(100)], "unique"))


def test_old_index_keys_are_still_asked_for(ring):
    field = Field("t.f", indexes=[Index.unique()])
    box = ring.box([field])
    old = box.index_values(field, "x")["unique"]
    ring.rotate("index")
    new = box.index_values(field, "x")["unique"]
    assert old != new
    assert box.terms(field, "x") == [new, old]
    ring.destroy("index", 1, backups_gone=True)
    assert box.terms(field, "x") == [new]


def test_a_column_that_an_index_would_tell_apart_is_refused_once_it_shows(ring):
    field = Field("t.f", indexes=[Index.filter(rows=10_000)])
    told = Field("t.g", indexes=[Index.filter(rows=10_000, accept=REASON)])
    box = ring.box([field, told])
    box.index_column(field, ["x"] * 2000)
    skewed = [str(n) for n in range(5000)] + ["smith"] * 100
    with pytest.raises(RefusedError, match=r"2\.0% of the rows") as caught:
        box.index_column(field, skewed)
    assert "smith" not in str(caught.value)
    with pytest.raises(RefusedError, match="only 2 different"):
        box.index_column(field, ["yes", "no"] * 2000)
    assert len(set(box.index_column(told, ["yes", "no"] * 2000))) == 2


def test_the_plan_tells_before_anything_is_built():
    chance = random.Random(5)
    surnames = [f"name{int(chance.paretovariate(0.6)) % 4000}" for _ in range(20_000)]
    plan = Index.plan(surnames, rows=1_000_000)
    assert not plan.ok
    assert plan.top_share > 0.005
    assert 0 < plan.leak <= 1
    with pytest.raises(CheckFailedError, match="stand out"):
        plan.raise_for()
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(plan)
    split = Index.plan(surnames, rows=1_000_000, partitions=16)
    assert split.leak < plan.leak
    assert split.candidates == 16 * plan.candidates
    distinct = Index.plan([f"{n}@example.com" for n in range(3000)], rows=1_000_000, bits=18, normalizer="email-v1")
    distinct.raise_for()
    assert (distinct.leak, round(distinct.candidates, 1)) == (0.0, 3.8)
    short = Index.plan([str(n) for n in range(3000)], rows=1_000_000, bits=30)
    assert short.problems == ("30 bits for 1000000 rows: 10 to 18 are allowed",)


def test_the_attack_names_everything_where_nothing_is_hidden():
    forms = [name for rank, name in enumerate("abcdefgh") for _ in range(100 * (9 - rank))]
    assert rank_attack(forms, bits=60, partitions=1) == 1.0
    assert rank_attack(forms, bits=2, partitions=1) < 0.8
    assert rank_attack(["a", "b"], bits=8, partitions=1) == 0.0


def test_look_ups_end_with_a_comparison(ring):
    field = Field("t.email", normalizer="email-v1", indexes=[Index.filter(rows=1000, bits=5)])
    box = ring.box([field])
    values = [f"user{n}@example.com" for n in range(300)]
    rows = [
        (n, box.encrypt(field, value, record=n), box.index_values(field, value)["filter"])
        for n, value in enumerate(values)
    ]
    terms = set(box.index(field, "USER7@example.com")["filter"])
    candidates = [(record, token) for record, token, term in rows if term in terms]
    assert len(candidates) > 1
    assert box.find(field, "USER7@Example.com", candidates) == [7]
    assert not box.matches(field, None, "x", record=1)
    assert not box.matches(field, rows[0][1], None, record=0)


@given(st.text(max_size=40).filter(lambda text: not any(map(_odd, text))))
def test_normal_forms_are_stable(text):
    for name in ("text-v1", "digits-v1", "email-v1"):
        form = normalize(name, text)
        if not form.startswith("\0"):
            assert normalize(name, form) == form


def _odd(char):
    import unicodedata

    return unicodedata.category(char) in {"Cn", "Cs"} or char == "\0"


def test_values_of_every_type_have_a_text_that_equal_values_share(ring):
    cases = [
        (int, 7, 7),
        (Decimal, Decimal("1.50"), Decimal("1.5")),
        (Decimal, Decimal("0E+2"), Decimal("-0")),
        (bytes, b"a", bytearray(b"a")),
        ("json", {"a": 1}, {"a": 1}),
        (
            dt.datetime,
            dt.datetime(2026, 1, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=8))),
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        ),
        (dt.datetime, dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1)),
    ]
    for kind, one, other in cases:
        field = Field("t.f", type=kind, indexes=[Index.unique()])
        box = ring.box([field])
        assert box.terms(field, one) == box.terms(field, other)
    flag = Field("t.b", type=bool, indexes=[Index.unique(accept=REASON)])
    box = ring.box([flag])
    assert box.index_column(flag, [True, False, None])[0] == box.terms(flag, True)[0]
    number = Field("t.n", type=int, indexes=[Index.unique()])
    box = ring.box([number])
    assert len(set(box.index_column(number, [1, 2, 1]))) == 2


def test_a_bucket_of_no_number_is_refused(ring):
    field = Field("t.d", type=Decimal, indexes=[Index.bucket(10, rows=1000)])
    for odd in (Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(InvalidValueError, match="finite"):
            ring.box([field]).index(field, odd)


def test_a_stretched_index_finds_the_same_and_has_terms_of_its_own(ring):
    plain = Field("t.f", indexes=[Index.unique()])
    slow = Field("t.f", indexes=[Index.unique(stretch="argon2id")])
    spread = Field("t.f", indexes=[Index.filter(rows=1_000_000, partitions=4, stretch="argon2id")])
    box = ring.box([slow])
    (term,) = box.terms(slow, "Ana")
    assert box.terms(slow, " ana ") == [term]
    assert box.index_column(slow, ["ana", None, "ANA", "bo"])[:3] == [term, None, term]
    assert box.index_values(slow, "ana") == {"unique": term}
    assert ring.box([plain]).terms(plain, "ana") != [term]
    several = ring.box([spread])
    assert len(several.terms(spread, "ana")) == 4
    assert len(set(several.terms(spread, "ana"))) > 1  # of 14 bits, so that some may coincide
    assert set(several.index_column(spread, ["ana"] * 200)) == set(several.terms(spread, "ana"))
    ring.rotate("index")
    assert box.terms(slow, "ana")[1] == term
    with pytest.raises(RefusedError, match="argon2id"):
        Index.unique(stretch="md5")


def test_a_stretched_term_costs_memory_hard_work(monkeypatch, ring):
    """Whoever has the index key still has to do all of it for each guess: counted, not timed."""
    from crmkit.encryption._values import _blind

    asked = []
    real = _blind.Argon2id
    monkeypatch.setattr(_blind, "Argon2id", lambda **options: asked.append(options) or real(**options))
    field = Field("t.f", indexes=[Index.unique(stretch="argon2id")])
    ring.box([field]).index_column(field, ["a", "b", "a", None])
    assert len(asked) == 2
    assert asked[0]["memory_cost"] == 4096
    assert asked[0]["iterations"] == 3
    assert len(asked[0]["salt"]) == 16


def test_a_term_has_a_length_that_a_column_can_hold():
    for bits in (0, -3, 64, 128, 6.5, True):
        with pytest.raises(RefusedError, match="1 to 63 bits"):
            Index("filter", "filter", bits, rows=1000, accept=REASON)
    with pytest.raises(RefusedError, match="for a unique index 128"):
        Index("unique", "unique", 8)  # == would find rows of other values
    with pytest.raises(NotFoundError, match="kind of index"):
        Index("uniqe", "unique", 128)


def test_tokens_are_not_indexed_as_if_they_were_values(ring):
    email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])
    box = ring.box([email])
    token = box.encrypt(email, "ana@example.com", record=1)
    with pytest.raises(DoubleEncryptionError, match="row 1"):
        box.index_column(email, [None, token])
    with pytest.raises(DoubleEncryptionError):
        box.index_values(email, token)


def test_numbers_are_told_apart_and_found_in_every_context(ring):
    amount = Field("deals.amount", type=Decimal, indexes=[Index.unique(), Index.bucket(10, rows=1000)])
    box = ring.box([amount])
    one, other = (Decimal("1." + "0" * 40 + end) for end in "12")
    assert box.index(amount, one)["unique"] != box.index(amount, other)["unique"]
    found = box.index(amount, Decimal("123456.5"))
    with localcontext() as context:
        context.prec = 3
        assert box.index(amount, Decimal("123456.50")) == found
    with pytest.raises(InvalidValueError, match="10,000 digits"):
        box.index(amount, Decimal("1E+99999999"))


def test_only_a_reason_accepts_a_leak():
    for accept in (True, False, "sales looks accounts up by mail domain", 1):
        with pytest.raises(RefusedError, match="AcceptedLeak") as caught:
            Index.domain(rows=1000, accept=accept)
        assert caught.value.rule == "no_reason"
        with pytest.raises(RefusedError, match="AcceptedLeak"):
            Field("t.f", type=bool, deterministic=True, accept=accept)


def test_surnames_are_refused_whoever_names_the_normalizer():
    with pytest.raises(RefusedError, match="surnames"):
        Field("t.surname", indexes=[Index.unique(normalizer="name-v1")])
    with pytest.raises(RefusedError, match="surnames"):
        Field("t.surname", normalizer="name-v1", indexes=[Index.unique(normalizer="text-v1")])
