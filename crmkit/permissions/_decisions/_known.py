"""What is known of a principal, a request and the moment, in the types that the policy declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.permissions._conditions._check_types import unknown
from crmkit.permissions._conditions._operands import Now, Operand, PrincipalValue
from crmkit.permissions._conditions._types import WRONG, clean

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from crmkit.permissions._conditions._types import Type
    from crmkit.permissions._policy._people import OrgChart, Principal

__all__ = ["Known", "as_mapping", "typed"]


class Known:
    """The values of everything but the record; lists are sets, so that asking for a member costs the same always."""

    __slots__ = ("_attributes", "_cache", "_context", "_org", "_principal", "_tenant", "clock")

    def __init__(
        self,
        principal: Principal,
        org: OrgChart,
        *,
        tenant: str | None,
        attributes: Mapping[str, object],
        context: Mapping[str, object],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._principal = principal
        self._org = org
        self._tenant = tenant
        self._attributes = attributes
        self._context = context
        self._cache: dict[str, object] = {}
        self.clock = clock

    def value(self, operand: Operand) -> object:
        """Return the value, ``None`` where it is missing."""
        if isinstance(operand, PrincipalValue):
            if operand.name not in self._cache:
                self._cache[operand.name] = self._of_principal(operand.name)
            return self._cache[operand.name]
        return self.clock() if isinstance(operand, Now) else self._context.get(operand.name)

    def _of_principal(self, name: str) -> object:
        if name == "id":
            return self._principal.id
        if name == "tenant":
            return self._tenant
        if name == "teams":
            return frozenset(self._principal.teams)
        if name == "territories":
            return self._org.territories(self._principal.territories)
        if name == "reports":
            return self._org.reports(self._principal.id)
        return self._attributes.get(name)


def typed(values: Mapping[str, object], declared: Mapping[str, Type], what: str) -> dict[str, object]:
    """Return values in their declared types.

    Args:
        values: Name -> value.
        declared: Name -> type.
        what: What they are, for messages.

    Raises:
        NotFoundError: A name is not declared.
        InvalidValueError: A value is of another type; the message does not hold it.
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        if name not in declared:
            raise NotFoundError(unknown(what, name, declared), name=name)
        cleaned = clean(value, declared[name])
        if cleaned is not WRONG and declared[name] == "list" and cleaned is not None:
            cleaned = _members(cleaned)
        if cleaned is WRONG:
            raise InvalidValueError(f'{what} "{name}" must be {declared[name]}, not {type(value).__name__}')
        found[name] = cleaned
    return found


def _members(values: object) -> object:
    members = [one for one in values if one is not None]  # type: ignore[attr-defined]  # a list, by its type
    plain = all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in members)
    return frozenset(members) if plain else WRONG


def as_mapping(record: object) -> Mapping[str, object]:
    """Return a record as a mapping of its fields."""
    if isinstance(record, Mapping):
        return record
    from crmkit import frames

    table = frames.read([record])
    return {name: table.column(name)[0] for name in table.columns}
