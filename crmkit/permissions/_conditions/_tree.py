"""Conditions as a tree that a record, a dataframe and a database read alike: what joins them, and what joins nothing.

Values are three-valued. An atom with a missing operand, or one of another type than declared, is UNKNOWN; only
``is_null`` looks at missing values, and membership of an empty list is FALSE whatever is asked. ``and``, ``or``
and ``not`` are Kleene's. There is no regular expression and no function on purpose: they have no meaning that every
back end shares. ``Custom`` names a predicate of the caller for what is left; it can be checked on records only.
The atoms are in ``_atoms``, what they compare in ``_operands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from ._operands import Operand

__all__ = ["FALSE", "TRUE", "All", "Any", "Condition", "Const", "Custom", "Not", "truthless"]

MAX_DEPTH: Final = 64
"""Deepest nesting: far beyond what people write, and within what every back end can run."""


@attrs.frozen
class Condition:
    """True, false or unknown of a record; combine with ``&``, ``|`` and ``~``.

    Example:
        >>> from crmkit.permissions import principal, record
        >>> record.stage.ne("won") & record.owner_id.eq(principal.id)
        record.stage.ne('won') & record.owner_id.eq(principal.id)

    .. versionadded:: 0.1.0
    """

    @property
    def children(self) -> tuple[Condition, ...]:
        """The conditions that this one joins."""
        return ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The operands that this one itself reads."""
        return ()

    @property
    def depth(self) -> int:
        """How deep conditions are nested in it."""
        return 0

    def __and__(self, other: object) -> Condition:
        return All((*_flat(self, All), *_flat(other, All))) if isinstance(other, Condition) else NotImplemented

    def __or__(self, other: object) -> Condition:
        return Any((*_flat(self, Any), *_flat(other, Any))) if isinstance(other, Condition) else NotImplemented

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition has no truth of its own; combine conditions with &, | and ~")


def _flat(condition: Condition, kind: type[_Joined]) -> tuple[Condition, ...]:
    """Return the parts, so that a long chain of one sign is wide and not deep."""
    return condition.children if isinstance(condition, kind) else (condition,)


def truthless(self: object) -> bool:
    """Refuse to be true or false."""
    return Condition.__bool__(self)  # type: ignore[arg-type]  # attrs makes classes with slots anew


@attrs.frozen(repr=False)
class Const(Condition):
    """TRUE or FALSE whatever the record is."""

    value: bool

    def __repr__(self) -> str:
        return "TRUE" if self.value else "FALSE"


TRUE: Final = Const(value=True)
"""The condition that always holds."""
FALSE: Final = Const(value=False)
"""The condition that never holds."""


@attrs.frozen(repr=False)
class _Joined(Condition):
    parts: tuple[Condition, ...]
    depth: int = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        depth = 1 + max((part.depth for part in self.parts), default=0)
        if depth > MAX_DEPTH:
            raise SchemaError(f"a condition is nested deeper than {MAX_DEPTH} levels")
        object.__setattr__(self, "depth", depth)

    @property
    def children(self) -> tuple[Condition, ...]:
        return self.parts

    def _joined(self, sign: str) -> str:
        return sign.join(f"({part!r})" if isinstance(part, _Joined) else repr(part) for part in self.parts)


@attrs.frozen(repr=False)
class All(_Joined):
    """Every part holds; TRUE without parts."""

    def __repr__(self) -> str:
        return self._joined(" & ") or "TRUE"


@attrs.frozen(repr=False)
class Any(_Joined):
    """Some part holds; FALSE without parts."""

    def __repr__(self) -> str:
        return self._joined(" | ") or "FALSE"


@attrs.frozen(repr=False)
class Not(Condition):
    """The part is FALSE; of UNKNOWN it is UNKNOWN."""

    part: Condition
    depth: int = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.part.depth >= MAX_DEPTH:
            raise SchemaError(f"a condition is nested deeper than {MAX_DEPTH} levels")
        object.__setattr__(self, "depth", self.part.depth + 1)

    @property
    def children(self) -> tuple[Condition, ...]:
        return (self.part,)

    def __repr__(self) -> str:
        return f"~({self.part!r})"


@attrs.frozen(repr=False)
class Custom(Condition):
    """A predicate of the caller, given to the engine under this name.

    Example:
        >>> from crmkit.permissions import Custom
        >>> Custom("in_office_hours")
        Custom('in_office_hours')

    .. versionadded:: 0.1.0
    """

    name: str

    def __repr__(self) -> str:
        return f"Custom({self.name!r})"


for _class in (Const, _Joined, All, Any, Not, Custom):
    _class.__bool__ = truthless  # type: ignore[method-assign]
