"""Read a field off a column's name, for files of no known system and columns that a customer added."""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING

import attrs

from crmkit.systems import KINDS, fold_header, generic_names, header_parts, header_words, usual_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from crmkit.typing import RecordKind

__all__ = ["NameReading", "kind_by_names", "read_header", "read_name"]

_ADDRESS = frozenset({"street", "street_2", "house_number", "city", "district", "region", "postal_code", "country"})
_ADDRESS_TOO = _ADDRESS | {"phone", "email", "fax", "website"}
_SECOND = {"email": "email_2", "phone": "phone_other", "mobile": "phone_other", "street": "street_2"}
_NOT_DECORATED = frozenset({"id", "status", "description", "type", "tags", "name", "deleted", "rating", "account_id"})
"""Fields whose bare name says too little once the words around it are gone ("lead type", "user status")."""

_PERSON_NAMES = frozenset({"full_name", "given_name", "family_name"})
_PERSON_CHANNELS = frozenset({"email", "phone", "mobile", "phone_home"})
_NAME_A_DEAL = frozenset({"id", "name"})
_FEW_OF_DEALS = 2


@attrs.frozen
class NameReading:
    """What a name says.

    Attributes:
        canonical: The field, if the name tells one.
        rank: How good the name is for the field; lower is better.
        trap: Why the column must not feed a match key, if the name says so.
        spare: Whether it is a further one of its kind ("phone 3"), which never gets the field itself.
    """

    canonical: str | None = None
    rank: int = 0
    trap: str | None = None
    spare: bool = False


@functools.lru_cache(maxsize=65_536)
def read_name(header: str, kind: RecordKind | None) -> NameReading | None:
    """Return what the name says, or ``None`` if it says nothing.

    Example:
        >>> read_name("Customer E-Mail", "contact").canonical, read_name("手机号码（必填）", "contact").canonical
        ('email', 'mobile')
        >>> read_name("姓名 Name", "contact").canonical, read_name("Birthday/生日", "contact").canonical
        ('full_name', 'birth_date')
        >>> read_name("Manager Phone", "contact").trap
        'superior'
        >>> read_name("email_verified", "contact") is None
        True
    """
    known = generic_names().by_kind[kind or "contact"]
    folded = fold_header(header)
    if folded in known:
        canonical, rank = known[folded]
        return NameReading(canonical, rank, _trap_of(canonical))
    if (agreed := _in_two_languages(header, kind)) is not None:
        return agreed
    words = header_words(header)
    if (trap := _trap(folded, words)) is not None:
        return NameReading(trap=trap)
    if kind == "contact" and "company" in words and _strip(words, {"company", "main"}) in {"phone", "telephone", "tel"}:
        return NameReading(trap="company_phone")
    return _decorated(words, folded, kind)


def _in_two_languages(header: str, kind: RecordKind | None) -> NameReading | None:
    """Return what both parts of a name in two languages say; a part that says nothing may change the other."""
    parts = header_parts(header)
    if parts is None:
        return None
    han, latin = read_name(parts[0], kind), read_name(parts[1], kind)
    if han is None or latin is None or han.canonical is None or latin.canonical is None:
        return None
    if {han.canonical, latin.canonical} == {"phone", "mobile"}:
        return han if han.canonical == "mobile" else latin
    return han if han.canonical == latin.canonical else None


def read_header(header: str, *, kind: RecordKind | None = None) -> str | None:
    """Return the canonical field that a column's name speaks of, in whatever kind of record has such a field.

    A table of one kind of record may have columns of another: the amount of its last deal beside a person's name.

    Args:
        header: The column's name.
        kind: The kind of record whose names count first.

    Example:
        >>> read_header("Amount"), read_header("币种"), read_header("favourite colour")
        ('amount', 'currency', None)

    .. versionadded:: 0.1.0
    """
    for one in dict.fromkeys([*([kind] if kind else []), *KINDS]):
        reading = read_name(header, one)
        if reading is not None and reading.canonical is not None:
            return reading.canonical
    return None


def kind_by_names(headers: Iterable[str], *, among: Collection[RecordKind] = KINDS) -> RecordKind | None:
    """Return the kind of record that usual names point to, or ``None`` where they point nowhere.

    A name that fewer kinds have says more. Fields of a person outweigh a company's, because a list of people has
    columns about their companies and hardly ever the other way round. So do a person's name and address those of a
    deal, as long as no column names the deal: lists of people often say how much each bought and how far they are.
    Where nobody is named, two ways to reach somebody outweigh one thing about a deal.

    Args:
        headers: The names of the columns.
        among: The kinds in question.
    """
    generic = generic_names()
    found: dict[RecordKind, set[str]] = {kind: set() for kind in KINDS}
    own = dict.fromkeys(KINDS, 0)
    names = {usual_name(header) or fold_header(header) for header in headers}
    for folded in names:
        kinds = generic.kinds_of.get(folded, frozenset())
        for kind in kinds:
            found[kind].add(generic.by_kind[kind][folded][0])
            own[kind] += len(kinds) == 1
    telling = {
        kind: own[kind] + math.fsum(generic.telling[kind].get(name, 0.0) for name in found[kind]) for kind in KINDS
    }
    if _are_people(names):
        del telling["deal"]
    best = max((kind for kind in telling if kind in among), key=lambda kind: telling[kind])
    return best if telling[best] > 0 else None


def _are_people(names: Collection[str]) -> bool:
    """Say whether a table that may be of deals lists people: it has their names and addresses, and no deal's name.

    A column "name" may be a deal's name where more than a few others are a deal's too.
    """
    generic = generic_names()
    person, deal = generic.by_kind["contact"], generic.by_kind["deal"]
    of_deals = [folded for folded in names if generic.kinds_of.get(folded) == frozenset({"deal"})]
    if any(deal[folded][0] in _NAME_A_DEAL for folded in of_deals):
        return False
    named = {folded for folded in names if folded in person and person[folded][0] in _PERSON_NAMES}
    shared = {folded for folded in named if folded in deal and deal[folded][0] in _NAME_A_DEAL}
    reached = {person[folded][0] for folded in names if folded in person} & _PERSON_CHANNELS
    if len(reached) > 1 and not shared and len(of_deals) == 1:
        return True
    return bool(reached) and bool(named - shared or (shared and len(of_deals) <= _FEW_OF_DEALS))


def _decorated(words: tuple[str, ...], folded: str, kind: RecordKind | None) -> NameReading | None:
    generic = generic_names()
    known = generic.by_kind[kind or "contact"]
    number, words = _split_number(words)
    rest = _strip(words, generic.decorations)
    found = known.get(rest)
    if found is None and not folded.isascii():
        found = known.get(_without_chinese(rest, generic.chinese_prefixes))
    for kept in ({"address", "addr"}, set[str]()):
        if found is None:
            found = known.get(_strip(words, (generic.decorations | generic.address_words) - kept))
            if found is not None and found[0] not in _ADDRESS_TOO:
                return None
    if found is None:
        return None
    canonical, rank = found
    plain = "".join(words) == rest
    if not plain and canonical in _NOT_DECORATED:
        return None
    if number <= 1:
        return NameReading(canonical, 100 + rank, _trap_of(canonical))
    second = _SECOND.get(canonical)
    if number == 2 and second is not None:
        return NameReading(second, 100 + rank, _trap_of(second))
    return NameReading(canonical, 100 + rank, _trap_of(canonical), spare=True)


def _split_number(words: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Take one small number out of the words: "email 2" and "address 1 city" are numbered, "line 4711" is not."""
    numbers = [index for index, word in enumerate(words) if word.isascii() and word.isdigit() and len(word) == 1]
    if len(numbers) != 1 or len(words) == 1:
        return 0, words
    index = numbers[0]
    return int(words[index]), words[:index] + words[index + 1 :]


def _strip(words: tuple[str, ...], unwanted: frozenset[str] | set[str]) -> str:
    return "".join(word for word in words if word not in unwanted)


def _without_chinese(folded: str, prefixes: tuple[str, ...]) -> str:
    for prefix in prefixes:
        if folded.startswith(prefix) and len(folded) > len(prefix):
            return folded.removeprefix(prefix)
    return folded


def _trap(folded: str, words: tuple[str, ...]) -> str | None:
    traps = generic_names().traps
    for word in words:
        if word in traps:
            return traps[word]
    pairs = (first + second for first, second in itertools.pairwise(words))
    for pair in pairs:
        if pair in traps:
            return traps[pair]
    if not folded.isascii():
        return next((trap for word, trap in traps.items() if not word.isascii() and word in folded), None)
    return None


def _trap_of(canonical: str) -> str | None:
    return _FIELD_TRAPS.get(canonical)


_FIELD_TRAPS = {
    "owner_id": "owner",
    "owner_name": "owner",
    "owner_email": "owner",
    "created_by": "author",
    "updated_by": "author",
    "phone_assistant": "assistant",
    "parent_account_id": "parent",
}
