"""One or two rounds of learning, scoring and clustering over a file that was read.

A second round pays where many records repeat one party, or say little: by then it is known who is who, so that a
value that one party alone has counts as rare however often it repeats it, and blocking may make as many pairs as there
are to find.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.matching._pairs._blocking import block, loose_budget
from crmkit.matching._settings._presets import MATCH

from ._clusters import VETO, cluster
from ._linking import ONLY_CANDIDATE, choose_links
from ._scoring import linkage_scores, score_pairs
from ._threshold import Precision, choose_threshold, log_odds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Codes
    from crmkit.matching._labelling._labels import KnownPairs
    from crmkit.matching._learning._model import MatchModel
    from crmkit.matching._merging._apart import Apart
    from crmkit.matching._pairs._blocking import BlockingRule, Candidates
    from crmkit.matching._reading._encode import Encoded
    from crmkit.typing import Progress

    from ._clusters import Clustering
    from ._scoring import ScoredPairs
    from ._threshold import Threshold

    Learn = Callable[[Encoded, Candidates], MatchModel]

__all__ = ["Found", "Job", "Linked", "dedupe_run", "link_run"]

_log = logging.getLogger("crmkit.matching")

MANY = 0.35
"""Matching pairs for each record from which a second round pays."""

_FEW = 4
"""Groups of evidence up to which it pays too: with little to go by, everything hangs on the frequencies."""

_WIDER = 2.0
"""Pairs that one loose rule may make in the second round, for each matching pair that is expected."""

_SURE = 50.0
"""Log odds of a pair that a person called a match."""


@attrs.frozen(eq=False, kw_only=True)
class Job:
    """What a matcher was asked to do: rules, limits, and what people said."""

    rules: Sequence[BlockingRule]
    block_cap: int
    threshold: Threshold
    known: KnownPairs
    progress: Progress | None
    apart: Apart | None = None
    """Records that were taken apart after an earlier merge."""

    def block(self, encoded: Encoded, *, budget: float | None = None) -> Candidates:
        """Make candidate pairs."""
        ranks: list[NDArray[np.int64]] = []

        def order() -> NDArray[np.int64]:
            if not ranks:
                ranks.append(encoded.order())
            return ranks[0]

        found = block(
            encoded.keys,
            self.rules,
            encoded.n,
            cap=self.block_cap,
            side=encoded.side,
            order=order,
            budget=budget,
            progress=self.progress,
        )
        _log.info("%d candidate pairs", len(found))
        return found

    def score(self, encoded: Encoded, candidates: Candidates, model: MatchModel) -> ScoredPairs:
        """Score candidate pairs; labelled ones have the answer for a score, whether a rule made them or not."""
        found = score_pairs(encoded, model, candidates.left, candidates.right, progress=self.progress)
        _log.info("kept %d of %d pairs", len(found), len(candidates))
        if self.apart is not None:
            found = self._kept_apart(self.apart, encoded, model, found)
        if not len(self.known):
            return found
        said = score_pairs(encoded, model, self.known.left, self.known.right, floor=-np.inf)
        said = attrs.evolve(said, log_odds=np.where(self.known.match, _SURE, 2.0 * VETO))
        return found.take(np.flatnonzero(self.known.answers(found.left, found.right) == 0)).joined(said)

    def _kept_apart(self, apart: Apart, encoded: Encoded, model: MatchModel, found: ScoredPairs) -> ScoredPairs:
        """Give pairs that were taken apart the score of a no, also those that no rule made."""
        said = score_pairs(encoded, model, *apart.pairs(), floor=-np.inf)
        found = found.take(np.flatnonzero(~apart.named(found.left, found.right))).joined(said)
        return attrs.evolve(found, log_odds=np.where(apart.holds(found.left, found.right), 2.0 * VETO, found.log_odds))

    def linkage(self, encoded: Encoded, model: MatchModel) -> Callable[[Codes, Codes], NDArray[np.float64]]:
        """Return the function that scores any pairs within a component."""

        def score(left: Codes, right: Codes) -> NDArray[np.float64]:
            answers = self.known.answers(left, right)
            odds = linkage_scores(encoded, model, left, right)
            if self.apart is not None:
                odds = np.where(self.apart.holds(left, right), 2.0 * VETO, odds)
            return np.where(answers == 0, odds, np.where(answers > 0, _SURE, 2.0 * VETO))

        return score


@attrs.frozen(eq=False, kw_only=True)
class Found:
    """What the last round found."""

    encoded: Encoded
    candidates: Candidates
    model: MatchModel
    pairs: ScoredPairs
    threshold: float
    clustering: Clustering


def dedupe_run(job: Job, encoded: Encoded, learn: Learn) -> Found:
    """Find the duplicates of one table."""
    found = _round(job, encoded, job.block(encoded), learn)
    expected = found.model.numbers[MATCH]
    if expected <= MANY * encoded.effective and len(found.model.groups) > _FEW:
        return found
    encoded = encoded.with_parties(found.clustering.labels)
    candidates = found.candidates
    budget = _WIDER * expected / max(encoded.n, 1)
    if budget > loose_budget(encoded.n) and any(use.status == "too many pairs" for use in candidates.uses):
        candidates = job.block(encoded, budget=budget)
    return _round(job, encoded, candidates, learn)


def _round(job: Job, encoded: Encoded, candidates: Candidates, learn: Learn) -> Found:
    model = learn(encoded, candidates)
    pairs = job.score(encoded, candidates, model)
    threshold = choose_threshold(job.threshold, pairs.log_odds, model.numbers[MATCH])
    clustering = cluster(
        encoded.n,
        pairs.left,
        pairs.right,
        pairs.log_odds,
        job.linkage(encoded, model),
        threshold=log_odds_of(threshold),
        contents=encoded.contents,
    )
    if job.apart is not None:
        clustering = attrs.evolve(clustering, labels=job.apart.split(clustering.labels, job.known))
    _log.info("%d records in %d clusters", encoded.n, len(clustering.sizes))
    return Found(
        encoded=encoded, candidates=candidates, model=model, pairs=pairs, threshold=threshold, clustering=clustering
    )


@attrs.frozen(eq=False, kw_only=True)
class Linked:
    """What was found between two tables.

    Attributes:
        candidates: Pairs that were compared.
        model: What scored them.
        pairs: Those above the floor.
        threshold: Match probability of the cut.
        linked: For each pair whether it is a link.
        notes: What is to be said about the links.
    """

    candidates: Candidates
    model: MatchModel
    pairs: ScoredPairs
    threshold: float
    linked: NDArray[np.bool_]
    notes: tuple[str, ...]


def link_run(job: Job, encoded: Encoded, learn: Learn, *, one_to_one: bool, many_to_one: bool) -> Linked:
    """Find the records of two tables that are the same party.

    A precision is that of the links, so where records may be linked once it is asked of the pairs that could be links.
    Only under a cut that nobody asked for is the only candidate a link.
    """
    candidates = job.block(encoded)
    model = learn(encoded, candidates)
    pairs = job.score(encoded, candidates, model)

    def choose(cut: float) -> NDArray[np.bool_]:
        return choose_links(
            pairs.left, pairs.right, pairs.log_odds,
            cut=cut, one_to_one=one_to_one, many_to_one=many_to_one, contents=encoded.contents,
        )  # fmt: skip

    weighed = pairs.log_odds
    if isinstance(job.threshold, Precision) and (one_to_one or many_to_one):
        weighed = weighed[choose(-np.inf)]
    threshold = choose_threshold(job.threshold, weighed, model.numbers[MATCH])
    cut = log_odds_of(threshold)
    linked = choose(cut - ONLY_CANDIDATE if one_to_one and job.threshold in {"auto", "f1"} else cut)
    under = int((linked & (pairs.log_odds < cut)).sum())
    said = f"{under} links are under the cut of {threshold:.3g}; each is the best of both its records"
    notes = (said,) if under else ()
    return Linked(candidates=candidates, model=model, pairs=pairs, threshold=threshold, linked=linked, notes=notes)
