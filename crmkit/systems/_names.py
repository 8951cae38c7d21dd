"""The usual names of columns in files that come from no known system."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from crmkit.errors import FormatError
from crmkit.systems._headers import fold_header, header_parts
from crmkit.systems._load import canonical_fields, read_toml
from crmkit.systems._model import KINDS, TRAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import RecordKind

__all__ = ["GenericNames", "generic_names", "is_usual_name", "usual_name"]

_SECTIONS: Mapping[RecordKind, tuple[str, ...]] = {
    "contact": ("contact", "person", "any"),
    "account": ("account", "any"),
    "lead": ("lead", "person", "any"),
    "deal": ("deal", "any"),
    "activity": ("activity", "any"),
}


@attrs.frozen
class GenericNames:
    """Folded header to canonical field, for each record kind, and the words that surround a name.

    Attributes:
        by_kind: For each kind, folded header to canonical field and rank (0 is the best name for the field).
        kinds_of: Folded header to the kinds that know it.
        decorations: Folded words that do not change what a column holds.
        address_words: Folded words that do not change what a column of an address holds.
        chinese_prefixes: Prefixes that do not change what a column with a Chinese name holds, longest first.
        traps: Folded word to the trap that it announces.
        telling: For each kind, how much it says for it that a file has a field.

    .. versionadded:: 0.1.0
    """

    by_kind: Mapping[RecordKind, Mapping[str, tuple[str, int]]]
    kinds_of: Mapping[str, frozenset[RecordKind]]
    decorations: frozenset[str]
    address_words: frozenset[str]
    chinese_prefixes: tuple[str, ...]
    traps: Mapping[str, str]
    telling: Mapping[RecordKind, Mapping[str, float]]


@functools.cache
def generic_names() -> GenericNames:
    """Return the table of usual names, read on first use.

    Raises:
        FormatError: If the table names an unknown canonical field or trap, or one name twice in a section.

    Example:
        >>> generic_names().by_kind["contact"]["surname"][0]
        'family_name'

    .. versionadded:: 0.1.0
    """
    location = "data/systems/generic.toml"
    document = read_toml("systems", "generic.toml")
    sections: dict[str, dict[str, tuple[str, int]]] = {}
    for section, table in document["names"].items():
        known = sections.setdefault(section, {})
        for canonical, headers in table.items():
            if canonical not in canonical_fields():
                raise FormatError(f"unknown canonical field {canonical!r}", location=f"{location}: {section}")
            for rank, header in enumerate(headers):
                folded = fold_header(header)
                if known.setdefault(folded, (canonical, rank))[0] != canonical:
                    raise FormatError(f"{header!r} stands for two fields", location=f"{location}: {section}")
    if unknown := set(document["traps"]) - set(TRAPS):
        raise FormatError(f"unknown traps {sorted(unknown)}", location=location)

    by_kind: dict[RecordKind, Mapping[str, tuple[str, int]]] = {}
    for kind in KINDS:
        merged: dict[str, tuple[str, int]] = {}
        for section in reversed(_SECTIONS[kind]):
            merged.update(sections[section])
        by_kind[kind] = MappingProxyType(merged)
    every = {header for table in by_kind.values() for header in table}
    words = document["decorations"]
    telling = document["telling"]
    return GenericNames(
        by_kind=MappingProxyType(by_kind),
        kinds_of=MappingProxyType(
            {header: frozenset(kind for kind in KINDS if header in by_kind[kind]) for header in every}
        ),
        decorations=frozenset(map(fold_header, words["words"])),
        address_words=frozenset(map(fold_header, words["address"])),
        chinese_prefixes=tuple(sorted(words["chinese"], key=len, reverse=True)),
        traps=MappingProxyType(
            {fold_header(word): trap for trap, trap_words in document["traps"].items() for word in trap_words}
        ),
        telling=MappingProxyType(
            {kind: MappingProxyType(telling["person" if kind in {"contact", "lead"} else kind]) for kind in KINDS}
        ),
    )


def usual_name(header: str) -> str | None:
    """Return the folded usual name that a header is, or ``None``; of a name in two languages, the Chinese one.

    The two parts count as one name only where both are usual and some kind of record means one field by them.

    Example:
        >>> usual_name("E-Mail"), usual_name("姓名 Name"), usual_name("Birthday 生日"), usual_name("紧急 Phone")
        ('email', '姓名', '生日', None)

    .. versionadded:: 0.1.0
    """
    generic = generic_names()
    folded = fold_header(header)
    if folded in generic.kinds_of:
        return folded
    parts = header_parts(header)
    if parts is None:
        return None
    han, latin = parts[0], fold_header(parts[1])
    for known in generic.by_kind.values():
        if han in known and latin in known and known[han][0] == known[latin][0]:
            return han
    return None


def is_usual_name(header: str) -> bool:
    """Say whether files of any kind of record call a column so.

    Example:
        >>> is_usual_name("E-mail"), is_usual_name("手机"), is_usual_name("Report of May")
        (True, True, False)

    .. versionadded:: 0.1.0
    """
    return usual_name(header) is not None
