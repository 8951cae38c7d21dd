from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from crmkit.errors import InvalidValueError
from crmkit.testing import corrupt

ALL = [
    corrupt.CaseNoise(),
    corrupt.DateFormat(),
    corrupt.DropValue((None, "n/a")),
    corrupt.FullWidth(),
    corrupt.Homophone(),
    corrupt.Initial(),
    corrupt.KeyboardSlip(),
    corrupt.Maybe(corrupt.Typo(), 0.5),
    corrupt.Mojibake(),
    corrupt.Nickname(),
    corrupt.Ocr(),
    corrupt.OneOf(corrupt.Typo(), corrupt.Initial()),
    corrupt.PhoneFormat(),
    corrupt.StripAccents(),
    corrupt.Swap(),
    corrupt.Truncate(3),
    corrupt.Typo(2),
    corrupt.Whitespace(),
    corrupt.Typo() + corrupt.CaseNoise() + corrupt.Whitespace(),
]
texts = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["张伟", "Anna", "+44 20 7946 0123"]
)
seeds = st.integers(0, 2**32 - 1)


def rng(seed):
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("corruptor", ALL, ids=repr)
@given(text=texts, seed=seeds)
def test_any_text_is_taken_and_the_same_seed_does_the_same(corruptor, text, seed):
    first = corruptor(text, rng(seed))
    assert first is None or isinstance(first, str)
    assert corruptor(text, rng(seed)) == first


@pytest.mark.parametrize("corruptor", ALL, ids=repr)
def test_missing_stays_missing(corruptor):
    assert corruptor(None, rng(1)) is None


@pytest.mark.parametrize("corruptor", ALL, ids=repr)
def test_a_corruptor_is_written_as_it_prints_and_compares_and_pickles(corruptor):
    names = {name: getattr(corrupt, name) for name in corrupt.__all__}
    assert eval(repr(corruptor), names) == corruptor
    assert pickle.loads(pickle.dumps(corruptor)) == corruptor
    assert hash(corruptor) == hash(pickle.loads(pickle.dumps(corruptor)))


@given(text=st.text("abcdefghij", min_size=3, max_size=20), seed=seeds)
def test_one_typing_error_is_one_edit(text, seed):
    assert OSA.distance(text, corrupt.Typo()(text, rng(seed))) == 1


@given(text=st.text("abcdefghij", min_size=3, max_size=20), seed=seeds)
def test_a_slip_changes_one_letter_for_its_neighbor(text, seed):
    slipped = corrupt.KeyboardSlip()(text, rng(seed))
    assert len(slipped) == len(text)
    assert sum(one != other for one, other in zip(text, slipped, strict=True)) == 1


@given(number=st.text("0123456789", min_size=6, max_size=15), seed=seeds)
def test_a_phone_format_keeps_digits_and_plus(number, seed):
    written = corrupt.PhoneFormat()(f"+{number}", rng(seed))
    assert "".join(sign for sign in written if sign.isdigit()) == number
    assert written.startswith("+")


@given(day=st.dates(), seed=seeds)
def test_a_date_format_keeps_year_month_and_day(day, seed):
    written = corrupt.DateFormat(("{d}/{m}/{y}",))(day.isoformat(), rng(seed))
    assert written == f"{day.day}/{day.month}/{day.year:04d}"


@given(words=st.lists(st.text("abc", min_size=1, max_size=4), min_size=2, max_size=4), seed=seeds)
def test_swapping_words_keeps_the_words(words, seed):
    assert sorted(corrupt.Swap()(" ".join(words), rng(seed)).split(" ")) == sorted(words)


@pytest.mark.parametrize(
    ("corruptor", "text", "possible"),
    [
        (corrupt.Nickname(), "WILLIAM", {"Bill", "Will", "Billy", "Liam"}),
        (corrupt.Nickname(), "Francisco", {"Paco", "Fran", "Curro"}),
        (corrupt.Nickname(), "Zebulon", {"Zebulon"}),
        (corrupt.Initial(), "Anna", {"A", "A."}),
        (corrupt.Initial(), "", {""}),
        (corrupt.FullWidth(), "A 1", {"Ａ\u3000１"}),
        (corrupt.Mojibake(), "Müller", {"MÃ¼ller"}),
        (corrupt.Mojibake("gbk", "latin-1"), "王", {"Íõ"}),
        (corrupt.Mojibake("latin-1", "utf-8"), "Müller", {"Müller"}),
        (corrupt.StripAccents(), "Núñez", {"Nunez"}),
        (corrupt.Homophone(), "张", {"張"}),
        (corrupt.Ocr(), "末", {"未"}),
        (corrupt.Ocr(), "xyk", {"xyk"}),
        (corrupt.DateFormat(), "spring", {"spring"}),
        (corrupt.PhoneFormat(), "112", {"112"}),
        (corrupt.Truncate(2), "Anna", {"An"}),
        (corrupt.DropValue(("n/a", None)), "Anna", {"n/a", None}),
    ],
)
def test_examples(corruptor, text, possible):
    found = {corruptor(text, rng(seed)) for seed in range(60)}
    assert found == possible


def test_a_chain_of_chains_is_one_chain():
    one = corrupt.Typo() + corrupt.Initial()
    assert one + (corrupt.Swap() + corrupt.Ocr()) == corrupt.Chain(
        (corrupt.Typo(), corrupt.Initial(), corrupt.Swap(), corrupt.Ocr())
    )


def test_a_lost_value_stays_lost_through_a_chain():
    assert (corrupt.DropValue() + corrupt.Typo())("Anna", rng(0)) is None


def test_maybe_happens_about_as_often_as_it_says():
    maybe = corrupt.Maybe(corrupt.Truncate(1), 0.3)
    source = rng(4)
    changed = sum(maybe("Anna", source) == "A" for _ in range(4_000))
    assert abs(changed / 4_000 - 0.3) < 0.03


def test_apply_breaks_a_share_of_a_column_and_says_which():
    values = ["William", None, "Zebulon"] * 200
    broken, rows = corrupt.apply(corrupt.Nickname(), values, rng(1), share=0.5)
    assert values[:3] == ["William", None, "Zebulon"]
    assert rows == [row for row in range(600) if broken[row] != values[row]]
    assert {values[row] for row in rows} == {"William"}
    assert 70 < len(rows) < 130


def test_wrong_settings_are_refused():
    with pytest.raises(InvalidValueError):
        corrupt.Maybe(corrupt.Typo(), 1.5)
    with pytest.raises(InvalidValueError):
        corrupt.OneOf()
    with pytest.raises(InvalidValueError):
        corrupt.apply(corrupt.Typo(), [], rng(0), share=-1)
    with pytest.raises(ValueError, match="count"):
        corrupt.Typo(0)
