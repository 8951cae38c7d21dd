"""Name a run so that names sort by time and never collide.

Source:
    ULID specification, https://github.com/ulid/spec: 48 bits of milliseconds, 80 random bits, Crockford's base 32.
"""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["new_run_id"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    number = milliseconds << 80 | noise
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
