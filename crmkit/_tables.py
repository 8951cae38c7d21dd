"""Read the small reference tables that lie in ``crmkit/data``; whoever asks more than once keeps what it made of one.

Lines that begin with ``#`` and a space, and blank lines say nothing.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = ["read_lines", "read_pairs", "read_rows", "read_sections", "read_set"]

_COMMENT = re.compile(r"#(?:\s|$)").match
"""``#n/a`` is a word of a table."""


def read_lines(name: str) -> list[str]:
    """Return the lines of the table ``name``.

    Example:
        >>> read_lines("zh_surnames.txt")[0]
        '9520: 王'
    """
    text = files("crmkit").joinpath("data", name).read_text(encoding="utf-8")
    return [line.strip(" \r") for line in text.split("\n") if line.strip() and not _COMMENT(line)]


@cache
def read_set(name: str) -> frozenset[str]:
    """Return the table ``name`` of one entry a line, read once.

    Example:
        >>> "gmail.com" in read_set("free_mail_domains.txt")
        True
    """
    return frozenset(read_lines(name))


@cache
def read_rows(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the table ``name`` of cells with tabs between, without its line of column names, read once.

    Example:
        >>> read_rows("placeholders.tsv")[0]
        ('-', 'marker')
    """
    head, *body = read_lines(name)
    width = head.count("\t") + 1
    return tuple(tuple(cells + [""] * (width - len(cells))) for cells in (line.split("\t") for line in body))


def read_pairs(name: str) -> list[tuple[str, str]]:
    """Return the ``key: value`` lines of the table ``name``, in order.

    Example:
        >>> read_pairs("nicknames.txt")[0][0]
        'william'
    """
    split = (line.partition(": ") for line in read_lines(name))
    return [(key, value) for key, _, value in split]


def read_sections(name: str) -> dict[str, list[str]]:
    """Return the lines of the table ``name`` under each ``[section]`` heading.

    Example:
        >>> "given_particle" in read_sections("person_words.txt")
        True
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in read_lines(name):
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return found
