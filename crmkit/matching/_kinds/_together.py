"""Change all texts of a vocabulary at once: they stand in one text, a line each, which costs one call for all.

Only for changes that work character by character, and for texts without a line break.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["TOGETHER", "by_line", "without"]

TOGETHER = 1 << 17
"""Texts that are changed together at most, so that what it takes for a while does not grow with the file."""


def by_line(values: Sequence[str], change: Callable[[str], str]) -> list[str]:
    r"""Apply a change to all texts together, or to one after another where a text holds a line break.

    Example:
        >>> by_line(["A", "b"], str.lower), by_line(["A\nB", ""], str.lower)
        (['a', 'b'], ['a\nb', ''])
    """
    together = "\n".join(values)
    if together.count("\n") != max(len(values) - 1, 0):
        return [change(value) for value in values]
    return change(together).split("\n") if values else []


def without(values: Sequence[str], is_out: Callable[[str], object]) -> list[str]:
    """Take characters out of all texts; ``is_out`` is asked once for each character that occurs.

    Example:
        >>> without(["a-b", "c"], lambda char: not char.isalnum())
        ['ab', 'c']
    """

    def change(text: str) -> str:
        out = {ord(char): None for char in set(text) if char != "\n" and is_out(char)}
        return text.translate(out) if out else text

    return by_line(values, change)
