"""What an index or a deterministic token gives away, and when that is too much."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Final

import attrs

from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

FEWEST_DISTINCT: Final = 1_024
LARGEST_SHARE: Final = 0.005
FEWEST_ROWS: Final = 2 * FEWEST_DISTINCT
"""Below so many rows a column says too little about its values to be judged."""


@attrs.frozen
class AcceptedLeak:
    """The reason why a leak that crmkit refuses is right in one place; stands beside the index or field for reviewers.

    Args:
        reason: A sentence, at least 12 characters.

    Example:
        >>> AcceptedLeak("sales looks accounts up by mail domain; the domains are on our website")
        AcceptedLeak(reason='sales looks accounts up by mail domain; the domains are on our website')

    .. versionadded:: 0.1.0
    """

    reason: str = attrs.field()

    @reason.validator
    def _check(self, _attribute: object, value: str) -> None:
        if len(value.strip()) < 12:
            raise RefusedError("say in a sentence why this leak is acceptable", rule="no_reason")


@attrs.frozen
class Spread:
    """How the values of a column are spread.

    Attributes:
        rows: Values that are not missing.
        distinct: Different ones.
        top_share: Share of the commonest, 0..1.
    """

    ENOUGH: ClassVar[int] = FEWEST_ROWS
    rows: int
    distinct: int
    top_share: float

    @classmethod
    def of(cls, values: Iterable[Hashable]) -> Spread:
        """Measure values; ``None`` does not count."""
        counts = Counter(values)
        counts.pop(None, None)
        rows = counts.total()
        return cls(rows, len(counts), max(counts.values(), default=0) / max(rows, 1))

    def problems(self) -> list[str]:
        """Return why these values should not be indexed or encrypted deterministically."""
        found = []
        if self.distinct < FEWEST_DISTINCT:
            found.append(
                f"only {self.distinct} different values, fewer than {FEWEST_DISTINCT}: they can be guessed by count"
            )
        if self.top_share > LARGEST_SHARE:
            found.append(
                f"one value has {self.top_share:.1%} of the rows, more than {LARGEST_SHARE:.1%}: its rows stand out"
            )
        return found

    def refuse(self, what: str) -> None:
        """Raise if there are enough rows to judge by and they speak against ``what``.

        Raises:
            RefusedError: They do.
        """
        problems = self.problems() if self.rows >= FEWEST_ROWS else []
        if problems:
            raise RefusedError(
                f"{what}: {'; '.join(problems)}; if that is acceptable, say why with accept=AcceptedLeak(...)",
                rule="low_entropy",
            )


def check_accept(accept: object) -> None:
    """Refuse anything but a reason: ``accept=False`` would switch every refusal off."""
    if accept is not None and not isinstance(accept, AcceptedLeak):
        raise RefusedError("accept is AcceptedLeak('why ...'), nothing else", rule="no_reason")
