"""Comparison levels of candidate pairs, field by field on codes, and what one field says about another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.matching._kinds._alike import is_affix, is_within, lengths, on_distinct_pairs
from crmkit.matching._kinds._channels import EMAIL_DIFFERENT, letters_of
from crmkit.matching._kinds._fields import NULL
from crmkit.matching._kinds._people import GIVEN_HALF_SWAPPED, GIVEN_INITIAL, GIVEN_SWAPPED
from crmkit.matching._reading._worlds import LOCAL_KINDS
from crmkit.matching.comparisons import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Codes, EncodedField, Kind, Texts
    from crmkit.matching._reading._encode import Encoded

__all__ = ["PairLevels", "compare_pairs"]


@attrs.frozen(eq=False, repr=False)
class PairLevels:
    """Comparison levels of some pairs.

    Attributes:
        levels: int8, one row per comparison of the encoded file; -1 where a value is missing.
        rarity: float32, log frequency of the agreeing value (in the world of the pair) where the level is 0, else 0.
        world: float32, log share of the world that both records are of, 0 where there is none.
    """

    levels: NDArray[np.int8]
    rarity: NDArray[np.float32]
    world: NDArray[np.float32]

    @property
    def size(self) -> int:
        """Number of pairs."""
        return int(self.levels.shape[1])

    def take(self, pairs: NDArray[np.intp]) -> PairLevels:
        """Return the levels of some of the pairs."""
        return PairLevels(self.levels[:, pairs], self.rarity[:, pairs], self.world[pairs])

    def joined(self, other: PairLevels) -> PairLevels:
        """Return the levels of these pairs and then of the others."""
        return PairLevels(
            np.concatenate([self.levels, other.levels], axis=1),
            np.concatenate([self.rarity, other.rarity], axis=1),
            np.concatenate([self.world, other.world]),
        )


def compare_pairs(encoded: Encoded, left: Codes, right: Codes) -> PairLevels:
    """Compare ``left[k]`` with ``right[k]`` on every field.

    Note:
        Symmetric: exchanging left and right changes nothing. Memory is O(pairs x comparisons); call it on chunks.
    """
    levels = np.empty((len(encoded.comparisons), len(left)), dtype=np.int8)
    rarity = np.zeros((len(encoded.comparisons), len(left)), dtype=np.float32)
    position = {comparison.name: k for k, comparison in enumerate(encoded.comparisons)}
    world = encoded.worlds.log_share_of_pairs(left, right).astype(np.float32)
    for k, comparison in enumerate(encoded.comparisons):
        field = encoded.fields[comparison.name]
        _compare_field(field, KINDS[comparison.kind], left, right, levels[k], rarity[k])
        if comparison.kind in LOCAL_KINDS:
            rarity[k] = np.where(rarity[k] < 0.0, np.minimum(rarity[k] - world, 0.0), rarity[k])
    if encoded.given_as_family is not None:
        _swapped_names(encoded, left, right, levels, rarity, position)
    if "email" in position:
        _email_given_name(encoded, left, right, levels[position["email"]])
        if {"given", "family"} <= position.keys():
            _role_mailboxes(encoded, left, right, levels, rarity, position)
        if "domain" in position:  # an equal address says all that its domain could say
            same = levels[position["email"]] == 0
            levels[position["domain"], same] = NULL
            rarity[position["domain"], same] = 0.0
    return PairLevels(levels, rarity, world)


def _compare_field(
    field: EncodedField, kind: Kind, left: Codes, right: Codes, level: NDArray[np.int8], rarity: NDArray[np.float32]
) -> None:
    level[:] = NULL
    frequency = field.log_frequency
    for first in field.columns:
        for second in field.columns:
            a, b = first[left], second[right]
            present = (a >= 0) & (b >= 0)
            equal = present & (a == b)
            better = equal & ((level != 0) | (frequency[a] < rarity))
            level[equal] = 0
            rarity[better] = frequency[a[better]]
            open_ = np.flatnonzero(present & ~equal & (level != 0))
            if len(open_):
                found = on_distinct_pairs(field, a[open_], b[open_], kind.compare)
                known = level[open_]
                better = (found != NULL) & ((known == NULL) | (found < known))
                level[open_] = np.where(better, found, known)
                if kind.rarity is not None:
                    changed = open_[better]
                    rarity[changed] = kind.rarity(field, a[changed], b[changed], level[changed])


def _swapped_names(
    encoded: Encoded,
    left: Codes,
    right: Codes,
    levels: NDArray[np.int8],
    rarity: NDArray[np.float32],
    position: dict[str, int],
) -> None:
    """Given and family name exchanged, wholly or by half; and a given name of one Latin letter is never exact."""
    given, family = encoded.fields["given"], encoded.fields["family"]
    translate = encoded.given_as_family
    assert translate is not None  # noqa: S101  # the caller looked
    level, other = levels[position["given"]], levels[position["family"]]
    single = (given.traits["length"] == 1) & ~given.traits["han"]
    initial = np.flatnonzero(level == 0)
    initial = initial[single[given.columns[0][left[initial]]]]
    level[initial] = GIVEN_INITIAL
    rarity[position["given"], initial] = 0.0
    check = np.flatnonzero((level > 0) & (other > 0))
    given_a, given_b = given.columns[0][left[check]], given.columns[0][right[check]]
    family_a, family_b = family.columns[0][left[check]], family.columns[0][right[check]]
    first = (translate[given_a] == family_b) & (family_b >= 0)
    second = (translate[given_b] == family_a) & (family_a >= 0)
    swapped = first & second
    for codes in encoded.whole_names or ():
        one, two = codes[left[check]], codes[right[check]]
        swapped |= (one == two) & (one >= 0)
    level[check[first | second]] = GIVEN_HALF_SWAPPED
    level[check[swapped]] = GIVEN_SWAPPED
    other[check[swapped]] = NULL
    # How often it happens by chance: Pierre is a given name and a family name.
    of_given, of_family = given.log_frequency, family.log_frequency
    value = np.where(first, of_family[family_b], of_family[family_a])
    also = np.where(first, of_given[given_a], of_given[given_b])
    half = np.logaddexp(value, also)
    whole = (of_given[given_a] + of_given[given_b] + of_family[family_a] + of_family[family_b]) / 2.0
    rare = np.where(swapped, whole, np.minimum(half, -1e-3))
    known = first | second | swapped
    rarity[position["given"], check[known]] = rare[known]


def _email_given_name(encoded: Encoded, left: Codes, right: Codes, level: NDArray[np.int8]) -> None:
    """Make a likeness of two addresses *different* where namesakes have it too.

    That is: a local part made from the person's name, a short one or a role, other digits, or other punctuation only.
    """
    check = np.flatnonzero((level > 0) & (level < EMAIL_DIFFERENT))
    field = encoded.fields["email"]
    if not len(check) or len(field.columns) > 1:
        column = field.columns[0]
        check = check[(column[left[check]] >= 0) & (column[right[check]] >= 0)]
    if not len(check):
        return
    a, b = field.columns[0][left[check]], field.columns[0][right[check]]
    digits, bare, plain = field.traits["digits"], field.traits["bare"], field.traits["plain"]
    same_local = field.traits["local"][a] == field.traits["local"][b]
    shared = plain[a] | plain[b] | (digits[a] != digits[b]) | ((bare[a] == bare[b]) & ~same_local)
    for rows, codes in ((left[check], a), (right[check], b)):
        rest = np.flatnonzero(~shared)
        shared[rest] = _made_from_name(encoded, rows[rest], letters_of(field, codes[rest]))
    level[check[shared]] = EMAIL_DIFFERENT


def _role_mailboxes(
    encoded: Encoded,
    left: Codes,
    right: Codes,
    levels: NDArray[np.int8],
    rarity: NDArray[np.float32],
    position: dict[str, int],
) -> None:
    """Let the mailbox of a desk (info@) say nothing about two persons unless their names agree.

    Its domain still says that they have one employer.
    """
    level = levels[position["email"]]
    check = np.flatnonzero((level >= 0) & (level < EMAIL_DIFFERENT))
    role = encoded.fields["email"].traits["role"]
    of_desk = np.zeros(len(check), dtype=bool)
    for column in encoded.fields["email"].columns:
        for rows in (left[check], right[check]):
            of_desk |= (column[rows] >= 0) & role[column[rows]]
    check = check[of_desk]
    named = np.ones(len(check), dtype=bool)
    for name in ("given", "family"):
        kind = next(KINDS[one.kind] for one in encoded.comparisons if one.name == name)
        found = levels[position[name], check]
        named &= (found >= 0) & ~np.isin(
            found, [kind.different, kind.different if kind.opposed is None else kind.opposed]
        )
    level[check[~named]] = NULL
    rarity[position["email"], check[~named]] = 0.0


def _made_from_name(encoded: Encoded, rows: Codes, local: Texts) -> NDArray[np.bool_]:
    """Whether the letters of the local part are made from the name of the row: john, smith, jsmith, smithjohn.

    Han names are read in pinyin.
    """
    size = lengths(local)
    given, given_size = _spoken_name(encoded, "given", rows)
    family, family_size = _spoken_name(encoded, "family", rows)
    result = (given_size >= 3) & is_affix(given, local, np.maximum(given_size, 1))
    result |= (family_size >= 5) & (size >= family_size) & is_within(family, local)
    rest = size - family_size
    short = (family_size >= 2) & (rest >= 0) & ((rest <= 2) | ((given_size > 0) & (rest == given_size)))
    at_edge = is_affix(family, local, family_size) | is_affix(family, local, family_size, at_end=True)
    return np.asarray(result | (short & at_edge))


def _spoken_name(encoded: Encoded, name: str, rows: Codes) -> tuple[Texts, NDArray[np.int32]]:
    field = encoded.fields.get(name)
    if field is None:
        return np.full(len(rows), "", dtype=object), np.zeros(len(rows), dtype=np.int32)
    codes = field.columns[0][rows]
    spoken = np.append(field.traits["spoken"], "")[codes]
    return spoken, lengths(spoken)
