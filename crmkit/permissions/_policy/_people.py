"""Who people are, who reports to whom, and who holds which role from when to when."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.errors import NotFoundError, SchemaError
from crmkit.permissions._conditions._frozen import FrozenDict
from crmkit.permissions._conditions._schema import _names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Assignment", "OrgChart", "Principal", "aware", "find_circle", "moment_of", "reached"]


def aware(_instance: object, attribute: Any, value: dt.datetime | None) -> None:
    """Raise unless a moment has a time zone; a validator of attrs."""
    if value is not None and value.utcoffset() is None:
        raise SchemaError(f"{attribute.name} needs a time zone: 2026-01-31T12:00:00+00:00, not a bare local time")


def moment_of(at: dt.datetime | None) -> dt.datetime:
    """Return the moment that is asked for, or now.

    Raises:
        SchemaError: It has no time zone.
    """
    if at is None:
        return dt.datetime.now(tz=dt.UTC)
    if at.utcoffset() is None:
        raise SchemaError("at needs a time zone: 2026-01-31T12:00:00+00:00, not a bare local time")
    return at


def check_name(value: object, what: str) -> None:
    """Raise unless a name is text that is not blank.

    What nobody filled in is "" in many files and forms: whoever was called so would have all that belongs to nobody.

    Raises:
        SchemaError: It is not.
    """
    if not isinstance(value, str):
        raise SchemaError(f"{what} is text, not {type(value).__name__}")
    if not value.strip():
        raise SchemaError(f"{what} is blank; what is blank belongs to nobody")


def _named(instance: object, attribute: Any, value: Any) -> None:
    check_name(value, f"{type(instance).__name__}.{attribute.name}")


def _named_or_none(instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _named(instance, attribute, value)


def _all_named(instance: object, attribute: Any, value: Iterable[object]) -> None:
    for one in value:
        check_name(one, f"each of {type(instance).__name__}.{attribute.name}")


@attrs.frozen
class Assignment:
    """That a principal holds a role, from ``not_before`` on and until just before ``not_after``.

    Args:
        principal: Who.
        role: Holds what.
        tenant: Only as a principal of this tenant; ``None`` for none.
        not_before: First moment, with a time zone; ``None`` for always.
        not_after: First moment at which it is over.
        granted_by: Who gave it.
        reason: Why.
        ticket: Where that is written down.
        granted_at: When it was given, for reviews.

    Raises:
        SchemaError: Principal, role or tenant is blank or no text, or a moment has no time zone.

    Example:
        >>> Assignment("u17", "sales", granted_by="u1").role
        'sales'

    .. versionadded:: 0.1.0
    """

    principal: str = attrs.field(validator=_named)
    role: str = attrs.field(validator=_named)
    tenant: str | None = attrs.field(default=None, kw_only=True, validator=_named_or_none)
    not_before: dt.datetime | None = attrs.field(default=None, kw_only=True, validator=aware)
    not_after: dt.datetime | None = attrs.field(default=None, kw_only=True, validator=aware)
    granted_by: str | None = attrs.field(default=None, kw_only=True)
    reason: str | None = attrs.field(default=None, kw_only=True)
    ticket: str | None = attrs.field(default=None, kw_only=True)
    granted_at: dt.datetime | None = attrs.field(default=None, kw_only=True, validator=aware)

    def valid(self, at: dt.datetime) -> bool:
        """Say whether it holds at a moment."""
        return (self.not_before is None or self.not_before <= at) and (self.not_after is None or at < self.not_after)


def _held(values: Mapping[str, object]) -> FrozenDict[str, object]:
    return FrozenDict(values)


@attrs.frozen
class Principal:
    """A person or service who asks.

    Args:
        id: As records and assignments name it.
        status: Only ``"active"`` principals are ever allowed anything.
        tenant: Whose data it may reach.
        teams: Its teams.
        territories: Its territories; those below come with them through the :class:`OrgChart`.
        manager: Whom it reports to.
        reports: Who reports to it, besides those who name it as their manager.
        attrs: What conditions may ask besides, as the policy declares it.

    Raises:
        SchemaError: An id, tenant, team or territory is blank or no text. What is blank belongs to nobody.

    Example:
        >>> Principal("u17", teams=["t3"]).teams
        ('t3',)

    .. versionadded:: 0.1.0
    """

    id: str = attrs.field(validator=_named)
    status: str = attrs.field(default="active", kw_only=True)
    tenant: str | None = attrs.field(default=None, kw_only=True, validator=_named_or_none)
    teams: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names, validator=_all_named)
    territories: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names, validator=_all_named)
    manager: str | None = attrs.field(default=None, kw_only=True, validator=_named_or_none)
    reports: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names, validator=_all_named)
    attrs: Mapping[str, object] = attrs.field(factory=dict, kw_only=True, repr=False, hash=False, converter=_held)


class OrgChart:
    """Who there is, who reports to whom, and which territory lies in which.

    Args:
        people: The principals, each id once.
        territories: Territory -> the one that it lies in.

    Raises:
        SchemaError: An id is there twice, or somebody reports, or a territory lies, in a circle; the message names it.

    Example:
        >>> org = OrgChart([Principal("ann"), Principal("bo", manager="ann"), Principal("cy", manager="bo")])
        >>> sorted(org.reports("ann"))
        ['bo', 'cy']

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_above", "_below", "_lands", "_outside", "_reports", "people")

    def __init__(self, people: Iterable[Principal] = (), *, territories: Mapping[str, str] | None = None) -> None:
        found: dict[str, Principal] = {}
        for person in people:
            given: object = person
            if not isinstance(given, Principal):
                raise SchemaError(f"an OrgChart is made of Principal objects, and one is a {type(given).__name__}")
            if person.id in found:
                raise SchemaError(f"principal {person.id!r} is there twice")
            found[person.id] = person
        self.people: Mapping[str, Principal] = FrozenDict(found)
        direct: dict[str, dict[str, None]] = {}
        for person in self.people.values():
            if person.manager is not None:
                direct.setdefault(person.manager, {})[person.id] = None
            for report in person.reports:
                direct.setdefault(person.id, {})[report] = None
        self._reports = direct
        self._lands: dict[tuple[str, ...], frozenset[str]] = {}
        self._above: dict[str, dict[str, None]] | None = None
        self._outside: dict[str, dict[str, None]] | None = None
        self._below: dict[str, dict[str, None]] = {}
        for inner, outer in (territories or {}).items():
            check_name(inner, "each territory")
            if outer is not None:  # what lies in nothing
                check_name(outer, "each territory")
            self._below.setdefault(outer, {})[inner] = None
        _refuse_circles(self._reports, "reporting")
        _refuse_circles(self._below, "territories")

    def __len__(self) -> int:
        return len(self.people)

    def __repr__(self) -> str:
        return f"<OrgChart of {len(self)} people>"

    def with_people(self, people: Iterable[Principal]) -> OrgChart:
        """Return a chart of other people with the same territories."""
        made = OrgChart(people)
        made._below = self._below
        return made

    def same_ways(self, other: OrgChart) -> bool:
        """Say whether people report to the same ones, and territories lie in the same ones, in another chart."""
        return self._reports == other._reports and self._below == other._below

    def get(self, principal: str) -> Principal:
        """Return a principal.

        Raises:
            NotFoundError: There is none of this id.
            SchemaError: That is no id.
        """
        given: object = principal
        if not isinstance(given, str):
            raise SchemaError(f"a principal is named by its id, as text, not by a {type(given).__name__}")
        try:
            return self.people[principal]
        except KeyError:
            raise NotFoundError(f"unknown principal {principal!r}", name=principal) from None  # and suggest nobody else

    def direct_reports(self, principal: str) -> frozenset[str]:
        """Return who reports to somebody without anybody between."""
        return frozenset(self._reports.get(principal, ()))

    def reports(self, principal: str) -> frozenset[str]:
        """Return everybody below, at any distance."""
        return _below(self._reports, [principal]) - {principal} if principal in self._reports else frozenset()

    def territories(self, names: Iterable[str]) -> frozenset[str]:
        """Return the territories and all that lie in them."""
        key = tuple(names)
        found = self._lands.get(key)
        if found is None:
            found = self._lands[key] = _below(self._below, key)
        return found

    @property
    def managers(self) -> Mapping[str, object]:
        """Those to whom anybody reports, as keys."""
        return self._reports

    def above(self, principal: str) -> frozenset[str]:
        """Return everybody to whom somebody reports, at any distance."""
        if self._above is None:
            self._above = _turned(self._reports)
        return _below(self._above, self._above.get(principal, ()))

    def around(self, territory: str) -> frozenset[str]:
        """Return a territory and all in which it lies."""
        if self._outside is None:
            self._outside = _turned(self._below)
        return _below(self._outside, [territory])


def _turned(tree: Mapping[str, Iterable[str]]) -> dict[str, dict[str, None]]:
    """Return the tree with every step the other way round."""
    found: dict[str, dict[str, None]] = {}
    for outer, inside in tree.items():
        for inner in inside:
            found.setdefault(inner, {})[outer] = None
    return found


def _below(tree: Mapping[str, Mapping[str, None]], start: Iterable[str]) -> frozenset[str]:
    return reached(start, lambda name: tree.get(name, ()))


def reached(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """Return where one is from the start on in any number of steps, none included."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(step(name))
    return frozenset(found)


def _refuse_circles(tree: Mapping[str, Mapping[str, None]], what: str) -> None:
    circle = find_circle(tree)
    if circle is not None:
        raise SchemaError(f"{what} in a circle: {' -> '.join(circle)}")


def find_circle(tree: Mapping[str, Iterable[str]]) -> list[str] | None:
    """Return a way through the tree that comes back to its start, without recursion."""
    done: set[str] = set()
    for start in tree:
        path: list[str] = []
        on_path: set[str] = set()
        stack = [(start, iter(tree.get(start, ())))] if start not in done else []
        if stack:
            path.append(start)
            on_path.add(start)
        while stack:
            name, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                stack.pop()
                done.add(path.pop())
                on_path.discard(name)
            elif step in on_path:
                return [*path[path.index(step) :], step]
            elif step not in done:
                path.append(step)
                on_path.add(step)
                stack.append((step, iter(tree.get(step, ()))))
    return None
