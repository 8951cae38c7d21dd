"""Worlds: parts of a file that draw their names and places from pools of their own.

In a file of several countries a Chinese given name makes a Chinese surname and a Chinese city likely. Agreements on all
three are then far more common by chance than their frequencies in the whole file say, and the error grows with every
agreement. So frequencies are taken within the world of the pair, and chance pays once for both being of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import EncodedField

    from ._sources import Source

__all__ = ["LOCAL_KINDS", "Worlds", "find_worlds", "script_of"]

LOCAL_KINDS = frozenset(
    {"given_name", "family_name", "street", "city", "postcode", "region", "company", "organization"}
)
"""Kinds whose values a world has a pool of its own of."""


@attrs.frozen(eq=False, repr=False)
class Worlds:
    """The world of every record.

    Attributes:
        codes: World of each row, -1 where nothing tells it.
        sizes: Records in each world.
    """

    codes: NDArray[np.int32]
    sizes: NDArray[np.int64]

    @property
    def log_shares(self) -> NDArray[np.float64]:
        """Log of each world's share of the records, and 0 at the end for rows of no known world."""
        return np.append(np.log(np.maximum(self.sizes, 1) / max(len(self.codes), 1)), 0.0)

    def log_share_of_pairs(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return for each pair the log share of the world that both are of; 0 where there is none."""
        a = self.codes[left]
        return np.where(a == self.codes[right], self.log_shares[a], 0.0)

    def partners(
        self, rows: NDArray[np.int32], every: NDArray[np.int32], random: np.random.Generator
    ) -> NDArray[np.int32]:
        """Draw for each row a row of the same world; ``every`` holds all rows, in the order to draw from."""
        order = every[np.argsort(self.codes[every], kind="stable")]
        ranked = self.codes[order]
        world = self.codes[rows]
        start, stop = np.searchsorted(ranked, world, "left"), np.searchsorted(ranked, world, "right")
        return order[start + (random.random(len(rows)) * (stop - start)).astype(np.int64)]

    def same_values(self, field: EncodedField) -> NDArray[np.float64]:
        """Return for each world the expected share of its pairs that agree on the field."""
        codes, world = field.columns[0], self.codes
        rows = np.flatnonzero((codes >= 0) & (world >= 0))
        key = world[rows].astype(np.int64) * (len(field.values) + 1) + codes[rows]
        values, counts = np.unique(key, return_counts=True)
        place = values // (len(field.values) + 1)
        filled = np.bincount(world[rows], minlength=len(self.sizes)).astype(np.float64)
        agree = np.bincount(place, weights=counts * (counts - 1.0), minlength=len(self.sizes))
        return np.asarray(agree / np.maximum(filled * (filled - 1.0), 1.0))


def find_worlds(sources: Sequence[Source], fields: Mapping[str, EncodedField], n: int) -> Worlds:
    """Take the country as the world, and where no table has one the script of the name."""
    parts = []
    numbers: dict[str | None, int] = {}
    for source in sources:
        names, codes = source.countries()
        table = np.array([numbers.setdefault(name, len(numbers)) for name in names] + [-1], dtype=np.int32)
        parts.append(table[codes] if names else np.full(len(source.table), -1, dtype=np.int32))
    codes = np.concatenate(parts)
    if not numbers:
        codes = _scripts(fields, n)
    sizes = np.bincount(codes[codes >= 0], minlength=int(np.max(codes, initial=-1)) + 1)
    return Worlds(codes, sizes.astype(np.int64))


_BLOCK = 0x300
"""Latin letters end here; beyond, 256 code points are near enough to one script, and all of Han is one."""


def _scripts(fields: Mapping[str, EncodedField], n: int) -> NDArray[np.int32]:
    result = np.full(n, -1, dtype=np.int32)
    for name in ("name", "given", "family"):
        field = fields.get(name)
        if field is None:
            continue
        first = field.traits["initial"].astype(np.int64)
        script = np.where(first < _BLOCK, 0, np.where((first >= 0x3400) & (first < 0xA000), 1, 2 + first // 256))
        codes = field.columns[0]
        result = np.where(codes >= 0, np.append(script, -1)[codes], result).astype(np.int32)
    return result


def script_of(first: int) -> int:
    """Number the script of a name's first character, as ``_scripts`` does for whole columns.

    Example:
        >>> [script_of(ord(char)) for char in "aé王И"]
        [0, 0, 1, 6]
    """
    if first < _BLOCK:
        return 0
    return 1 if 0x3400 <= first < 0xA000 else 2 + first // 256
