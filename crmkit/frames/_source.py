"""What every kind of frame must be able to do; one subclass for each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.typing import Frame

    from ._distinct import Distinct


class Source(ABC):
    """One native frame behind a :class:`~crmkit.frames.Table`. Rows are positions, columns are names as text."""

    kind: ClassVar[str]
    native: Frame
    columns: tuple[str, ...]
    length: int
    notes: tuple[object, ...] = ()

    @abstractmethod
    def values(self, name: str) -> list[object]:
        """Return a column with missing as ``None`` and no library's own scalars."""

    def distinct(self, name: str) -> Distinct | None:  # noqa: ARG002 - for those that can
        """Return the distinct values where the library finds them faster than Python does."""
        return None

    @abstractmethod
    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        """Return cells exactly as the frame holds them, every missing marker as it is."""

    @abstractmethod
    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        """Write ``cells`` into a copy that shares everything else."""

    @abstractmethod
    def take(self, rows: Sequence[int]) -> Frame:
        """Return the frame with these rows in this order."""


def column_names(names: Iterable[object]) -> tuple[str, ...]:
    """Return column names as text; raise if two are the same then.

    Raises:
        SchemaError: Two columns have one name.
    """
    texts = tuple(name if type(name) is str else str(name) for name in names)
    if len(set(texts)) != len(texts):
        doubled = [repr(name) for name, count in Counter(texts).items() if count > 1]
        listed = ", ".join(doubled[:5]) + (", ..." if len(doubled) > 5 else "")
        raise SchemaError(f"duplicate column names: {listed}; rename them so that each name means one column")
    return texts
