"""The base of all checks, and the ways to combine them.

A check judges one text. It is a frozen, printable, comparable object, never a closure, so a rule set can be read,
stored and compared. ``&`` reports everything that either side finds, ``|`` is satisfied by either side, ``~`` turns a
check round, ``.when()`` limits it to some rows, ``.warn()`` and ``.info()`` make it milder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, TypeGuard

import attrs

from crmkit.errors import SchemaError

from ._adapters import Adapted
from ._answers import Answers
from ._verdict import PASSED, Finding, Skipped, failed, failures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.typing import JSONValue, Severity

    from ._conditions import Condition
    from ._references import Context, Reference
    from ._verdict import Verdict

__all__ = ["AllOf", "AnyOf", "Check", "Graded", "Not", "When", "Worded", "walk"]


class Check(Adapted, ABC):
    """Judges one text; combine with ``&``, ``|``, ``~``.

    .. versionadded:: 0.1.0
    """

    __slots__ = ()

    severity: ClassVar[Severity] = "error"
    """How bad a failure is unless the rule says otherwise."""

    typed: ClassVar[bool] = False
    """Whether a column may hold such values as a type of its own, which then has no written form to object to."""

    learns: ClassVar[bool] = False
    """Whether :meth:`learn` makes another check of it, so that the whole column must be seen first."""

    json_format: ClassVar[str | None] = None
    """The ``format`` by which JSON Schema knows such texts."""

    json_pattern: ClassVar[str | None] = None
    """The ``pattern`` that JSON Schema may ask of such texts."""

    @abstractmethod
    def examine(self, text: str, context: Context = ()) -> Verdict:
        """Judge one text that is not blank.

        Args:
            text: The value as a person would type it.
            context: The values of ``references``, in their order.

        Returns:
            Findings, none for a right value in its normal form; or why it could not be judged.
        """

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        """Judge many texts; a check that has a faster way than one after the other overrides this.

        Returns:
            The verdicts that are not plainly "passed", by position.
        """
        examine = self.examine
        if not self.references:
            return {at: verdict for at, text in enumerate(texts) if (verdict := examine(text))}
        pairs = zip(texts, contexts, strict=True)
        return {at: verdict for at, (text, context) in enumerate(pairs) if (verdict := examine(text, context))}

    def examine_column(self, texts: Sequence[str], contexts: Sequence[Context]) -> Answers:
        """Judge many texts as :meth:`examine_many` does; other normal forms may come as columns."""
        return Answers(dict(self.examine_many(texts, contexts)))

    def missing(self) -> Verdict:
        """Judge a missing or blank value: nothing to say, unless the check is about just that."""
        return Skipped("empty")

    @property
    def references(self) -> tuple[Reference, ...]:
        """The other columns that are read."""
        return ()

    @property
    def slug(self) -> str:
        """Names the check within a rule's name."""
        name = type(self).__name__
        return "".join(f"_{char.lower()}" if char.isupper() and i else char.lower() for i, char in enumerate(name))

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        """Return what JSON Schema (draft 2020-12) can say of a text that passes, and whether that is all of it."""
        words = {"format": self.json_format, "pattern": self.json_pattern}
        return {word: said for word, said in words.items() if said is not None}, False

    def rename(self, names: Mapping[str, str]) -> Check:
        """Return the check with the columns that it refers to renamed."""
        del names
        return self

    def learn(self, texts: Sequence[str]) -> Check:
        """Return the check as it reads a column of these distinct texts, such as day before month."""
        del texts
        return self

    def is_valid(self, text: str | None, context: Context = ()) -> bool:
        """Say whether the text passes; a value that cannot be judged does.

        Example:
            >>> from crmkit.validators import Email
            >>> Email().is_valid("ann@example.com"), Email().is_valid("ann@")
            (True, False)
        """
        verdict = self.missing() if text is None or not text.strip() else self.examine(text, context)
        return not failures(verdict)

    def when(self, condition: Condition) -> Check:
        """Return the check for the rows in which ``condition`` holds; the others count as skipped."""
        return When(self, condition)

    def warn(self) -> Check:
        """Return the check with failures of severity ``warning``."""
        return Graded(self, "warning")

    def info(self) -> Check:
        """Return the check with failures of severity ``info``."""
        return Graded(self, "info")

    def saying(self, *, en: str, zh: str | None = None) -> Check:
        """Return the check with a message of your own; ``{places}`` are filled from the issue's params."""
        return Worded(self, en, zh)

    def __and__(self, other: object) -> Check:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf))) if _is_check(other) else NotImplemented

    def __or__(self, other: object) -> Check:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf))) if _is_check(other) else NotImplemented

    def __invert__(self) -> Check:
        return Not(self)


def _is_check(other: object) -> TypeGuard[Check]:
    if isinstance(other, type) and issubclass(other, Check):
        raise SchemaError(f"a check is joined to another, not to its class; write {other.__name__}()")
    return isinstance(other, Check)


def _parts(check: Check, kind: type[AllOf | AnyOf]) -> tuple[Check, ...]:
    return check.checks if isinstance(check, kind) else (check,)


def _plain_one(_self: object, _attribute: object, check: Check) -> None:
    _plain(_self, _attribute, (check,))


def _plain(_self: object, _attribute: object, checks: tuple[Check, ...]) -> None:
    for check in checks:
        if any(isinstance(part, (When, Graded, Worded)) for part in walk(check)):
            raise SchemaError(
                "conditions, severities and messages belong to a whole rule; put .when(), .warn(), .info() and "
                ".saying() round | and ~, not inside"
            )


def walk(check: Check) -> tuple[Check, ...]:
    """Return the check and every check inside of it."""
    inner: tuple[Check, ...] = ()
    if isinstance(check, (AllOf, AnyOf)):
        inner = check.checks
    elif isinstance(check, (Not, When, Graded, Worded)):
        inner = (check.check,)
    return (check, *(part for one in inner for part in walk(one)))


@attrs.frozen
class _Combined(Check):
    checks: tuple[Check, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(dict.fromkeys(reference for check in self.checks for reference in check.references))

    def rename(self, names: Mapping[str, str]) -> Check:
        return attrs.evolve(self, checks=tuple(check.rename(names) for check in self.checks))

    def learn(self, texts: Sequence[str]) -> Check:
        return attrs.evolve(self, checks=tuple(check.learn(texts) for check in self.checks))

    def _ask(self, check: Check, text: str, context: Context) -> Verdict:
        if not check.references:
            return check.examine(text)
        known = dict(zip(self.references, context, strict=True))
        return check.examine(text, tuple(known[reference] for reference in check.references))


@attrs.frozen(repr=False)
class AllOf(_Combined):
    """Everything that any of the checks finds.

    Example:
        >>> from crmkit.validators import Email, Required
        >>> Required() & Email()
        Required() & Email()

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        verdicts = [self._ask(check, text, context) for check in self.checks]
        judged = [verdict for verdict in verdicts if not isinstance(verdict, Skipped)]
        if not judged:
            return verdicts[0]
        return tuple(finding for verdict in judged for finding in verdict)

    def missing(self) -> Verdict:
        verdicts = [check.missing() for check in self.checks]
        found = tuple(finding for verdict in verdicts if not isinstance(verdict, Skipped) for finding in verdict)
        return found or (PASSED if any(not isinstance(verdict, Skipped) for verdict in verdicts) else verdicts[0])

    @property
    def slug(self) -> str:
        return "_and_".join(check.slug for check in self.checks)

    def __repr__(self) -> str:
        return " & ".join(f"({check!r})" if isinstance(check, AnyOf) else repr(check) for check in self.checks)


@attrs.frozen(repr=False)
class AnyOf(_Combined):
    """Satisfied by any of the checks.

    Example:
        >>> from crmkit.validators import Email, Phone
        >>> Email() | Phone(country="DE")
        Email() | Phone(country='DE', default=None)

    .. versionadded:: 0.1.0
    """

    checks: tuple[Check, ...] = attrs.field(validator=_plain)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        verdicts = [self._ask(check, text, context) for check in self.checks]
        for verdict in verdicts:
            if isinstance(verdict, Skipped) or not failures(verdict):
                return verdict
        # A value that is there cannot have been meant as blank: the only other alternative says best what is wrong.
        serious = [verdict for check, verdict in zip(self.checks, verdicts, strict=True) if check.slug != "blank"]
        if len(serious) == 1:
            return serious[0]
        fixes = [finding for verdict in serious for finding in failures(verdict) if finding.fix is not None]
        best = max(fixes, key=lambda finding: finding.confidence or 0, default=Finding(""))
        params: dict[str, JSONValue] = {"n": len(self.checks), "alternatives": [check.slug for check in self.checks]}
        return (Finding("no_alternative", fix=best.fix, confidence=best.confidence, params=params),)

    def missing(self) -> Verdict:
        verdicts = [check.missing() for check in self.checks]
        kind = [verdict for verdict in verdicts if not failures(verdict)]
        return kind[0] if kind else verdicts[0]

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        said = [check.in_json_schema()[0] for check in self.checks]
        parts: list[JSONValue] = [{word: one for word, one in part.items() if word != "type"} for part in said]
        return ({"anyOf": parts} if all(parts) else {}), False

    @property
    def slug(self) -> str:
        return "_or_".join(check.slug for check in self.checks)

    def __repr__(self) -> str:
        return " | ".join(f"({check!r})" if isinstance(check, AllOf) else repr(check) for check in self.checks)


@attrs.frozen(repr=False)
class Not(Check):
    """Satisfied where the check fails.

    Example:
        >>> from crmkit.validators import Email
        >>> (~Email()).is_valid("ana@example.com")
        False

    .. versionadded:: 0.1.0
    """

    check: Check = attrs.field(validator=_plain_one)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        verdict = self.check.examine(text, context)
        if isinstance(verdict, Skipped) or failures(verdict):
            return PASSED if not isinstance(verdict, Skipped) else verdict
        return failed("excluded", check=self.check.slug)

    def missing(self) -> Verdict:
        verdict = self.check.missing()
        if isinstance(verdict, Skipped):
            return verdict
        return PASSED if failures(verdict) else failed("excluded", check=self.check.slug)

    @property
    def references(self) -> tuple[Reference, ...]:
        return self.check.references

    def rename(self, names: Mapping[str, str]) -> Not:
        return Not(self.check.rename(names))

    def learn(self, texts: Sequence[str]) -> Not:
        return Not(self.check.learn(texts))

    @property
    def slug(self) -> str:
        return f"not_{self.check.slug}"

    def __repr__(self) -> str:
        return f"~({self.check!r})" if isinstance(self.check, (AllOf, AnyOf)) else f"~{self.check!r}"


@attrs.frozen
class _Wrapped(Check):
    """A check with something said about it; rules take it apart before anything is judged."""

    check: Check

    def examine(self, text: str, context: Context = ()) -> Verdict:
        return self.check.examine(text, context)

    def missing(self) -> Verdict:
        return self.check.missing()

    @property
    def references(self) -> tuple[Reference, ...]:
        return self.check.references

    def rename(self, names: Mapping[str, str]) -> Check:
        return attrs.evolve(self, check=self.check.rename(names))

    def learn(self, texts: Sequence[str]) -> Check:
        return attrs.evolve(self, check=self.check.learn(texts))

    @property
    def slug(self) -> str:
        return self.check.slug

    def _inner(self) -> str:
        return f"({self.check!r})" if isinstance(self.check, (AllOf, AnyOf)) else repr(self.check)


@attrs.frozen(repr=False)
class When(_Wrapped):
    """A check for the rows in which a condition holds."""

    condition: Condition

    def rename(self, names: Mapping[str, str]) -> When:
        return When(self.check.rename(names), self.condition.rename(names))

    def __repr__(self) -> str:
        return f"{self._inner()}.when({self.condition!r})"


@attrs.frozen(repr=False)
class Graded(_Wrapped):
    """A check of another severity."""

    grade: Literal["error", "warning", "info"]

    def __repr__(self) -> str:
        word = {"error": "error", "warning": "warn", "info": "info"}[self.grade]
        return f"{self._inner()}.{word}()"


@attrs.frozen(repr=False)
class Worded(_Wrapped):
    """A check with a message of its own."""

    en: str
    zh: str | None = None

    def __repr__(self) -> str:
        zh = "" if self.zh is None else f", zh={self.zh!r}"
        return f"{self._inner()}.saying(en={self.en!r}{zh})"
