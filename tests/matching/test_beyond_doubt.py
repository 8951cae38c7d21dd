from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.matching._merging._survival import _beyond_doubt, _wellformed
from crmkit.normalize import _placeholders, emails
from crmkit.testing import generate

WORDS = sorted(_placeholders.words() | emails.placeholder_words().keys())
PIECES = st.sampled_from(
    [*WORDS, "A", "a", "Ann", "ann", "LEE", "O'Brien", "Globex Corporation", "Inc.", "GmbH", "1 Main Street", "000",
     "0", "7", "x@y.com", "www.example.com", "https:", " ", "  ", "\u00a0", "\n", "\t", "-", ".", " .", "'", "`", "(",
     ")", "_", "!", "É", "Ø", "ß", "José", "李", "王小明", "測試", "厦门鼎诚信息技术有限公司", "１", "٠"]
)  # fmt: skip
TEXTS = st.lists(PIECES, min_size=1, max_size=4).map("".join) | st.text(max_size=12)
CASES = st.sampled_from([str, str.upper, str.title, str.lower, str.swapcase])


def careful(kind, text):
    return _wellformed._JUDGES.get(kind, _wellformed._text)(text)


@pytest.mark.parametrize("kind", ["person", "company", "text"])
@given(texts=st.lists(st.builds(lambda text, case: case(text), TEXTS, CASES), max_size=8))
def test_what_is_beyond_doubt_is_right_to_the_careful_functions(kind, texts):
    doubted = set(_beyond_doubt.doubtful(kind, texts))
    for at, text in enumerate(texts):
        if at not in doubted:
            assert careful(kind, text) == 1.0
    assert _wellformed._judge_all(kind, texts).tolist() == [careful(kind, text) for text in texts]


NUMBERS = st.from_regex(r"[(]?[0-9+(][0-9 ()./x+-]{2,24}", fullmatch=True) | st.sampled_from(
    [
        "(858) 732-8648",
        "0171 1234567",
        "+12025550123",
        "1.3E+10",
        "000-000",
        " 0171 1234567",
        "0171\n1234567",
        "٠١٢٣٤٥٦٧",
    ]
)


@given(texts=st.lists(NUMBERS | TEXTS, max_size=8))
def test_numbers_are_judged_together_as_one_by_one(texts):
    assert _wellformed._judge_all("phone", texts).tolist() == [_wellformed._phone(text) for text in texts]


@pytest.mark.parametrize("case", [str, str.upper, str.title, str.capitalize])
@pytest.mark.parametrize("kind", ["person", "company", "text"])
def test_no_word_for_nothing_is_beyond_doubt(kind, case):
    texts = [case(word) for word in WORDS]
    judged = _wellformed._judge_all(kind, texts).tolist()
    assert judged == [careful(kind, text) for text in texts]


@pytest.mark.parametrize(
    ("kind", "column"), [("person", "family_name"), ("company", "company_name"), ("text", "street")]
)
def test_most_of_what_people_write_is_beyond_doubt(kind, column):
    made = generate.contacts(300, seed=4).columns
    texts = sorted({text for text in made[column] if text is not None})
    assert len(_beyond_doubt.doubtful(kind, texts)) < len(texts) / 2
