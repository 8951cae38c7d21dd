"""How alike two names of organizations are, where the words that many names have count for little."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA, LCSseq

from crmkit.errors import InvalidValueError
from crmkit.normalize import companies, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CompanyNames"]

_UNSEEN = 20.0
"""Names that are added to the list in thought, so that in a short one not every word looks common."""

_ACRONYM = 0.9
_WRITTEN = 0.3
"""What the names as they are written count beside their cores: the legal form, and typing errors across words."""

_MISTYPED = 0.7
"""Share of the letters that is right at least in words that were joined, parted or badly typed."""

_PIECE = 1.0
"""What each further piece costs that a short Han name would be put together from, in nats like all weights here."""

_LONGEST = 100
"""Characters of a Han name that are looked at."""

_REMEMBERED = 1 << 14


class CompanyNames:
    """Compares names of organizations by their words, each as heavy as it is rare in a list of names.

    A word that many names of the list have, a place such as Amsterdam or 上海, or a trade such as Holding or 科技, says
    little; the brand says most. A Latin word may be mistyped, and words may be moved, joined or left out; but where
    each name has rare words that the other has not, they are two names. Of Han names the characters of the short name
    are looked for in the long one, in order and in few pieces, as 中石油 stands in 中国石油天然气; a character that
    usually follows the one before it, as 技 follows 科, weighs little, so that places and trades do without being
    listed anywhere. Legal forms are no part of that (``companies.core``): two different ones count a little, one that
    is left out counts nothing.

    Args:
        names: The list that says how common each word is, usually the column itself; ``None`` is no name.

    Raises:
        InvalidValueError: Something else than a text is among them.

    Example:
        >>> names = CompanyNames(["Acme Holding", "Borg Holding", "Cito Holding", "Acme Tools", "Dahl Tools"])
        >>> others = ("Acme", "Acme Hlding", "Borg Holding")
        >>> [round(names.similarity("ACME Holding B.V.", other), 2) for other in others]
        [0.67, 0.87, 0.27]

    .. versionadded:: 0.1.0
    """

    def __init__(self, names: Iterable[str | None]) -> None:
        self._counts: Counter[str] = Counter()
        self._pairs: Counter[str] = Counter()
        self._size = 0
        self._read = lru_cache(maxsize=_REMEMBERED)(_read)
        self._surprises = lru_cache(maxsize=_REMEMBERED)(self._surprise)
        for name in names:
            if name is None:
                continue
            if not isinstance(name, str):
                raise InvalidValueError("names of companies are texts; leave out or convert what is none")
            parts = _parts(companies.core(name))
            self._counts.update(set(parts))
            if isinstance(parts, str):
                self._pairs.update({first + second for first, second in pairwise(parts)})
            self._size += 1

    def __repr__(self) -> str:
        return f"<CompanyNames: {self._size} names, {len(self._counts)} words>"

    def rarity(self, word: str) -> float:
        """Return the weight of a word, or of a Han character: log of one over the share of the names that have it."""
        return math.log((self._size + _UNSEEN) / (self._counts[word] + 0.5))

    def similarity(self, a: str, b: str) -> float:
        """Return how alike two names are, 0..1; 0 where one of them is empty. Symmetric.

        Note:
            O(words of a x words of b), for Han names the same with characters, of which the first hundred count.
        """
        (one, written_one), (two, written_two) = self._read(a), self._read(b)
        if not one or not two:
            return 0.0
        if written_one == written_two or (one == two and one in {written_one, written_two}):
            return 1.0
        if text.has_han(one) and text.has_han(two):
            found = self._of_han(one.replace(" ", "")[:_LONGEST], two.replace(" ", "")[:_LONGEST])
        elif one == two:
            found = 1.0
        elif companies.acronym(a) == two or companies.acronym(b) == one:
            found = _ACRONYM
        else:
            found = self._of_words(one.split(), two.split())
        return (1.0 - _WRITTEN) * found + _WRITTEN * LCSseq.normalized_similarity(written_one, written_two)

    def _of_words(self, one: Sequence[str], two: Sequence[str]) -> float:
        """Soft TF-IDF: the weight of the words that have a partner, each used once, less what contradicts.

        Words that one name has beside those of the other are left out there; where both have some, these are two names
        for two things, and the lighter side of them counts against it.
        """
        alike = sorted(
            ((found, i, j) for i, x in enumerate(one) for j, y in enumerate(two) if (found := _likeness(x, y))),
            key=lambda found: (-found[0], -self.rarity(one[found[1]]) - self.rarity(two[found[2]])),
        )
        left, right = set(range(len(one))), set(range(len(two)))
        common = 0.0
        for similarity, i, j in alike:
            if i in left and j in right:
                left.discard(i)
                right.discard(j)
                common += similarity * (self.rarity(one[i]) + self.rarity(two[j])) / 2.0
        weights = [sum(self.rarity(names[k]) for k in rest) for names, rest in ((one, left), (two, right))]
        rests = ["".join(names[k] for k in sorted(rest)) for names, rest in ((one, left), (two, right))]
        same = OSA.normalized_similarity(*rests) if all(rests) else 0.0
        if same >= _MISTYPED:
            common += same * sum(weights) / 2.0
        against = 0.0 if same >= _MISTYPED else min(weights) * (1.0 - same)
        return _share(max(common - against / 2.0, 0.0), sum(map(self.rarity, one)), sum(map(self.rarity, two)))

    def _of_han(self, one: str, two: str) -> float:
        """The weight of the characters in common order, less what contradicts; letters count only if both have some."""
        if not (_has_ascii(one) and _has_ascii(two)):
            one, two = ("".join(char for char in name if not char.isascii()) for name in (one, two))
        if set(one).isdisjoint(two):
            return 0.0
        one, two = sorted((one, two), key=lambda name: (len(name), name))
        mine, theirs = self._surprises(one), self._surprises(two)
        common, ours, yours = _in_order(one, two, mine, theirs)
        whole = sum(mine), sum(theirs)
        against = min(whole[0] - ours, whole[1] - yours)
        return _share(max(common - against / 2.0, 0.0), *whole)

    def _surprise(self, name: str) -> tuple[float, ...]:
        """Return for each character of a Han name how little it was to be expected after the one before it."""
        weights = list(map(self.rarity, name))
        for place, (first, second) in enumerate(pairwise(name), 1):
            usual = (self._pairs[first + second] + math.exp(-weights[place])) / (self._counts[first] + 1.0)
            weights[place] = min(weights[place], max(-math.log(usual), 0.0))
        return tuple(weights)


def _read(name: str) -> tuple[str, str]:
    """Return a name's core, and all of it folded."""
    return companies.core(name), text.fold(name)


def _likeness(one: str, two: str) -> float:
    """Return how alike two words are if one may be the other mistyped, else 0: by one edit in four letters or more."""
    if one == two:
        return 1.0
    shorter = min(len(one), len(two))
    most = 0 if shorter < _ONE_EDIT else 1 if shorter < _TWO_EDITS else 2
    edits = OSA.distance(one, two, score_cutoff=most)
    return 1.0 - edits / max(len(one), len(two)) if edits <= most else 0.0


_ONE_EDIT, _TWO_EDITS = 4, 8


def _has_ascii(name: str) -> bool:
    return any(char.isascii() for char in name)


def _share(common: float, one: float, two: float) -> float:
    """Half the share of the shorter name that is in common, half that of both."""
    return min(common / min(one, two), 1.0) / 2.0 + common / (one + two)


def _in_order(one: str, two: str, mine: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Find the heaviest common subsequence, where each piece after the first costs.

    Returns:
        Its weight, halfway between those of the two names and less what its pieces cost, and the weight of its
        characters in each name.
    """
    nothing = (0.0, 0.0, 0.0)
    best, ended = [nothing] * (len(two) + 1), [nothing] * (len(two) + 1)
    for char, own in zip(one, mine, strict=True):
        row, ends = [nothing], [nothing]
        for place, (other, weight) in enumerate(zip(two, theirs, strict=True)):
            found = nothing
            if char == other:
                value, ours, yours = best[place]
                before = max(ended[place], (value - _PIECE, ours, yours), nothing)
                found = (before[0] + (own + weight) / 2.0, before[1] + own, before[2] + weight)
            row.append(max(best[place + 1], row[-1], found))
            ends.append(found)
        best, ended = row, ends
    return best[-1]


def _parts(core: str) -> Sequence[str]:
    return core.replace(" ", "") if text.has_han(core) else core.split()
