"""Normalizing a whole vocabulary says what normalizing each text says."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.matching._kinds import _vocabulary
from crmkit.matching._kinds._alike import code_of
from crmkit.matching._kinds._channels import (
    _prepare_emails,
    letters_of,
    normalize_email,
    normalize_emails,
    normalize_phone,
    normalize_phones,
)
from crmkit.matching._kinds._fields import EncodedField
from crmkit.matching._kinds._places import normalize_street, normalize_streets, split_street, split_streets
from crmkit.matching._kinds._together import by_line, without
from crmkit.matching._kinds._vocabulary import OfParts, Vocabulary
from crmkit.matching._reading._encode import _codes_in, bounded
from crmkit.normalize import addresses, emails
from crmkit.normalize._addresses._street_words import BEFORE_NAMES, DIRECTIONS, ORDINALS, STREET_TYPES, TENS

_PIECES = st.sampled_from(
    ["ave", "12", "7", "3b", "１２", "٣", "first", "fifth", "5th", "1st", "north", "N.", "Main", "St.", "street",
     "Hauptstraße", "hauptstrasse", "9hauptstrasse", "Apt", "apt.4", "unit", "no", "no.", "#", "#4", "suite", "4-6",
     "1/2", "P.O. Box", "po box", "bp", "B.P.", "Postfach", "南京路", "号", "弄", "100号", "{0}", "}", "-", ",", "a",
     "c/o", "flat", "Flat 2", "ph", "twenty", "second"]
)  # fmt: skip
_LINES = st.one_of(
    st.lists(_PIECES, max_size=7).map(" ".join),
    st.lists(_PIECES, max_size=5).map("".join),
    st.text(max_size=30),
)


@given(st.lists(_LINES, max_size=12))
@example(["1 Main St Apt 2", "3 Main St Apt 4", "First Avenue 1", "Second Avenue 1"])
@example(["Flat 2, 10 High Street", "Flat 10, 2 High Street"])
def test_streets_together_are_the_streets_one_by_one(lines: list[str]) -> None:
    assert list(normalize_streets(lines)) == [normalize_street(line) for line in lines]


@given(st.lists(_LINES, max_size=12))
@example(["Hauptstr 12 b", "Hauptstr 3 b", "5th ave", "1 ave 1", "12", "3/4 b", "a 1/2", "南京路1号"])
def test_streets_are_split_together_as_one_by_one(lines: list[str]) -> None:
    values = [*lines, *(normalize_street(line) or "" for line in lines)]
    assert list(split_streets(values)) == [split_street(value) for value in values]


def slow_unify(words: list[str]) -> list[str]:
    """Every word of a street line by the rules, one after another."""
    result: list[str] = []
    for place, word in enumerate(words):
        after = words[place + 1] if place + 1 < len(words) else ""
        before = words[place - 1] if place else ""
        named = any(not (short[0].isdigit() or short in DIRECTIONS.values()) for short in result)
        if word in ORDINALS and (after in STREET_TYPES or after in DIRECTIONS) and before not in TENS:
            result.append(ORDINALS[word])
        elif word in DIRECTIONS and len(words) > 2:
            result.append(DIRECTIONS[word])
        elif word in STREET_TYPES and place > 0 and (named or not after or word in BEFORE_NAMES):
            result.append(STREET_TYPES[word])
        else:
            result.append(f"{word[:-7]}str" if len(word) > 8 and word.endswith("strasse") else word)
    return result


@given(st.lists(st.sampled_from(["12", "main", "st", "ave", "n", "north", "first", "twenty", "hauptstrasse", "c"])))
def test_street_types_and_directions_are_abbreviated_by_the_rules(words: list[str]) -> None:
    assert addresses._unify(words) == slow_unify(words)


def slow_unit(text: str) -> tuple[str, str | None]:
    """What `addresses` looks for behind and before the street, without the quick looks that spare it most lines."""
    if (found := addresses._UNIT.search(text)) and found.start() > 0:
        return text[: found.start()], found[1].lower()
    if found := addresses._UNIT_FIRST.match(text):
        return text[found.end() :], found[1].lower()
    return text, None


@given(_LINES)
def test_the_quick_look_for_units_and_post_boxes_misses_none(line: str) -> None:
    assert addresses._split_unit(line) == slow_unit(line)
    folded = unicodedata.normalize("NFKC", line.casefold())
    assert addresses._may_name_box(folded) or addresses._PO_BOX.search(re.sub("信箱", "", folded)) is None


@given(st.lists(st.text(alphabet="ab1-_.é\n ", max_size=8), max_size=6))
def test_texts_change_together_as_they_do_alone(values: list[str]) -> None:
    assert by_line(values, str.upper) == [value.upper() for value in values]
    kept = re.compile(r"[^\W_]|\n").match
    expected = ["".join(filter(kept, value)) for value in values]
    assert without(values, lambda char: not kept(char)) == expected


@given(st.lists(st.from_regex(r"[a-z0-9._+-]{0,8}@example\.com", fullmatch=True), min_size=1, max_size=8, unique=True))
def test_what_is_derived_from_addresses_is_derived_from_each(values: list[str]) -> None:
    together = _prepare_emails(values)
    size = len(values)
    field = EncodedField("email", Vocabulary(values), (), np.ones(size), float(size), together.traits)
    letters = letters_of(field, np.arange(size, dtype=np.int32))
    assert letters.tolist() == [re.sub(r"[\W\d_]+", "", value.partition("@")[0]) for value in values]
    runs = [tuple(re.findall(r"\d+", value.partition("@")[0])) for value in values]
    codes = together.traits["digits"]
    assert np.array_equal(codes[:, None] == codes[None, :], [[one == other for other in runs] for one in runs])


_ADDRESSES = st.one_of(
    st.from_regex(r"[a-zA-Z0-9._+-]{1,10}@[a-zA-Z-]{1,8}\.(com|test|CN)", fullmatch=True),
    st.sampled_from(
        ["noemail@none.com", "Info@Example.com", "a@gmial.com", "n/a", "<a@b.co>", "é@example.com", "a\n@b.co"]
    ),
    st.text(max_size=12),
)


@given(st.lists(_ADDRESSES, max_size=10))
def test_addresses_together_are_the_addresses_one_by_one(values: list[str]) -> None:
    assert list(normalize_emails(values)) == [normalize_email(value) for value in values]


_NUMBERS = st.one_of(
    st.from_regex(r"\+?[0-9() .-]{5,18}", fullmatch=True),
    st.sampled_from(
        ["138 0013 8000", "+86 138-0013-8000", "010-62345678转12", "(212) 555-0123", "020 7946 0958", "٠٥٠"]
    ),
    st.text(max_size=12),
)


@given(st.lists(st.tuples(_NUMBERS, st.integers(0, 3)), max_size=10))
def test_numbers_together_are_the_numbers_one_by_one(numbers: list[tuple[str, int]]) -> None:
    countries = ["CN", "US", "GB", None]
    texts = [text for text, _ in numbers]
    of = np.array([country for _, country in numbers], dtype=np.int64)
    assert list(normalize_phones(texts, countries, of)) == [
        normalize_phone(text, countries[at]) for text, at in numbers
    ]


_TEXTS = st.lists(st.none() | st.sampled_from(["", "a", "b", "c" * 256, "d" * 257, "d" * 258]) | st.text(max_size=2))


@given(_TEXTS)
def test_equal_texts_have_one_code_in_the_order_in_which_they_come(texts: list[str | None]) -> None:
    seen: dict[str, int] = {}
    expected = [seen.setdefault(text, len(seen)) if text else -1 for text in texts]
    assert code_of(texts).tolist() == expected


@given(_TEXTS, _TEXTS)
def test_columns_share_a_vocabulary_in_which_no_text_is_too_long(one: list[str | None], two: list[str | None]) -> None:
    vocabulary: dict[str, int] = {}
    seen: dict[str, int] = {}
    for texts in (one, two):
        expected = [-1 if text is None else seen.setdefault(bounded(text), len(seen)) for text in texts]
        assert _codes_in(iter(texts), len(texts), vocabulary).tolist() == expected
    assert list(vocabulary.items()) == list(seen.items())


@given(
    st.lists(_ADDRESSES | st.from_regex(r"(info|no-?reply|sales|é|[a-z0-9._+'-]){1,3}@example\.com", fullmatch=True))
)
@example(["info+x@example.com", "in.fo2@example.com", "12@example.com", "info\n@example.com", "Ｉnfo@example.com"])
def test_roles_are_told_together_as_one_by_one(values: list[str]) -> None:
    assert emails.roles_among(values) == [emails.is_role(value) for value in values]


@given(st.lists(st.text(max_size=4) | st.sampled_from(["", "上海", "😀 x", "\ud800"]), max_size=11), st.data())
def test_values_held_in_common_texts_are_the_values_held_alone(values: list[str], data: st.DataObject) -> None:
    places = st.lists(st.integers(0, max(len(values) - 1, 0)), max_size=6 if values else 0)
    chosen = np.array(data.draw(places), dtype=np.int32)
    together = in_common(values)
    for held in (Vocabulary(values), together):
        assert (len(held), held.tolist(), list(held)) == (len(values), values, values)
        assert held[chosen].tolist() == [values[place] for place in chosen.tolist()]
        assert [held[place] for place in range(len(values))] == values
        assert held[chosen].dtype == object
    assert not any(len(value) > 2 and value in repr(together) for value in values)


def in_common(values: list[str]) -> Vocabulary:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_vocabulary, "_MANY", 0)
        return Vocabulary(values)


@given(st.lists(st.text(max_size=3), min_size=9, max_size=40))
def test_pieces_end_where_the_next_begin(values: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"_MANY": 0, "_BITS": 2, "_PIECE": 4}.items():
            patched.setattr(_vocabulary, name, value)
        held = Vocabulary(values)
        assert held.tolist() == values
        assert held[np.arange(len(values))[::-1]].tolist() == values[::-1]


@given(st.lists(st.integers(0, 2), max_size=6))
def test_what_is_known_of_parts_reads_as_if_it_were_known_of_each_value(place: list[int]) -> None:
    parts, where = np.array([7, 8, 9]), np.array(place, dtype=np.int32)
    spread = OfParts(parts, where)
    assert len(spread) == len(place)
    assert spread.tolist() == np.asarray(spread).tolist() == parts[where].tolist()
    assert spread[where[:0]].tolist() == []
    assert spread[np.arange(len(place))].tolist() == parts[where].tolist()
