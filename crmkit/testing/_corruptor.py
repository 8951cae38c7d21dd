"""What a corruptor is, and the ways to combine several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import attrs

from crmkit.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

__all__ = ["Chain", "Corruptor", "Maybe", "OneOf", "apply", "number_from"]


def number_from(rng: np.random.Generator) -> int:
    """Draw the number that decides one edit."""
    # random() is the one stream that numpy keeps; a number of 53 bits feeds every choice of one edit
    return int(rng.random() * 2**53)


@attrs.frozen
class Corruptor(ABC):
    """What all corruptors are: callables on one value.

    .. versionadded:: 0.1.0
    """

    def __call__(self, value: str | None, rng: np.random.Generator) -> str | None:
        """Return the broken value; ``None`` for a missing one."""
        return None if value is None else self._edit(value, rng)

    def __add__(self, other: Corruptor) -> Chain:
        return Chain(_parts(self) + _parts(other))

    @abstractmethod
    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        """Break a text; what a subclass defines."""


def _parts(corruptor: Corruptor) -> tuple[Corruptor, ...]:
    return corruptor.steps if isinstance(corruptor, Chain) else (corruptor,)


@attrs.frozen(repr=False)
class Chain(Corruptor):
    """Several corruptors one after the other.

    .. versionadded:: 0.1.0
    """

    steps: tuple[Corruptor, ...]

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.steps))

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        value: str | None = text
        for step in self.steps:
            value = step(value, rng)
        return value


def _is_share(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidValueError(f"{attribute.name} must be a share from 0 to 1")


@attrs.frozen
class Maybe(Corruptor):
    """A corruptor that happens with a probability.

    .. versionadded:: 0.1.0
    """

    corruptor: Corruptor
    probability: float = attrs.field(default=0.5, validator=_is_share)

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        return self.corruptor(text, rng) if rng.random() < self.probability else text


@attrs.frozen(init=False, repr=False)
class OneOf(Corruptor):
    """One of several corruptors, all equally likely.

    .. versionadded:: 0.1.0
    """

    choices: tuple[Corruptor, ...]

    def __init__(self, *choices: Corruptor) -> None:
        if not choices:
            raise InvalidValueError("OneOf needs at least one corruptor")
        self.__attrs_init__(choices)

    def __repr__(self) -> str:
        return f"OneOf({', '.join(map(repr, self.choices))})"

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        return self.choices[number_from(rng) % len(self.choices)](text, rng)


def apply(
    corruptor: Corruptor, values: Sequence[str | None], rng: np.random.Generator, *, share: float = 1.0
) -> tuple[list[str | None], list[int]]:
    """Break a share of a column.

    Args:
        corruptor: What to do.
        values: The column; not changed.
        rng: Where the randomness comes from.
        share: Probability for each value.

    Returns:
        The new column, and the positions whose value is another one now.

    Raises:
        InvalidValueError: ``share`` is outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> from crmkit.testing.corrupt import Truncate
        >>> apply(Truncate(3), ["Anna", None, "Bo"], np.random.default_rng(0))
        (['Ann', None, 'Bo'], [0])

    .. versionadded:: 0.1.0
    """
    maybe = Maybe(corruptor, share)
    out = [maybe(value, rng) for value in values]
    return out, [row for row, (old, new) in enumerate(zip(values, out, strict=True)) if old != new]
