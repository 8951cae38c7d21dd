"""A small self-contained page: a heading, a sentence, tables.  Every text goes through ``html.escape``."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Language

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6577;--line:#dde2ea;--back:#f6f7f9;--card:#fff;
--good:#12704a;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a0a9b8;--line:#333b48;--back:#14181f;
--card:#1c222c;--good:#5bd19b;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);
font:16px/1.55 system-ui,"Noto Sans SC","PingFang SC",sans-serif}
main{max-width:70rem;margin:0 auto;padding:2.5rem 1.25rem}h1{font-size:1.7rem;margin:0 0 .35rem}h2{
font-size:1.15rem;margin:0 0 .8rem}
.lead{font-size:1.1rem;margin:0 0 1.6rem;padding-left:.8rem;border-left:.3rem solid var(--bad)}.good .lead{
border-color:var(--good)}
section{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1.2rem 1.3rem;
margin:0 0 1.1rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);overflow-wrap:break-word}
th{color:var(--soft);font-weight:600;font-size:.85rem}tr:last-child td{border-bottom:0}p.soft{
color:var(--soft);margin:0}
"""


@attrs.frozen
class Section:
    """One titled table."""

    title: str | None
    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    note: str | None = attrs.field(default=None, kw_only=True)
    empty: str | None = attrs.field(default=None, kw_only=True)

    def html(self) -> str:
        """Return it as markup."""
        title = f"<h2>{escape(self.title)}</h2>" if self.title else ""
        if not self.rows:
            return f'<section>{title}<p class="soft">{escape(self.empty or "")}</p></section>'
        head = "".join(f"<th>{escape(text)}</th>" for text in self.heads)
        head = f"<thead><tr>{head}</tr></thead>" if self.heads else ""
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        note = f'<p class="soft">{escape(self.note)}</p>' if self.note else ""
        return f"<section>{title}<table>{head}<tbody>{body}</tbody></table>{note}</section>"

    def markdown(self) -> str:
        """Return it as Markdown."""
        title = f"## {self.title}\n\n" if self.title else ""
        if not self.rows:
            return f"{title}{self.empty or ''}"
        heads = self.heads or ("",) * len(self.rows[0])
        lines = ["| " + " | ".join(map(_cell, heads)) + " |", "|" + " --- |" * len(heads)]
        lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in self.rows]
        note = f"\n\n{self.note}" if self.note else ""
        return title + "\n".join(lines) + note


def _cell(text: str) -> str:
    """Escape what would end a cell, start markup or break a line; names of files come from anywhere."""
    plain = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
    marked = "".join(f"\\{character}" if character in "\\`*_[]|#" else character for character in plain)
    return marked.replace("<", "&lt;").replace(">", "&gt;")


def fragment(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return the inner part, for a notebook."""
    parts = []
    for section in sections:
        head = f"<p><strong>{escape(section.title)}</strong></p>" if section.title else ""
        body = _notebook.table(section.heads, section.rows) if section.rows else f"<p>{escape(section.empty or '')}</p>"
        parts.append(head + body + (f"<p>{escape(section.note)}</p>" if section.note else ""))
    return _notebook.sheet(title, lead, *parts)


def page(title: str, lead: str, sections: Sequence[Section], *, good: bool, lang: Language) -> str:
    """Return a whole document that loads nothing and runs nothing."""
    body = "".join(section.html() for section in sections)
    inside = f'<main><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{body}</main>'
    return _notebook.document(title, _STYLE, inside, lang=lang, kind="good" if good else "bad")
