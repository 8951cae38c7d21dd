"""Comparison levels of a record that is looked up with one of the index, as ``compare_pairs`` gives them for arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crmkit.matching._kinds._channels import EMAIL_DIFFERENT
from crmkit.matching._kinds._people import BORNE, BORNE_SHARE, GIVEN_HALF_SWAPPED, GIVEN_INITIAL, GIVEN_SWAPPED

from ._fields import words
from ._levels import LEVELS, given_level, organization_level, spoken
from ._query import email_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._fields import FieldIndex, Value
    from ._query import Query

__all__ = ["UNKNOWN", "PairLeveler"]

_COLUMNS = 16
"""More columns than one comparison reads."""

UNKNOWN = -2
"""Level of two different values that were not compared yet."""


class PairLeveler:
    """Compares records field by field."""

    def __init__(self, fields: Sequence[FieldIndex]) -> None:
        self.fields = fields
        place = {field.comparison.name: k for k, field in enumerate(fields)}
        self.given, self.family = place.get("given", -1), place.get("family", -1)
        self.email, self.domain = place.get("email", -1), place.get("domain", -1)
        self.named = self.given >= 0 and self.family >= 0
        self._local = {k for k, field in enumerate(fields) if field.is_local}
        self._columns = [field.columns for field in fields]
        self._first = [field.columns[0] for field in fields]
        self.several = [k for k, field in enumerate(fields) if len(field.columns) > 1]
        self.simple = [LEVELS.get(field.comparison.kind) for field in fields]
        """What compares two texts, where they say it all."""

    def start(
        self, query: Query, codes: Sequence[int], world: float, whole: tuple[int, int]
    ) -> tuple[list[int], list[float]]:
        """Return levels and log frequencies as far as codes alone tell; ``UNKNOWN`` is open."""
        if self.several:
            codes_of_first: Sequence[int] = [codes[column] for column in self._first]
        else:
            codes_of_first = codes
        levels = [
            0 if code == own >= 0 else -1 if code < 0 or own < 0 else UNKNOWN
            for code, own in zip(codes_of_first, query.first_codes, strict=True)
        ]
        rarity = [0.0] * len(levels)
        for k in self.several:
            levels[k], rarity[k] = self.any_equal(query, k, codes, world)
        for k, level in enumerate(levels):
            if level == 0 and k not in self.several:
                rarity[k] = query.rarity_of(k, world)
        if self.named:
            self._names(query, codes, levels, rarity, whole)
        return levels, rarity

    def any_equal(self, query: Query, k: int, codes: Sequence[int], world: float) -> tuple[int, float]:
        """Find the rarest value that both have in one of several columns."""
        level, rare = -1, 0.0
        for column in self._columns[k]:
            code = codes[column]
            if code < 0:
                continue
            for value in query.values[k]:
                if value.code == code:
                    frequency = query.rarity(k, value)
                    if level != 0 or frequency < rare:
                        rare = frequency
                    level = 0
                elif level < 0:
                    level = UNKNOWN
        return level, self._in_world(k, rare, world)

    def _in_world(self, k: int, rarity: float, world: float) -> float:
        return min(rarity - world, 0.0) if rarity and world and k in self._local else rarity

    def compare(self, query: Query, k: int, codes: Sequence[int], world: float) -> tuple[int, float]:
        """Return level and log frequency of a comparison whose values all differ."""
        level, rare = self.unequal(query, k, codes, world)
        if k == self.email:
            level = self.email_level(query, codes, level)
        return level, rare

    def unequal(self, query: Query, k: int, codes: Sequence[int], world: float) -> tuple[int, float]:
        """Return what ``compare`` does, as far as the values themselves tell."""
        columns = self._columns[k]
        memo = query.memo[k]
        if len(columns) == 1:
            code = codes[columns[0]]
            found = memo.get(code)
            if found is None:
                found = memo[code] = self._unequal(query, k, query.values[k][0], code)
            level, rare = found
        else:
            level, rare = -1, 0.0
            for column in columns:
                code = codes[column]
                if code < 0:
                    continue
                for place, value in enumerate(query.values[k]):
                    found = memo.get(code * _COLUMNS + place)
                    if found is None:
                        found = memo[code * _COLUMNS + place] = self._unequal(query, k, value, code)
                    if found[0] >= 0 and (level < 0 or found[0] < level):
                        level, rare = found
        return level, self._in_world(k, rare, world) if rare else 0.0

    def _unequal(self, query: Query, k: int, value: Value, code: int) -> tuple[int, float]:
        field = self.fields[k]
        other = field.text(code)
        simple = self.simple[k]
        if simple is not None:
            return simple(value.text, other), 0.0
        if field.comparison.kind == "given_name":
            least = max(BORNE, BORNE_SHARE * query.filled(k))
            count = field.count(value.code) + query.weight
            return given_level(value.text, other, count >= least, field.count(code) >= least), 0.0
        return self._organization(query, field, value.text, other)

    def is_exchanged(self, query: Query, codes: Sequence[int], whole: tuple[int, int]) -> bool:
        """Whether a name or a part of it may stand in the place of the other part."""
        given, family = codes[self._first[self.given]], codes[self._first[self.family]]
        if family == query.first_codes[self.family]:
            return False
        if query.swap[0] == family or query.swap[1] == given:
            return True
        return (whole[0] == query.whole[0] and whole[0] >= 0) or (whole[1] == query.whole[1] and whole[1] >= 0)

    def _organization(self, query: Query, field: FieldIndex, a: str, b: str) -> tuple[int, float]:
        """Compare by the words in common, each as heavy as it is rare."""
        counts = field.words
        assert counts is not None  # noqa: S101  # the field is one of organizations
        if a not in query.words:
            known = field.vocabulary.code(a) >= 0
            query.words[""] = [(word, 0.0) for word in ([] if known else words(a))]
            query.words[a] = counts.rarity(a, more=[word for word, _ in query.words[""]], values=not known)
        more = query.words[""]
        one = query.words[a]
        two = counts.rarity(b, more=[word for word, _ in more], values=bool(more))
        theirs = {word for word, _ in two}
        shared = [weight for word, weight in one if word in theirs]
        least = max(sum(weight for _, weight in one), sum(weight for _, weight in two))
        share = sum(shared) / min(least, -1e-9)
        rarest = min(shared, default=0.0)
        level = organization_level(a, b, share)
        return level, rarest if level in {2, 3} else 0.0

    def _names(
        self, query: Query, codes: Sequence[int], levels: list[int], rarity: list[float], whole: tuple[int, int]
    ) -> None:
        """Given and family name exchanged, wholly or by half; and one Latin letter is never an exact given name."""
        given, family = self.given, self.family
        if levels[given] == 0 and query.single_given:
            levels[given], rarity[given] = GIVEN_INITIAL, 0.0
        if levels[given] in {0, -1} or levels[family] != UNKNOWN:
            return
        given_code, family_code = codes[self._first[given]], codes[self._first[family]]
        first, second = query.swap[0] == family_code, query.swap[1] == given_code
        swapped = (first and second) or (
            (whole[0] == query.whole[0] and whole[0] >= 0) or (whole[1] == query.whole[1] and whole[1] >= 0)
        )
        if not (first or second or swapped):
            return
        of_given, of_family = self.fields[given], self.fields[family]
        my_given = query.rarity(given, query.values[given][0])
        my_family = query.rarity(family, query.values[family][0])
        same_given = levels[given] == GIVEN_INITIAL
        count = of_given.count(given_code) + (query.weight if same_given else 0.0)
        their_given = of_given.log_frequency(count, query.filled(given))
        their_family = of_family.log_frequency(of_family.count(family_code), query.filled(family))
        if swapped:
            levels[given], levels[family] = GIVEN_SWAPPED, -1
            rarity[given] = (my_given + their_given + my_family + their_family) / 2.0
        else:
            levels[given] = GIVEN_HALF_SWAPPED
            pair = (their_family, my_given) if first else (my_family, their_given)
            peak = max(pair)
            rarity[given] = min(peak + math.log1p(math.exp(min(pair) - peak)), -1e-3)

    def email_level(self, query: Query, codes: Sequence[int], level: int) -> int:
        """Make a likeness of two addresses *different* where namesakes have it too."""
        if not 0 < level < EMAIL_DIFFERENT:
            return level
        code = codes[self._first[self.email]]
        if query.first_codes[self.email] < 0 or code < 0:
            return level
        a = email_parts(query.values[self.email][0].text, query.addresses)
        b = email_parts(self.fields[self.email].vocabulary.text(code), query.addresses)
        if a.plain or b.plain or a.digits != b.digits or (a.bare == b.bare and a.local != b.local):
            return EMAIL_DIFFERENT
        if self._made_from_name(self._own(query, self.given), self._own(query, self.family), a.letters):
            return EMAIL_DIFFERENT
        if self._made_from_name(self._theirs(codes, self.given), self._theirs(codes, self.family), b.letters):
            return EMAIL_DIFFERENT
        return level

    def _own(self, query: Query, k: int) -> str:
        return spoken(query.values[k][0].text) if k >= 0 and query.first_codes[k] >= 0 else ""

    def _theirs(self, codes: Sequence[int], k: int) -> str:
        code = -1 if k < 0 else codes[self._first[k]]
        return "" if code < 0 else spoken(self.fields[k].vocabulary.text(code))

    @staticmethod
    def _made_from_name(given: str, family: str, local: str) -> bool:
        if len(given) >= 3 and local.startswith(given):
            return True
        size = len(family)
        if size >= 5 and family in local:
            return True
        rest = len(local) - size
        short = size >= 2 and rest >= 0 and (rest <= 2 or (len(given) > 0 and rest == len(given)))
        return short and (local.startswith(family) or local.endswith(family))

    def finish(self, query: Query, codes: Sequence[int], levels: list[int], rarity: list[float]) -> None:
        """Let the mailbox of a desk say nothing about two people of other names, and an equal address all it can."""
        email = self.email
        if email < 0:
            return
        if self.named and 0 <= levels[email] < EMAIL_DIFFERENT and self._is_desk(query, codes):
            for k in (self.given, self.family):
                kind = self.fields[k].kind
                if levels[k] < 0 or levels[k] == kind.different or levels[k] == kind.opposed:
                    levels[email], rarity[email] = -1, 0.0
        if self.domain >= 0 and levels[email] == 0:
            levels[self.domain], rarity[self.domain] = -1, 0.0

    def _is_desk(self, query: Query, codes: Sequence[int]) -> bool:
        addresses = query.addresses
        vocabulary = self.fields[self.email].vocabulary
        if any(email_parts(value.text, addresses).role for value in query.values[self.email]):
            return True
        theirs = (codes[column] for column in self._columns[self.email])
        return any(email_parts(vocabulary.text(code), addresses).role for code in theirs if code >= 0)
