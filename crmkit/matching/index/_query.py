"""A record that is looked up: its values, their codes and frequencies in the file that it would be part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.matching._kinds_channels import bare_local
from crmkit.normalize import emails, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._fields import FieldIndex

__all__ = ["NEW", "EmailParts", "Query", "email_parts"]

NEW = 1 << 30
"""Code of a value that no record of the index has."""


class EmailParts:
    """What is compared of two addresses that are alike."""

    __slots__ = ("bare", "digits", "letters", "local", "plain", "role")

    def __init__(self, address: str) -> None:
        self.local = address.rpartition("@")[0]
        self.bare = bare_local(self.local)
        self.role = emails.is_role(address)
        self.plain = len(self.bare) < 4 or self.role
        self.letters = "".join(char for char in self.bare if not char.isdecimal())
        digits = "".join(char if char.isdecimal() else " " for char in self.local)
        self.digits = digits.split()


def email_parts(address: str, remembered: dict[str, EmailParts]) -> EmailParts:
    """Return the parts of an address, worked out once."""
    found = remembered.get(address)
    if found is None:
        found = remembered[address] = EmailParts(address)
    return found


class Query:
    """A record with everything that comparing it needs; lives for one look-up.

    Attributes:
        values: For each comparison its present values as (code, text, log frequency).
        texts: For each comparison the text of each of its columns, ``None`` where missing.
        codes: Code of every column; -1 where missing, ``NEW`` where no record has the value.
        world: Number of its world, -1 for none.
        share: Log share of its world in the file.
        weight: 1, or 0 where it is a full copy of a record, which counts once with it.
        records: Records of the file with it, full copies counted once.
        pairs: Pairs of that file.
    """

    __slots__ = (
        "addresses", "codes", "filled", "first_codes", "first_rarity", "memo", "pairs", "prior", "rarity_in_world",
        "records", "share", "single_given", "swap", "texts", "upper", "values", "weight", "whole", "words", "world",
    )  # fmt: skip

    def __init__(
        self,
        fields: Sequence[FieldIndex],
        texts: list[tuple[str | None, ...]],
        codes: list[int],
        *,
        world: int,
        share: float,
        weight: float,
        records: float,
        whole: tuple[int, int],
    ) -> None:
        self.texts = texts
        self.codes = codes
        self.world = world
        self.share = share
        self.weight = weight
        self.records = records
        self.pairs = max(records * (records - 1.0) / 2.0, 1.0)
        self.whole = whole
        self.values: list[list[tuple[int, str, float]]] = []
        self.filled: list[float] = []
        for field, several in zip(fields, texts, strict=True):
            filled = field.filled + (weight if any(one is not None for one in several) else 0.0)
            self.filled.append(filled)
            self.values.append(
                [
                    (codes[column], one, field.log_frequency(field.count(codes[column]) + weight, filled))
                    for column, one in zip(field.columns, several, strict=True)
                    if one is not None
                ]
            )
        self.first_rarity = [several[0][2] if several else 0.0 for several in self.values]
        """Log frequency of the value of each comparison with one column."""
        self.first_codes = [codes[field.columns[0]] for field in fields]
        self.rarity_in_world = self.first_rarity
        if world >= 0:
            self.rarity_in_world = [
                min(rare - share, 0.0) if rare and field.is_local else rare
                for field, rare in zip(fields, self.first_rarity, strict=True)
            ]
        self.memo: list[dict[int, tuple[int, float]]] = [{} for _ in fields]
        self.upper: dict[tuple[float, ...], float] = {}
        self.prior: float | None = None
        self.addresses: dict[str, EmailParts] = {}
        self.words: dict[str, list[tuple[str, float]]] = {}
        self.single_given = False
        self.swap: tuple[int, int] = (-2, -2)

    def name(self, given: int, family: int, fields: Sequence[FieldIndex]) -> None:
        """Note what is asked of its name: is the given name one Latin letter, and its codes as the other part."""
        one, two = self.texts[given][0], self.texts[family][0]
        if one is not None:
            self.single_given = len(one) == 1 and not text.has_han(one)
        as_family = -2 if one is None else fields[family].vocabulary.code(one)
        as_given = -2 if two is None else fields[given].vocabulary.code(two)
        self.swap = (as_family if as_family >= 0 else -2, as_given if as_given >= 0 else -2)
