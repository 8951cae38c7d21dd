"""A record that is looked up: its values, their codes and frequencies in the file that it would be part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.matching._kinds._channels import bare_local
from crmkit.normalize import emails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._far import Far
    from ._fields import FieldIndex, Value

    Step = tuple[int, Any, dict[object, float], float, Far | None]
    """Place of a comparison, where its codes are in a row, its worth by codes, the most that it can be worth, and what
    tells that two values are unlike."""

__all__ = ["EmailParts", "Query", "email_parts"]


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
        values: For each comparison its present values.
        codes: Code of every column; -1 where missing, ``NEW`` where no record has the value.
        first_codes: Code of the first column of every comparison.
        slots: Code of every key that a rule uses, a tuple of codes where it is read from several columns.
        world: Number of its world, -1 for none.
        share: Log share of its world in the file.
        weight: 1, or 0 where it is a full copy of a record, which counts once with it.
        version: State of the index that frequencies are of.
        records: Records of the file with it, full copies counted once.
        pairs: Pairs of that file.
        whole: Numbers of its whole name, -1 where no record has it.
        swap: Code of the given name as a family name, and the other way round; -2 where there is none.
        single_given: Whether the given name is one Latin letter.
        plans: What elimination goes through, for candidates of the same world and of others.
    """

    __slots__ = (
        "addresses", "codes", "fields", "first_codes", "memo", "pairs", "plans", "records", "share", "single_given",
        "slots", "swap", "texts", "values", "version", "weight", "whole", "words", "world",
    )  # fmt: skip

    def __init__(
        self, fields: Sequence[FieldIndex], values: list[Sequence[Value]], codes: tuple[int, ...], *, world: int
    ) -> None:
        self.fields = fields
        self.values = values
        self.codes = codes
        self.world = world
        self.share = 0.0
        self.weight = 1.0
        self.version = 0
        self.records = self.pairs = 1.0
        self.slots: list[Any] = []
        self.texts: Sequence[Sequence[str | None]] = ()
        self.first_codes = codes
        self.memo: list[dict[int, tuple[int, float]]] = [{} for _ in fields]
        self.plans: list[tuple[float, list[Step]] | None] = [None, None]
        self.addresses: dict[str, EmailParts] = {}
        self.words: dict[str, list[tuple[str, float]]] = {}
        self.single_given = False
        self.swap: tuple[int, int] = (-2, -2)
        self.whole: tuple[int, int] = (-1, -1)

    def filled(self, k: int) -> float:
        """Return how many records of the file have a value of the comparison."""
        return self.fields[k].filled + (self.weight if self.values[k] else 0.0)

    def rarity(self, k: int, value: Value) -> float:
        """Return the log frequency of one of its values."""
        if value.stamp == self.version and self.weight:
            return value.rarity
        field = self.fields[k]
        found = field.log_frequency(field.count(value.code) + self.weight, self.filled(k))
        if self.weight:
            value.stamp, value.rarity = self.version, found
        return found

    def rarity_of(self, k: int, world: float) -> float:
        """Return the log frequency of its first value of a comparison among records of a world."""
        found = self.rarity(k, self.values[k][0])
        return min(found - world, 0.0) if world and self.fields[k].is_local else found
