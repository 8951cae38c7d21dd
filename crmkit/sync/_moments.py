"""Moments of change: which row is younger, which is too young, and when a clock is wrong."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._decide import SyncRules

__all__ = ["Moments", "moment_of"]

_MILLISECONDS = re.compile(r"\d{12,13}\Z", re.ASCII)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def moment_of(value: object, zone: zoneinfo.ZoneInfo | None) -> dt.datetime | None:
    """Return a moment in UTC; ``None`` where it cannot be read for sure.

    A moment without a zone is one of ``zone``; an hour that summer time skips or repeats is none. A number of twelve
    or thirteen digits counts milliseconds since 1970, as several systems write moments.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.0f}"
    if isinstance(value, str):
        if _MILLISECONDS.match(value.strip()):
            return _EPOCH + dt.timedelta(milliseconds=int(value))
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    if value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    if zone is None:
        return None
    early, late = value.replace(tzinfo=zone, fold=0), value.replace(tzinfo=zone, fold=1)
    return early.astimezone(dt.UTC) if early.utcoffset() == late.utcoffset() else None


class Moments:
    """When the rows of both tables were last changed.

    Attributes:
        ahead: Rows whose moment is later than now, by more than clocks may be apart.
        unreadable: Rows whose moment cannot be read.
    """

    def __init__(
        self, rules: SyncRules, stamps: tuple[Sequence[object], Sequence[object]] | None, now: dt.datetime
    ) -> None:
        self._rules, self._now = rules, now.astimezone(dt.UTC)
        zone = None if rules.zone is None else zoneinfo.ZoneInfo(rules.zone)
        self._moments = None if stamps is None else tuple([moment_of(value, zone) for value in side] for side in stamps)
        self.ahead = self.unreadable = 0
        if self._moments is not None:
            every = [moment for side in self._moments for moment in side]
            self.unreadable = sum(moment is None for moment in every)
            self.ahead = sum(moment is not None and self._is_ahead(moment) for moment in every)

    @property
    def known(self) -> bool:
        """Whether any moments were given."""
        return self._moments is not None

    def _is_ahead(self, moment: dt.datetime) -> bool:
        return moment > self._now + self._rules.skew

    def _of(self, side: int, row: int | None) -> dt.datetime | None:
        return None if self._moments is None or row is None else self._moments[side][row]

    def unsettled(self, left: int | None, right: int | None) -> bool:
        """Whether a pair of rows changed too recently; a moment in the future says nothing, and is never waited for."""
        if not self._rules.settle:
            return False
        return any(
            moment is not None and not self._is_ahead(moment) and moment > self._now - self._rules.settle
            for moment in (self._of(0, left), self._of(1, right))
        )

    def order(self, left: int, right: int) -> int | None:
        """Return 1 where the left row changed later, -1 the right one; ``None`` where clocks cannot tell."""
        one, other = self._of(0, left), self._of(1, right)
        if one is None or other is None or self._is_ahead(one) or self._is_ahead(other):
            return None
        if abs(one - other) <= self._rules.skew:
            return None
        return 1 if one > other else -1

    def watermark(
        self, left: Sequence[int], right: Sequence[int], *, held: bool, former: dt.datetime | None
    ) -> dt.datetime | None:
        """Return up to when everything is settled: before now, and before every row that is open.

        Args:
            left: Open rows of the left table.
            right: Open rows of the right table.
            held: Something open was not fetched, so the former watermark stays.
            former: That of the last plan.
        """
        if self._moments is None:
            return None
        open_ = [self._of(0, row) for row in left] + [self._of(1, row) for row in right]
        if held or any(moment is None for moment in open_):
            return former
        newest = self._now - self._rules.settle - self._rules.skew
        oldest = [moment - dt.timedelta(microseconds=1) for moment in open_ if moment is not None]
        return min([newest, *oldest])
