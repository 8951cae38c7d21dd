"""Every name that some system, some ERP or everybody uses for a field, folded; Chinese ones in pinyin too."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

import attrs

from crmkit import systems
from crmkit.errors import FormatError
from crmkit.normalize import names, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import RecordKind

__all__ = ["Known", "known_names"]

_SHORTEST_INITIALS = 3
_TWO_READINGS = (("行业", "xingye", "hangye"), ("银行", "yinxing", "yinhang"))
"""Words with a character that has another reading in them than in names of people."""


@attrs.frozen
class Known:
    """Folded name to canonical field, by where it comes from.

    Attributes:
        usual: Names that any spreadsheet may have.
        systems: Names that CRMs use; one that two of them use for two fields is left out.
        pinyin: Usual Chinese names and those of CRMs, spelled in pinyin.
        initials: The initials of that; ambiguous ones are left out.
        erp: The names of each ERP system.
    """

    usual: Mapping[str, str]
    systems: Mapping[str, str]
    pinyin: Mapping[str, str]
    initials: Mapping[str, str]
    erp: tuple[Mapping[str, str], ...]

    def is_usual(self, column: str) -> bool:
        """Say whether the name is a usual one with nothing around it."""
        return systems.fold_header(column) in self.usual

    @property
    def all_fields(self) -> Mapping[str, str]:
        """All names in letters or characters, the usual ones first."""
        return {**self.systems, **self.usual}

    @property
    def all(self) -> list[str]:
        """The names to compare with by likeness."""
        return list(self.all_fields)


@functools.cache
def known_names(kind: RecordKind | None) -> Known:
    """Return the names for a kind of record; those of contacts where it is not known."""
    wanted: RecordKind = kind or "contact"
    usual = {header: field for header, (field, _) in systems.generic_names().by_kind[wanted].items()}
    by_system: dict[str, str | None] = {}
    spelled: dict[str, str | None] = {}
    shortened: dict[str, str | None] = {}
    for header, field in _headers(wanted):
        _add(by_system, systems.fold_header(header), field)
    for header, field in [*usual.items(), *_headers(wanted)]:
        folded = systems.fold_header(header)
        if text.has_han(folded) and not any(map(str.isascii, folded)):  # pinyin would drop the 2 of a second phone
            key, initials = names.pinyin_key(folded), names.pinyin_initials(folded)
            if key and key.isascii():
                _add(spelled, systems.fold_header(key), field)
                for characters, read, spoken in _TWO_READINGS:
                    if characters in folded:
                        _add(spelled, systems.fold_header(key.replace(read, spoken)), field)
            if initials and len(initials) >= _SHORTEST_INITIALS:
                _add(shortened, systems.fold_header(initials), field)
    return Known(
        usual=usual,
        systems=_sure(by_system),
        pinyin=_sure(spelled),
        initials=_sure(shortened),
        erp=_erp_names(),
    )


def _headers(kind: RecordKind) -> list[tuple[str, str]]:
    return [
        (header, field.canonical)
        for name in systems.names()
        if kind in systems.get(name).objects
        for field in systems.get(name).objects[kind].fields
        if field.canonical
        for header in field.headers
    ]


def _add(table: dict[str, str | None], key: str, field: str) -> None:
    """Remember a name; one that stands for two fields stands for none."""
    if key:
        table[key] = field if table.get(key, field) == field else None


def _sure(table: Mapping[str, str | None]) -> dict[str, str]:
    return {key: field for key, field in table.items() if field is not None}


@functools.cache
def _erp_names() -> tuple[Mapping[str, str], ...]:
    where = "data/erp_names.toml"
    document = tomllib.loads((resources.files("crmkit") / "data" / "erp_names.toml").read_text(encoding="utf-8"))
    if document.get("format") != 1:
        raise FormatError("unknown format", location=where)
    made = []
    for system, table in document["names"].items():
        found: dict[str, str] = {}
        for field, headers in table.items():
            if field == "title":
                continue
            if field not in systems.canonical_fields():
                raise FormatError(f"unknown canonical field {field!r}", location=f"{where}: {system}")
            found.update({systems.fold_header(header): field for header in headers})
        made.append(found)
    return tuple(made)
