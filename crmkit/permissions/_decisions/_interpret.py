"""Ask a condition with all three truth values, and remember which comparisons kept it from being TRUE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from crmkit.permissions._conditions._atoms import Atom
from crmkit.permissions._conditions._bind import holds
from crmkit.permissions._conditions._operands import Operand, RecordValue
from crmkit.permissions._conditions._tree import All, Any, Condition, Const, Custom, Not
from crmkit.permissions._conditions._types import WRONG, clean

from ._decision import Leaf

if TYPE_CHECKING:
    from crmkit.permissions._conditions._schema import Resource

    from ._known import Known

__all__ = ["Custom1", "Interpreter"]

Custom1: TypeAlias = Callable[[Mapping[str, object]], "bool | None"]
"""A predicate for one principal: says whether it holds of a record, ``None`` for unknown; never raises."""


class Interpreter:
    """Asks conditions of one record for one principal."""

    def __init__(
        self, resource: Resource, known: Known, customs: Mapping[str, Custom1], record: Mapping[str, object]
    ) -> None:
        self._resource = resource
        self._known = known
        self._customs = customs
        self._record = record
        self.errors: dict[str, None] = {}
        self.hidden: frozenset[str] = frozenset()
        self.met_hidden = False
        self._own = (resource.owner, resource.team, resource.territory, resource.tenant)
        self._blind = False

    def failed(self, condition: Condition) -> tuple[Leaf, ...]:
        """Return what kept a condition from being TRUE.

        Comparisons of fields that may not be shown are listed whatever they gave, as if nobody knew: that one of them
        is not among those that failed would say that it holds.
        """
        leaves: list[Leaf] = []
        self._blind = True
        try:
            self.ask(condition, leaves)
        finally:
            self._blind = False
        return tuple(leaves)

    def ask(self, condition: Condition, leaves: list[Leaf] | None = None) -> bool | None:
        """Return TRUE, FALSE or ``None`` for UNKNOWN.

        Args:
            condition: In negation normal form.
            leaves: Gets what kept the condition from being TRUE.
        """
        if isinstance(condition, (All, Any)):
            return self._joined(condition.parts, leaves, stop=isinstance(condition, Any))
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        truth = self._atom(atom)
        truth = truth if truth is None or not negated else not truth
        if leaves is not None and truth is not True:
            leaves.append(self._leaf(condition, atom, truth))
        return truth

    def _joined(self, parts: tuple[Condition, ...], leaves: list[Leaf] | None, *, stop: bool) -> bool | None:
        """Ask parts of which one that is ``stop`` decides; all of them where it is to be said what failed."""
        failed: list[Leaf] | None = None if leaves is None else []
        truths: set[bool | None] = set()
        for part in parts:
            truths.add(self.ask(part, failed))
            if failed is None and stop in truths:
                return stop
        truth = stop if stop in truths else None if None in truths else not stop
        if leaves is not None and failed is not None and truth is not True:
            leaves += failed
        return truth

    def _atom(self, atom: Condition) -> bool | None:
        if isinstance(atom, Const):
            return atom.value
        if isinstance(atom, Atom):
            if not self._may_tell(atom):
                self.met_hidden = True
                if self._blind:
                    return None
            right = self.value(atom.right) if isinstance(atom.right, Operand) else atom.right
            return holds(atom, self.value(atom.left), right)
        name = atom.name if isinstance(atom, Custom) else ""
        truth = self._customs[name](self._record)
        if truth is None:
            self.errors[name] = None
        return truth

    def value(self, operand: Operand) -> object:
        """Return the value of an operand, ``None`` where missing, ``WRONG`` where of another type."""
        if isinstance(operand, RecordValue):
            return clean(self._record.get(operand.name), self._resource.fields[operand.name].type)
        return self._known.value(operand)

    def _leaf(self, condition: Condition, atom: Condition, truth: bool | None) -> Leaf:  # noqa: FBT001 - private
        if not isinstance(atom, Atom):
            return Leaf(repr(condition), None, None, "error" if truth is None else "false")
        asked = next((operand for operand in atom.operands if isinstance(operand, RecordValue)), None)
        text = f"{'not ' if isinstance(condition, Not) else ''}{self._text(atom)}"
        if asked is None:
            return Leaf(text, None, None, "missing" if truth is None else "false")
        if not self._may_tell(atom):
            return Leaf(text, asked.name, None, "hidden")
        value = self.value(asked)
        if value is WRONG:
            return Leaf(text, asked.name, None, "type")
        if value is None:
            return Leaf(text, asked.name, None, "missing" if truth is None else "false")
        return Leaf(text, asked.name, str(value), "false")

    def _text(self, atom: Atom) -> str:
        word = getattr(atom, "operator", None) or type(atom).__name__.lower()
        word = {"eq": "=", "ne": "is not", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "isnull": "is missing",
                "hastext": "has the text", "startswith": "starts with"}.get(word, word)  # fmt: skip
        left = atom.left.name if isinstance(atom.left, RecordValue) else repr(atom.left)
        if word == "is missing":
            return f"{left} {word}"
        if isinstance(atom.left, RecordValue) and not self.may_show(atom.left.name):
            return f"{left} {word} ..."
        right = atom.right
        if isinstance(right, RecordValue):
            return f"{left} {word} {right.name}"
        value = self._known.value(right) if isinstance(right, Operand) else right
        if isinstance(value, (frozenset, tuple)):
            listed = [str(one) for one in (sorted(value, key=str) if isinstance(value, frozenset) else value)]
            return f"{left} {word} {{{', '.join(listed[:5])}{', ...' if len(listed) > 5 else ''}}}"
        return f"{left} {word} {value!r}" if isinstance(right, Operand) is False else f"{left} {word} {value}"

    def _may_tell(self, atom: Atom) -> bool:
        for one in (atom.left, atom.right):
            if isinstance(one, RecordValue) and not self.may_show(one.name):
                return False
        return True

    def may_show(self, name: str) -> bool:
        """Say whether a value may stand in an explanation: public ones, and the columns that say whose a record is.

        None of them where a cap hides or masks it.
        """
        if name in self.hidden:
            return False
        return name in self._own or self._resource.fields[name].sensitivity == "public"
