"""Values that stand for no value: ``n/a``, ``none``, ``无``, ``-``."""

from __future__ import annotations

from crmkit.normalize import names

__all__ = ["is_placeholder"]


def is_placeholder(text: str) -> bool:
    """Say whether the text stands for no value; for fields in which digits alone are a value.

    Example:
        >>> [is_placeholder(text) for text in ("N/A", "无", "--", "12345", "13800138000")]
        [True, True, True, False, False]
    """
    if any(char.isdecimal() for char in text):
        return False
    return names.is_placeholder(text)
