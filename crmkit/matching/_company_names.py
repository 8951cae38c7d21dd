"""How alike two names of organizations are, where the words that many names have count for little."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from crmkit.normalize import companies, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CompanyNames"]

_ALIKE = 0.85
_UNSEEN = 20.0
"""Names that are added to the list in thought, so that in a short one not every word looks common."""

_ACRONYM = 0.9


class CompanyNames:
    """Compares names of organizations by their words, each as heavy as it is rare in a list of names.

    Legal forms are no part of a name (``companies.core``). A word that many names of the list have, a place such as
    Amsterdam or 上海, or a trade such as Holding or 科技, says little; the brand says most. A Latin word may be
    mistyped, and words may be moved, joined or left out; of Han names the characters of the short name are looked for
    in the long one, in order, as 中石油 stands in 中国石油天然气.

    Args:
        names: The list that says how common each word is, usually the column itself.

    Example:
        >>> names = CompanyNames(["Acme Holding", "Borg Holding", "Cito Holding", "Acme Tools", "Dahl Tools"])
        >>> others = ("Acme", "Acme Hlding", "Borg Holding")
        >>> [round(names.similarity("ACME Holding B.V.", other), 2) for other in others]
        [0.85, 0.99, 0.45]

    .. versionadded:: 0.1.0
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        self._size = 0
        for name in names:
            self._counts.update(set(_parts(companies.core(name))))
            self._size += 1

    def __repr__(self) -> str:
        return f"<CompanyNames: {self._size} names, {len(self._counts)} words>"

    def rarity(self, word: str) -> float:
        """Return the weight of a word, or of a Han character: log of one over the share of the names that have it."""
        return math.log((self._size + _UNSEEN) / (self._counts[word] + 0.5))

    def similarity(self, a: str, b: str) -> float:
        """Return how alike two names are, 0..1; 0 where one of them is empty. Symmetric.

        Note:
            O(words of a x words of b), for Han names the same with characters.
        """
        one, two = companies.core(a), companies.core(b)
        if not one or not two:
            return 0.0
        if one == two:
            return 1.0
        if text.has_han(one) and text.has_han(two):
            return self._of_han(one.replace(" ", ""), two.replace(" ", ""))
        found = max(self._of_words(one.split(), two.split()), self._of_letters(one.split(), two.split()))
        return max(found, _ACRONYM) if companies.acronym(a) == two or companies.acronym(b) == one else found

    def _of_words(self, one: Sequence[str], two: Sequence[str]) -> float:
        """Soft TF-IDF: the weight of the words that have a partner, each used once."""
        from rapidfuzz.distance import JaroWinkler

        alike = sorted(
            ((JaroWinkler.similarity(x, y), i, j) for i, x in enumerate(one) for j, y in enumerate(two)),
            key=lambda found: (-found[0], -self.rarity(one[found[1]]) - self.rarity(two[found[2]])),
        )
        left, right = set(range(len(one))), set(range(len(two)))
        common = 0.0
        for similarity, i, j in alike:
            if similarity < _ALIKE:
                break
            if i in left and j in right:
                left.discard(i)
                right.discard(j)
                common += similarity * (self.rarity(one[i]) + self.rarity(two[j])) / 2.0
        return _share(common, sum(map(self.rarity, one)), sum(map(self.rarity, two)))

    def _of_letters(self, one: Sequence[str], two: Sequence[str]) -> float:
        """The weight of the letters in common order, blanks aside, each with its part of the weight of its word."""
        mine = [(char, self.rarity(word) / len(word)) for word in one for char in word]
        theirs = [(char, self.rarity(word) / len(word)) for word in two for char in word]
        total = sum(weight for _, weight in mine) + sum(weight for _, weight in theirs)
        return 2.0 * _in_order(mine, theirs) / total

    def _of_han(self, one: str, two: str) -> float:
        """The weight of the characters in common order; letters count only if both names have some."""
        if not (_has_ascii(one) and _has_ascii(two)):
            one, two = ("".join(char for char in name if not char.isascii()) for name in (one, two))
        mine, theirs = ([(char, self.rarity(char)) for char in name] for name in (one, two))
        return _share(_in_order(mine, theirs), sum(weight for _, weight in mine), sum(weight for _, weight in theirs))


def _has_ascii(name: str) -> bool:
    return any(char.isascii() for char in name)


def _share(common: float, one: float, two: float) -> float:
    """Half the share of the shorter name that is in common, half that of both."""
    return min(common / min(one, two), 1.0) / 2.0 + common / (one + two)


def _in_order(one: Sequence[tuple[str, float]], two: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the heaviest common subsequence."""
    best = [0.0] * (len(two) + 1)
    for char, weight in one:
        before = 0.0
        for place, (other, own) in enumerate(two):
            kept = best[place + 1]
            with_both = before + (weight + own) / 2.0 if char == other else 0.0
            best[place + 1] = max(kept, best[place], with_both)
            before = kept
    return best[-1]


def _parts(core: str) -> Sequence[str]:
    return core.replace(" ", "") if text.has_han(core) else core.split()
