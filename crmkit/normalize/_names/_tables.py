"""The name tables of ``crmkit/data`` as lookups, each built when it is first used."""

from __future__ import annotations

from functools import cache

from crmkit._tables import read_pairs, read_sections


@cache
def words(section: str) -> frozenset[str]:
    """Return the words of one section of ``person_words.txt``."""
    return frozenset(word for line in read_sections("person_words.txt")[section] for word in line.split())


@cache
def nickname_groups() -> tuple[tuple[str, ...], ...]:
    """Return the groups of ``nicknames.txt``, the formal name first in each."""
    return tuple((formal, *forms.split()) for formal, forms in read_pairs("nicknames.txt"))


@cache
def nickname_roots() -> dict[str, str]:
    """Return the formal name of each given name that stands in a group; the formal names are their own."""
    roots = {group[0]: group[0] for group in nickname_groups()}
    for group in nickname_groups():
        for name in group:
            roots.setdefault(name, group[0])
    return roots


@cache
def nickname_relatives() -> dict[str, frozenset[str]]:
    """Return, for each given name, all names of the groups that hold it."""
    relatives: dict[str, set[str]] = {}
    for group in nickname_groups():
        for name in group:
            relatives.setdefault(name, set()).update(group)
    return {name: frozenset(found) for name, found in relatives.items()}


@cache
def surname_weights() -> dict[str, float]:
    """Return how many of 100,000 people bear each Chinese surname (simplified)."""
    return {
        entry.partition("/")[0]: float(weight)
        for weight, group in read_pairs("zh_surnames.txt")
        for entry in group.split()
    }


@cache
def pinyin() -> dict[str, str]:
    """Return the reading of each simplified character, without tone."""
    return {character: reading for reading, group in read_pairs("zh_pinyin.txt") for character in group}


@cache
def surname_readings() -> dict[str, str]:
    """Return the reading of each Chinese surname: its own, or that of its characters."""
    readings: dict[str, str] = {}
    for _, group in read_pairs("zh_surnames.txt"):
        for entry in group.split():
            surname, _, own = entry.partition("/")
            readings[surname] = own or "".join(pinyin()[character] for character in surname)
    return readings


@cache
def surnames_by_reading() -> dict[str, float]:
    """Return each reading of a Chinese surname with the weight of all surnames read so."""
    weights: dict[str, float] = {}
    for surname, reading in surname_readings().items():
        weights[reading] = weights.get(reading, 0.0) + surname_weights()[surname]
    return weights


@cache
def syllables() -> frozenset[str]:
    """Return every Mandarin syllable, without tone."""
    return frozenset(pinyin().values())
