"""Cut a long job into chunks of work and report them to a progress bar that the caller brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .typing import Progress


def steps(progress: Progress | None, items: Sequence[T], desc: str) -> Iterable[T]:
    """Go through ``items``, one step of ``progress`` each."""
    return items if progress is None else progress(items, total=len(items), desc=desc)


def chunks(n: int, size: int) -> Iterator[slice]:
    """Yield slices of at most ``size`` that cover ``range(n)``.

    Example:
        >>> list(chunks(5, 2))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
