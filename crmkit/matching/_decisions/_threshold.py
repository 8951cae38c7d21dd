"""Where to cut. The posterior is calibrated, so one half is right unless the caller wants something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import numpy as np

from crmkit.errors import InvalidValueError

from ._scoring import probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Precision", "Threshold", "check_threshold", "choose_threshold", "log_odds_of"]


@attrs.frozen
class Precision:
    """Ask for the lowest cut whose expected precision of pairs is at least ``target``.

    Example:
        >>> Precision(0.99)
        Precision(target=0.99)

    .. versionadded:: 0.1.0
    """

    target: float = attrs.field()

    @target.validator
    def _between(self, _attribute: object, value: float) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value < 1.0:
            raise InvalidValueError("a precision is a number between 0 and 1, both excluded")


Threshold: TypeAlias = "float | Literal['auto', 'f1'] | Precision"
"""Where to cut: at one half, at the highest expected F1, at a probability, or at a precision."""


def log_odds_of(chance: float) -> float:
    """Return the natural log odds of a probability strictly between 0 and 1."""
    return float(np.log(chance) - np.log1p(-chance))


def check_threshold(threshold: object) -> None:
    """Refuse what is no threshold, before a file is read for it.

    Raises:
        InvalidValueError: Neither ``"auto"``, ``"f1"``, a probability, nor ``Precision``.
    """
    if isinstance(threshold, Precision) or (isinstance(threshold, str) and threshold in {"auto", "f1"}):
        return
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
        raise InvalidValueError("threshold is 'auto', 'f1', a probability, or Precision(...)")
    if not 0.0 < threshold < 1.0:
        raise InvalidValueError("a threshold is a match probability between 0 and 1, both excluded")


def choose_threshold(threshold: Threshold, log_odds: NDArray[np.float64], expected: float) -> float:
    """Return the probability to cut at.

    Args:
        threshold: ``"auto"`` is 0.5; ``"f1"`` the cut with the highest expected F1; a number is itself; ``Precision``
            asks for that expected precision.
        log_odds: Of the scored pairs.
        expected: Matching pairs that the model expects in the file.
    """
    check_threshold(threshold)
    if threshold == "auto" or (not isinstance(threshold, (int, float)) and not len(log_odds)):
        return 0.5
    if isinstance(threshold, (int, float)):
        return float(threshold)
    best_first = np.sort(probability(log_odds))[::-1]
    hits = np.cumsum(best_first)
    kept = np.arange(1, len(best_first) + 1)
    if isinstance(threshold, Precision):
        good = np.flatnonzero(hits / kept >= threshold.target)
        cut = best_first[good[-1]] if len(good) else best_first[0]
    else:
        cut = best_first[int(np.argmax(2.0 * hits / (kept + max(expected, hits[-1]))))]
    return float(np.clip(cut - 1e-9, 1e-6, 1.0 - 1e-9))
