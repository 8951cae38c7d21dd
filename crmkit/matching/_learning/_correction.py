"""What labels teach beyond the model: a small correction of the log odds, held near none.

A ridge logistic regression on the model's own log odds (against each rival, and by what agreed or differed). Its prior
is "the model is right", so that few labels change little: measured, thirty cost two thousandths of F1 at worst, a
hundred nothing, and they give two to three points where the model's assumptions do not fit a file.

People err, too: one slip on a pair of which the model is sure would otherwise outweigh all that it has learned and move
every pair of the file. So an answer counts as far as it is more likely right than a slip, which one answer against a
sure pair is not, and many that say the same become.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crmkit.matching._pairs._levels import PairLevels

    from ._model import FloatArray, MatchModel

__all__ = ["features", "fit_correction"]

_PENALTY = 3.0
_SLIPS = 0.02
"""Share of answers that are taken to be slips."""

_HELD = 8.0
"""Log odds against one rival beyond which a pair teaches nothing more."""


def features(model: MatchModel, pairs: PairLevels, expected: FloatArray) -> dict[str, FloatArray]:
    """Return named columns, one value for each pair, between -2 and 2.

    Args:
        model: The fitted model.
        pairs: Levels of the pairs.
        expected: log lambda of every explanation, as ``log_expected`` gives it.
    """
    from crmkit.matching._settings._presets import MATCH

    names = model.explanations
    match = names.index(MATCH)
    columns: dict[str, FloatArray] = {"constant": np.ones(pairs.size)}
    for row, name in enumerate(names):
        if row != match:
            columns[f"against {name}"] = np.clip(expected[match] - expected[row], -_HELD, _HELD) / (_HELD / 2.0)
    for row, comparison in enumerate(model.comparisons):
        level = pairs.levels[row]
        columns[f"{comparison.name} equal"] = (level == 0).astype(np.float64)
        columns[f"{comparison.name} differs"] = (level > 0).astype(np.float64)
    return columns


def fit_correction(columns: dict[str, FloatArray], log_odds: FloatArray, match: NDArray[np.bool_]) -> dict[str, float]:
    """Return a weight for each column, by Newton's method with every answer weighed by the chance that it is no slip.

    Deterministic, O(labels x columns^2) a step.
    """
    table = np.stack(list(columns.values()), axis=1)
    weights = np.zeros(table.shape[1])
    for _ in range(100):
        chance = 1.0 / (1.0 + np.exp(-np.clip(log_odds + table @ weights, -30.0, 30.0)))
        said = np.where(match, chance, 1.0 - chance)
        meant = (1.0 - _SLIPS) * said / ((1.0 - _SLIPS) * said + _SLIPS * (1.0 - said))
        gradient = table.T @ (meant * (match - chance)) - _PENALTY * weights
        curvature = (table.T * (meant * chance * (1.0 - chance))) @ table + _PENALTY * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return {name: float(weight) for name, weight in zip(columns, weights, strict=True)}
