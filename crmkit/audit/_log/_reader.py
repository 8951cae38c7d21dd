"""Reading a log: events by what they say, and uses of permissions."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import attrs

from crmkit.audit._events._config import ConfigChange, config_changes
from crmkit.audit._events._event import Event, Outcome

from ._recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

__all__ = ["LoggedUsage", "Reader"]


@attrs.frozen(kw_only=True)
class LoggedUsage:
    """One use of a permission; satisfies `crmkit.typing.Usage`.

    .. versionadded:: 0.1.0
    """

    actor: str
    action: str
    resource: tuple[str, str] | None
    at: datetime


class Reader(Recorder):
    """The half of a `Log` that reads."""

    @property
    def origin(self) -> str:
        """The log's name, which every checkpoint bears."""
        return self._store.origin

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._settings.path

    @property
    def size(self) -> int:
        """How many events are stored, as far as this object knows; `refresh` looks."""
        return self._store.rows.size

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return True  # an empty log is one

    def __repr__(self) -> str:
        return f"<Log {self.origin!r}, {self.size:,} events>"

    def refresh(self) -> int:
        """Look what other processes have added; return the size."""
        with contextlib.nullcontext() if self._settings.read_only else self._locked():
            self._store.refresh()
        return self.size

    @property
    def can_sign(self) -> bool:
        """Whether `checkpoint` can make one."""
        return self._settings.signer is not None and not self._settings.read_only

    def events(
        self,
        *,
        start: int = 0,
        stop: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        actor: str | None = None,
        action: str | None = None,
        resource: tuple[str, str] | None = None,
        outcome: Outcome | None = None,
    ) -> Iterator[Event]:
        """Yield stored events in their order; bodies that were pruned are left out.

        Args:
            start: First turn.
            stop: Turn to stop before; the end by default.
            since: Only what happened at or after.
            until: Only what happened before.
            actor: Only of this id; where actors have pseudonyms, of the type ``user``.
            action: Only this one, or with ``.*`` at its end all of one kind: ``contact.*``.
            resource: Only with this kind and id.
            outcome: Only what ended so.
        """
        names = self._settings.pseudonyms
        if names is not None:
            if resource is not None and "resource" in names.of:
                resource = (resource[0], names.name(*resource))
            if actor is not None and "actor" in names.of:
                actor = names.name("user", actor)
        for _, data in self._store.read(start, stop, actor=actor, resource=resource):
            if data is None:
                continue
            event = Event.parse(data, strict=False)
            if (
                (since is None or event.at >= since)
                and (until is None or event.at < until)
                and (actor is None or (event.actor is not None and event.actor.id == actor))
                and (action is None or event.action == action or _is_kind(event.action, action))
                and (
                    resource is None
                    or (event.resource is not None and (event.resource.type, event.resource.id) == resource)
                )
                and (outcome is None or event.outcome == outcome)
            ):
                yield event

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def __getitem__(self, seq: int) -> Event:
        for event in self.events(start=seq, stop=seq + 1) if 0 <= seq < self.size else ():
            return event
        raise IndexError("there is no such event, or its body was pruned")

    def usage(self, *, since: datetime) -> Iterator[LoggedUsage]:
        """Yield the permitted uses since then, in the log's order: what `crmkit.typing.UsageSource` asks for."""
        for event in self.events(since=since, outcome="ok"):
            if event.actor is not None and not event.action.startswith("log."):
                resource = None if event.resource is None else (event.resource.type, event.resource.id)
                yield LoggedUsage(actor=event.actor.id, action=event.action, resource=resource, at=event.at)

    def config_changes(self, *, since: datetime | None = None, until: datetime | None = None) -> list[ConfigChange]:
        """Return the configuration-change record; see `config_changes`."""
        return config_changes(self.events(since=since, until=until))


def _is_kind(action: str, asked: str) -> bool:
    return asked.endswith(".*") and action.startswith(asked[:-1])
