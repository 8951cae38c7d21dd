"""Group commit: threads hand in events, whoever gets the turn writes all that have come together, and all go on."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Committer", "Receipt"]

MAX_BATCH_BYTES = 1 << 23


class Receipt:
    """What an append gives back: the turn that the event got, once it is stored.

    Attributes:
        id: The event's ULID.
        seq: Its turn in the log; ``None`` while it is waiting.
        stored_at: When the log took it, as text; ``None`` while it is waiting.

    Example:
        >>> import tempfile
        >>> from crmkit.audit import Log
        >>> with Log.open(tempfile.mkdtemp(), origin="example.com/log") as log:
        ...     receipt = log.submit("contact.read", actor="u-17", resource=("contact", "42"))
        ...     receipt.wait().seq
        0

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_committer", "_error", "_prefix", "id", "seq", "stored_at")

    def __init__(self, committer: Committer, prefix: bytes, event_id: str) -> None:
        self._committer = committer
        self._prefix = prefix
        self._error: BaseException | None = None
        self.id = event_id
        self.seq: int | None = None
        self.stored_at: str | None = None

    def __repr__(self) -> str:
        return f"Receipt({self.id!r}, {'waiting' if self.seq is None else f'seq={self.seq}'})"

    def wait(self) -> Receipt:
        """Return when the event is stored as the log's durability asks; raise what kept it from being stored."""
        self._committer.settle(self)
        if self._error is not None:
            raise self._error
        return self

    @property
    def is_settled(self) -> bool:
        """Whether the event is stored, or failed to be."""
        return self.seq is not None or self._error is not None


class Committer:
    """Queue of events that wait for their turn.

    Args:
        commit: Writes a batch and gives every receipt its turn, or raises.
        max_events: Most events of one batch.
        max_wait_s: How long `submit` leaves events waiting, in seconds.
    """

    def __init__(self, commit: Callable[[list[Receipt]], None], *, max_events: int, max_wait_s: float) -> None:
        self._commit = commit
        self._max_events = max_events
        self._max_wait_s = max_wait_s
        self._queue: deque[Receipt] = deque()
        self._timer: threading.Thread | None = None
        self.reset()

    def reset(self) -> None:
        """Start anew: in a process that was forked, the other threads and what they held are gone."""
        self._turn = threading.Lock()
        self._wanted = threading.Event()
        self._queue.clear()
        self._timer = None
        self._closing = False

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Put receipts into the queue."""
        self._queue.extend(receipts)

    def submit(self, *receipts: Receipt) -> None:
        """Put receipts into the queue and see to it that they are written soon."""
        self._queue.extend(receipts)
        if len(self._queue) >= 4 * self._max_events:  # the writer does not keep up: everybody helps
            self.settle(receipts[-1])
        elif self._timer is None:
            self._timer = threading.Thread(target=self._run, name="crmkit-audit", daemon=True)
            self._timer.start()
        self._wanted.set()

    def settle(self, receipt: Receipt) -> None:
        """Return when the receipt is settled; whoever gets the turn writes for all."""
        while not receipt.is_settled:
            with self._turn:
                if not receipt.is_settled:
                    self._write()

    def flush(self) -> None:
        """Return when everything that was in the queue is settled."""
        with self._turn:
            while self._queue:
                self._write()

    def close(self) -> None:
        """Settle everything and end the thread of `submit`."""
        self._closing = True
        self._wanted.set()
        if self._timer is not None:
            self._timer.join()
            self._timer = None
        self.flush()

    def _run(self) -> None:
        while not self._closing:
            self._wanted.wait()
            self._wanted.clear()
            if len(self._queue) < self._max_events and not self._closing:
                threading.Event().wait(self._max_wait_s)
            self.flush()

    def _write(self) -> None:
        """Write one batch; its error goes to those whose events are in it."""
        batch: list[Receipt] = []
        queue, size = self._queue, 0
        while queue and len(batch) < self._max_events:
            size += len(queue[0]._prefix)
            if size > MAX_BATCH_BYTES and batch:
                break
            batch.append(queue.popleft())
        try:
            self._commit(batch)
        except Exception as error:  # noqa: BLE001  it is raised again for everybody who waits
            for receipt in batch:
                receipt._error = error
        except BaseException as error:
            for receipt in batch:
                receipt._error = error
            raise
