"""Comparison levels of a record that is looked up with one of the index, as ``compare_pairs`` gives them for arrays."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from crmkit.matching._kinds._channels import EMAIL_DIFFERENT, bare_local
from crmkit.matching._kinds._people import BORNE, BORNE_SHARE, GIVEN_HALF_SWAPPED, GIVEN_SWAPPED
from crmkit.normalize import emails

from ._fields import words
from ._levels import LEVELS, given_level, latin_given_level, organization_level, spoken
from ._query import LEVEL_ALONE, MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._fields import FieldIndex, Value
    from ._query import Query, Step

    Found = tuple[int, float]
    """Level and log frequency; the latter not yet that in the record's world, unless the values are equal."""

__all__ = ["PairLeveler"]

_DIGITS = re.compile(r"\d+").findall
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_LEAST_TELLING = 4
"""Letters and digits from which on a local part says more than that it is one."""


class PairLeveler:
    """Compares records field by field."""

    def __init__(self, fields: Sequence[FieldIndex]) -> None:
        self.fields = fields
        place = {field.comparison.name: k for k, field in enumerate(fields)}
        self.given, self.family = place.get("given", -1), place.get("family", -1)
        self.email, self.domain = place.get("email", -1), place.get("domain", -1)
        self.named = self.given >= 0 and self.family >= 0
        self._first = [field.columns[0] for field in fields]
        self.given_column, self.family_column = (self._first[k] if k >= 0 else -1 for k in (self.given, self.family))
        self._local = {k for k, field in enumerate(fields) if field.is_local}
        self.several = {k for k, field in enumerate(fields) if len(field.columns) > 1}
        self.simple = [None if k in self.several else LEVELS.get(one.comparison.kind) for k, one in enumerate(fields)]
        """What compares two texts, where they say it all."""

    def levels(
        self, query: Query, steps: Sequence[Step], record: Sequence[int], share: float
    ) -> tuple[list[int], list[float]]:
        """Return levels and log frequencies of all comparisons.

        Args:
            query: The record that is looked up.
            steps: Its comparisons, with what is known of them.
            record: Codes and the whole name of the other one.
            share: Log share of the world that both are of, 0 where they are of two.
        """
        levels, rarity = [-1] * len(self.fields), [0.0] * len(self.fields)
        for k, place, _, _, known in steps:
            key = record[place]
            found = known.get(key)
            if found is None:
                found = known[key] = self.compare(query, k, key, share)
            level, rare = found
            levels[k] = level
            if rare:
                rarity[k] = rare if level == 0 else self.in_world(k, rare, share)
        if self.named and levels[self.family] > 0 and levels[self.given] > 0:
            self._exchange(query, record, levels, rarity)
        email = self.email
        if email >= 0 and 0 <= levels[email] < EMAIL_DIFFERENT:
            if levels[email] > 0:
                levels[email] = self.email_level(query, record, levels[email])
            self._weigh_address(query, record, levels, rarity)
        return levels, rarity

    def in_world(self, k: int, rarity: float, share: float) -> float:
        """Return a log frequency among the records of a world."""
        return min(rarity - share, 0.0) if share and k in self._local else rarity

    def compare(self, query: Query, k: int, key: Any, share: float) -> Found:
        """Return level and log frequency of a comparison whose values are not known to be equal."""
        if k in self.several:
            return self._several(query, k, key, share)
        return self.unequal(query, k, query.values[k][0], key)

    def unequal(self, query: Query, k: int, value: Value, code: int) -> Found:
        """Return level and log frequency of two different values."""
        field = self.fields[k]
        simple = LEVELS.get(field.comparison.kind)
        if simple is not None:
            return LEVEL_ALONE[simple(value.text, field.text(code))]
        if field.comparison.kind == "given_name":
            return LEVEL_ALONE[self._given(query, field, value, code)]
        return self._organization(query, field, value.text, field.text(code))

    def _given(self, query: Query, field: FieldIndex, value: Value, code: int) -> int:
        least = max(BORNE, BORNE_SHARE * query.filled(self.given))
        is_borne = field.count(value.code) + query.weight >= least
        is_other_borne = field.count(code) >= least
        known, roots = field.known, field.roots
        if known is None or roots is None or not (value.code < len(known) > code):
            return given_level(value.text, field.text(code), is_borne, is_other_borne)
        a, b = value.text, field.text(code)
        if not (a.isascii() and b.isascii()):
            return given_level(a, b, is_borne, is_other_borne)
        is_sure = bool((is_borne or known[value.code]) and (is_other_borne or known[code]))
        return latin_given_level(a, b, is_one_root=roots[value.code] == roots[code], is_sure=is_sure)

    def _several(self, query: Query, k: int, codes: Sequence[int], share: float) -> Found:
        """Compare what stands in several columns: the rarest value that both have, else the two most alike."""
        values = query.values[k]
        theirs = [code for code in codes if code >= 0]
        equal = [query.fresh(k, value).rarity for value in values if value.code in theirs]
        if equal:
            rare = min(equal)
            return 0, self.in_world(k, rare, share) if rare else rare
        best = MISSING
        for code in theirs:
            for value in values:
                found = self.unequal(query, k, value, code)
                if found[0] >= 0 and (best[0] < 0 or found[0] < best[0]):
                    best = found
        return best

    def is_exchanged(self, query: Query, record: Sequence[int]) -> bool:
        """Whether a name or a part of it may stand in the place of the other part."""
        family = record[self.family_column]
        if family == query.codes[self.family_column]:
            return False
        if query.swap[0] == family or query.swap[1] == record[self.given_column]:
            return True
        return self._has_whole(query, record)

    @staticmethod
    def _has_whole(query: Query, record: Sequence[int]) -> bool:
        words, sound = query.whole
        return words == record[-3] >= 0 or sound == record[-2] >= 0

    def _organization(self, query: Query, field: FieldIndex, a: str, b: str) -> Found:
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

    def _exchange(self, query: Query, record: Sequence[int], levels: list[int], rarity: list[float]) -> None:
        """See whether given and family name, neither of them equal, are exchanged, wholly or by half."""
        given, family = self.given, self.family
        given_code, family_code = record[self.given_column], record[self.family_column]
        first, second = query.swap[0] == family_code, query.swap[1] == given_code
        swapped = (first and second) or self._has_whole(query, record)
        if not (first or second or swapped):
            return
        of_given, of_family = self.fields[given], self.fields[family]
        my_given = query.fresh(given, query.values[given][0]).rarity
        my_family = query.fresh(family, query.values[family][0]).rarity
        same_given = given_code == query.codes[self.given_column]
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

    def email_level(self, query: Query, record: Sequence[int], level: int) -> int:
        """Make a likeness of two addresses *different* where namesakes have it too."""
        column = self._first[self.email]
        code = record[column]
        if query.codes[column] < 0 or code < 0:
            return level
        value = query.values[self.email][0]
        a, b = value.text.rpartition("@")[0], self.fields[self.email].vocabulary.text(code).rpartition("@")[0]
        if _DIGITS(a) != _DIGITS(b) or self._is_plain(a) or self._is_plain(b):
            return EMAIL_DIFFERENT
        if a != b and bare_local(a) == bare_local(b):
            return EMAIL_DIFFERENT
        if self._made_from_name(self._own(query, self.given), self._own(query, self.family), _letters(a)):
            return EMAIL_DIFFERENT
        if self._made_from_name(self._theirs(record, self.given), self._theirs(record, self.family), _letters(b)):
            return EMAIL_DIFFERENT
        return EMAIL_DIFFERENT if self._is_role(value.code, value.text) or self._is_role(code) else level

    @staticmethod
    def _is_plain(local: str) -> bool:
        return len(local) < _LEAST_TELLING or len(bare_local(local)) < _LEAST_TELLING

    def _is_role(self, code: int, text: str | None = None) -> bool:
        """Whether an address is that of a desk."""
        field = self.fields[self.email]
        if field.roles is not None and code < len(field.roles):
            return bool(field.roles[code])
        return emails.is_role(field.vocabulary.text(code) if text is None else text)

    def _own(self, query: Query, k: int) -> str:
        return spoken(query.values[k][0].text) if k >= 0 and query.codes[self._first[k]] >= 0 else ""

    def _theirs(self, record: Sequence[int], k: int) -> str:
        code = -1 if k < 0 else record[self._first[k]]
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

    def _weigh_address(self, query: Query, record: Sequence[int], levels: list[int], rarity: list[float]) -> None:
        """Let the mailbox of a desk say nothing about two people of other names, and an equal address all it can."""
        email = self.email
        is_alike = levels[email] < EMAIL_DIFFERENT
        if self.named and is_alike and self._has_other_name(levels) and self._is_desk(query, record):
            levels[email], rarity[email] = -1, 0.0
        if self.domain >= 0 and levels[email] == 0:
            levels[self.domain], rarity[self.domain] = -1, 0.0

    def _has_other_name(self, levels: Sequence[int]) -> bool:
        for k in (self.given, self.family):
            kind = self.fields[k].kind
            if levels[k] < 0 or levels[k] == kind.different or levels[k] == kind.opposed:
                return True
        return False

    def _is_desk(self, query: Query, record: Sequence[int]) -> bool:
        if query.is_role is None:
            query.is_role = any(self._is_role(value.code, value.text) for value in query.values[self.email])
        if query.is_role:
            return True
        theirs = (record[column] for column in self.fields[self.email].columns)
        return any(code >= 0 and self._is_role(code) for code in theirs)


def _letters(local: str) -> str:
    return _NOT_LETTERS.sub("", local)
