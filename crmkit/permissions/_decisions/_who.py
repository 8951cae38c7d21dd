"""The people of whom a formula is TRUE, asked the other way round: the record is known, the person is looked for.

What the record says is settled once. What is left asks the person only: is it you, is this your team, are you above
the owner, does the territory lie in yours? That is written as one filter over people, with the ways up from the
record's owner and territory walked once instead of the ways down from everybody.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from crmkit.permissions._conditions._atoms import Atom, Compare, In
from crmkit.permissions._conditions._bind import bind, holds
from crmkit.permissions._conditions._normal import walk
from crmkit.permissions._conditions._operands import Now, Operand, PrincipalValue, RecordValue
from crmkit.permissions._conditions._tree import All, Condition, Const, Custom, Not
from crmkit.permissions._conditions._tree import Any as AnyOf
from crmkit.permissions._conditions._types import WRONG, clean

from ._decision import Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._policy._people import Principal

    from ._engine import Engine, _State

__all__ = ["People", "Question"]


class People:
    """Active people by the roles that they are assigned; whose grants begin or end are looked at for each moment."""

    def __init__(self, state: _State) -> None:
        self.place = {name: place for place, name in enumerate(state.assignments)}
        self._fixed: dict[frozenset[str], list[Principal]] = {}
        self._timed: list[Principal] = []
        for name, held in state.assignments.items():
            person = state.org.people[name]
            if person.status != "active":
                continue
            if any(one.not_before is not None or one.not_after is not None for one in held):
                self._timed.append(person)
            else:
                self._fixed.setdefault(state.direct(person, None), []).append(person)

    def by_roles(self, state: _State, at: dt.datetime) -> Mapping[frozenset[str], list[Principal]]:
        """Return assigned roles -> who holds just these at a moment, in the order of the people."""
        if not self._timed:
            return self._fixed
        found = {roles: list(people) for roles, people in self._fixed.items()}
        for person in self._timed:
            found.setdefault(state.direct(person, at), []).append(person)
        return found


class Question:
    """What is asked of everybody who has the same roles."""

    def __init__(self, engine: Engine, state: _State, resource: Resource, formula: Condition, at: dt.datetime) -> None:
        self._engine = engine
        self._state = state
        self._resource = resource
        self._formula = formula
        self._at = at

    def outcomes(self, people: Iterable[Principal]) -> list[Outcome]:
        """Return for each of the people whether it is every record, some or none.

        People whose values bring the formula to the same shape are asked once. Who they are plays no part in that
        where their id is only compared with the record's.
        """
        operands = dict.fromkeys(
            operand for node in walk(self._formula) for operand in node.operands if isinstance(operand, PrincipalValue)
        )
        if all(_asks_record(node) for node in walk(self._formula) if PrincipalValue("id") in node.operands):
            operands.pop(PrincipalValue("id"), None)
        plain = [operand.name for operand in operands if operand.name in ("id", "tenant", "teams", "territories")]
        managers = self._state.org.managers if PrincipalValue("reports") in operands else {}
        others = [operand.name for operand in operands if operand.name not in (*plain, "reports")]
        of_person = attrgetter(*(plain or ["status"]))  # the status of active people is one
        known: dict[tuple[object, ...], Outcome] = {}
        found: list[Outcome] = []
        for person in people:
            key: tuple[object, ...] = (of_person(person), person.id in managers)
            key += tuple(self._attribute(person, name) for name in others) if others else ()
            outcome = known.get(key)
            if outcome is None:
                values = self._engine._known(self._state, person, self._at)
                bound = bind(self._formula, values, self._resource.fields)
                whole = Outcome.ALWAYS if bound == Const(value=True) else Outcome.DEPENDS
                outcome = known[key] = Outcome.NEVER if bound == Const(value=False) else whole
            found.append(outcome)
        return found

    def _attribute(self, person: Principal, name: str) -> object:
        value = self._state.attributes.get(person.id, {}).get(name)
        return type(value), value

    def of_record(self, people: Iterable[Principal], record: Mapping[str, object]) -> list[Principal]:
        """Return those for whom the formula is TRUE of the record."""
        return _Filter(self._engine, self._state, self._resource, record, self._at).of(self._formula)(people)


def _asks_record(node: Condition) -> bool:
    return isinstance(node, Compare) and isinstance(node.left, RecordValue)


class _Filter:
    """Writes what is left of a formula, once the record is known, as a filter over people.

    As everywhere, values come in through closure cells and no value is part of the source.
    """

    def __init__(
        self, engine: Engine, state: _State, resource: Resource, record: Mapping[str, object], at: dt.datetime
    ) -> None:
        self._engine = engine
        self._state = state
        self._resource = resource
        self._record = record
        self._at = at
        self._cells: list[object] = []

    def of(self, formula: Condition) -> Callable[[Iterable[Principal]], list[Principal]]:
        test = self._emit(formula)
        names = ", ".join(f"k{place}" for place in range(len(self._cells)))
        source = f"def make({names}):\n    return lambda people: [p for p in people if {test}]"
        namespace: dict[str, Any] = {}
        exec(compile(source, "<crmkit people>", "exec"), namespace)  # noqa: S102 - of names and operators only
        made: Callable[[Iterable[Principal]], list[Principal]] = namespace["make"](*self._cells)
        return made

    def _cell(self, value: object) -> str:
        self._cells.append(value)
        return f"k{len(self._cells) - 1}"

    def _emit(self, condition: Condition) -> str:
        if isinstance(condition, (All, AnyOf)):
            stop, sign = ("False", " and ") if isinstance(condition, All) else ("True", " or ")
            parts = [self._emit(part) for part in condition.parts]
            if stop in parts:
                return stop
            left = [part for part in parts if part not in ("True", "False")]
            return f"({sign.join(left)})" if left else "True" if stop == "False" else "False"
        if isinstance(condition, Const):
            return repr(condition.value)
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        if isinstance(atom, Atom) and not any(isinstance(one, PrincipalValue) for one in atom.operands):
            return repr(self._general(atom)(None) is (not negated))
        plain = self._plain(atom, negated=negated) if isinstance(atom, Atom) else None
        return plain or f"{self._cell(self._general(atom))}(p) is {not negated}"

    def _plain(self, atom: Atom, *, negated: bool) -> str | None:
        """Return the source for the atoms that scopes are made of, ``None`` for others."""
        if not isinstance(atom.left, RecordValue) or not isinstance(atom.right, PrincipalValue):
            return None
        name = atom.right.name
        value = clean(self._record.get(atom.left.name), self._resource.fields[atom.left.name].type)
        gone = value is None or value is WRONG
        value = cast("str", value)  # or an integer, which then is nobody's id and no territory
        if isinstance(atom, Compare) and name in ("id", "tenant") and atom.operator in ("eq", "ne") and not negated:
            if gone:
                return "False"
            there = "p.tenant is not None and " if name == "tenant" else ""
            return f"({there}p.{name} {'==' if atom.operator == 'eq' else '!='} {self._cell(value)})"
        if not isinstance(atom, In) or name not in ("teams", "territories", "reports"):
            return None
        org = self._state.org
        if gone:  # nothing is in an empty list, not even what is missing
            empty = f"p.id not in {self._cell(org.managers)}" if name == "reports" else f"not p.{name}"
            return f"({empty})" if negated else "False"
        is_not = "not " if negated else ""
        if name == "teams":
            return f"({self._cell(value)} {is_not}in p.teams)"
        if name == "reports":
            return f"(p.id {is_not}in {self._cell(org.above(value))})"
        return f"({'' if negated else 'not '}{self._cell(org.around(value))}.isdisjoint(p.territories))"

    def _general(self, atom: Condition) -> Callable[[Principal | None], bool | None]:
        """Return what asks an atom of one person with all that is known of them."""
        engine, state, at, fields = self._engine, self._state, self._at, self._resource.fields
        record = self._record
        if isinstance(atom, Custom):
            name = atom.name
            return lambda person: engine._custom(name, person, {})(record)  # type: ignore[arg-type]  # somebody
        if not isinstance(atom, Atom):  # pragma: no cover - the normal form has nothing else
            raise AssertionError  # noqa: TRY004 - a mistake of ours

        def value(operand: object, person: Principal | None) -> object:
            if isinstance(operand, RecordValue):
                return clean(record.get(operand.name), fields[operand.name].type)
            if isinstance(operand, PrincipalValue) and person is not None:
                return engine._known(state, person, at).value(operand)
            if isinstance(operand, Operand):
                return at if isinstance(operand, Now) else None  # there is no request, so no context
            return operand

        return lambda person: holds(atom, value(atom.left, person), value(atom.right, person))
