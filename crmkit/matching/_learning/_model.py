"""The match model: rival explanations for why two records agree, and what each predicts.

For a pair with comparison levels x every explanation c expects a number of such pairs in the whole file::

    lambda_c(x) = N_c * prod over groups g of (rho[c,g] * e_same(x_g) + (1 - rho[c,g]) * e_different(x_g))

and P(match | x) is the match's share of the sum. Chance is one of them, with N = n(n-1)/2 and the frequencies of the
values, so that nothing about it is fitted but one number. All factors e_different cancel; what remains per group is
the ratio e_same / e_different, whose logarithm ``group_evidence`` computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.errors import FormatError, SchemaError
from crmkit.matching._kinds._channels import EMAIL_LOCAL
from crmkit.matching._settings._presets import CHANCE, MATCH
from crmkit.matching.comparisons import KINDS

from ._causes import log_ratio
from ._correction import features
from ._wellformed import check_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Comparison
    from crmkit.matching._pairs._levels import PairLevels
    from crmkit.matching._reading._encode import Encoded

    FloatArray = NDArray[np.float64]
    Memberships = list[list[tuple[int, NDArray[np.bool_] | None]]]

__all__ = [
    "FORMAT",
    "NAMESAKES_UNSEEN",
    "NAME_GROUPS",
    "PERSON_NAMES",
    "MatchModel",
    "Posterior",
    "adapted",
    "filled_groups",
    "group_evidence",
    "independence_count",
    "likely",
    "log_different",
    "log_expected",
    "memberships",
    "posterior",
    "ratio_of",
    "starting_tables",
]

FORMAT = "crmkit-match-model/1"

NAME_GROUPS = ("given", "family", "place", "employer")
"""Groups that are not independent in a file that mixes several populations; ``kappa`` corrects for it."""

PERSON_NAMES = frozenset({"given", "family", "generation"})
NAMESAKES_UNSEEN = 1.0
"""Log odds of two namesakes against one person where nothing but the name is known of both."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MatchModel:
    """Everything that was learned, as plain numbers.

    Attributes:
        comparisons: What the pairs are compared on, in the order of the levels.
        n: Records (full copies counted once) of the file it was learned from.
        pairs: Pairs that the file could have: n(n-1)/2, or left times right for linking; at least 1.
        numbers: Expected pairs for each explanation, chance left out.
        rates: rho, for each explanation and group.
        errors: m, P(level | same cause), for each comparison.
        chance: u, P(level | different), for each comparison; the exact level is replaced by the value's frequency.
        namesake_email: u of e-mail addresses between people of one name, by level.
        kappa: How much more often than independence says chance makes two name-like groups agree; >= 1.
        correction: Weights that labels gave to what agrees, differs or has a rival; none without labels.

    .. versionadded:: 0.1.0
    """

    comparisons: tuple[Comparison, ...]
    n: float
    pairs: float
    numbers: dict[str, float]
    rates: dict[str, dict[str, float]]
    errors: dict[str, FloatArray]
    chance: dict[str, FloatArray]
    namesake_email: FloatArray | None = None
    kappa: float = 1.0
    correction: dict[str, float] = attrs.field(factory=dict)

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {number:,.0f}" for name, number in self.numbers.items())
        return f"<MatchModel: {len(self.comparisons)} comparisons, expected pairs: {found}>"

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of the comparisons, in order; wide ones last."""
        own = [comparison.group for comparison in self.comparisons]
        wide = [comparison.wide for comparison in self.comparisons if comparison.wide is not None]
        return tuple(dict.fromkeys([*own, *wide]))

    @property
    def explanations(self) -> tuple[str, ...]:
        """Names of the explanations, chance last."""
        return (*self.numbers, CHANCE)

    def for_size(self, n: float, pairs: float) -> MatchModel:
        """Return the model for a file of another size: fitted explanations grow with its records, chance with pairs."""
        factor = n / self.n if self.n else 1.0
        return attrs.evolve(
            self, n=n, pairs=pairs, numbers={name: number * factor for name, number in self.numbers.items()}
        )

    def to_dict(self) -> dict[str, object]:
        """Return the model as plain data; holds no value out of any record."""
        return {
            "format": FORMAT,
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
            "n": self.n,
            "pairs": self.pairs,
            "numbers": dict(self.numbers),
            "rates": {name: dict(rates) for name, rates in self.rates.items()},
            "errors": {name: table.tolist() for name, table in self.errors.items()},
            "chance": {name: table.tolist() for name, table in self.chance.items()},
            "namesake_email": None if self.namesake_email is None else self.namesake_email.tolist(),
            "kappa": self.kappa,
            "correction": dict(self.correction),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> MatchModel:
        """Read what ``to_dict`` wrote.

        Raises:
            FormatError: The document is not a match model, one of a later version, or holds what no model learns.
        """
        from crmkit.matching._kinds._fields import Comparison

        if document.get("format") != FORMAT:
            raise FormatError(f"not a {FORMAT} document; save models with to_dict()", location="format")
        check_model(document)
        values: dict[str, Any] = dict(document)
        del values["format"]
        comparisons = tuple(Comparison.from_dict(one) for one in values.pop("comparisons"))
        email = values.pop("namesake_email")
        for table in ("errors", "chance"):
            values[table] = {name: np.asarray(numbers, dtype=np.float64) for name, numbers in values[table].items()}
        return cls(
            comparisons=comparisons,
            namesake_email=None if email is None else np.asarray(email, dtype=np.float64),
            **values,
        )


@attrs.frozen(eq=False, repr=False)
class Posterior:
    """What the model says about some pairs.

    Attributes:
        log_odds: Natural log odds of a match against everything else.
        explanation: Position of the most probable explanation in ``MatchModel.explanations``.
    """

    log_odds: FloatArray
    explanation: NDArray[np.int8]


def adapted(model: MatchModel, encoded: Encoded) -> MatchModel:
    """Return the model for another file.

    Raises:
        SchemaError: The file is compared on something else than the model was fitted on.
    """
    have, need = [one.name for one in encoded.comparisons], [one.name for one in model.comparisons]
    if have != need:
        raise SchemaError(f"the model was fitted on {', '.join(need)}, this frame has {', '.join(have) or 'none'}")
    return model.for_size(encoded.effective, encoded.possible_pairs)


def _log_same(model: MatchModel, pairs: PairLevels) -> FloatArray:
    same = np.empty(pairs.levels.shape)
    for k, comparison in enumerate(model.comparisons):
        # One place more, so that level -1 reads the last: a missing value is factor 1.
        np.take(np.append(np.log(model.errors[comparison.name]), 0.0), pairs.levels[k], mode="wrap", out=same[k])
    return same


def log_different(model: MatchModel, pairs: PairLevels, before: FloatArray | None = None) -> FloatArray:
    """Return log e_different of every comparison.

    Learning changes nothing about it but ``namesake_email``: ``before`` is what this said about the same pairs in an
    earlier step.
    """
    if before is not None and not any(one.name == "email" and one.nested for one in model.comparisons):
        _among_namesakes(model, pairs, before)
        return before
    apart = np.empty(pairs.levels.shape)
    for k, comparison in enumerate(model.comparisons):
        level = pairs.levels[k]
        table = np.append(np.log(model.chance[comparison.name]), 0.0)
        apart[k] = np.where((level == 0) | (pairs.rarity[k] != 0.0), pairs.rarity[k], table[level])
    _among_namesakes(model, pairs, apart)
    _count_nested_once(model, pairs, apart)
    return apart


def _among_namesakes(model: MatchModel, pairs: PairLevels, apart: FloatArray) -> None:
    """Take the likeness of two addresses as it is between people of one name."""
    position = {comparison.name: k for k, comparison in enumerate(model.comparisons)}
    if model.namesake_email is None or not {"email", "given", "family"} <= position.keys():
        return
    k = position["email"]
    level = pairs.levels[k]
    namesakes = np.flatnonzero(
        (pairs.levels[position["given"]] == 0) & (pairs.levels[position["family"]] == 0) & (level >= 0)
    )
    among = np.log(model.namesake_email)[level[namesakes]]
    apart[k, namesakes] = np.where(level[namesakes] == 0, np.maximum(pairs.rarity[k, namesakes], among), among)


def _count_nested_once(model: MatchModel, pairs: PairLevels, apart: FloatArray) -> None:
    """Of nested exact agreements only the rarest counts: a postcode says its city."""
    for group in model.groups:
        nested = [k for k, one in enumerate(model.comparisons) if one.group == group and one.nested]
        if len(nested) < 2:
            continue
        exact = pairs.levels[nested] == 0
        values = np.where(exact, apart[nested], np.inf)
        rarest = values.argmin(axis=0)
        for place, k in enumerate(nested):
            apart[k, exact[place] & (rarest != place)] = 0.0


def memberships(model: MatchModel, pairs: PairLevels) -> Memberships:
    """Return for each group its comparisons and for which pairs they count in it; ``None`` for all pairs."""
    place = {group: position for position, group in enumerate(model.groups)}
    result: Memberships = [[] for _ in model.groups]
    narrow: dict[str, NDArray[np.bool_]] = {}
    for k, comparison in enumerate(model.comparisons):
        if comparison.wide is None:
            result[place[comparison.group]].append((k, None))
            continue
        if comparison.group not in narrow:
            narrow[comparison.group] = _narrower_agrees(model, pairs, comparison.group)
        agrees = narrow[comparison.group]
        result[place[comparison.group]].append((k, agrees))
        result[place[comparison.wide]].append((k, ~agrees))
    return result


def _narrower_agrees(model: MatchModel, pairs: PairLevels, group: str) -> NDArray[np.bool_]:
    agrees = np.zeros(pairs.size, dtype=bool)
    for k, comparison in enumerate(model.comparisons):
        if comparison.group == group and comparison.wide is None:
            agrees |= (pairs.levels[k] >= 0) & (pairs.levels[k] != KINDS[comparison.kind].different)
    return agrees


def group_evidence(
    model: MatchModel, pairs: PairLevels, members: Memberships | None = None, apart: FloatArray | None = None
) -> FloatArray:
    """Return log (e_same / e_different) for each group (rows, as ``model.groups``) and pair (columns).

    ``members`` and ``apart`` are what ``memberships`` and ``log_different`` say, where they are known already.
    """
    same = _log_same(model, pairs)
    result = np.zeros((len(model.groups), pairs.size))
    ratio = np.subtract(same, log_different(model, pairs) if apart is None else apart, out=same)
    for place, comparisons in enumerate(memberships(model, pairs) if members is None else members):
        for k, counts in comparisons:
            result[place] += ratio[k] if counts is None else np.where(counts, ratio[k], 0.0)
    return result


def ratio_of(evidence: FloatArray) -> FloatArray:
    """Return e_same / e_different, held where products of three still fit a double."""
    return np.asarray(np.exp(np.minimum(evidence, 200.0)))


def filled_groups(members: Memberships, pairs: PairLevels) -> NDArray[np.bool_]:
    """Return for each group and pair whether any of its comparisons has both values."""
    result = np.zeros((len(members), pairs.size), dtype=bool)
    for place, comparisons in enumerate(members):
        for k, counts in comparisons:
            present = pairs.levels[k] >= 0
            result[place] |= present if counts is None else present & counts
    return result


def independence_count(model: MatchModel, pairs: PairLevels) -> NDArray[np.int8]:
    """Count name-like groups with an exact agreement, less one; the power of ``kappa``."""
    count = np.zeros(pairs.size, dtype=np.int8)
    for group in NAME_GROUPS:
        rows = [k for k, comparison in enumerate(model.comparisons) if comparison.group == group]
        if rows:
            count += (pairs.levels[rows] == 0).any(axis=0)
    return np.maximum(count - 1, 0).astype(np.int8)


def log_expected(model: MatchModel, pairs: PairLevels, ratio: FloatArray | None = None) -> FloatArray:
    """Return log lambda for every explanation (rows) and pair, up to a factor common to all explanations.

    ``ratio`` is ``ratio_of(group_evidence(model, pairs))``, where it is known already.
    """
    ratio = ratio_of(group_evidence(model, pairs)) if ratio is None else ratio
    result = np.empty((len(model.numbers) + 1, ratio.shape[1]))
    for row, (name, number) in enumerate(model.numbers.items()):
        result[row] = np.log(max(number, 1e-300)) + log_ratio(model.rates[name], model.groups, ratio)
    result[-1] = _log_chance(model, pairs)
    if MATCH in model.numbers:
        alone = _only_names(model, pairs)
        match = result[list(model.numbers).index(MATCH)]
        result[-1, alone] = np.maximum(result[-1, alone], match[alone] + NAMESAKES_UNSEEN)
    return result


def _log_chance(model: MatchModel, pairs: PairLevels) -> FloatArray:
    return np.asarray(np.log(model.pairs) + pairs.world + independence_count(model, pairs) * np.log(model.kappa))


def _only_names(model: MatchModel, pairs: PairLevels) -> NDArray[np.bool_]:
    """Pairs that agree in nothing but their names: everything else is missing or differs.

    A file knows how often a name is borne in it, not how many namesakes are out there: a name alone is no evidence, and
    contradictions beside it make it no better. An e-mail address with the same local part is made of the name.
    """
    if not {"given", "family"} <= {comparison.group for comparison in model.comparisons}:
        return np.zeros(pairs.size, dtype=bool)
    alone = np.ones(pairs.size, dtype=bool)
    for k, comparison in enumerate(model.comparisons):
        if comparison.group not in PERSON_NAMES:
            worst = EMAIL_LOCAL if comparison.kind == "email" else KINDS[comparison.kind].different
            alone &= (pairs.levels[k] < 0) | (pairs.levels[k] >= worst)
    return alone


def likely(model: MatchModel, pairs: PairLevels, floor: float) -> tuple[NDArray[np.intp], Posterior]:
    """Return which pairs have log odds of at least ``floor``, and what ``posterior`` says about them.

    Note:
        Exact: a match has to beat all other explanations together, so what does not beat chance alone is out before
        the others are weighed. That is four of five candidates in a large file.
    """
    ratio = ratio_of(group_evidence(model, pairs))
    open_ = np.arange(pairs.size)
    if floor > -np.inf and not model.correction:
        match = np.log(max(model.numbers[MATCH], 1e-300))
        match = match + log_ratio(model.rates[MATCH], model.groups, ratio)
        open_ = np.flatnonzero(match - _log_chance(model, pairs) >= floor)
        pairs, ratio = pairs.take(open_), ratio[:, open_]
    said = posterior(model, pairs, ratio)
    kept = np.flatnonzero(said.log_odds >= floor)
    return open_[kept], Posterior(said.log_odds[kept], said.explanation[kept])


def posterior(model: MatchModel, pairs: PairLevels, ratio: FloatArray | None = None) -> Posterior:
    """Weigh the explanations for each pair; ``ratio`` as for ``log_expected``.

    Note:
        O(pairs x explanations x groups), about 0.3 microseconds a pair.
    """
    expected = log_expected(model, pairs, ratio)
    match = list(model.numbers).index(MATCH)
    others = np.delete(expected, match, axis=0)
    peak = others.max(axis=0)
    log_odds = expected[match] - peak - np.log(np.exp(others - peak).sum(axis=0))
    if model.correction:
        columns = features(model, pairs, expected)
        taught = sum((weight * columns[name] for name, weight in model.correction.items()), np.zeros(pairs.size))
        log_odds = log_odds + taught
        expected[match] += taught
    return Posterior(log_odds, expected.argmax(axis=0).astype(np.int8))


def starting_tables(comparison: Comparison) -> FloatArray:
    """Return the m table that estimation starts from."""
    return np.asarray(KINDS[comparison.kind].start)
