"""A look-up finds what a run over the whole table would find, with the same scores, and a broken file is refused."""

from __future__ import annotations

import json
import random
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import FixityError, FormatError, InvalidValueError, NotFittedError, NotFoundError, SchemaError
from crmkit.matching import BlockingRule, Labels, Matcher, MatchIndex
from crmkit.matching import comparisons as c
from crmkit.matching._learning._model import posterior
from crmkit.matching._reading._encode import encode
from crmkit.matching._reading._sources import find_sources
from crmkit.matching._reading._worlds import _scripts, script_of
from crmkit.matching.comparisons import KINDS
from crmkit.matching.index._keys import KEYS
from crmkit.matching.index._levels import LEVELS
from crmkit.testing import generate

if TYPE_CHECKING:
    from pathlib import Path

NEW = "the new one"
LEFT_OUT = ("created_at", "updated_at", "owner_name")


def records(kind: str, n: int, seed: int) -> list[dict[str, object]]:
    columns = getattr(generate, kind)(n, seed=seed).columns
    names = [name for name in columns if name not in LEFT_OUT]
    return [{name: columns[name][row] for name in names} for row in range(len(columns["id"]))]


def batch(matcher: Matcher, table: list[dict[str, object]], record_id: object = NEW) -> dict[object, tuple[float, str]]:
    """What a run over the table says about the pairs of one record."""
    found = {}
    for pair in matcher.predict(table):
        if record_id in {pair["left"], pair["right"]}:
            other = pair["left"] if pair["right"] == record_id else pair["right"]
            found[other] = (pair["match_weight"], pair["explanation"])
    return found


def looked_up(index: MatchIndex, record: dict[str, object]) -> dict[object, tuple[float, str]]:
    return {hit.record_id: (hit.match_weight, hit.explanation) for hit in index.search(record, limit=None)}


def assert_same(got: dict[object, tuple[float, str]], want: dict[object, tuple[float, str]]) -> None:
    assert got.keys() == want.keys()
    for record_id, (weight, explanation) in want.items():
        assert got[record_id][0] == pytest.approx(weight, abs=1e-4)
        assert got[record_id][1] == explanation


def changed(record: dict[str, object], random_: random.Random) -> dict[str, object]:
    """A record with some values left out, exchanged or mistyped."""
    result = dict(record)
    for name, value in record.items():
        if name == "id" or not isinstance(value, str):
            continue
        dice = random_.random()
        if dice < 0.12:
            result[name] = None
        elif dice < 0.2 and len(value) > 3:
            result[name] = value[:1] + value[2:]
    if random_.random() < 0.15 and "given_name" in record:
        result["given_name"], result["family_name"] = result["family_name"], result["given_name"]
    return result


@pytest.mark.parametrize(
    ("kind", "n", "cap"), [("contacts", 250, 400), ("contacts", 250, 4), ("accounts", 200, 400), ("accounts", 200, 4)]
)
def test_a_look_up_finds_what_a_run_over_the_table_with_the_record_finds(kind: str, n: int, cap: int) -> None:
    random_ = random.Random(n + cap)
    people = records(kind, n, seed=cap)
    matcher = getattr(Matcher, kind)(block_cap=cap).fit(people)
    paired = {pair["left"] for pair in matcher.predict(people)}
    pairs = 0
    for row in random_.sample([row for row, one in enumerate(people) if one["id"] in paired], 3):
        table = people[:row] + people[row + 1 :]
        record = changed(people[row], random_)
        want = batch(matcher, [*table, {**record, "id": NEW}])
        pairs += len(want)
        assert_same(looked_up(matcher.index(table, key="id"), record), want)
    assert pairs


_WORDS = st.sampled_from(
    ["an", "ann", "anna", "bo", "bob", "robert", "lee", "li", "王", "小明", "wang", "van der Berg", "x"]
)
_PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "given_name": _WORDS | st.none(),
            "family_name": _WORDS | st.none(),
            "email": st.sampled_from(["ann.lee@a.example", "annlee@a.example", "info@a.example", "x1@b.example"])
            | st.none(),
            "phone": st.sampled_from(["+14155550123", "+14155550124", "5550123"]) | st.none(),
            "mobile": st.sampled_from(["+14155550123", "+442071838750"]) | st.none(),
            "birth_date": st.sampled_from(["1980-02-03", "1980-03-02", "1981-02-03"]) | st.none(),
            "city": st.sampled_from(["Oslo", "Bergen", "Osl"]) | st.none(),
            "street": st.sampled_from(["1 Main Street", "2 Main St", "南京路12号"]) | st.none(),
            "company_name": st.sampled_from(["Acme Ltd", "Acme Tools", "Berg AS"]) | st.none(),
        }
    ),
    min_size=4,
    max_size=14,
)
_MODEL: list[Matcher] = []


def _fitted(cap: int) -> Matcher:
    """A matcher for the columns of ``_PEOPLE``, with a model that some people taught."""
    if not _MODEL:
        random_ = random.Random(3)
        columns = ("given_name", "family_name", "email", "phone", "birth_date", "city", "street", "company_name")
        people = [
            {name: row[name] for name in columns} | {"mobile": row["phone"] if random_.random() < 0.3 else None}
            for row in records("contacts", 300, seed=9)
        ]
        _MODEL.append(Matcher.contacts().fit(people))
    document = {**_MODEL[0].to_dict(), "block_cap": cap}
    return Matcher.from_dict(document)


def _full(people: list[dict[str, object]]) -> list[dict[str, object]]:
    """With a first record that has a value in every column, so that every comparison is there."""
    first = {
        "given_name": "Zoe", "family_name": "Zabel", "email": "zz@z.example", "phone": "+14155550199",
        "mobile": "+14155550198", "birth_date": "1999-09-09", "city": "Zug", "street": "9 Zoo Lane",
        "company_name": "Zoo Co",
    }  # fmt: skip
    return [{**one, "id": str(number)} for number, one in enumerate([first, *people])]


@settings(max_examples=15, deadline=None)
@given(_PEOPLE, st.sampled_from([2, 3, 400]), st.randoms(use_true_random=False))
def test_records_added_and_removed_are_found_as_if_the_table_were_read_again(
    people: list[dict[str, object]], cap: int, random_: random.Random
) -> None:
    matcher = _fitted(cap)
    table = _full(people)
    *table, record = table
    half = max(len(table) // 2, 2)
    index = matcher.index(table[:half], key="id")
    for one in table[half:]:
        if any(value is not None for name, value in one.items() if name != "id"):
            index.add({name: value for name, value in one.items() if name != "id"}, one["id"])
    gone = random_.choice(table[1:])["id"]
    if any(value is not None for one in table if one["id"] == gone for name, value in one.items() if name != "id"):
        index.remove(gone)
    kept = [
        one
        for one in table
        if one["id"] != gone and any(value is not None for name, value in one.items() if name != "id")
    ]
    kept_index = matcher.index(kept, key="id")
    wanted = {name: value for name, value in record.items() if name != "id"}
    if all(value is None for value in wanted.values()):
        with pytest.raises(InvalidValueError, match="nothing to compare"):
            index.search(wanted)
        return
    want = batch(matcher, [*kept, {**wanted, "id": NEW}])
    assert_same(looked_up(kept_index, wanted), want)
    assert len(index) == len(kept) + sum(
        all(value is None for name, value in one.items() if name != "id") for one in table[:half]
    )
    if len(index) == len(kept):
        assert_same(looked_up(index, wanted), want)


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.parametrize("kind", sorted(set(LEVELS) | {"given_name", "organization"}))
def test_levels_and_keys_of_one_pair_are_those_of_the_arrays(kind: str, data: st.DataObject) -> None:
    from crmkit.matching._kinds._alike import code_of
    from crmkit.matching._kinds._fields import EncodedField, Prepared
    from crmkit.matching._kinds._vocabulary import Vocabulary
    from crmkit.matching.index._fields import FieldIndex, field_arrays
    from crmkit.matching.index._levels import given_level, organization_level

    values = _values_of(kind, data)
    if len(values) < 2:
        return
    of_kind = KINDS[kind]
    ready = Prepared({}, {}) if of_kind.prepare is None else of_kind.prepare(values)
    counts = np.array([data.draw(st.sampled_from([1.0, 4.0, 9.0])) for _ in values])
    codes = np.arange(len(values), dtype=np.int32)
    field = EncodedField("f", Vocabulary(values), (codes,), counts, 100.0, ready.traits)
    a, b = np.array([0, 1], dtype=np.int32), np.array([1, 0], dtype=np.int32)
    want = of_kind.compare(field, a, b).tolist()
    if kind == "given_name":
        borne = (counts >= 5.0).tolist()
        got = [given_level(values[i], values[j], borne[i], borne[j]) for i, j in ((0, 1), (1, 0))]
    elif kind == "organization":
        comparison = c.organization("f")
        encoded = type("Encoded", (), {"fields": {"f": field}})()
        index = FieldIndex(comparison, field_arrays(encoded, "f"), columns=(0,), filled=100.0)
        assert index.words is not None
        got = []
        for i, j in ((0, 1), (1, 0)):
            one, two = (index.words.rarity(values[k], more=[], values=0) for k in (i, j))
            shared = [weight for word, weight in one if word in dict(two)]
            least = max(sum(weight for _, weight in words) for words in (one, two))
            got.append(organization_level(values[i], values[j], sum(shared) / min(least, -1e-9)))
    else:
        got = [LEVELS[kind](values[i], values[j]) for i, j in ((0, 1), (1, 0))]
    assert got == want
    for place, suffix in enumerate(of_kind.keys):
        one_by_one = [KEYS[kind](value)[place] for value in values]
        together = ready.keys[suffix]
        if isinstance(together, np.ndarray):  # codes, of which equal ones stand for one key
            together = [None if code < 0 else str(code) for code in together.tolist()]
        assert code_of(one_by_one).tolist() == code_of(together).tolist()


_BASES = {
    "given_name": ["Robert", "Bob", "Bobby", "R", "José María", "王", "小明", "晓明", "伟伟", "伟", "Xiaoming", "Ngoc"],
    "family_name": ["van der Berg", "Berg", "Smith-Jones", "Smith", "Smyth", "王", "汪", "Wang", "O'Neil", "Li"],
    "generation": ["Jr.", "Sr.", "III"],
    "date": ["1980-02-03", "1980-03-02", "1981-02-03", "1908-02-03", "1979-01-02", "2001-12-31"],
    "email": ["ann.lee@a.example", "annlee@a.example", "ann.lee@b.example", "a@b.example", "info@a.example"],
    "phone": ["+14155550123", "+14155550132", "5550123", "+442071838750", "12345"],
    "web": ["https://www.acme.example", "acme.example", "acmee.example"],
    "street": ["12 Main Street", "14 Main Street", "Main Street", "12 Oak Ave", "南京路12号", "Hauptstraße 12 b", "1"],
    "city": ["Newcastle", "Newcastle upon Tyne", "上海", "上海市", "Oslo", "Oslp", "Os"],
    "postcode": ["94105", "94105-1234", "94106", "SW1A 1AA", "941"],
    "region": ["NSW", "NSU", "Victoria"],
    "company": ["Acme Ltd", "Acme Tools Inc", "Tools Acme", "阿里巴巴", "阿里巴巴中国", "Berg"],
    "organization": [
        "Acme Ltd",
        "Acme Tools Inc",
        "Tools Acme",
        "阿里巴巴",
        "阿里巴巴中国",
        "Berg Day Care",
        "Care Berg",
    ],
    "identifier": ["123456789", "123456798", "AB12"],
    "exact": ["a", "b"],
    "text": ["the quick fox", "quick fox the", "a slow dog", "the quick fax"],
    "number": ["1", "1.01", "1.08", "200", "-3", "0"],
}


def _values_of(kind: str, data: st.DataObject) -> list[str]:
    raw = data.draw(
        st.lists(
            st.sampled_from(_BASES[kind])
            | st.builds(lambda text, at: text[:at] + text[at + 1 :], st.sampled_from(_BASES[kind]), st.integers(0, 9))
            | st.text(max_size=12),
            min_size=2,
            max_size=5,
        )
    )
    normalized = [KINDS[kind].normalize(text) for text in raw]
    return list(dict.fromkeys(text for text in normalized if text))


def test_the_script_of_one_name_is_that_of_the_column() -> None:
    names = ["Ann", "Éva", "王", "Иван", "Αννα", "علي", "たろう", "김"]
    people = [{"id": str(k), "given_name": "x", "family_name": name} for k, name in enumerate(names)]
    from crmkit import columns, frames

    table = frames.read(people)
    comparisons = [c.given_name(), c.family_name()]
    encoded = encode(find_sources([table], [columns.recognize(table, kind="contact")], comparisons), comparisons)
    folded = encoded.fields["family"].values
    codes = _scripts({"family": encoded.fields["family"]}, len(names)).tolist()
    assert codes == [script_of(ord(folded[k][0])) for k in encoded.fields["family"].columns[0]]


PEOPLE = [
    {"id": "a", "First Name": "Ann", "Last Name": "Lee", "Email": "ann.lee@example.org", "City": "Oslo"},
    {"id": "b", "First Name": "Bo", "Last Name": "Berg", "Email": "bo@example.org", "City": "Bergen"},
    {"id": "c", "First Name": "Cy", "Last Name": "Dahl", "Email": "cy@example.org", "City": "Oslo"},
]


def small() -> MatchIndex:
    return Matcher.contacts().fit(PEOPLE).index(PEOPLE)


def test_a_check_says_what_a_record_looks_like_and_why_without_its_values() -> None:
    index = small()
    said = index.check({"First Name": "Anne", "Last Name": "Lee", "Email": "ann.lee@example.org"})
    assert not said.ok
    assert [hit.record_id for hit in said.hits] == ["a"]
    assert said.explanations[0].match_probability == pytest.approx(said.hits[0].match_probability, abs=1e-6)
    shown = str(said) + repr(said) + json.dumps(said.to_dict())
    assert "this looks like" in shown
    assert "same: family, email" in shown
    assert not any(value in shown for value in ("Anne", "Lee", "ann.lee"))
    assert index.check({"given_name": "Zoe", "family_name": "Zabel"}).ok
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(said)


def test_the_explanation_of_a_hit_adds_up_to_its_weight() -> None:
    index = small()
    record = {"First Name": "Anne", "Last Name": "Lee", "Email": "ann.lee@example.org", "City": "Oslo"}
    (hit, *_) = index.search(record)
    why = index.explain(record, hit.record_id)
    assert why.match_weight == pytest.approx(hit.match_weight, abs=1e-4)
    assert sum(step.weight for step in why.steps) == pytest.approx(why.match_weight, abs=1e-6)


@pytest.mark.parametrize(
    ("record", "error", "says"),
    [
        ({}, InvalidValueError, "nothing to compare; it needs one of: given, family"),
        ({"First Name": None, "Email": "  "}, InvalidValueError, "nothing to compare"),
        ({"First Nme": "Ann"}, NotFoundError, "did you mean 'First Name'"),
        ("Ann", SchemaError, "mapping"),
    ],
)
def test_a_record_that_cannot_be_looked_up_is_refused(record: object, error: type[Exception], says: str) -> None:
    for ask in (small().search, small().check):
        with pytest.raises(error, match=says):
            ask(record)  # type: ignore[arg-type]
    with pytest.raises(error, match=says):
        small().add(record, "z")  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [-1, 1.5, "5"])
def test_a_limit_that_is_no_count_is_refused(limit: object) -> None:
    for ask in (small().search, small().check):
        with pytest.raises(InvalidValueError, match="limit="):
            ask({"First Name": "Bo"}, limit=limit)  # type: ignore[call-arg]
    assert small().search({"First Name": "Bo"}, limit=0) == []


def test_ids_are_unique_and_of_one_type() -> None:
    index = small()
    with pytest.raises(InvalidValueError, match="already"):
        index.add({"First Name": "Bo"}, "a")
    with pytest.raises(InvalidValueError, match="type str"):
        index.add({"First Name": "Bo"}, 7)
    with pytest.raises(NotFoundError):
        index.remove("z")
    index.remove("a")
    with pytest.raises(NotFoundError):
        index.remove("a")
    index.add({"First Name": "Bo", "Email": "bo@example.org"}, "a")
    assert {hit.record_id for hit in index.search({"Email": "bo@example.org"}, limit=2)} == {"a", "b"}
    assert len(index) == 3


def test_numbers_and_positions_are_ids_too(tmp_path: Path) -> None:
    numbered = [{**one, "id": 100 - place} for place, one in enumerate(PEOPLE)]
    index = Matcher.contacts().fit(numbered).index(numbered, key="id")
    assert [hit.record_id for hit in index.search({"Email": "bo@example.org"}, limit=1)] == [99]
    index.remove(99)
    index.add({"Email": "bo@example.org", "Last Name": "Berg"}, 7)
    index.save(tmp_path / "index")
    again = MatchIndex.load(tmp_path / "index")
    assert [hit.record_id for hit in again.search({"Email": "bo@example.org"}, limit=1)] == [7]
    bare = [{name: value for name, value in one.items() if name != "id"} for one in PEOPLE]
    assert [
        hit.record_id for hit in Matcher.contacts().fit(bare).index(bare).search({"Email": "bo@example.org"}, limit=1)
    ] == [1]
    with pytest.raises(SchemaError, match="texts or whole numbers"):
        Matcher.contacts().fit(PEOPLE).index([{**one, "id": k + 0.5} for k, one in enumerate(PEOPLE)], key="id")


def test_an_index_needs_a_fitted_matcher_and_its_columns() -> None:
    with pytest.raises(NotFittedError):
        Matcher.contacts().index(PEOPLE)
    with pytest.raises(SchemaError, match="fitted on"):
        Matcher.contacts().fit(PEOPLE).index([{"id": "a", "Email": "a@example.org"}])


def test_values_that_are_no_text_are_read_as_their_column_was() -> None:
    people = [{"id": str(k), "badge": 7 + k, "note": f"note {k}"} for k in range(4)]
    matcher = Matcher(comparisons=[c.identifier("badge"), c.text("note")], blocking=[BlockingRule("badge")]).fit(people)
    index = matcher.index(people, key="id")
    assert looked_up(index, {"badge": 10}) == looked_up(index, {"badge": "10"})


def test_what_labels_taught_counts_in_a_look_up_too() -> None:
    people = records("contacts", 200, seed=4)
    matcher = Matcher.contacts()
    pairs = matcher.dedupe(people, key="id").pairs[:30]
    labels = Labels.of((pair["left"], pair["right"], pair["match_probability"] > 0.9) for pair in pairs)
    matcher.dedupe(people, key="id", labels=labels)
    assert matcher.model_ is not None
    assert matcher.model_.correction
    table, record = people[:-1], people[-1]
    want = batch(matcher, [*table, {**record, "id": NEW}])
    assert_same(looked_up(matcher.index(table, key="id"), record), want)


def test_a_saved_index_answers_as_before(tmp_path: Path) -> None:
    people = records("contacts", 300, seed=6)
    table, rest = people[:250], people[250:]
    index = Matcher.contacts(block_cap=20).fit(table).index(table, key="id")
    for one in rest[:25]:
        index.add(one, str(one["id"]))
    for one in [*table[::9], *rest[:25:5]]:
        index.remove(one["id"])
    index.save(tmp_path / "index")
    assert (tmp_path / "index").stat().st_mode & 0o077 == 0
    again = MatchIndex.load(tmp_path / "index")
    assert len(again) == len(index)
    for one in rest:
        assert looked_up(again, one) == looked_up(index, one)
    again.save(tmp_path / "index")  # over the file that is mapped
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert looked_up(MatchIndex.load(tmp_path / "index"), rest[0]) == looked_up(index, rest[0])


def test_no_byte_of_an_index_can_change_and_no_end_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "index"
    small().save(path)
    whole = path.read_bytes()
    random_ = random.Random(1)
    for place in [0, 5, 20, 30, 60, 200, len(whole) - 1, *random_.sample(range(len(whole)), 60)]:
        broken = bytearray(whole)
        broken[place] ^= 1 << random_.randrange(8)
        path.write_bytes(broken)
        with pytest.raises((FormatError, FixityError)) as error:
            MatchIndex.load(path)
        assert "ann" not in str(error.value).lower()
    for size in [0, 1, 21, 50, 100, len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises((FormatError, FixityError)):
            MatchIndex.load(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(FixityError, match="cut or something was put behind"):
        MatchIndex.load(path)
    path.write_bytes(whole.replace(b"index/1\n", b"index/2\n", 1))
    with pytest.raises(FormatError, match="another version"):
        MatchIndex.load(path)
    path.write_text("id,name\n1,Ann\n")
    with pytest.raises(FormatError, match="not an index"):
        MatchIndex.load(path)


def test_reading_while_another_thread_adds_gives_no_half_answers() -> None:
    people = records("contacts", 260, seed=8)
    table, rest = people[:200], people[200:]
    index = Matcher.contacts().fit(table).index(table, key="id")
    wanted = {**rest[0], "email": "only.here@example.org"}
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                index.check(wanted)
                index.search(rest[1], limit=None)
        except BaseException as error:  # whatever it is, the test fails with it
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for one in rest[2:]:
        index.add(one, str(one["id"]))
        index.remove(one["id"])
    index.add(wanted, "wanted")
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert index.search(wanted)[0].record_id == "wanted"


@pytest.mark.parametrize("several", [False, True])
def test_a_candidate_is_never_dropped_whose_odds_reach_the_floor(several: bool) -> None:
    people = records("contacts", 300, seed=12)
    if several:
        random_ = random.Random(12)
        people = [
            {**one, "mobile": random_.choice(people)["phone"] if random_.random() < 0.5 else one["phone"]}
            for one in people
        ]
    index = Matcher.contacts().fit(people).index(people[:250], key="id")
    random_ = random.Random(13)
    judged = kept = 0
    model = index._model
    for record in [*people[:40], *people[250:], *(changed(one, random_) for one in people[:40])]:
        query = index._query(record)
        rows = sorted(index._state.candidates(query))
        said = posterior(model.for_size(query.records, query.pairs), index._levels(query, rows))
        odds = dict(zip(rows, said.log_odds.tolist(), strict=True))
        for floor in (-20.0, -5.0, 0.0, 10.0):
            passed = {row for row, *_ in index._sieve.likely(query, rows, floor)}
            assert passed >= {row for row, value in odds.items() if value >= floor + 1e-4}
            kept += len(passed)
        judged += len(rows)
    assert judged > 100
    assert kept < 4 * judged


_MARKED: list[MatchIndex] = []


@settings(max_examples=150, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", ["given", "family", "phone", "email", "street"])
def test_a_value_is_far_only_where_comparing_says_no_more_for_a_match(name: str, data: st.DataObject) -> None:
    from crmkit.matching.index._far import mark_of

    if not _MARKED:
        people = records("contacts", 400, seed=21)
        _MARKED.append(Matcher.contacts().fit(people).index(people, key="id"))
    sieve, state = _MARKED[0]._sieve, _MARKED[0]._state
    k = next(k for k, field in enumerate(state.fields) if field.comparison.name == name)
    field = state.fields[k]
    code = data.draw(st.integers(0, field.vocabulary.size - 1))
    other = field.vocabulary.text(code)
    cut, edits = data.draw(st.integers(0, len(other))), data.draw(st.text("abe 12@x", max_size=3))
    text = data.draw(
        st.sampled_from([other[:cut] + edits + other[cut + 1 :], other[cut:] + edits, edits + other[:cut]])
        | st.sampled_from([field.vocabulary.text(one) for one in range(0, field.vocabulary.size, 7)])
    )
    if text == other or KINDS[field.comparison.kind].normalize(text) != text:
        return
    texts = [(text,) if one is field else (None,) for one in state.fields]
    query = state.query(texts, -1)
    marks = sieve._marks[k]
    assert marks is not None
    value = query.values[k][0]
    level, _ = _MARKED[0]._leveler.unequal(query, k, value, code)
    levels: dict[int, tuple[int, float]] = {}
    worth = sieve._worth_of(query, (k, field.place, {}, 0.0, levels), code, 0.0)
    assert worth >= sieve.worth(k, level, 0.0)
    assert levels.get(code, (level, 0.0))[0] == level
    assert mark_of(text) | mark_of(other) == mark_of(text + other)


def test_most_values_that_differ_are_told_by_their_marks() -> None:
    people = records("contacts", 400, seed=21)
    index = Matcher.contacts().fit(people).index(people, key="id")
    sieve, state = index._sieve, index._state
    for name in ("given", "family", "email", "street"):
        k = next(k for k, field in enumerate(state.fields) if field.comparison.name == name)
        place = state.fields[k].columns[0]
        pairs = told = 0
        for row in range(0, 390, 13):
            codes = state.record_of(row)
            value = state.fields[k].vocabulary.text(codes[place]) if codes[place] >= 0 else None
            if value is None or not value.isascii():
                continue
            query = state.query([(value,) if k == one else (None,) for one in range(len(state.fields))], -1)
            marks = sieve._marks[k]
            far = None if marks is None else marks.of(query, query.values[k][0])
            for other in range(1, 390, 17):
                key = state.record_of(other)[place]
                if far is None or key in {-1, codes[place]}:
                    continue
                pairs += 1
                told += far.worth(key) is not None
        assert told > 0.3 * pairs > 0


@pytest.mark.thorough
def test_many_look_ups_equal_the_run_over_the_table() -> None:
    for kind, n, cap in [("contacts", 3_000, 30), ("contacts", 1_500, 400), ("accounts", 1_500, 12)]:
        random_ = random.Random(n)
        people = records(kind, n, seed=n)
        matcher = getattr(Matcher, kind)(block_cap=cap).fit(people)
        for row in random_.sample(range(len(people)), 40):
            table = people[:row] + people[row + 1 :]
            record = changed(people[row], random_)
            assert_same(
                looked_up(matcher.index(table, key="id"), record), batch(matcher, [*table, {**record, "id": NEW}])
            )


def test_a_table_without_a_value_to_match_on_says_when_an_index_can_be_made() -> None:
    table = {"id": ["a"], "email": [None]}
    matcher = Matcher.contacts().fit(table)
    with pytest.raises(SchemaError, match="once there are records"):
        matcher.index(table, key="id")


@settings(max_examples=15, deadline=None)
@given(_PEOPLE, _PEOPLE, st.data())
def test_putting_a_record_equals_removing_and_adding_it(
    people: list[dict[str, object]], others: list[dict[str, object]], data: st.DataObject
) -> None:
    matcher = _fitted(400)
    table = _full(people)
    put, twin = matcher.index(table, key="id"), matcher.index(table, key="id")
    ids = {one["id"] for one in table}
    for record in others:
        if all(value is None for value in record.values()):
            continue
        record_id = data.draw(st.sampled_from([*sorted(map(str, ids)), "another"]))
        put.put(record, record_id)
        if record_id in ids:
            twin.remove(record_id)
        twin.add(record, record_id)
        ids.add(record_id)
    assert len(put) == len(twin) == len(ids)
    for record in [one for one in others if any(value is not None for value in one.values())]:
        assert put.search(record, limit=None) == twin.search(record, limit=None)


@settings(max_examples=8, deadline=None)
@given(_PEOPLE, st.booleans())
def test_an_index_that_was_empty_equals_one_built_anew(people: list[dict[str, object]], learnt: bool) -> None:
    table = _full(people)
    table = [one for one in table if any(value is not None for name, value in one.items() if name != "id")]
    if not learnt:  # its model has every comparison, so the table needs a value for each
        table[0]["family_name"] = "Zabel Jr."
    empty = {name: [] for name in table[0]}
    matcher = _fitted(400) if learnt else Matcher.contacts().fit(empty)
    index = matcher.index(empty, key="id")
    assert len(index) == 0
    assert index.search(table[0]) == []
    for one in table:
        index.add({name: value for name, value in one.items() if name != "id"}, one["id"])
    anew = matcher.index(table, key="id")
    for one in table:
        record = {name: value for name, value in one.items() if name != "id"}
        assert_same(looked_up(index, record), looked_up(anew, record))


def test_a_matcher_without_records_says_that_it_learned_nothing() -> None:
    empty = {"id": [], "full_name": [], "email": [], "phone": []}
    matcher = Matcher.contacts().fit(empty)
    assert "no record to learn from" in str(matcher.notes_)
    assert "no record to learn from" not in str(Matcher.contacts().fit(records("contacts", 50, seed=1)).notes_)


@pytest.mark.parametrize(("first", "other"), [("a", 1), (1, "a")])
def test_an_empty_index_takes_the_type_of_its_first_id_also_from_a_file(
    first: object, other: object, tmp_path: Path
) -> None:
    empty = {"id": [], "full_name": [], "email": []}
    ann = {"full_name": "Ann Lee", "email": "ann@example.org"}
    index = MatchIndex.load(Matcher.contacts().fit(empty).index(empty, key="id").save(tmp_path / "empty.index"))
    for wrong in (None, 1.5, ("a",)):
        with pytest.raises(InvalidValueError, match="record ids"):
            index.add(ann, wrong)
    index.put(ann, first)
    index = MatchIndex.load(index.save(tmp_path / "one.index"))
    [hit] = index.search(ann)
    assert hit.record_id == first
    assert hit.match_probability > 0.9
    with pytest.raises(InvalidValueError, match="of type"):
        index.add(ann, other)


def test_a_model_that_was_learnt_serves_an_empty_index_of_the_same_columns() -> None:
    people = records("contacts", 60, seed=2)
    for one in people:
        one["suffix"] = None  # a column that taught nothing
    matcher = Matcher.contacts().fit(people)
    index = matcher.index({name: [] for name in people[0]}, key="id")
    record = {name: value for name, value in people[0].items() if name != "id"}
    index.add(record, "a")
    assert [hit.record_id for hit in index.search(record)] == ["a"]
    with pytest.raises(SchemaError):
        matcher.index({"id": [], "email": []}, key="id")


def test_a_record_that_is_put_is_found_as_if_the_table_had_been_read_with_it() -> None:
    people = records("contacts", 200, seed=3)
    matcher = Matcher.contacts().fit(people)
    before = {**people[7], "email": "earlier@example.org", "family_name": "Earlier"}
    index = matcher.index([*people[:7], before, *people[8:]], key="id")
    record = {name: value for name, value in people[7].items() if name != "id"}
    index.put(record, people[7]["id"])
    assert_same(looked_up(index, record), looked_up(matcher.index(people, key="id"), record))


def test_a_refused_record_leaves_the_one_that_is_there() -> None:
    people = records("contacts", 50, seed=3)
    index = Matcher.contacts().fit(people).index(people, key="id")
    record = {name: value for name, value in people[7].items() if name != "id"}
    before = index.search(record)
    with pytest.raises(InvalidValueError, match="nothing to compare"):
        index.put({"given_name": None}, people[7]["id"])
    with pytest.raises(NotFoundError):
        index.put({"shoe_size": "43"}, people[7]["id"])
    with pytest.raises(InvalidValueError, match="of type str"):
        index.put(record, 7)
    assert index.search(record) == before
    assert len(index) == len(people)


def test_nobody_who_reads_meanwhile_misses_a_record_that_is_put() -> None:
    people = records("contacts", 50, seed=3)
    index = Matcher.contacts().fit(people).index(people, key="id")
    person = next(one for one in people if one["email"])
    record = {name: value for name, value in person.items() if name != "id"}
    missed, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            if person["id"] not in [hit.record_id for hit in index.search(record, limit=None)]:
                missed.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        index.put(record, person["id"])
    done.set()
    reader.join()
    assert not missed
