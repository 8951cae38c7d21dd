"""Values that stand for no value: ``n/a``, ``none``, ``无``, ``-``."""

from __future__ import annotations

from crmkit.normalize import names

__all__ = ["is_placeholder"]


_NO = frozenset({"no", "non", "nein", "否"})
"""Says that there is none; a name in a name's field, so not among the placeholders of names."""


def is_placeholder(text: str) -> bool:
    """Say whether the text stands for no value; for fields in which digits alone are a value.

    Example:
        >>> [is_placeholder(text) for text in ("N/A", "No", "无", "--", "13800138000")]
        [True, True, True, True, False]
    """
    if any(char.isdecimal() for char in text):
        return False
    return names.is_placeholder(text) or text.strip().casefold() in _NO
