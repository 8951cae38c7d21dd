"""Score candidate pairs with a fitted model, chunk by chunk, keeping only what may matter."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit._progress import chunks, steps
from crmkit.matching._learning._model import likely
from crmkit.matching._pairs._levels import compare_pairs

from ._clusters import VETO

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Codes
    from crmkit.matching._learning._model import MatchModel
    from crmkit.matching._reading._encode import Encoded
    from crmkit.typing import Progress

__all__ = ["FLOOR", "ScoredPairs", "linkage_scores", "score_pairs"]

_log = logging.getLogger("crmkit.matching")

FLOOR = -5.0
"""Log odds under which a pair is forgotten: a match probability of 0.7 %."""

_RIVAL = -2.0
"""Log odds under which a pair with a better explanation than chance keeps its clusters apart."""

_CHUNK = 50_000
_THREADS = min(2, os.cpu_count() or 1)
"""Chunks that are scored at a time: numpy and rapidfuzz let go of the interpreter while they compute."""


@attrs.frozen(eq=False, repr=False)
class ScoredPairs:
    """Pairs with their scores.

    Attributes:
        left: Smaller row.
        right: Larger row.
        log_odds: Natural log odds of a match.
        explanation: Position of the most probable explanation in the model.
        candidates: How many pairs were scored to find these.
        unlabelled: Log odds as the model gives them, where a label took the place of some.
    """

    left: Codes
    right: Codes
    log_odds: NDArray[np.float64]
    explanation: NDArray[np.int8]
    candidates: int
    unlabelled: NDArray[np.float64] = attrs.field(
        default=attrs.Factory(lambda pairs: pairs.log_odds, takes_self=True)  # there are no labels
    )

    def __len__(self) -> int:
        return len(self.left)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Match probability, 0..1."""
        return probability(self.log_odds)

    def take(self, which: NDArray[np.intp]) -> ScoredPairs:
        """Return some of the pairs."""
        return ScoredPairs(
            self.left[which],
            self.right[which],
            self.log_odds[which],
            self.explanation[which],
            self.candidates,
            self.unlabelled[which],
        )

    def joined(self, other: ScoredPairs) -> ScoredPairs:
        """Return these pairs and then the others; ``candidates`` stays."""
        columns = (
            np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("left", "right", "log_odds", "explanation", "unlabelled")
        )
        left, right, log_odds, explanation, unlabelled = columns
        return ScoredPairs(left, right, log_odds, explanation, self.candidates, unlabelled)


def probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log odds into probabilities.

    Example:
        >>> probability(np.array([0.0])).tolist()
        [0.5]
    """
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -700.0, 700.0))))


def score_pairs(
    encoded: Encoded,
    model: MatchModel,
    left: Codes,
    right: Codes,
    *,
    floor: float = FLOOR,
    progress: Progress | None = None,
) -> ScoredPairs:
    """Score pairs and keep those at or above ``floor`` log odds.

    Note:
        Memory is that of two chunks and the pairs that are kept; the result does not depend on the threads.
    """

    def score(part: slice) -> tuple[Codes, Codes, NDArray[np.float64], NDArray[np.int8]]:
        a, b = left[part], right[part]
        keep, said = likely(model, compare_pairs(encoded, a, b), floor)
        _log.debug("scored %d pairs, kept %d", len(a), len(keep))
        return a[keep], b[keep], said.log_odds, said.explanation

    parts = list(chunks(len(left), _CHUNK))
    with ThreadPoolExecutor(_THREADS if len(parts) > 1 else 1) as pool:
        waiting = [pool.submit(score, part) for part in parts]
        kept = [part.result() for part in steps(progress, waiting, "score")]
    if not kept:
        none = np.empty(0, dtype=np.int32)
        return ScoredPairs(none, none, np.empty(0), np.empty(0, dtype=np.int8), 0)
    columns = [np.concatenate(column) for column in zip(*kept, strict=True)]
    return ScoredPairs(columns[0], columns[1], columns[2], columns[3], len(left))


def linkage_scores(encoded: Encoded, model: MatchModel, left: Codes, right: Codes) -> NDArray[np.float64]:
    """Return the log odds of pairs within one component, with a veto where a rival explanation is sure.

    Two members of a household stay two, even if a third record (``J.``, or one without a name) goes with either. That
    two records look unlike is no veto: both may be badly typed.
    """
    found = score_pairs(encoded, model, left, right, floor=-np.inf)
    rival = np.array([name.endswith("household") for name in model.explanations])
    return np.where(rival[found.explanation] & (found.log_odds < _RIVAL), 2.0 * VETO, found.log_odds)
