"""The quick parts of a look-up give what slow and obvious ones do, for whatever a record holds."""

from __future__ import annotations

import itertools
import random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.matching import Matcher, MatchIndex
from crmkit.matching._kinds._people import GIVEN_SWAPPED
from crmkit.matching._learning._model import posterior
from crmkit.matching._pairs._levels import PairLevels
from crmkit.matching.index._blocks import Around, Blocks, RuleIndex, rule_arrays
from crmkit.matching.index._build import ContentNumber, content_numbers
from crmkit.matching.index._vocabulary import Numbers, number_arrays
from crmkit.testing import generate

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("given_name", "family_name", "email", "phone", "birth_date", "company_name", "street", "city", "postal_code")
NEW = "the new one"

_CODES = st.lists(st.tuples(*[st.integers(-1, 3)] * 3), min_size=1, max_size=12)


@given(_CODES, st.tuples(*[st.integers(-1, 4)] * 3), st.integers(1, 6))
def test_rules_that_are_left_out_add_no_candidate(rows: list[tuple[int, ...]], own: tuple[int, ...], cap: int) -> None:
    columns = {"a": 0, "b": 1, "c": 2}
    codes = np.array(rows, dtype=np.int32)
    told = np.where(codes[:, 0] < 0, -1, codes[:, 0] // 2)  # a key that the value of the first column tells
    keys = {**{name: codes[:, place] for name, place in columns.items()}, "a_half": told.astype(np.int32)}
    places = {**columns, "a_half": 3}
    slots = [code if code < 4 else -1 for code in own]
    slots.append(-1 if slots[0] < 0 else slots[0] // 2)
    wanted: set[int] = set()
    laid = []
    for size in (1, 2, 3):
        for names in itertools.combinations(keys, size):
            arrays = rule_arrays([(keys[name],) for name in names], [4] * size, np.arange(len(rows)))
            assert arrays is not None
            rule = RuleIndex(names, [4] * size, arrays)
            rule.slots = tuple(places[name] for name in names)
            laid.append(rule)
            block = [row for row in range(len(rows)) if all(keys[one][row] == slots[places[one]] >= 0 for one in names)]
            if len(block) < cap:
                wanted.update(block)
    around = SimpleNamespace(nearest=lambda *_: set(), gone=set())
    got = Blocks(laid, {"a_half": "a"}, set()).candidates(slots, cap, around)  # type: ignore[arg-type]
    assert got == wanted


def test_a_row_stands_where_its_marks_say_in_a_block_over_the_cap() -> None:
    arrays = rule_arrays([(np.zeros(9, dtype=np.int32),)], [1], np.arange(9))
    assert arrays is not None
    rule = RuleIndex(["a"], [1], arrays)
    rule.slots = (0,)
    query = SimpleNamespace(texts=lambda: ["x"])
    around = Around(query, lambda row: bytes([row * 20]), 2, {3})  # type: ignore[arg-type]
    around._marks = bytes([70])
    assert Blocks([rule], {}, set()).candidates([0], 4, around) == {1, 2, 4, 5}


@given(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=30), st.lists(st.integers(0, 2**64 - 1), max_size=9))
def test_numbers_are_found_and_no_others(numbers: list[int], others: list[int]) -> None:
    table = Numbers(number_arrays(np.array(sorted(numbers), dtype=np.uint64)))
    assert [table.code(number) for number in sorted(numbers)] == list(range(len(numbers)))
    known = dict(zip(sorted(numbers), range(len(numbers)), strict=True))
    for number in others:
        assert table.code(number) == known.get(number, -1)
        known.setdefault(number, len(known))
        assert table.add(number) == table.add(number) == known[number]


@given(st.lists(st.tuples(*[st.integers(-1, 2**30)] * 4), min_size=1, max_size=8))
def test_the_number_of_a_content_is_that_of_its_row(rows: list[tuple[int, ...]]) -> None:
    of_rows = content_numbers(np.array(rows, dtype=np.int32))
    assert [ContentNumber(4)(row) for row in rows] == of_rows.tolist()
    assert len(set(of_rows.tolist())) == len(set(rows))


_INDEX: list[MatchIndex] = []
_PEOPLE: list[dict[str, str | None]] = []


def index() -> MatchIndex:
    if not _INDEX:
        columns = generate.contacts(400, seed=31).columns
        _PEOPLE.extend(
            {"id": columns["id"][row], **{name: columns[name][row] for name in COLUMNS}} for row in range(400)
        )
        _INDEX.append(Matcher.contacts().fit(_PEOPLE).index(_PEOPLE, key="id"))
    return _INDEX[0]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_explanations_are_weighed_as_for_whole_tables(data: st.DataObject) -> None:
    judge, model = index()._judge, index()._model
    query = SimpleNamespace(records=float(data.draw(st.sampled_from([3, 400, 10**6]))), pairs=float(10**6))
    pairs = []
    for _ in range(data.draw(st.integers(1, 4))):
        levels = [data.draw(st.integers(-1, len(model.errors[one.name]) - 1)) for one in model.comparisons]
        rarity = [data.draw(st.sampled_from([-2.0, -9.5, -90.0, -700.0])) if level == 0 else 0.0 for level in levels]
        pairs.append((levels, rarity, data.draw(st.sampled_from([0.0, -1.5]))))
    said = posterior(
        model.for_size(query.records, query.pairs),
        PairLevels(
            np.array([levels for levels, _, _ in pairs], dtype=np.int8).T,
            np.array([rarity for _, rarity, _ in pairs], dtype=np.float32).T,
            np.array([share for _, _, share in pairs], dtype=np.float32),
        ),
    )
    judged = judge.judge(query, pairs, -5.0)  # type: ignore[arg-type]
    for place, (odds, explanation) in enumerate(judged):
        if said.log_odds[place] >= -5.0 + 1e-6:
            assert odds == pytest.approx(said.log_odds[place], abs=1e-5, rel=1e-6)
            assert explanation == said.explanation[place]
        else:
            assert odds < -5.0 + 1e-5


_HOSTILE = st.sampled_from(
    [
        "", " ", "\0", "a" * 300, "é" * 299 + "b", "\u202eabc", "\ufeffann", "🙂", "' OR 1=1", "=cmd|' /C calc'!A0",
        "NULL", "n/a", "０１２", "ﬁ", "ß", "İ", "ǆ", "张\u0301", "a\nb", "-", "@", "@@", "a@b", "+", "00", "1" * 400,
        "ann@a.example",
    ]
)  # fmt: skip
_ANY = st.none() | _HOSTILE | st.text(max_size=8)
_RECORD = st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, _ANY))


@settings(max_examples=60, deadline=None)
@given(_RECORD, st.integers(0, 399), st.sets(st.sampled_from(COLUMNS)))
def test_a_record_is_read_in_few_steps_as_in_many(record: dict[str, str | None], row: int, taken: set[str]) -> None:
    state, reader = index()._state, index()._reader
    index()
    record = {**record, **{name: _PEOPLE[row][name] for name in taken}}
    quick = state.read(reader.texts(record), reader)
    again = state.read(reader.texts(record), reader)
    slow = state.query(*reader.read(record))
    for one in (quick, again):
        assert one.codes == slow.codes
        assert one.slots == slow.slots
        assert one.texts() == slow.texts()
        assert (one.world, one.share, one.stamp, one.whole, one.swap) == (
            slow.world, slow.share, slow.stamp, slow.whole, slow.swap,
        )  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(_RECORD, min_size=3, max_size=9), st.sampled_from([2, 400]))
def test_whatever_a_record_holds_what_a_run_finds_is_found(
    tmp_path_factory: pytest.TempPathFactory, people: list[dict[str, str | None]], cap: int
) -> None:
    matcher = Matcher.from_dict({**index()._document["matcher"], "block_cap": cap})
    full = dict.fromkeys(COLUMNS, "1999-09-09") | {
        "given_name": "Zoe", "family_name": "Zabel", "email": "zz@z.example", "phone": "+14155550199",
        "company_name": "Zoo Co", "street": "9 Zoo Lane", "city": "Zug", "postal_code": "6300",
    }  # fmt: skip
    every = [{**dict.fromkeys(COLUMNS), **one, "id": str(number)} for number, one in enumerate([full, *people])]
    *table, record = every
    wanted = {name: value for name, value in record.items() if name != "id"}
    of_table = matcher.index(table, key="id")
    folder: Path = tmp_path_factory.mktemp("index")
    of_table.save(folder / "index")
    indexes = [of_table, MatchIndex.load(folder / "index")]
    if not any(text for several in of_table._reader.read(wanted)[0] for text in several):
        for one in indexes:
            with pytest.raises(InvalidValueError, match="nothing to compare"):
                one.search(wanted)
        return
    answers = [{hit.record_id: hit for hit in one.search(wanted, limit=None)} for one in indexes]
    want = {}
    for pair in matcher.predict([*table, {**wanted, "id": NEW}]):
        if NEW in {pair["left"], pair["right"]}:
            other = pair["left"] if pair["right"] == NEW else pair["right"]
            want[other] = (pair["match_weight"], pair["explanation"])
    for got in answers:
        assert got.keys() == want.keys()
        for record_id, (weight, explanation) in want.items():
            assert got[record_id].match_weight == pytest.approx(weight, abs=1e-4)
            assert got[record_id].explanation == explanation
    for one in table:
        of_table.remove(one["id"])
    assert len(of_table) == 0
    assert of_table.search(wanted, limit=None) == []
    of_table.add(wanted, "again")
    found = of_table.search(wanted, limit=None)
    assert [hit.record_id for hit in found] in (["again"], [])


def test_frequencies_change_what_is_remembered_of_a_value() -> None:
    columns = generate.contacts(300, seed=17).columns
    people = [{"id": columns["id"][row], **{name: columns[name][row] for name in COLUMNS}} for row in range(300)]
    matcher = Matcher.contacts().fit(people)
    grown = matcher.index(people[:200], key="id")
    random_ = random.Random(4)
    asked = [
        {name: value for name, value in one.items() if name != "id" and value is not None and random_.random() < 0.8}
        for one in random_.sample(people, 25)
    ]
    asked = [one for one in asked if one]
    for one in people[200:]:
        for record in asked[:3]:
            grown.search(record)  # so that something is remembered in every state
        grown.add({name: value for name, value in one.items() if name != "id"}, str(one["id"]))
    built = matcher.index(people, key="id")
    for record in asked:
        a, b = ({hit.record_id: hit.match_weight for hit in one.search(record, limit=None)} for one in (grown, built))
        assert a.keys() == b.keys()
        for record_id, weight in a.items():
            assert weight == pytest.approx(b[record_id], abs=1e-4)


def test_names_that_are_exchanged_are_let_through_whatever_the_bound_says() -> None:
    found = 0
    index()
    for person in _PEOPLE[:120]:
        given_name, family_name = person["given_name"], person["family_name"]
        if not given_name or not family_name:
            continue
        row = index()._state.ids.row_of(person["id"])
        exchanged = index()._query({"given_name": family_name, "family_name": given_name})
        as_it_is = index()._query({"given_name": given_name, "family_name": family_name})
        if index()._levels(exchanged, [row]).levels[0, 0] != GIVEN_SWAPPED:
            continue  # one of the two is but a letter, or both are the same
        assert [one for one, *_ in index()._sieve.likely(exchanged, [row], 1_000.0)] == [row]
        assert index()._sieve.likely(as_it_is, [row], 1_000.0) == []
        found += 1
    assert found > 50
