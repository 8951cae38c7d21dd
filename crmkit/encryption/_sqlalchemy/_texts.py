"""Encrypted columns that pieces of text in a statement name: ``text("email desc")``, ``literal_column("email")``.

Only the name is looked for, outside of quotes, among the tables that the statement knows. A statement that is text as a
whole knows none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.sql import selectable
from sqlalchemy.sql.elements import ColumnClause, ColumnElement, Label, TextClause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SAID: Final = re.compile(r"'(?:[^']|'')*'|(?<!:):\w+")
"""Literals and names of parameters, which are no columns."""


def is_text(part: Any) -> bool:
    """Say whether a part of a statement is text, or a column that only has a name."""
    return isinstance(part, TextClause) or (isinstance(part, ColumnClause) and part.table is None)


def named(parts: Sequence[Any]) -> Iterator[ColumnElement[Any]]:
    """Yield encrypted columns that texts name, except where a text only says what is handed out, or from where."""
    shown = {id(one) for part in parts for one in _shown(part)}
    texts = [part for part in parts if is_text(part) and id(part) not in shown]
    words = [_SAID.sub(" ", part.text if isinstance(part, TextClause) else part.name) for part in texts]
    for name, column in _encrypted(parts) if words else ():
        own = rf'(?<![\w"])(?:"?\w+"?\.)?["`\[]?{re.escape(name)}["`\]]?(?!\w)'
        harmless = re.compile(rf"{own}\s+is\s+(?:not\s+)?null\b|\bcount\s*\(\s*{own}\s*\)", re.IGNORECASE)
        found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        if any(found.search(harmless.sub(" ", one)) for one in words):
            yield column


def _shown(part: Any) -> Iterator[Any]:
    if isinstance(part, selectable.Select):
        for one in (*part._raw_columns, *part._from_obj):
            yield one.element if isinstance(one, Label) else one
    elif isinstance(part, selectable.TextualSelect) or type(part).__name__ == "FromStatement":
        yield part.element  # the latter is what the ORM makes of select().from_statement()


def _encrypted(parts: Iterable[Any]) -> Iterator[tuple[str, ColumnElement[Any]]]:
    for part in parts:
        columns: Any = ()
        if isinstance(part, selectable.FromClause):
            columns = part.c
        elif isinstance(part, selectable.GenerativeSelect):
            columns = part.selected_columns
        for one in columns:
            if getattr(one.type, "crmkit_encrypted", False):
                yield from ((name, one) for name in {one.key, one.name} if isinstance(name, str))
