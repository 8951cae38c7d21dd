"""What one explanation predicts about all groups of a pair together, where a change of one group explains another's.

Who changes jobs changes the address at work with it, and who moves the land line: one event, not two disagreements.
So a group may depend on another one, its *cause*, and then has two rates, one where the cause is shared and one where
it is not. Everything else is independent within an explanation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.matching._settings._presets import DEPENDS, changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

_TOGETHER = 3
"""Groups whose ratios a product may hold without an overflow; see ``ratio_of``."""

__all__ = ["Sharing", "log_ratio", "log_ratios", "plan", "sharing"]


@attrs.frozen(eq=False)
class Sharing:
    """How probably the state that a rate belongs to holds in each pair, if the explanation is right.

    Attributes:
        same: P(the group's cause is shared, and the condition of the rate holds).
        exposed: P(the condition of the rate holds); 1 where it has none.
    """

    same: FloatArray
    exposed: FloatArray | float


def plan(rates: Mapping[str, float], groups: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return groups that stand for themselves, and for each cause the groups that depend on it."""
    depending: dict[str, list[str]] = {}
    for group, cause in DEPENDS.items():
        if group in groups and cause in groups and cause in rates and changed(group) in rates:
            depending.setdefault(cause, []).append(group)
    inside = {group for several in depending.values() for group in several} | depending.keys()
    return [group for group in groups if group in rates and group not in inside], depending


def log_ratio(rates: Mapping[str, float], groups: Sequence[str], ratio: FloatArray) -> FloatArray:
    """Return log of the explanation's prediction over chance's, one for each pair.

    Args:
        rates: Of the explanation.
        groups: Names of the rows of ``ratio``.
        ratio: e_same / e_different for each group and pair, as ``ratio_of`` holds it.

    Note:
        The sum of ``log_ratios``, with one logarithm for the product of up to three groups.
    """
    place = {group: row for row, group in enumerate(groups)}
    alone, depending = plan(rates, groups)
    factors = [(_mixed(rates[group], ratio[place[group]]), 1) for group in alone if rates[group] > 0.0]
    for cause, several in depending.items():
        same, apart = rates[cause] * ratio[place[cause]], np.asarray(1.0 - rates[cause])
        for group in several:
            same = same * _mixed(rates[group], ratio[place[group]])
            apart = apart * _mixed(rates[changed(group)], ratio[place[group]])
        factors.append((same + apart, 1 + len(several)))
    result = np.zeros(ratio.shape[1])
    product, size = np.ones(ratio.shape[1]), 0
    for factor, weight in factors:
        if size + weight > _TOGETHER:
            result += np.log(product)
            product, size = np.ones(ratio.shape[1]), 0
        product *= factor
        size += weight
    result += np.log(product)
    return result


def log_ratios(rates: Mapping[str, float], groups: Sequence[str], ratio: FloatArray) -> dict[str, FloatArray]:
    """Return the summands of ``log_ratio`` by group; what depends on a cause comes after it, given what that said."""
    place = {group: row for row, group in enumerate(groups)}
    alone, depending = plan(rates, groups)
    result = {group: np.log(_mixed(rates[group], ratio[place[group]])) for group in alone if rates[group] > 0.0}
    for cause, several in depending.items():
        same, apart = rates[cause] * ratio[place[cause]], np.full(ratio.shape[1], 1.0 - rates[cause])
        known = np.log(same + apart)
        result[cause] = known
        for group in several:
            same = same * _mixed(rates[group], ratio[place[group]])
            apart = apart * _mixed(rates[changed(group)], ratio[place[group]])
            result[group] = np.log(same + apart) - known
            known = known + result[group]
    return result


def sharing(rates: Mapping[str, float], groups: Sequence[str], ratio: FloatArray) -> dict[str, Sharing]:
    """Return for every rate how probably its state holds in each pair."""
    place = {group: row for row, group in enumerate(groups)}
    alone, depending = plan(rates, groups)
    result = {group: Sharing(_share(rates[group], ratio[place[group]]), 1.0) for group in alone}
    for cause, several in depending.items():
        same, apart = rates[cause] * ratio[place[cause]], np.full(ratio.shape[1], 1.0 - rates[cause])
        for group in several:
            same = same * _mixed(rates[group], ratio[place[group]])
            apart = apart * _mixed(rates[changed(group)], ratio[place[group]])
        shared = same / (same + apart)
        result[cause] = Sharing(shared, 1.0)
        for group in several:
            own = ratio[place[group]]
            result[group] = Sharing(shared * _share(rates[group], own), shared)
            result[changed(group)] = Sharing((1.0 - shared) * _share(rates[changed(group)], own), 1.0 - shared)
    return result


def _mixed(rate: float, ratio: FloatArray) -> FloatArray:
    return np.asarray(rate * ratio + (1.0 - rate))


def _share(rate: float, ratio: FloatArray) -> FloatArray:
    shared = rate * ratio
    return np.asarray(shared / (shared + (1.0 - rate)))
