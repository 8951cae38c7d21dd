"""Pieces that every section of the page is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._html import Child, Markup, el, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._words import Words

__all__ = ["Column", "change", "chip", "name", "section", "table", "tile"]


@attrs.frozen
class Column:
    """Heading of a table's column.

    Attributes:
        title: What stands above the cells, and beside each of them on a phone.
        is_number: Numbers stand to the right.
        is_wide: On a phone the cell has a line of its own.
        explains_itself: On a phone the cell needs no heading.
    """

    title: str
    is_number: bool = attrs.field(default=False, kw_only=True)
    is_wide: bool = attrs.field(default=False, kw_only=True)
    explains_itself: bool = attrs.field(default=False, kw_only=True)

    @property
    def classes(self) -> str | None:
        """The classes of the column's cells."""
        names = (("number", self.is_number), ("wide", self.is_wide), ("plain", self.explains_itself))
        return " ".join(name for name, holds in names if holds) or None


def section(title: str, *content: Child, lead: str | None = None) -> Markup:
    """Make one titled card of the page."""
    return el("section", el("h2", title), None if lead is None else el("p", lead, class_="lead"), *content)


def tile(shown: str, label: str, tone: str | None = None) -> Markup:
    """Make one headline number."""
    return el("li", el("b", shown), el("span", label), class_="tile" if tone is None else f"tile {tone}")


def name(column: str) -> Markup:
    """Write a column's name, unbroken where there is room."""
    return el("code", column, class_="name")


def chip(text: str, tone: str) -> Markup:
    """Make a small colored label."""
    return el("span", text, class_=f"chip {tone}")


def change(words: Words, before: str | None, after: str | None) -> Markup:
    """Show a value and what it became, or should be."""
    return join(_value(words, before), el("span", "→", class_="arrow"), _value(words, after))


def _value(words: Words, value: str | None) -> Markup:
    # A blank at either end is the whole point of many a correction, so it is drawn.
    return el("span", words("empty"), class_="soft") if value is None or value == "" else el("code", _visible(value))


def _visible(value: str) -> str:
    inner = value.strip(" ")
    lead = len(value) - len(value.lstrip(" "))
    return value if inner == value else "␣" * lead + inner + "␣" * (len(value) - lead - len(inner))


def table(columns: Sequence[Column], rows: Iterable[Sequence[Child]]) -> Markup:
    """Make a table that becomes a stack of cards on a phone."""
    head = el("tr", *(el("th", column.title, class_="number" if column.is_number else None) for column in columns))
    body = [
        el(
            "tr",
            *(
                el("td", cell, class_=column.classes, data_label=column.title)
                for column, cell in zip(columns, row, strict=True)
            ),
        )
        for row in rows
    ]
    return el("div", el("table", el("thead", head), el("tbody", *body), class_="cards"), class_="scroll")
