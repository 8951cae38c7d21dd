"""Which pairs are worth comparing: blocking rules over codes, without a global set of pairs.

A rule is a tuple of derived keys; records that agree on all of them form a block, and every pair within a block is a
candidate. A pair that an earlier rule also produces is dropped by comparing that rule's keys, so memory stays flat and
the work could be cut into partitions. Blocks above the cap are not compared all with all; their records are sorted and
each meets its neighbors, and ``BlockingReport`` says so.
"""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from crmkit._progress import steps
from crmkit.matching._reading._marks import near_rows
from crmkit.matching._sorting import distinct, distinct_keys, sort_with_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.typing import Progress

    Keys = Mapping[str, Sequence[NDArray[np.int32]]]
    Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]

T = TypeVar("T", bound=np.generic)

_log = logging.getLogger("crmkit.matching")

BLOCK_CAP = 400
"""Blocks larger than this are cut: 400 records are 79,800 pairs."""

_NEIGHBORS = 3
_LOCAL = 1 << 22
"""Pairs held at a time while a rule is expanded."""


@attrs.frozen(init=False, repr=False)
class BlockingRule:
    """Records that agree on every key are candidates.

    Args:
        keys: Names of comparisons, or of keys derived from them (``family_sound``, ``phone_tail``, ``given_root``).
        loose: Use the rule only if it makes few enough pairs for the size of the file.

    Example:
        >>> BlockingRule("given_root", "family")
        BlockingRule('given_root', 'family')

    .. versionadded:: 0.1.0
    """

    keys: tuple[str, ...]
    loose: bool

    def __init__(self, *keys: str, loose: bool = False) -> None:
        if not keys:
            raise ValueError("a blocking rule needs at least one key")
        self.__attrs_init__(keys, loose)

    def __repr__(self) -> str:
        tail = ", loose=True" if self.loose else ""
        return f"BlockingRule({', '.join(repr(key) for key in self.keys)}{tail})"

    def __str__(self) -> str:
        return " + ".join(self.keys)


@attrs.frozen(kw_only=True)
class RuleUse:
    """What one rule did: ``status`` is used, cut (some blocks over the cap), too many pairs, or a missing column.

    ``pairs`` counts those that no earlier rule made.

    .. versionadded:: 0.1.0
    """

    rule: str
    status: str
    pairs: int = 0
    blocks_cut: int = 0
    records_in_cut_blocks: int = 0
    largest_block: int = 0


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Candidates:
    """Candidate pairs with the rule that first produced each.

    Attributes:
        left: Smaller row of each pair.
        right: Larger row of each pair.
        rule: Position of the rule in ``uses``.
        uses: What each rule did.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    rule: NDArray[np.int16]
    uses: tuple[RuleUse, ...]

    def __len__(self) -> int:
        return len(self.left)

    def __repr__(self) -> str:
        return f"<Candidates: {len(self)} pairs by {sum(use.pairs > 0 for use in self.uses)} rules>"


def loose_budget(n: int) -> float:
    """Pairs per record that one loose rule may make: nearly all of a small file's, a half at a million.

    Example:
        >>> [loose_budget(n) for n in (1_000, 10_000, 1_000_000, 50_000_000)]
        [100.0, 5.0, 0.5, 0.3]
    """
    size = max(n, 1)
    return float(min(max((250_000 / size) ** 0.5, 1e8 / size**2, 0.3), 400.0))


def pairs_within(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions (i, j), i < j, of all pairs within each run ``starts[k] : starts[k] + sizes[k]``."""
    total = int(sizes.sum())
    if total == 0:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    first = np.repeat(starts, sizes)
    offset = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    following = np.repeat(sizes, sizes) - 1 - offset
    left = np.repeat(first + offset, following)
    ends = np.cumsum(following)
    right = left + 1 + (np.arange(int(ends[-1])) - np.repeat(ends - following, following))
    return left, right


def combined_key(parts: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
    """Join codes into one int64 key by mixed radix; -1 where any part is missing."""
    key = parts[0].astype(np.int64)
    missing = parts[0] < 0
    size = int(np.max(parts[0], initial=0)) + 1
    for part in parts[1:]:
        radix = int(np.max(part, initial=0)) + 1
        if size * radix >= 2**62:
            key = distinct_keys(np.maximum(key, 0))[1]
            size = int(np.max(key, initial=0)) + 1
        key = key * radix + np.maximum(part, 0)
        missing = missing | (part < 0)
        size *= radix
    key[missing] = -1
    return key


@attrs.frozen(eq=False)
class _Prepared:
    """A rule's keys: one per way to combine the columns of multi-valued fields."""

    position: int
    variants: tuple[NDArray[np.int32], ...]
    """For each row the number of its block, -1 where a key is missing."""
    cut: NDArray[np.int64] | None
    """Blocks over the cap, ascending."""

    def agrees(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether the rule's uncut blocks hold each pair."""
        result = np.zeros(len(left), dtype=bool)
        for a in self.variants:
            keys = a[left]
            for b in self.variants:
                same = (keys == b[right]) & (keys >= 0)
                if self.cut is not None:
                    same &= ~_contains(self.cut, keys)
                result |= same
        return result


def _not_in(rules: Sequence[_Prepared], left: NDArray[np.int32], right: NDArray[np.int32]) -> Pairs:
    """Drop the pairs that one of the rules holds."""
    for rule in rules:
        if not len(left):
            break
        new = ~rule.agrees(left, right)
        left, right = left[new], right[new]
    return left, right


def _contains(sorted_keys: NDArray[np.int64], keys: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    position = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[position] == keys)


def _rule_keys(rule: BlockingRule, keys: Keys) -> tuple[NDArray[np.int64], ...]:
    """Return the rule's combined key, once for each column of a multi-valued field."""
    combinations: list[list[NDArray[np.int32]]] = [[]]
    for name in rule.keys:
        combinations = [[*done, column] for done in combinations for column in keys[name]]
    if len(combinations) == 1:
        return (combined_key(combinations[0]),)
    # One key over all combinations, so that the numbers mean the same in each.
    joined = combined_key([np.concatenate(column) for column in zip(*combinations, strict=True)])
    return tuple(np.split(joined, len(combinations)))


def block(
    keys: Keys,
    rules: Sequence[BlockingRule],
    n: int,
    *,
    cap: int = BLOCK_CAP,
    side: NDArray[np.int8] | None = None,
    order: Callable[[], NDArray[np.int64]] | None = None,
    budget: float | None = None,
    progress: Progress | None = None,
) -> Candidates:
    """Produce every candidate pair once.

    Args:
        keys: For each key name the codes of all rows, one array per source column, -1 where missing.
        rules: Tried in this order; loose ones only within ``loose_budget``.
        n: Number of rows.
        cap: Largest block whose records all meet.
        side: For linking, which table a row belongs to; then pairs within one table are left out.
        order: Gives each row's place in a sorted order, by which the records of blocks over the cap meet neighbors.
        budget: Pairs for each row that one loose rule may make; ``loose_budget`` where not given.
        progress: Wraps the loop over rules.

    Returns:
        Pairs with ``left < right``, in the order of the rules.

    Note:
        O(n log n) for each rule, plus the pairs.
    """
    prepared: list[_Prepared] = []
    lefts: list[NDArray[np.int32]] = []
    rights: list[NDArray[np.int32]] = []
    firsts: list[NDArray[np.int16]] = []
    cut_pairs: list[tuple[int, Pairs]] = []
    uses: list[RuleUse] = []
    most = (loose_budget(n) if budget is None else budget) * n
    for position, rule in enumerate(steps(progress, list(rules), "block")):
        if any(name not in keys for name in rule.keys):
            uses.append(RuleUse(rule=str(rule), status="missing column"))
            continue
        variants = _rule_keys(rule, keys)
        runs = _Runs.of(variants, cap=cap)
        if rule.loose and runs.total + _NEIGHBORS * int(runs.cut_sizes.sum()) > most:
            uses.append(RuleUse(rule=str(rule), status="too many pairs", largest_block=runs.largest))
            continue
        produced = 0
        for pairs in runs.pairs(side):
            left, right = _not_in(prepared, *pairs)
            produced += len(left)
            lefts.append(left)
            rights.append(right)
            firsts.append(np.full(len(left), position, dtype=np.int16))
        if len(runs.cut_starts) and order is not None:
            cut_pairs.append((position, runs.neighbors(order(), side)))
        prepared.append(_Prepared(position, runs.blocks(n), runs.cut_keys))
        uses.append(
            RuleUse(
                rule=str(rule),
                status="cut" if len(runs.cut_starts) else "used",
                pairs=produced,
                blocks_cut=len(runs.cut_starts),
                records_in_cut_blocks=int(runs.cut_sizes.sum()),
                largest_block=runs.largest,
            )
        )
        _log.debug("blocking rule %s: %d new pairs", rule, produced)
    _add_neighbors(cut_pairs, prepared, n, lefts, rights, firsts)
    return Candidates(
        left=_joined(lefts, np.int32), right=_joined(rights, np.int32), rule=_joined(firsts, np.int16), uses=tuple(uses)
    )


def _joined(parts: Sequence[NDArray[Any]], dtype: type[T]) -> NDArray[T]:
    return np.concatenate([np.empty(0, dtype=dtype), *parts])


def _add_neighbors(
    cut_pairs: list[tuple[int, Pairs]],
    prepared: list[_Prepared],
    n: int,
    lefts: list[NDArray[np.int32]],
    rights: list[NDArray[np.int32]],
    firsts: list[NDArray[np.int16]],
) -> None:
    """Add the neighbors within cut blocks that no rule's uncut block holds, each once."""
    seen = np.empty(0, dtype=np.int64)
    for position, pairs in cut_pairs:
        left, right = _not_in(prepared, *pairs)
        key = distinct(left.astype(np.int64) * n + right)
        if len(seen) and len(key):
            key = key[~_contains(seen, key)]
        seen = distinct(np.concatenate([seen, key]))
        lefts.append((key // n).astype(np.int32))
        rights.append((key % n).astype(np.int32))
        firsts.append(np.full(len(key), position, dtype=np.int16))


@attrs.frozen(eq=False)
class _Runs:
    """A rule's blocks as runs of an argsort."""

    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    cut_starts: NDArray[np.int64]
    cut_sizes: NDArray[np.int64]
    cut_keys: NDArray[np.int64] | None
    several: bool
    places: NDArray[np.int64]
    """Where each of ``rows`` stood before it was sorted."""
    all_starts: NDArray[np.int64]
    present: Sequence[NDArray[np.int32]]
    """Rows of each variant, before they were joined and sorted."""

    @classmethod
    def of(cls, variants: Sequence[NDArray[np.int64]], *, cap: int) -> _Runs:
        present = [np.flatnonzero(variant >= 0).astype(np.int32) for variant in variants]
        rows = np.concatenate(present)
        values = np.concatenate([variant[found] for variant, found in zip(variants, present, strict=True)])
        places, values = sort_with_places(values)
        rows = rows[places]
        edges = np.flatnonzero(np.diff(values)) + 1
        starts = np.concatenate([[0], edges]).astype(np.int64)
        sizes = np.diff(np.concatenate([starts, [len(rows)]])).astype(np.int64)
        over = sizes > cap
        useful = (sizes > 1) & ~over
        cut_keys = np.flatnonzero(over) if over.any() else None
        return cls(
            rows, starts[useful], sizes[useful], starts[over], sizes[over], cut_keys, len(variants) > 1,
            places, starts, present,
        )  # fmt: skip

    def blocks(self, n: int) -> tuple[NDArray[np.int32], ...]:
        """Return for each variant the block of every row: half the size of its key, for as long as pairs are made."""
        number = np.zeros(len(self.rows), dtype=np.int32)
        number[self.all_starts[1:]] = 1
        block_of = np.empty(len(self.rows), dtype=np.int32)
        block_of[self.places] = np.cumsum(number, dtype=np.int32)
        result = []
        for rows in self.present:
            of_row = np.full(n, -1, dtype=np.int32)
            of_row[rows], block_of = block_of[: len(rows)], block_of[len(rows) :]
            result.append(of_row)
        return tuple(result)

    @property
    def total(self) -> int:
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    @property
    def largest(self) -> int:
        """Records of the largest block."""
        return int(max(np.max(self.sizes, initial=0), np.max(self.cut_sizes, initial=0)))

    def pairs(self, side: NDArray[np.int8] | None) -> Iterator[Pairs]:
        """Yield the pairs of uncut blocks, some millions at a time, each once."""
        weight = np.cumsum(self.sizes * (self.sizes - 1) // 2)
        cuts = np.arange(_LOCAL, self.total, _LOCAL) if not self.several else np.empty(0, dtype=np.int64)
        edges = distinct(np.concatenate([[0], np.searchsorted(weight, cuts), [len(self.sizes)]]).astype(np.int64))
        for start, end in itertools.pairwise(edges.tolist()):
            i, j = pairs_within(self.starts[start:end], self.sizes[start:end])
            yield self._ordered(self.rows[i], self.rows[j], side)

    def _ordered(self, a: NDArray[np.int32], b: NDArray[np.int32], side: NDArray[np.int8] | None) -> Pairs:
        left, right = np.minimum(a, b), np.maximum(a, b)
        if side is not None:
            across = side[left] != side[right]
            left, right = left[across], right[across]
        if self.several:  # a record with the same value in two columns, or two records with two values in common
            key = distinct(left.astype(np.int64) << 32 | right)
            left, right = (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
            apart = left != right
            left, right = left[apart], right[apart]
        return left, right

    def neighbors(self, order: NDArray[np.int64], side: NDArray[np.int8] | None) -> Pairs:
        """Return the pairs of records that are near each other in ``order`` within cut blocks.

        Of two tables every record meets the nearest of the other one: between many copies of one record its
        neighbors would else all be of its own table.
        """
        total = int(self.cut_sizes.sum())
        block_of = np.repeat(np.arange(len(self.cut_sizes)), self.cut_sizes)
        offset = np.arange(total) - np.repeat(np.cumsum(self.cut_sizes) - self.cut_sizes, self.cut_sizes)
        rows = self.rows[np.repeat(self.cut_starts, self.cut_sizes) + offset]
        sort = np.lexsort((order[rows], block_of))
        rows, block_of = rows[sort], block_of[sort]
        near = near_rows(rows, block_of, order[rows], None if side is None else side[rows], _NEIGHBORS)
        a, b = (np.concatenate(ends) for ends in zip(*near, strict=True))
        left, right = self._ordered(a, b, side)
        apart = left != right
        return left[apart], right[apart]
