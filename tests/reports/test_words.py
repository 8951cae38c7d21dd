from __future__ import annotations

import re

import pytest

from crmkit.errors import NotFoundError
from crmkit.reports._words import LANGUAGES, Words, _texts, number, percent


def test_both_languages_say_everything_with_the_same_places() -> None:
    for key, texts in _texts().items():
        assert set(texts) == set(LANGUAGES), key
        assert len({frozenset(re.findall(r"{(\w+)}", text)) for text in texts.values()}) == 1, key


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(NotFoundError, match="unknown language 'fr'"):
        Words("fr")  # type: ignore[arg-type]


def test_counts_in_a_text_are_written_for_people() -> None:
    assert Words("en")("problems_more", n=1234) == "1,234 more kinds of remark are in the issue table."


@pytest.mark.parametrize(
    ("part", "shown"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.9999, "99.9 %"), (0.00001, "0.1 %"), (0.123, "12.3 %"), (0.1, "10 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part: float, shown: str) -> None:
    assert percent(part) == shown


def test_a_count_has_separators() -> None:
    assert number(1234567) == "1,234,567"


def test_every_comparison_level_has_its_words() -> None:
    from crmkit.matching.comparisons import KINDS

    words = Words("zh")
    levels = {level for kind in KINDS.values() for level in kind.levels} | {"missing"}
    assert not [level for level in levels if not words.knows(f"level {level}")]


def test_a_word_of_another_area_that_the_page_does_not_know_stays_as_it_is() -> None:
    assert Words("zh").level("brand new") == "brand new"
    assert Words("en").level("exact") == "exact"
    assert Words("zh").name("brand new") == "brand new"
