"""Conditions as Python: source is generated once, values come in through closure cells only.

The source answers one question: is the condition TRUE? In negation normal form that needs no third value: an atom is
TRUE where its operands are there and it holds, its negation where they are there and it does not.
Names of fields are written with ``repr``; no value out of a policy, principal or record is ever part of the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from ._atoms import OPERATORS, Atom, Compare, Contains, HasText, In, IsNull, StartsWith
from ._operands import Now, Operand, RecordValue
from ._tree import All, Condition, Const, Custom, Not
from ._tree import Any as AnyOf
from ._types import GUARD_NAMES, guard

if TYPE_CHECKING:
    from ._check_types import Declared

__all__ = ["Factory", "Predicate", "generate"]

Predicate: TypeAlias = Callable[[Mapping[str, object]], bool]
"""Says whether a condition is TRUE of a record."""

_INDENT: Final = "        "


@attrs.frozen
class Factory:
    """Compiled once for all principals; called with what is known of one."""

    make: Callable[..., Predicate]
    operands: tuple[Operand, ...]
    customs: tuple[str, ...]
    constants: tuple[object, ...]
    reads_clock: bool
    source: str


def generate(condition: Condition, declared: Declared) -> Factory:
    """Compile a condition in negation normal form.

    Args:
        condition: In negation normal form, checked against ``declared``.
        declared: The types of what it names.
    """
    return _Writer(declared).write(condition)


class _Writer:
    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._fields: dict[str, str] = {}
        self._operands: dict[Operand, str] = {}
        self._customs: dict[str, str] = {}
        self._constants: list[object] = []
        self._prelude: dict[str, str] = {}
        self._reads_clock = False

    def write(self, condition: Condition) -> Factory:
        test = self._emit(condition)
        arguments = [*self._operands.values(), *self._customs.values()]
        arguments += [f"k{place}" for place in range(len(self._constants))]
        lines = [f"def make({', '.join(['clock', *arguments])}):"]
        lines += [f"    {name} = {source}" for name, source in self._prelude.items()]
        lines.append("    def check(record):")
        if self._reads_clock:
            lines.append(f"{_INDENT}now = clock()")
        if self._fields:
            lines.append(f"{_INDENT}get = record.get")
        lines += [f"{_INDENT}{variable} = get({name!r})" for name, variable in self._fields.items()]
        lines += [f"{_INDENT}return {test}", "    return check"]
        source = "\n".join(lines)
        namespace: dict[str, Any] = dict(GUARD_NAMES)
        exec(compile(source, "<crmkit policy>", "exec"), namespace)  # noqa: S102 - of names and operators only
        operands, customs = tuple(self._operands), tuple(self._customs)
        return Factory(namespace["make"], operands, customs, tuple(self._constants), self._reads_clock, source)

    def _emit(self, condition: Condition) -> str:
        if isinstance(condition, (All, AnyOf)):
            sign = " and " if isinstance(condition, All) else " or "
            return f"({sign.join(self._emit(part) for part in condition.parts)})"
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        if isinstance(atom, Const):
            return repr(atom.value)
        if isinstance(atom, Custom):
            variable = self._customs.setdefault(atom.name, f"c{len(self._customs)}")
            return f"{variable}(record) is {not negated}"
        if not isinstance(atom, Atom):  # pragma: no cover - the normal form has nothing else
            raise AssertionError  # noqa: TRY004 - a mistake of ours
        return self._atom(atom, negated=negated)

    def _atom(self, atom: Atom, *, negated: bool) -> str:
        left, left_there = self._operand(atom.left)
        if isinstance(atom, IsNull):
            if isinstance(atom.left, RecordValue):
                return f"({left_there})" if negated else f"is_missing({left})"
            return f"{left} is {'not ' if negated else ''}None"  # of the moment too, which is never missing
        if isinstance(atom, In):
            return self._membership(atom, left, left_there, negated=negated)
        if isinstance(atom.right, Operand):
            right, right_there = self._operand(atom.right)
        else:
            right, right_there = self._constant(atom.right), ""
        if isinstance(atom, Compare):
            return _both(left_there, right_there, f"{left} {OPERATORS[atom.operator]} {right}")
        if isinstance(atom, Contains):
            return _both(left_there, right_there, f"member({left}, {right}) is {not negated}")
        is_not = "not " if negated else ""
        if isinstance(atom, (HasText, StartsWith)):
            filled = f"{right} != ''" if isinstance(atom.right, Operand) else ""
            test = f"{right} in {left}" if isinstance(atom, HasText) else f"{left}.startswith({right})"
            return _both(left_there, right_there, filled, f"{is_not}({test})")
        path = f"u{right}"
        self._prelude[path] = f"None if {right} is None else {right}.rstrip('/') or None"
        self._prelude[f"s{right}"] = f"None if {path} is None else {path} + '/'"
        return _both(left_there, f"{path} is not None", f"{is_not}({left} == {path} or {left}.startswith(s{right}))")

    def _membership(self, atom: In, left: str, left_there: str, *, negated: bool) -> str:
        if isinstance(atom.right, tuple):
            return _both(left_there, f"{left} {'not ' if negated else ''}in {self._constant(frozenset(atom.right))}")
        values, there = self._operand(atom.right)  # type: ignore[arg-type]  # a list that is known when asked
        if not negated:
            return _both(left_there, there, f"{left} in {values}")
        return _both(there, f"(not {values} or ({_both(left_there, f'{left} not in {values}')}))")

    def _constant(self, value: object) -> str:
        self._constants.append(value)
        return f"k{len(self._constants) - 1}"

    def _operand(self, operand: Operand) -> tuple[str, str]:
        """Return the variable of an operand and the source that asks whether it is there."""
        if isinstance(operand, RecordValue):
            variable = self._fields.setdefault(operand.name, f"v{len(self._fields)}")
            return variable, guard(variable, self._declared.type_of(operand))
        if isinstance(operand, Now):
            self._reads_clock = True
            return "now", ""
        variable = self._operands.setdefault(operand, f"a{len(self._operands)}")
        return variable, f"{variable} is not None"


def _both(*parts: str) -> str:
    return " and ".join(part for part in parts if part)
