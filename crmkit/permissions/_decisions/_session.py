"""Sessions: somebody works with some of their roles, and never with two that must be kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from crmkit.errors import NotFoundError
from crmkit.permissions._conditions._check_types import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._engine import Engine
    from ._view import View

__all__ = ["Session"]


class Session:
    """Some of a principal's roles, active together; made by ``Engine.session``.

    Attributes:
        principal: Who.
        active: The roles that are active, without those that they inherit.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> with Engine(policy, [Assignment("ann", "all")]).session("ann") as session:
        ...     before = session.view.allows("read", "deal", {})
        ...     session.activate("all")
        ...     print(before, session.view.allows("read", "deal", {}))
        False True

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_engine", "active", "principal")

    def __init__(self, engine: Engine, principal: str, activate: Iterable[str]) -> None:
        self._engine = engine
        self.principal = principal
        self.active: frozenset[str] = frozenset()
        _ = self.view  # the principal is known
        for role in activate:
            self.activate(role)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.active = frozenset()

    def __repr__(self) -> str:
        return f"<Session of {self.principal!r}: {', '.join(sorted(self.active)) or 'no role'}>"

    @property
    def view(self) -> View:
        """What may be done with the active roles."""
        return self._engine.view(self.principal, roles=self.active)

    def activate(self, role: str) -> None:
        """Make one more role active.

        Raises:
            NotFoundError: The principal does not hold it now.
            AccessDeniedError: With those that are active it breaks a separation of duties.
        """
        wanted = self.active | {role}
        self._engine.view(self.principal, roles=wanted)
        self.active = wanted

    def deactivate(self, role: str) -> None:
        """Make a role inactive.

        Raises:
            NotFoundError: It is not active.
        """
        if role not in self.active:
            raise NotFoundError(unknown("active role", role, self.active), name=role)
        self.active -= {role}
