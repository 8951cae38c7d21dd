"""The configuration-change record: what was changed about the system itself, by whom, and on which ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ._event import Event

__all__ = ["ConfigChange", "config_changes", "is_config"]

CONFIG_KINDS = frozenset({"config", "policy", "role", "permission", "key", "user", "setting", "schema", "retention"})


@attrs.frozen(kw_only=True)
class ConfigChange:
    """One line of the configuration-change record. Made by `config_changes`.

    .. versionadded:: 0.1.0
    """

    seq: int
    at: datetime
    actor: str | None
    action: str
    resource: tuple[str, str] | None
    fields: tuple[str, ...]
    request: str | None
    change: dict[str, dict[str, str]] = attrs.field(repr=False)


def config_changes(events: Iterable[Event]) -> list[ConfigChange]:
    """Return the configuration-change record: roles, permissions, policies, keys, users, settings, retention.

    Args:
        events: Stored events, such as ``log.events(since=...)``. What was refused or failed changed nothing.

    Example:
        >>> from crmkit.audit import Event
        >>> told = [Event(action="role.assign", actor="u-1", resource=("user", "u-2"), request="T-7", seq=0)]
        >>> config_changes(told)[0].request
        'T-7'

    .. versionadded:: 0.1.0
    """
    return [
        ConfigChange(
            seq=-1 if event.seq is None else event.seq,
            at=event.at,
            actor=None if event.actor is None else event.actor.id,
            action=event.action,
            resource=None if event.resource is None else (event.resource.type, event.resource.id),
            fields=event.fields,
            request=event.request,
            change={name: dict(pair) for name, pair in event.change.items()},
        )
        for event in events
        if event.outcome == "ok" and is_config(event)
    ]


def is_config(event: Event) -> bool:
    """Whether an event changed how the system is set up, rather than data in it."""
    kind, _, verb = event.action.partition(".")
    changes = verb not in ("read", "list", "view", "check")
    return (kind in CONFIG_KINDS and changes) or event.action in ("log.key_changed", "log.pruned")
