"""A record that is looked up: its values, their codes and frequencies in the file that it would be part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._fields import FieldIndex, Value

    Step = tuple[int, Any, dict[Any, float], float, dict[Any, tuple[int, float]]]
    """Place of a comparison, where its codes are in a record, its worth by codes, the most that it can be worth, and
    level and log frequency by codes."""

__all__ = ["LEVEL_ALONE", "MISSING", "MOST", "MOST_WORLDS", "Query"]

MISSING = (-1, 0.0)
"""Level and log frequency where one of two values is missing."""

LEVEL_ALONE = [*[(level, 0.0) for level in range(16)], MISSING]  # the last is that of level -1
"""Each level without a log frequency, so that there is one such pair and not one for every value."""

MOST = 32
"""Other values that are kept with a value that comes again and again: these come again, too."""

MOST_WORLDS = 3
"""Worlds for which they are kept, so that what is remembered has a bound."""


class Query:
    """A record with everything that comparing it needs; lives for one look-up.

    Attributes:
        values: For each comparison its present values.
        codes: Code of every column; -1 where missing, ``NEW`` where no record has the value.
        slots: Code of every key that a rule uses, a tuple of codes where it is read from several columns.
        world: Number of its world, -1 for none.
        share: Log share of its world in the file.
        weight: 1, or 0 where it is a full copy of a record, which counts once with it.
        stamp: State of the index and weight that frequencies are of.
        records: Records of the file with it, full copies counted once.
        pairs: Pairs of that file.
        whole: Numbers of its whole name, -1 where no record has it.
        swap: Code of the given name as a family name, and the other way round; -2 where there is none.
        single_given: Whether the given name is one Latin letter.
        is_role: Whether one of its e-mail addresses is that of a desk; ``None``: not asked yet.
        may_be_exchanged: Whether some record may have its name, or a part of it, in the other order.
    """

    __slots__ = (
        "codes", "fields", "is_role", "may_be_exchanged", "pairs", "records", "share", "single_given", "slots",
        "stamp", "swap", "values", "weight", "whole", "words", "world",
    )  # fmt: skip

    def __init__(self, fields: Sequence[FieldIndex], slots: list[Any]) -> None:
        self.fields = fields
        self.values: list[Sequence[Value]] = []
        self.codes: list[int] = []
        self.slots = slots
        self.world = -1
        self.share = 0.0
        self.weight = 1.0
        self.stamp = 0
        self.records = self.pairs = 1.0
        self.is_role: bool | None = None
        self.words: dict[str, list[tuple[str, float]]] = {}
        self.single_given = self.may_be_exchanged = False
        self.swap: tuple[int, int] = (-2, -2)
        self.whole: tuple[int, int] = (-1, -1)

    def texts(self) -> list[str | None]:
        """Return the text of every column."""
        found: list[str | None] = []
        for field, values in zip(self.fields, self.values, strict=True):
            rest = iter(values)
            found += [None if self.codes[column] == -1 else next(rest).text for column in field.columns]
        return found

    def filled(self, k: int) -> float:
        """Return how many records of the file have a value of the comparison."""
        return self.fields[k].filled + (self.weight if self.values[k] else 0.0)

    def fresh(self, k: int, value: Value) -> Value:
        """Return one of its values, with nothing that was found out in another state of the index."""
        if value.stamp != self.stamp:
            field = self.fields[k]
            value.rarity = field.log_frequency(field.count(value.code) + self.weight, self.filled(k))
            value.steps, value.stamp = {}, self.stamp
        return value
