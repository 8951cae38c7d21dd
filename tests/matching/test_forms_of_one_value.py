"""Two forms of one value, and values that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.matching import Matcher
from crmkit.matching import comparisons as c
from crmkit.matching._kinds._fields import EncodedField
from crmkit.matching.comparisons import KINDS
from crmkit.testing import generate

TRADITIONAL, SIMPLIFIED = "朝陽區建國路88號", "朝阳区建国路88号"


@pytest.mark.parametrize("kind", ["street", "city", "region", "postcode", "company", "organization", "text", "exact"])
def test_traditional_and_simplified_characters_are_one_value(kind):
    normalize = KINDS[kind].normalize
    assert normalize(TRADITIONAL) == normalize(SIMPLIFIED) is not None


@given(st.lists(st.text(alphabet="朝陽區阳区建國路国號号 0189", max_size=8), max_size=6))
def test_many_streets_are_normalized_as_one_by_one(lines):
    kind = KINDS["street"]
    assert list(kind.normalize_all(lines)) == [kind.normalize(line) for line in lines]


@given(st.text(alphabet=[chr(code) for code in range(0x30A1, 0x30F7)] + ["ー", " "], max_size=6))
def test_katakana_and_hiragana_are_one_name(katakana):
    hiragana = "".join(chr(ord(char) - 0x60) if 0x30A1 <= ord(char) <= 0x30F6 else char for char in katakana)
    for kind in ("given_name", "family_name"):
        assert KINDS[kind].normalize(katakana) == KINDS[kind].normalize(hiragana)


def test_a_name_in_both_kana_is_the_same_person():
    people = generate.contacts(300, seed=6).columns
    turned = {"id": ["a", "b"], "given_name": ["タロウ", "たろう"], "family_name": ["タナカ", "たなか"],
              "phone": ["+819012345678"] * 2}  # fmt: skip
    people = {name: [*values, *turned.get(name, [None, None])] for name, values in people.items()}
    assert Matcher.contacts().dedupe(people).explain("a", "b").match_probability > 0.9


NAMES = [
    ("민수", "김", "Minsu", "Kim"),
    ("Александр", "Щербаков", "Aleksandr", "Shcherbakov"),
    ("タロウ", "タナカ", "Taro", "Tanaka"),
    ("太郎", "田中", "タロウ", "タナカ"),
    ("Σοφία", "Παπαδοπούλου", "Sofia", "Papadopoulou"),
    ("محمد", "الهاشمي", "Mohammed", "Al-Hashimi"),
    ("דוד", "כהן", "David", "Cohen"),
]


@pytest.fixture(scope="module")
def many():
    """Records in which each name stands in two scripts, with one mobile, among 300 others."""
    people = generate.contacts(300, seed=6).columns
    more: dict[str, list[object]] = {name: [] for name in people}
    for k, (given_name, family, other_given, other_family) in enumerate(NAMES):
        for side, names in (("a", (given_name, family)), ("b", (other_given, other_family))):
            row = {"id": f"{side}{k}", "given_name": names[0], "family_name": names[1], "phone": f"+4790000{k}11"}
            for name, values in more.items():
                values.append(row.get(name))
    return {name: [*values, *more[name]] for name, values in people.items()}


@pytest.fixture(scope="module")
def matched(many):
    matcher = Matcher.contacts().fit(many)
    return matcher.dedupe(many, refit=False), matcher.index(many)


@pytest.mark.parametrize("k", range(len(NAMES)))
def test_a_name_in_two_scripts_is_no_evidence_against_one_person(matched, many, k):
    report, index = matched
    said = report.explain(f"a{k}", f"b{k}")
    levels = dict(level for step in said.steps for level in step.levels)
    assert levels["given"] == levels["family"] == "not counted"
    assert [step.weight for step in said.steps if step.name in {"given", "family"}] == [0.0, 0.0]
    assert said.match_probability > 0.1
    row = many["id"].index(f"a{k}")
    record = {name: values[row] for name, values in many.items() if name != "id" and values[row] is not None}
    there = index.explain(record, f"b{k}")
    assert dict(level for step in there.steps for level in step.levels) == levels
    assert f"b{k}" in [hit.record_id for hit in index.search(record, limit=None)]


def test_han_names_and_pinyin_are_still_compared():
    for kind, pairs in (("given_name", ["伟", "wei", "david"]), ("family_name", ["张", "zhang", "smith"])):
        of_kind = KINDS[kind]
        field = EncodedField("f", np.array(pairs, dtype=object), (np.arange(3, dtype=np.int32),), np.ones(3), 3.0,
                             of_kind.prepare(pairs).traits)  # fmt: skip
        first, others = np.zeros(2, dtype=np.int32), np.array([1, 2], dtype=np.int32)
        same, other = of_kind.compare(field, first, others).tolist()
        assert of_kind.levels[same] == "typo"
        assert other == of_kind.different


PLACEHOLDERS = [
    "9999-12-31",
    "0001-01-01",
    "1900-01-01",
    "1899-12-30",
    "1753-01-01",
    "1985-00-00",
    "31/12/9999",
    "01.01.1900",
]


@pytest.mark.parametrize("date", PLACEHOLDERS)
def test_a_date_that_stands_for_none_is_none(date):
    names = [f"{one}{two}" for one in ("Ann", "Bo", "Cai", "Dag", "Eli") for two in ("a", "e", "i", "o")]
    people = {"given_name": names * 2, "family_name": [f"Berg{name}" for name in names] * 2,
              "birth_date": [date] * 2 + [None] * 38}  # fmt: skip
    people["given_name"][0] = people["given_name"][1] = "Solveig"
    people["family_name"][0] = people["family_name"][1] = "Brattvoll"
    found = Matcher.contacts().dedupe(people)
    assert found.labels[0] != found.labels[1]
    dates = Matcher(comparisons=[c.date("x")]).dedupe({"x": [date] * 4})
    assert dates.counts()["clusters"] == 4


@pytest.mark.parametrize("date", ["1901-01-01", "1970-01-01", "2000-12-31", "1999-02-31", "1899-05-05", "1985-00-12"])
def test_a_date_that_may_be_one_or_a_slip_is_kept(date):
    assert KINDS["date"].normalize(date) == date.replace("-", "")
