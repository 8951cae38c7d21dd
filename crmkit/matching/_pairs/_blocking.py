"""Which pairs are worth comparing: blocking rules over codes, without a global set of pairs.

A rule is a tuple of derived keys; records that agree on all of them form a block, and every pair within a block is a
candidate. A pair that an earlier rule also produces is dropped by comparing that rule's keys, so memory stays flat and
the work could be cut into partitions. Blocks above the cap are not compared all with all; their records are sorted and
each meets its neighbors, and ``BlockingReport`` says so.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from crmkit._called import check_called
from crmkit._progress import steps
from crmkit.matching._sorting import distinct, distinct_keys

from ._blocks import NEIGHBORS, Runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._vocabulary import OfParts
    from crmkit.typing import Progress

    Column = NDArray[np.int32] | OfParts
    Keys = Mapping[str, Sequence[Column]]
    Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]

T = TypeVar("T", bound=np.generic)

_log = logging.getLogger("crmkit.matching")

BLOCK_CAP = 400
"""Blocks larger than this are cut: 400 records are 79,800 pairs."""


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

    ``pairs`` counts those that no earlier rule made; ``cap`` is the largest block whose records all met.

    .. versionadded:: 0.1.0
    """

    rule: str
    status: str
    pairs: int = 0
    blocks_cut: int = 0
    records_in_cut_blocks: int = 0
    largest_block: int = 0
    cap: int = BLOCK_CAP


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


_STRICT, _STRICT_ANYWAY = 0.5, 1e6
"""Pairs for each record, and in any file, that a rule may make which is not loose."""


def strict_budget(n: int, expected: float = 0.0) -> float:
    """Pairs that one rule may make which is not loose; above them its largest blocks are cut.

    Blocks of common names grow with the file and their pairs with its square, and the largest hold the fewest matches:
    with 0.4 pairs for each of a million contacts F1 was what it is without any budget, 0.973.

    Args:
        n: Number of rows.
        expected: Pairs that are there to be found, where that is known.

    Example:
        >>> [strict_budget(n) for n in (1_000, 1_000_000, 5_000_000)]
        [1000000.0, 1000000.0, 2500000.0]
    """
    return max(_STRICT * n, _STRICT_ANYWAY, 2.0 * expected)


def combined_key(parts: Sequence[Column]) -> NDArray[np.int64]:
    """Join codes into one int64 key by mixed radix; -1 where any part is missing."""
    first, *others = map(np.asarray, parts)
    key = first.astype(np.int64)
    missing = first < 0
    size = int(np.max(first, initial=0)) + 1
    for part in others:
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
class _Earlier:
    """A rule that made its pairs: two records were one of them where they agree on all of its keys."""

    keys: tuple[str, ...]
    blocks: tuple[NDArray[np.int32], ...] = ()
    """Where some blocks were cut, the block of every row, once for each way to combine the columns; -1 for none."""
    cut: NDArray[np.int64] | None = None
    """Blocks over the cap, ascending."""

    def made(self, pairs: _Open) -> NDArray[np.bool_]:
        """Whether the rule's uncut blocks hold each pair."""
        if self.cut is None:
            return functools.reduce(np.logical_and, map(pairs.agree_on, self.keys))
        result = np.zeros(len(pairs.left), dtype=bool)
        for a in self.blocks:
            block = a[pairs.left]
            uncut = (block >= 0) & ~_contains(self.cut, block)
            for b in self.blocks:
                result |= uncut & (block == b[pairs.right])
        return result


@attrs.define(eq=False)
class _Open:
    """Pairs that no earlier rule has made as far as is known; each key is looked up once for all rules that use it."""

    by_name: Keys
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    _agreeing: dict[str, NDArray[np.bool_]] = attrs.field(factory=dict)

    def agree_on(self, name: str) -> NDArray[np.bool_]:
        """Whether any column of the left record has the key that any of the right one has."""
        found = self._agreeing.get(name)
        if found is None:
            found = np.zeros(len(self.left), dtype=bool)
            for a in self.by_name[name]:
                key = a[self.left]
                present = key >= 0
                for b in self.by_name[name]:
                    found |= present & (key == b[self.right])
            self._agreeing[name] = found
        return found

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Let go of the others."""
        self.left, self.right = self.left[which], self.right[which]
        self._agreeing = {name: found[which] for name, found in self._agreeing.items()}


def _not_in(rules: Sequence[_Earlier], keys: Keys, left: NDArray[np.int32], right: NDArray[np.int32]) -> Pairs:
    """Drop the pairs that one of the rules made."""
    pairs = _Open(keys, left, right)
    for rule in rules:
        if not len(pairs.left):
            break
        made = rule.made(pairs)
        if made.any():
            pairs.keep(~made)
    return pairs.left, pairs.right


def _contains(sorted_keys: NDArray[np.int64], keys: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    position = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[position] == keys)


def _rule_keys(rule: BlockingRule, keys: Keys) -> tuple[NDArray[np.int64], ...]:
    """Return the rule's combined key, once for each column of a multi-valued field."""
    combinations: list[list[Column]] = [[]]
    for name in rule.keys:
        combinations = [[*done, column] for done in combinations for column in keys[name]]
    if len(combinations) == 1:
        return (combined_key(combinations[0]),)
    # One key over all combinations, so that the numbers mean the same in each.
    joined = combined_key(
        [np.concatenate([np.asarray(part) for part in column]) for column in zip(*combinations, strict=True)]
    )
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
        cap: Largest block whose records all meet; less for a rule that would go beyond its ``strict_budget``.
        side: For linking, which table a row belongs to; then pairs within one table are left out.
        order: Gives each row's place in a sorted order, by which the records of blocks over the cap meet neighbors.
        budget: Pairs for each row that one loose rule may make; ``loose_budget`` where not given.
        progress: Wraps the loop over rules.

    Returns:
        Pairs with ``left < right``, in the order of the rules.

    Note:
        O(n log n) for each rule, plus the pairs.
    """
    check_called(progress=progress)
    earlier: list[_Earlier] = []
    lefts: list[NDArray[np.int32]] = []
    rights: list[NDArray[np.int32]] = []
    firsts: list[NDArray[np.int16]] = []
    cut_pairs: list[tuple[int, Pairs]] = []
    uses: list[RuleUse] = []
    most = (loose_budget(n) if budget is None else budget) * n
    strict = strict_budget(n, 0.0 if budget is None else most)
    for position, rule in enumerate(steps(progress, list(rules), "block")):
        if any(name not in keys for name in rule.keys):
            uses.append(RuleUse(rule=str(rule), status="missing column"))
            continue
        variants = _rule_keys(rule, keys)
        runs = Runs.of(variants, cap=cap, most=np.inf if rule.loose else strict)
        if rule.loose and runs.total + NEIGHBORS * int(runs.cut_sizes.sum()) > most:
            uses.append(RuleUse(rule=str(rule), status="too many pairs", largest_block=runs.largest))
            continue
        produced = 0
        for pairs in runs.pairs(side):
            left, right = _not_in(earlier, keys, *pairs)
            produced += len(left)
            lefts.append(left)
            rights.append(right)
            firsts.append(np.full(len(left), position, dtype=np.int16))
        if len(runs.cut_starts) and order is not None:
            cut_pairs.append((position, runs.neighbors(order(), side)))
        cut = runs.cut_keys
        earlier.append(_Earlier(rule.keys) if cut is None else _Earlier(rule.keys, runs.blocks(n), cut))
        uses.append(
            RuleUse(
                rule=str(rule),
                status="cut" if len(runs.cut_starts) else "used",
                pairs=produced,
                blocks_cut=len(runs.cut_starts),
                records_in_cut_blocks=int(runs.cut_sizes.sum()),
                largest_block=runs.largest,
                cap=runs.cap,
            )
        )
        _log.debug("blocking rule %s: %d new pairs", rule, produced)
    _add_neighbors(cut_pairs, earlier, keys, n, lefts, rights, firsts)
    return Candidates(
        left=_joined(lefts, np.int32), right=_joined(rights, np.int32), rule=_joined(firsts, np.int16), uses=tuple(uses)
    )


def _joined(parts: list[NDArray[Any]], dtype: type[T]) -> NDArray[T]:
    """Put parts one behind the other and let go of each, so that no two copies of all pairs are in memory."""
    result = np.empty(sum(map(len, parts)), dtype=dtype)
    start = 0
    for place, part in enumerate(parts):
        result[start : start + len(part)] = part
        start += len(part)
        parts[place] = part[:0].copy()
    return result


def _add_neighbors(
    cut_pairs: list[tuple[int, Pairs]],
    earlier: list[_Earlier],
    keys: Keys,
    n: int,
    lefts: list[NDArray[np.int32]],
    rights: list[NDArray[np.int32]],
    firsts: list[NDArray[np.int16]],
) -> None:
    """Add the neighbors within cut blocks that no rule's uncut block holds, each once."""
    seen = np.empty(0, dtype=np.int64)
    for position, pairs in cut_pairs:
        left, right = _not_in(earlier, keys, *pairs)
        key = distinct(left.astype(np.int64) * n + right)
        if len(seen) and len(key):
            key = key[~_contains(seen, key)]
        seen = distinct(np.concatenate([seen, key]))
        lefts.append((key // n).astype(np.int32))
        rights.append((key % n).astype(np.int32))
        firsts.append(np.full(len(key), position, dtype=np.int16))
