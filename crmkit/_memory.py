"""Giving memory back to the system between the steps of a long job."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["give_back"]


def give_back() -> None:
    """Give freed memory back to the system, where the C library can be asked to.

    Its heap keeps what was freed between pieces that are still in use; of tables of millions of rows that is a tenth
    of all memory.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], object] | None:
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    found: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl not
    return found
