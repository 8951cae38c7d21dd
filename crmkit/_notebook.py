"""What a result shows of itself in a notebook: small static tables that fit a light page and a dark one.

No colors and no style sheet, so that the notebook's own theme decides; but every cell says where its text stands,
because notebooks push all text to the right. Everything is escaped, nothing is loaded, nothing runs.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.typing import Language

__all__ = ["SEVERITY_WORDS", "bar", "document", "facts", "framed", "more", "sheet", "shown", "table"]

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LONGEST = 240
_WIDE_EM, _NARROW_EM = 12.0, 6.0
"""The most that a column asks for, with Chinese in it and without; what is longer than that wraps."""

SEVERITY_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {"error": "error", "warning": "warning", "info": "info"},
    "zh": {"error": "错误", "warning": "警告", "info": "提示"},
}
"""How bad an issue is, in words."""


class _Markup(str):
    """Text that is HTML already; only this module makes it."""

    __slots__ = ()


def shown(value: object) -> str:
    """Return a value as people read it: no more digits than mean something, no brackets, no types.

    Example:
        >>> shown(12345), shown(0.123456), shown(None), shown(True), shown(("a", "b"))
        ('12,345', '0.1235', '', 'yes', 'a, b')
        >>> shown(dt.timedelta(seconds=0.0713)), shown(dt.timedelta(hours=4)), shown(dt.timedelta(days=260, hours=1))
        ('71 ms', '4 h', '260 d 1 h')
        >>> shown(dt.datetime(2026, 3, 1, 9, 30, 15, 99, tzinfo=dt.UTC))
        '2026-03-01 09:30:15 UTC'
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    if isinstance(value, dt.datetime):
        zone = " UTC" if value.utcoffset() == dt.timedelta(0) else f" {value:%z}" if value.tzinfo else ""
        return f"{value:%Y-%m-%d %H:%M:%S}{zone}"
    if isinstance(value, dt.timedelta):
        return _span(value)
    if isinstance(value, (tuple, list, set, frozenset)):
        return ", ".join(map(shown, value))
    return str(value)


def _span(span: dt.timedelta) -> str:
    """Return a length of time in its two largest units."""
    seconds = span.total_seconds()
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 1:
        return f"{sign}{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{sign}{seconds:.3g} s"
    left, found = round(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            found.append(f"{count} {unit}")
    return sign + " ".join(found[:2])


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> str:
    """Return a table: numbers on the right, everything else on the left.

    Args:
        heads: Names of the columns; none where the cells speak for themselves.
        rows: Cells; what :func:`bar` made is taken as it is.
        caption: A line over the table.

    Example:
        >>> page = table(["kind", "rows"], [["<b>", 1200]])
        >>> "&lt;b&gt;" in page, '<td style="text-align:right">1,200</td>' in page
        (True, True)
    """
    lines = [list(row) for row in rows]
    least = _least_widths(heads, lines)
    numeric = [
        bool(lines) and all(_is_number(line[place]) for line in lines if line[place] is not None)
        for place in range(len(lines[0]) if lines else 0)
    ]
    sides = ["right" if one else "left" for one in numeric] or ["left"] * len(heads)
    styles = [f"text-align:{side}{wide}" for side, wide in zip(sides, least, strict=True)]
    named = zip(heads, styles, strict=True) if heads else ()
    head = "".join(f'<th style="{style}">{_text(name)}</th>' for name, style in named)
    body = "".join(
        "<tr>" + "".join(_cell(value, style) for value, style in zip(line, styles, strict=True)) + "</tr>"
        for line in lines
    )
    said = f'<caption style="text-align:left">{_text(caption)}</caption>' if caption else ""
    return f"<table>{said}{f'<thead><tr>{head}</tr></thead>' if heads else ''}<tbody>{body}</tbody></table>"


def facts(values: Mapping[str, object]) -> str:
    """Return a table of names and values; what is ``None`` or empty is left out."""
    kept = {name: value for name, value in values.items() if value is not None and value != () and value != ""}
    if not kept:
        return ""
    least, _ = _least_widths(("", ""), kept.items())
    body = "".join(
        f'<tr><th style="text-align:left{least}">{_text(name)}</th>{_cell(value, "text-align:left")}</tr>'
        for name, value in kept.items()
    )
    return f"<table><tbody>{body}</tbody></table>"


def sheet(title: str, lead: str = "", *parts: str, notes: Sequence[str] = ()) -> str:
    """Return a heading, a sentence, tables that were made here, and remarks."""
    head = f"<strong>{_text(title)}</strong>{': ' if lead else ''}" if title else ""
    under = "".join(f"<li>{_text(note)}</li>" for note in notes)
    inside = f"<p>{head}{_text(lead)}</p>{''.join(parts)}{f'<ul>{under}</ul>' if under else ''}"
    return f'<div class="crmkit-report">{inside}</div>'


def document(title: str, style: str, body: str, *, lang: str = "en", kind: str = "") -> str:
    """Return a whole page around a body that is HTML already; nothing may be loaded and nothing may run.

    Args:
        title: Plain text.
        style: The style sheet.
        body: What stands in it.
        lang: ``en`` or ``zh``.
        kind: Class of the body, for the style sheet.

    Example:
        >>> page = document("a <b>", "p{margin:0}", "<p>c</p>", lang="zh")
        >>> "<title>a &lt;b&gt;</title>" in page, 'lang="zh-Hans"' in page, "default-src 'none'" in page
        (True, True, True)
    """
    named = f' class="{kind}"' if kind else ""
    # The policy holds whatever a value in the data tries; what was escaped needs none, and mistakes happen.
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="robots" content="noindex"><title>{_text(title)}</title><style>{style}</style></head>'
        f"<body{named}>{body}</body></html>\n"
    )


def framed(page: str) -> str:
    """Return a whole page in a frame of its own, so that its style stays there and nothing in it runs."""
    return f'<iframe srcdoc="{escape(page)}" width="100%" height="720" style="border:0" sandbox=""></iframe>'


def more(shown_rows: int, all_rows: int, what: str) -> str:
    """Return what stands under a table that is not whole; nothing under one that is."""
    return f"<p>first {shown_rows:,} of {all_rows:,} {_text(what)}</p>" if shown_rows < all_rows else ""


def bar(value: float, most: float, *, start: float | None = None, width: int = 100) -> str:
    """Return a bar for a cell, blue for what is positive and orange for what is not, ``start`` from the left.

    Both colors stand out on white and on black, and readers with any kind of color vision tell them apart.
    """
    color = "#0072b2" if value >= 0 else "#d55e00"
    length, left = (round(width * one / most) if most else 0 for one in (abs(value), start or 0.0))
    aside = "" if start is None else f"margin-left:{left}px;"
    return _Markup(f'<div style="{aside}width:{length}px;height:.8em;background:{color}"></div>')


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _least_widths(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> list[str]:
    """Return for each column the style that keeps it from being one Chinese character wide; nothing without Chinese.

    Chinese breaks between any two characters, so that where a table is tight a browser gives such a column the width
    of one, and dates beside it break at their hyphens.
    """
    rows = [[_text(shown(cell)) if not isinstance(cell, _Markup) else "" for cell in line] for line in lines]
    columns = list(zip(heads, *rows, strict=True)) if heads else list(zip(*rows, strict=True))
    if not any(map(_is_wide, "".join(map("".join, columns)))):
        return [""] * len(columns)
    return [f";min-width:{max(map(_width, column)):.3g}em" for column in columns]


def _width(text: str) -> float:
    """Return how wide a column must be for a text, in em, as far as it may ask."""
    wide = sum(map(_is_wide, text))
    return min(wide + 0.6 * (len(text) - wide), _WIDE_EM if wide else _NARROW_EM)


def _is_wide(character: str) -> bool:
    return not character.isascii() and unicodedata.east_asian_width(character) in "WF"


def _cell(value: object, style: str) -> str:
    inside = value if isinstance(value, _Markup) else _text(shown(value))
    return f'<td style="{style}">{inside}</td>'


def _text(value: str) -> str:
    if len(value) > _LONGEST:
        value = value[: _LONGEST - 1] + "…"
    return escape(_UNSAFE.sub("\ufffd", value))
