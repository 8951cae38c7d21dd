"""One expression over a whole column says what one question for each value says."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.validators import Number
from crmkit.validators._reading._lines import Lines
from crmkit.validators._values._number import _PLAIN_FORM

FORMS = [r"[0-9]+", _PLAIN_FORM, r"a|ab|abc", r"(?:x|y)?"]
texts = st.lists(st.text("0123456789.abcxy-\n\r\u2028 ", max_size=6) | st.just("1"), max_size=300)


@pytest.mark.parametrize("form", FORMS)
@given(texts=texts)
@example(texts=["1", "1\n", "\n1", ""])
@example(texts=["-1"] * 200 + ["1"] * 200)
@example(texts=["1"] * 200 + ["-1"] * 200 + ["1"])
def test_the_others_are_those_that_do_not_match_from_end_to_end(form, texts):
    slow = [at for at, text in enumerate(texts) if re.compile(rf"(?:{form})\Z").match(text) is None]
    assert Lines(form).others(texts) == slow


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str) | st.text(
    "0123456789.,-+ ", max_size=20
)


@given(texts=st.lists(numbers, max_size=100))
def test_a_column_of_numbers_is_judged_as_each_number_is(texts):
    for check in (Number(), Number(ge=0), Number(ge=-5)):
        many = check.examine_many(texts, [()] * len(texts))
        assert [many.get(at, ()) for at in range(len(texts))] == [check.examine(text) for text in texts]
