"""Name a run so that names sort by time and never collide.

Source:
    ULID specification, https://github.com/ulid/spec: 48 bits of milliseconds, 80 random bits, Crockford's base 32.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["new_run_id"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POOL_BYTES = 4096
_RANDOM_CHARACTERS = 16
_letters = bytes(ord(_ALPHABET[byte & 31]) for byte in range(256))
_pool: deque[str] = deque()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.clear)  # a child that drew on it would name things as its parent does


def new_run_id(*, now: Callable[[], datetime] | None = None, seed: int | None = None) -> str:
    """Return a new ULID: 26 characters that sort by the moment of their making.

    Args:
        now: The clock, giving an aware moment; the system's where absent.
        seed: Makes the random part repeatable, for tests and reproducible outputs; from the system's secure source
            where absent.

    Returns:
        26 characters of Crockford's base 32.

    Raises:
        ValueError: If the clock gives a naive moment or one before 1970.

    Example:
        >>> from datetime import UTC, datetime
        >>> new_run_id(now=lambda: datetime(2026, 11, 23, tzinfo=UTC), seed=7)[:10]
        '01M82V7M00'

    .. versionadded:: 0.1.0
    """
    if now is None:
        if seed is None:
            return _quick_id()
        milliseconds = time.time_ns() // 1_000_000
    else:
        moment = now()
        if moment.tzinfo is None:
            raise ValueError("the clock gives a naive moment; give an aware one, such as datetime.now(UTC)")
        elapsed = moment - _EPOCH
        milliseconds = elapsed.days * 86_400_000 + elapsed.seconds * 1000 + elapsed.microseconds // 1000
    if milliseconds < 0:
        raise ValueError("the clock gives a moment before 1970")
    noise = int.from_bytes(os.urandom(10), "big") if seed is None else random.Random(seed).getrandbits(80)  # noqa: S311 - asked for
    return _written(milliseconds << 80 | noise)


def _written(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


@lru_cache(4)
def _written_moment(milliseconds: int) -> str:
    return _written(milliseconds << 80)[:-_RANDOM_CHARACTERS]


def _quick_id() -> str:
    """Return an identifier of now; random bytes are drawn for many at once, 5 bits of each byte for a character."""
    text = _written_moment(time.time_ns() // 1_000_000)
    try:
        return text + _pool.pop()
    except IndexError:
        drawn = os.urandom(_POOL_BYTES).translate(_letters).decode()
        size = _RANDOM_CHARACTERS
        fresh = [drawn[at : at + size] for at in range(0, _POOL_BYTES, size)]
        text += fresh.pop()
        _pool.extend(fresh)
        return text
