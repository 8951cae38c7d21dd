"""Read the reference tables that lie beside the package in ``crmkit/data``, once each."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def read_set(name: str) -> frozenset[str]:
    """Read one entry a line; lines that begin with ``#`` and a space, and blank lines say nothing."""
    return frozenset(_lines(name))


@cache
def read_rows(name: str) -> tuple[tuple[str, ...], ...]:
    """Read a table with tabs between cells, without its line of column names."""
    head, *body = _lines(name)
    width = head.count("\t") + 1
    return tuple(tuple(cells + [""] * (width - len(cells))) for cells in (line.split("\t") for line in body))


_COMMENT = re.compile(r"#(?:\s|$)").match
"""``#n/a`` is a word of a table."""


def _lines(name: str) -> list[str]:
    text = files("crmkit").joinpath("data", name).read_text(encoding="utf-8")
    return [line.strip(" \r") for line in text.split("\n") if line.strip() and not _COMMENT(line)]
