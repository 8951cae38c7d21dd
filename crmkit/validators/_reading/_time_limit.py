"""Stop a caller's test that never comes back, so that one value cannot hang a run of a million."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LIMIT_S", "limited"]

T = TypeVar("T")
LIMIT_S = 5.0
"""How long a test may take for one value, in seconds."""


class _AlarmError(BaseException):
    """Not an Exception, so that the test itself does not catch it."""


def limited(call: Callable[[], T], limit_s: float = LIMIT_S) -> T:
    """Return what ``call`` returns.

    The limit holds in the main thread of systems with interval timers (not on Windows), where nobody else uses the
    timer; elsewhere the call runs as long as it likes.

    Raises:
        TimeoutError: If it takes longer.

    Example:
        >>> limited(lambda: 1)
        1
    """
    if not _is_free():
        return call()

    def ring(_number: int, _frame: object) -> None:
        raise _AlarmError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        return call()
    except _AlarmError:
        raise TimeoutError(f"took longer than {limit_s:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _is_free() -> bool:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    return signal.getitimer(signal.ITIMER_REAL)[0] == 0 and signal.getsignal(signal.SIGALRM) in (
        signal.SIG_DFL, signal.default_int_handler,
    )  # fmt: skip
