"""Which backups to drill: the latest, any, or those that each tier keeps."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Literal, TypeAlias

from crmkit.backup._policy._catalogue import restorable
from crmkit.backup._policy._retention import plan_prune
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.backup._policy._catalogue import BackupRecord
    from crmkit.backup._policy._policy import BackupPolicy

Selection: TypeAlias = Literal["latest", "random_in_window", "each_tier"]


def choose_backups(
    catalogue: Sequence[BackupRecord],
    selection: Selection = "latest",
    *,
    at: dt.datetime,
    days: int = 90,
    seed: int = 0,
    policy: BackupPolicy | None = None,
) -> list[BackupRecord]:
    """Choose which backups to drill.

    Args:
        catalogue: Every backup that is known.
        selection: ``"latest"``; ``"random_in_window"``: one of the last ``days``, by ``seed``; ``"each_tier"``: the
            newest and the oldest that each tier of ``policy`` keeps.
        at: The moment, aware.
        days: The window.
        seed: Write it into the report of the drill, so that the choice can be repeated.
        policy: For ``"each_tier"``.

    Raises:
        NotFoundError: An unknown selection.

    Example:
        >>> from datetime import UTC, datetime
        >>> from crmkit.backup import BackupRecord
        >>> records = [BackupRecord(backup_id=f"b{day}", created=datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2)]
        >>> [record.backup_id for record in choose_backups(records, at=datetime(2026, 1, 3, tzinfo=UTC))]
        ['b2']

    .. versionadded:: 0.1.0
    """
    good = restorable([record for record in catalogue if record.created <= at])
    if selection == "latest":
        return good[-1:]
    if selection == "random_in_window":
        window = [record for record in good if at - record.created <= dt.timedelta(days=days)]
        return [random.Random(seed).choice(window)] if window else []  # noqa: S311  repeatable on purpose
    if selection != "each_tier":
        raise NotFoundError.of("selection", selection, ("latest", "random_in_window", "each_tier"))
    if policy is None:
        raise NotFoundError('"each_tier" needs policy=')
    by_tier: dict[str, list[BackupRecord]] = {}
    plan = plan_prune(policy, catalogue, at=at)
    for record in good:
        for reason in plan.why(record.backup_id):
            tier = reason.split(" ")[0]
            if tier in ("daily", "weekly", "monthly", "yearly"):
                by_tier.setdefault(tier, []).append(record)
    chosen = {record.backup_id: record for members in by_tier.values() for record in (members[0], members[-1])}
    return sorted(chosen.values(), key=lambda record: record.created)
