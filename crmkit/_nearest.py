"""The hint in an error about a name that nobody defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to ``name``, or ``None`` where none is near.

    Example:
        >>> did_you_mean("Emial", ["email", "phone"])
        'email'
    """
    import difflib

    by_folded = {known_name.casefold(): known_name for known_name in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None
