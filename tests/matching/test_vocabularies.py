"""Normalizing a whole vocabulary says what normalizing each text says."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.matching._kinds_channels import (
    _prepare_emails,
    normalize_email,
    normalize_emails,
    normalize_phone,
    normalize_phones,
)
from crmkit.matching._kinds_places import normalize_street, normalize_streets
from crmkit.matching._together import by_line, without
from crmkit.normalize import addresses

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
    for position, value in enumerate(values):
        local = value.partition("@")[0]
        assert together.traits["letters"][position] == re.sub(r"[\W\d_]+", "", local)
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
    assert normalize_emails(values) == [normalize_email(value) for value in values]


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
    assert normalize_phones(texts, countries, of) == [normalize_phone(text, countries[at]) for text, at in numbers]
