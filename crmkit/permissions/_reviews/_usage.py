"""Which permissions were used, as a log remembers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from crmkit.permissions._policy._policy import Policy
    from crmkit.typing import Usage, UsageSource

__all__ = ["Used", "permission_of", "read_usage"]


@attrs.frozen
class Used:
    """What a log says of the time since a moment."""

    verified: bool
    since: dt.datetime
    first: dt.datetime | None
    last: Mapping[tuple[str, str, str], dt.datetime]
    events: tuple[tuple[Usage, tuple[str, str]], ...]


def permission_of(use: Usage, policy: Policy) -> tuple[str, str] | None:
    """Return action and resource of a use: ``contact.export``, or ``export`` of a resource of that kind."""
    kind, dot, action = use.action.rpartition(".")
    if not dot:
        kind = "" if use.resource is None else use.resource[0]
    resource = policy.resources.get(kind)
    return (action, kind) if resource is not None and action in resource.actions else None


def read_usage(source: UsageSource, policy: Policy, since: dt.datetime) -> Used:
    """Read what was used since a moment; what the policy does not know is left out."""
    last: dict[tuple[str, str, str], dt.datetime] = {}
    events: list[tuple[Usage, tuple[str, str]]] = []
    first: dt.datetime | None = None
    uses: Iterable[Usage] = source.usage(since=since)
    for use in uses:
        first = use.at if first is None else min(first, use.at)
        found = permission_of(use, policy)
        if found is not None:
            key = (use.actor, *found)
            last[key] = max(use.at, last.get(key, use.at))
            events.append((use, found))
    return Used(bool(source.verified), since, first, last, tuple(events))
