"""What one principal may do, at one moment or from now on until a grant begins or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from crmkit.errors import AccessDeniedError, ViewExpiredError
from crmkit.permissions._conditions._bind import bind
from crmkit.permissions._conditions._generate import generate
from crmkit.permissions._conditions._tree import FALSE, Condition, Const

from . import _explain, _fields
from ._compile import reads_clock
from ._decision import Outcome
from ._known import as_mapping
from ._plan import Plan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.permissions._conditions._generate import Predicate
    from crmkit.permissions._conditions._schema import Level, Resource
    from crmkit.permissions._policy._people import Principal
    from crmkit.typing import FieldDisclosure, Frame

    from ._auditing import Auditor
    from ._compile import Compiled, RoleSet
    from ._decision import Decision
    from ._fields import FieldViolation
    from ._interpret import Custom1
    from ._known import Known

__all__ = ["View"]


_ALL, _NO_KEY = "*", "(no key)"
"""What an event names for a record: an audit log takes no empty name, and an action it cannot take down is denied."""


class View:
    """What one principal may do; made by ``Engine.view``, immutable, safe in threads.

    A view keeps to the policy and the grants of the moment at which it was made. Where one of the principal's grants
    begins or ends at ``valid_until``, asking later raises :class:`~crmkit.errors.ViewExpiredError`: ask the engine
    again, which keeps views and makes new ones where it must.

    Attributes:
        principal: Who.
        tenant: As a principal of which tenant.
        roles: The roles that are active, inherited ones included.
        valid_until: When a grant begins or ends next.
        policy_digest: Of which policy.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Field, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", fields={"stage": Field()}, actions=["read", "update"], owner="owner_id")
        >>> policy = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> view = Engine(policy, [Assignment("ann", "sales")]).view("ann")
        >>> view.outcome("read", "deal").name, view.outcome("update", "deal").name
        ('DEPENDS', 'NEVER')
        >>> view.allows("read", "deal", {"owner_id": "ann"}), view.allows("read", "deal", {"owner_id": None})
        (True, False)

    .. versionadded:: 0.1.0
    """

    __slots__ = (
        "_active", "_auditor", "_checks", "_clock", "_compiled", "_customs", "_direct", "_guarded", "_known", "_levels",
        "_outcomes", "_role_set", "_tables", "policy_digest", "principal", "roles", "tenant", "valid_until",
    )  # fmt: skip

    def __init__(
        self,
        principal: Principal,
        *,
        compiled: Compiled,
        role_set: RoleSet,
        direct: frozenset[str],
        known: Known,
        customs: Mapping[str, Custom1],
        tenant: str | None,
        valid_until: dt.datetime | None,
        auditor: Auditor | None,
        policy_digest: str,
    ) -> None:
        self.principal = principal.id
        self.tenant = tenant
        self.roles = role_set.roles
        self.valid_until = valid_until
        self.policy_digest = policy_digest
        self._active = principal.status == "active"
        self._auditor = auditor
        self._guarded = auditor is not None or valid_until is not None
        self._clock: Callable[[], dt.datetime] = known.clock
        self._compiled = compiled
        self._role_set = role_set
        self._direct = direct
        self._known = known
        self._customs = customs
        self._checks: dict[tuple[str, str], Predicate] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._levels: dict[tuple[str, Condition], Predicate] = {}
        self._tables: dict[tuple[str, str], _fields.FieldTable] = {}

    def __reduce__(self) -> NoReturn:
        raise TypeError("a View is not pickled; ask the other process's engine for one")

    def __repr__(self) -> str:
        until = "" if self.valid_until is None else f", until {self.valid_until.isoformat()}"
        return f"<View of {self.principal!r}: {len(self.roles)} roles{until}>"

    def outcome(self, action: str, resource: str) -> Outcome:
        """Say what holds for all records: ``ALWAYS``, ``NEVER``, or ``DEPENDS`` on the record.

        Raises:
            NotFoundError: There is no such resource or action.
            ViewExpiredError: A grant began or ended since.
        """
        try:
            found = self._outcomes.get((action, resource))
        except TypeError:  # what cannot be a key is no name, as is said below
            found = None
        if found is None:
            found = self._find_outcome(action, resource)
        if self.valid_until is not None:
            self._check_alive()
        return found

    def may(self, action: str, resource: str) -> bool:
        """Say whether there can be a record on which the action is allowed: whether to show the button at all."""
        return self.outcome(action, resource) is not Outcome.NEVER

    def allows(self, action: str, resource: str, record: object = None) -> bool:
        """Say whether the action is allowed on a record; without one, whether it is on every record.

        Args:
            action: For what.
            resource: On what kind of record.
            record: Field -> value, where a field that is absent or ``None`` is missing; or an object that
                :mod:`crmkit.frames` reads as a record: attrs, dataclass, pydantic, SQLAlchemy.

        Raises:
            NotFoundError: There is no such resource or action.
            ViewExpiredError: A grant began or ended since.
        """
        try:
            check = self._checks.get((action, resource))
        except TypeError:  # a record in the place of a name: that is said where the check is made
            check = None
        if check is None:
            check = self._make_check(action, resource)
        if self._guarded or type(record) is not dict:
            return self._allows(check, action, resource, record)
        return check(record)

    def _allows(self, check: Predicate, action: str, resource: str, record: object) -> bool:
        self._check_alive()
        found = None if record is None else as_mapping(record)
        allowed = self.outcome(action, resource) is Outcome.ALWAYS if found is None else check(found)
        return self._audited(action, resource, found, allowed=allowed)

    def require(self, action: str, resource: str, record: object = None) -> None:
        """Raise unless the action is allowed.

        Raises:
            AccessDeniedError: It is not; ``.decision`` says why.
        """
        if not self.allows(action, resource, record):
            decision = self.explain(action, resource, record)
            if decision:
                raise AccessDeniedError("the audit log could not be written, so it is not allowed", decision=decision)
            raise AccessDeniedError(str(decision), decision=decision)

    def explain(self, action: str, resource: str, record: object = None) -> Decision:
        """Return the decision with its reasons: the rule that decided, or what nearly matched.

        An explanation is no decision and is not written to the audit log.
        """
        self._compiled.policy.check_action(action, resource)
        self._check_alive()
        return _explain.explain(
            self, action, resource, as_mapping({} if record is None else record), record is not None
        )

    def filter(self, action: str, resource: str) -> Plan:
        """Return which records the action is allowed on, to ask records, dataframes or a database."""
        self._compiled.policy.check_action(action, resource)
        self._check_alive()
        formula = self._role_set.formula(action, resource)
        condition = self._bound(resource, formula)
        at = self._clock()

        def check() -> Predicate:
            # The code of all who have these roles, kept; but a plan is of one moment, and its code of that plan.
            return self._of_moment(resource, condition) if reads_clock(formula) else self._predicate(resource, formula)

        def count(found: int, asked: str | None = None) -> None:
            allowed = condition != FALSE
            if not self._audit(action, resource, None, allowed=allowed, count=found, at=at, asked=asked) and allowed:
                raise AccessDeniedError("the audit log could not be written, so nothing is returned")

        declared = self._compiled.policy.resources[resource]
        digest = self.policy_digest
        return Plan(
            condition,
            declared,
            action=action,
            check=check,
            policy_digest=digest,
            count=count,
            alive=self._check_alive,
        )

    def level(self, resource: str, field: str, record: object = None) -> Level:
        """Return what may be seen of a field of a record; without one, of every record.

        This is what ``crmkit.typing.FieldAccess`` asks for, so a view can be handed to the encryption box. Asking is
        not showing, and is not written to the audit log: :meth:`disclose` is.

        Raises:
            NotFoundError: There is no such resource or field.
        """
        self._check_alive()
        return _fields.level(self, resource, field, None if record is None else as_mapping(record))

    def disclose(
        self,
        resource: str,
        levels: Mapping[str, Level],
        record: object = None,
        *,
        key: object = None,
        count: int = 1,
    ) -> None:
        """Write to the engine's audit log, as :meth:`project` does, that fields are shown at these levels.

        For whoever shows fields after asking :meth:`level`, which writes nothing; the encryption box calls it itself.
        This is what ``crmkit.typing.FieldDisclosure`` asks for.

        Args:
            resource: Of what kind of record.
            levels: Field -> the level at which it is shown.
            record: The record; ``None``: whichever.
            key: The record's id, where the record itself is not at hand.
            count: How many records.

        Raises:
            AccessDeniedError: The audit log could not be written, so nothing may be shown.
            NotFoundError: There is no such resource or field.
        """
        self._check_alive()
        found = None if record is None else as_mapping(record)
        _fields.disclose(self, resource, levels, found, key, count)

    def decrypting(self) -> FieldDisclosure:
        """Return what encryption is to ask: this view, narrowed by the action ``decrypt`` where a resource has one.

        A field that may be read is masked on records that may not be decrypted.
        """
        return _fields.Decrypting(self)

    def project(self, resource: str, record: object) -> dict[str, object]:
        """Return what may be seen of a record: hidden fields are left out, masked ones masked.

        Fields that the resource does not declare are left out too.

        Raises:
            AccessDeniedError: The record itself may not be read.
        """
        found = as_mapping(record)
        self.require("read", resource, found)
        return _fields.project(self, resource, found)

    def project_frame(self, resource: str, frame: Frame) -> Frame:
        """Return the rows that may be read, with hidden columns left out and masked cells masked.

        A column that is hidden in some rows only is kept, with nothing in those rows.

        Raises:
            SchemaError: The frame lacks a column that a rule asks for.
        """
        self._check_alive()
        return _fields.project_frame(self, resource, frame)

    def check_write(self, resource: str, before: object, patch: Mapping[str, object]) -> list[FieldViolation]:
        """Return everything that speaks against changing a record so; nothing where it may be.

        The record must be one that may be updated before and after: nobody writes a record out of, or into, their own
        reach. Each field of the patch must have the level ``write``, also where it brings the same value.

        Raises:
            SchemaError: The patch has a field that the resource does not declare, or a value of another type.
        """
        self._check_alive()
        return _fields.check_write(self, resource, as_mapping(before), patch)

    def check_create(self, resource: str, record: Mapping[str, object]) -> list[FieldViolation]:
        """Return everything that speaks against creating a record.

        Raises:
            SchemaError: The record has a field that the resource does not declare, or a value of another type.
        """
        self._check_alive()
        return _fields.check_create(self, resource, record)

    def check_query(
        self, resource: str, *, where: Iterable[str] = (), sort: Iterable[str] = (), aggregate: Iterable[str] = ()
    ) -> list[FieldViolation]:
        """Return the fields that a query may not filter, sort or sum by.

        Whoever sorts by a field, filters by it or sums it, reads it; so it must have the level ``read`` on every
        record that may be read.

        Raises:
            SchemaError: The query names a field that the resource does not declare.
        """
        self._check_alive()
        return _fields.check_query(self, resource, where=where, sort=sort, aggregate=aggregate)

    # What the modules beside this one ask for.

    def _check_alive(self) -> None:
        if self.valid_until is not None and self._clock() >= self.valid_until:
            message = "a grant began or ended since this view was made; ask the engine for a new one"
            raise ViewExpiredError(message, valid_until=self.valid_until)

    def _bound(self, resource: str, formula: Condition) -> Condition:
        fields = self._compiled.policy.resources[resource].fields
        return bind(formula, self._known, fields) if self._active else FALSE

    def _find_outcome(self, action: str, resource: str) -> Outcome:
        self._compiled.policy.check_action(action, resource)
        formula = self._role_set.formula(action, resource)
        bound = self._bound(resource, formula)
        found = (Outcome.ALWAYS if bound.value else Outcome.NEVER) if isinstance(bound, Const) else Outcome.DEPENDS
        if not reads_clock(formula):
            self._outcomes[action, resource] = found
        return found

    def _make_check(self, action: str, resource: str) -> Predicate:
        self._compiled.policy.check_action(action, resource)
        check = self._predicate(resource, self._role_set.formula(action, resource))
        self._checks[action, resource] = check
        return check

    def _predicate(self, resource: str, formula: Condition) -> Predicate:
        """Return the generated code of a formula with this principal's values in it."""
        found = self._levels.get((resource, formula))
        if found is None:
            factory = self._compiled.factory(resource, formula if self._active else FALSE)
            values = [self._known.value(operand) for operand in factory.operands]
            customs = [self._customs[name] for name in factory.customs]
            found = factory.make(self._clock, *values, *customs, *factory.constants)
            self._levels[resource, formula] = found
        return found

    def _of_moment(self, resource: str, condition: Condition) -> Predicate:
        """Return the generated code of a condition in which all values but the record's are known."""
        policy = self._compiled.policy
        factory = generate(condition, policy.declared(policy.resources[resource]))
        customs = [self._customs[name] for name in factory.customs]
        return factory.make(self._clock, *customs, *factory.constants)

    def _audited(self, action: str, resource: str, record: Mapping[str, object] | None, *, allowed: bool) -> bool:
        declared = self._compiled.policy.resources[resource]
        if self._auditor is None or not self._auditor.wants(declared, action, allowed=allowed):
            return allowed
        return self._audit(action, resource, record, allowed=allowed, at=self._clock()) and allowed

    def _audit(
        self,
        action: str,
        resource: str,
        record: Mapping[str, object] | None,
        *,
        allowed: bool,
        at: dt.datetime,
        count: int = 1,
        fields: tuple[str, ...] = (),
        asked: str | None = None,
    ) -> bool:
        declared: Resource = self._compiled.policy.resources[resource]
        if self._auditor is None or not (fields or self._auditor.wants(declared, action, allowed=allowed)):
            return True
        key = _ALL if record is None else record.get(declared.key)
        return self._auditor.write(
            f"{resource}.{action}",
            actor=self.principal,
            resource=(resource, str(key) if key not in (None, "") else _NO_KEY),
            allowed=allowed,
            at=at,
            count=count,
            fields=fields,
            detail={"policy": self.policy_digest} | ({} if asked is None else {"asked": asked}),
        )
