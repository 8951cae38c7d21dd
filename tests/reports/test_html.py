from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.reports._html import Markup, el, join


class Reader(HTMLParser):
    """The standard library's parser as the judge of what we wrote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.data.append(data)


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


PRINTABLE = st.text(
    st.characters(
        blacklist_categories=("Cs", "Cc"), blacklist_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
)


@given(st.text())
def test_no_text_can_open_a_tag(value: str) -> None:
    assert [tag for tag, _ in read(el("p", value)).tags] == ["p"]


@given(PRINTABLE, PRINTABLE)
def test_printable_text_is_read_back_as_it_was(value: str, attribute: str) -> None:
    reader = read(el("p", value, title=attribute))
    assert "".join(reader.data) == value
    assert reader.tags == [("p", {"title": attribute})]


@given(st.text())
def test_what_is_written_can_always_be_encoded(value: str) -> None:
    el("p", value, title=value).encode("utf-8")


def test_characters_that_turn_the_text_around_are_left_out() -> None:
    assert el("p", "a\u202eb\u2066c") == "<p>abc</p>"


def test_children_are_flattened_and_nothing_is_left_out_but_none() -> None:
    assert join("a", None, ["b", [Markup("<i>")]], 0, 1.5) == "ab<i>01.5"


def test_attributes_that_are_false_or_none_are_left_out() -> None:
    assert el("details", open=True, hidden=False, id=None, class_="x", data_label="y") == (
        '<details open class="x" data-label="y"></details>'
    )


def test_an_element_without_content_takes_none() -> None:
    assert el("br") == "<br>"
    with pytest.raises(ValueError, match="has no content"):
        el("br", "text")


@pytest.mark.parametrize("name", ["p onload", "", "1p", "p>", "a/b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        el(name)
