"""The clock and the progress bar that a caller brings: told at the door what they must be."""

from __future__ import annotations

__all__ = ["check_called"]


def check_called(*, now: object = None, progress: object = None) -> None:
    """Demand that what will be called can be called.

    Raises:
        TypeError: A moment in the place of a clock, or ``True`` in the place of a progress bar.

    Example:
        >>> check_called(progress=True)
        Traceback (most recent call last):
        ...
        TypeError: progress= takes a function around an iterable, such as tqdm.tqdm, not bool
    """
    if now is not None and not callable(now):
        raise TypeError(f"now= takes a function that gives the moment, such as lambda: moment, not {_kind(now)}")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress= takes a function around an iterable, such as tqdm.tqdm, not {_kind(progress)}")


def _kind(given: object) -> str:
    return type(given).__name__
