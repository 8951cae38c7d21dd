"""Whole names taken apart, or put together, for columns that nothing else feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.normalize import names, text

from ._cells import limited
from ._report import MappedColumn

if TYPE_CHECKING:
    from crmkit.frames import Distinct
    from crmkit.mapping._parts._link import Link

    from ._run import Run

__all__ = ["Derived", "derived_links", "join_names", "split_name"]

Derived = dict[str, dict[str, str]]
"""Target of a whole name -> part -> the column that holds it."""


def derived_links(run: Run) -> tuple[dict[str, list[Link]], Derived]:
    """Return the links that take names of a column apart, by column, and what is put together from which columns."""
    split: dict[str, list[Link]] = {}
    joined: Derived = {}
    for column, links in run.links.items():
        parts = [link for link in links if link.split and link.target]
        if not any(link.target and link.target.name in run.fed for link in parts):
            split[column] = parts
        has_place = any(link.target and not link.is_derived for link in links)
        for link in links:
            # A system that has both parts makes the whole itself, and often lets nobody write it.
            if (
                link.join
                and link.target
                and link.target.name not in run.fed
                and (link.target.required or not has_place)
            ):
                joined.setdefault(link.target.name, {})[link.join] = column
    return {column: links for column, links in split.items() if links}, joined


def split_name(run: Run, link: Link, column: str) -> None:
    """Write one part of the names in a column; a name that cannot be taken apart is a family name."""
    if link.target is None:
        raise AssertionError
    texts: Distinct = run.table.texts(column)
    parts = [_parts(str(value)) for value in texts.values]
    found, _ = limited(
        run, link.target, texts, [family if link.split == "family" else given for family, given in parts]
    )
    run.columns[link.target.name] = texts.spread(found)
    run.mapped.append(MappedColumn(column=column, target=link.target.name, evidence="derived", is_converted=True))
    run.say("name_split", "info", "accuracy", link.target.name)


def join_names(run: Run, target: str, columns: dict[str, str]) -> None:
    """Write whole names from their parts, the family name first where it is Chinese."""
    empty: list[object] = [None] * len(run.table)
    given, family = (
        run.table.texts(columns[part]).rows() if part in columns else empty for part in ("given", "family")
    )
    run.columns[target] = [_joined(first, last) for first, last in zip(given, family, strict=True)]
    for column in columns.values():
        run.mapped.append(MappedColumn(column=column, target=target, evidence="derived", is_converted=True))
    run.say("name_joined", "info", "accuracy", target)


def _parts(value: str) -> tuple[str | None, str | None]:
    """Return family and given name."""
    if not value.strip():
        return value, None
    name = names.split(value)
    if not name.family or not name.given:
        return value.strip(), None
    return name.family, " ".join(part for part in (name.given, name.middle) if part)


def _joined(given: object, family: object) -> str | None:
    first, last = ("" if part is None else str(part).strip() for part in (given, family))
    if not first or not last:
        return first or last or None
    return last + first if text.has_han(first + last) else f"{first} {last}"
