"""Charts as inline SVG: no script, no font of their own, colors from the page's style so that dark mode works.

Labels are HTML beside the drawing, so they keep their size on a phone, wrap, and can be read aloud and copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._html import Markup, el

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bar", "bars", "diverging", "histogram", "share"]


@attrs.frozen(kw_only=True)
class Bar:
    """One labelled length; below zero only in :func:`diverging`."""

    label: str
    value: float
    shown: str
    tone: str = "accent"
    note: str | None = None


def bars(rows: Sequence[Bar], *, title: str, maximum: float | None = None) -> Markup:
    """Draw horizontal bars with one scale, each with its label in front and its number behind.

    Args:
        rows: From top to bottom.
        title: What the lengths are, with their unit; read aloud in place of the picture.
        maximum: Length of a full bar; the largest value where ``None``.
    """
    top = maximum if maximum is not None else max((row.value for row in rows), default=0.0)
    lines = []
    for row in rows:
        width = 0.0 if top <= 0 else min(100.0, 100.0 * row.value / top)
        # A value that is not nothing is drawn at least one unit wide, or it could not be told from zero.
        lines.append(_line(row, _rect(row.tone, width=max(width, 1.0) if row.value > 0 else 0.0)))
    return el("div", *lines, class_="bars", role="list", aria_label=title)


def diverging(rows: Sequence[Bar], *, title: str) -> Markup:
    """Draw bars that start in the middle: what is above zero to the right, what is below to the left.

    Args:
        rows: From top to bottom.
        title: What the lengths are, with their unit, and what the sides mean.
    """
    top = max((abs(row.value) for row in rows), default=0.0) or 1.0
    lines = []
    for row in rows:
        width = max(50.0 * abs(row.value) / top, 0.5)
        bar = _rect(row.tone, x=50.0 if row.value >= 0 else 50.0 - width, width=width)
        lines.append(_line(row, bar, el("line", class_="axis", x1=50, y1=0, x2=50, y2=10)))
    return el("div", *lines, class_="bars", role="list", aria_label=title)


def _line(row: Bar, *drawn: Markup) -> Markup:
    drawing = el("svg", _TRACK, *drawn, viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")
    note = None if row.note is None else el("span", row.note, class_="bar-note")
    return el(
        "div",
        el("span", row.label, note, class_="bar-label"),
        el("span", drawing, class_="bar-track"),
        el("span", row.shown, class_="bar-value"),
        class_="bar",
        role="listitem",
    )


def histogram(counts: Sequence[int], *, edges: Sequence[str], title: str, split: int | None = None) -> Markup:
    """Draw counts side by side; bins from ``split`` on have the accent color.

    Args:
        counts: One per bin.
        edges: Labels under the axis, spread evenly from its start to its end.
        title: What is counted over what.
        split: Index of the first bin on the far side of a threshold.
    """
    top = max(counts, default=0) or 1
    width = 100.0 / max(len(counts), 1)
    columns = []
    for index, count in enumerate(counts):
        # The square root keeps bins of ten visible beside bins of ten thousand; the exact count is in the tooltip.
        height = 40.0 * (count / top) ** 0.5
        tone = "accent" if split is None or index >= split else "muted"
        column = _rect(tone, x=(index + 0.15) * width, y=40.0 - height, width=0.7 * width, height=height)
        columns.append(el("g", el("title", f"{count:,}"), column))
    return el(
        "figure",
        el(
            "svg",
            *columns,
            el("line", class_="axis", x1=0, y1=40, x2=100, y2=40),
            viewBox="0 0 100 40.5",
            preserveAspectRatio="none",
            role="img",
            aria_label=title,
        ),
        el("div", *(el("span", edge) for edge in edges), class_="edges"),
        el("figcaption", title),
        class_="histogram",
    )


def share(parts: Sequence[Bar], *, title: str) -> Markup:
    """Draw parts of one whole as a single bar with a legend under it."""
    whole = sum(part.value for part in parts)
    drawn = []
    at = 0.0
    for part in parts:
        width = 0.0 if whole <= 0 else 100.0 * part.value / whole
        drawn.append(_rect(part.tone, x=at, width=width))
        at += width
    legend = [
        el("li", el("span", class_=f"swatch fill-{part.tone}"), part.label, " ", el("strong", part.shown))
        for part in parts
    ]
    picture = el(
        "svg",
        _TRACK,
        *drawn,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=title,
    )
    return el("div", picture, el("ul", *legend, class_="legend"), class_="share")


_TRACK = el("rect", class_="track", x=0, y=0, width=100, height=10)


def _rect(tone: str, *, x: float = 0.0, y: float = 0.0, width: float, height: float = 10.0) -> Markup:
    return el("rect", class_=f"fill-{tone}", x=_short(x), y=_short(y), width=_short(width), height=_short(height))


def _short(number: float) -> str:
    """Write a coordinate with as many digits as a screen can show."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
