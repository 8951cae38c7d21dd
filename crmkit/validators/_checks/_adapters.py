"""Checks in other libraries: as metadata of a pydantic field, as an attrs validator, as a pandera check.

Each library is imported when its method is called. None of them sees other columns of a row, except attrs, whose
validators see the whole object: a check that refers to another field takes it from there.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin

import attrs

from crmkit._optional import require
from crmkit.errors import InvalidValueError
from crmkit.issues import IssueTable, message
from crmkit.validators._reading._named import normalizer

from ._verdict import NOT_NORMALIZED, Skipped, failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.typing import JSONValue

    from ._check import Check
    from ._references import Context
    from ._verdict import Finding, Verdict

__all__ = ["Adapted", "AttrsValidator"]

_SURE_ENOUGH = 0.95
"""How sure a normal form must be to be taken over: as much as ``ValidationReport.fixes`` asks for by default."""
_WRITTEN_AS_TEXT = (dt.date, dt.datetime, Decimal, int, float, type(None))
"""What pydantic reads from text by rules of its own, which are narrower than those of the checks."""


class Adapted:
    """What every check can be turned into."""

    __slots__ = ()

    def attrs(self) -> Callable[[object, Any, object], None]:
        """Return the check as an attrs validator; it raises :class:`crmkit.errors.InvalidValueError`.

        A check that refers to a column (``Phone(country=col("country"))``) reads the attribute of that name.

        Example:
            >>> import attrs
            >>> from crmkit.validators import Email
            >>> @attrs.define
            ... class Person:
            ...     email: str = attrs.field(validator=Email().attrs())
            >>> Person("a@example.com").email
            'a@example.com'
        """
        return AttrsValidator(cast("Check", self))

    def pandera(self) -> Any:
        """Return the check as a ``pandera.Check``, for pandas and polars columns; missing values pass.

        Raises:
            MissingDependencyError: If pandera is not installed.
        """
        checks = require("pandera.api.checks", extra=None, what="Check.pandera()")
        check = cast("Check", self)
        return checks.Check(
            _Holds(check), element_wise=True, ignore_na=True, name=check.slug, error=f"{check.slug}: {check!r}"
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Let ``Annotated[str, Email()]`` work in pydantic: the field holds the normal form, or is refused.

        A normal form that is less sure than ``ValidationReport.fixes`` asks for by default leaves the value as it is.
        Of a date or number the check reads text first, as a schema does, and pydantic gets the normal form; blank text
        is a missing value.
        """
        core = require("pydantic_core.core_schema", extra=None, what="a check in a pydantic model")
        members = get_args(source) if get_origin(source) in {Union, UnionType} else (source,)
        if all(any(member is known for known in _WRITTEN_AS_TEXT) for member in members):
            return core.no_info_wrap_validator_function(_TextForPydantic(cast("Check", self)), handler(source))
        return core.no_info_after_validator_function(_ForPydantic(cast("Check", self)), handler(source))

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Any:
        """Say in the model's JSON Schema what it can hold: a format, a pattern, lengths, a list of values."""
        said = handler(core_schema)
        return {**said, **_text_schema(cast("Check", self))} if said.get("type") == "string" else said


def _verdict(check: Check, value: object, context: Context = ()) -> Verdict:
    text = None if value is None else str(value)
    if text is None or not text.strip():
        return check.missing()
    return check.examine(text, context)


def _first(check: Check, value: object, context: Context = ()) -> Finding | None:
    """Return the first failure that is an error or warning."""
    found = failures(_verdict(check, value, context))
    return next((finding for finding in found if (finding.severity or check.severity) != "info"), None)


@attrs.frozen
class AttrsValidator:
    """A check as attrs calls it."""

    check: Check

    def __call__(self, instance: object, attribute: Any, value: object) -> None:
        context: list[str | None] = []
        for reference in self.check.references:
            other = getattr(instance, reference.column, None)
            form = normalizer(reference.normalize)
            context.append(None if other is None or not str(other).strip() else form(str(other)) or "")
        finding = _first(self.check, value, tuple(context))
        if finding is None:
            return
        said = message(finding.code, finding.params)
        issues = IssueTable.of(
            rule=f"{attribute.name}:{self.check.slug}", code=[finding.code], row=[None], path=[attribute.name],
            params=[dict(finding.params)],
        )  # fmt: skip
        raise InvalidValueError(f"{attribute.name}: {said}", issues=tuple(issues)) from None


@attrs.frozen
class _Holds:
    """A check as pandera calls it, one value after the other."""

    check: Check

    def __call__(self, value: object) -> bool:
        return _first(self.check, value, _nothing(self.check)) is None

    @property
    def __name__(self) -> str:
        return self.check.slug


@attrs.frozen
class _ForPydantic:
    """A check as pydantic calls it."""

    check: Check

    def __call__(self, value: object) -> object:
        if value is None:
            return value
        verdict = _verdict(self.check, value, _nothing(self.check))
        finding = _first(self.check, value, _nothing(self.check))
        if finding is not None:
            core = require("pydantic_core", extra=None, what="a check in a pydantic model")
            raise core.PydanticCustomError(finding.code, "{said}", {"said": message(finding.code, finding.params)})
        if isinstance(value, str) and not isinstance(verdict, Skipped):
            forms = [
                one.fix for one in verdict if one.code == NOT_NORMALIZED and (one.confidence or 0.0) >= _SURE_ENOUGH
            ]
            return forms[0] if forms else value
        return value


@attrs.frozen
class _TextForPydantic:
    """A check as pydantic calls it around its own reading of a date or number."""

    check: Check

    def __call__(self, value: object, handler: Callable[[object], object]) -> object:
        ours = _ForPydantic(self.check)
        if not isinstance(value, str):
            return ours(handler(value))
        return handler(ours(value) if value.strip() else None)


def _text_schema(check: Check) -> dict[str, JSONValue]:
    """Return what JSON Schema can say of a text that the check takes."""
    from ._field_rules import field_rules

    found: dict[str, JSONValue] = {}
    for rule in field_rules("value", check):
        if rule.condition is None and rule.grade != "info":
            found.update(rule.check.in_json_schema()[0])
    return {} if "type" in found else found


def _nothing(check: Check) -> Context:
    """Return the context of a check whose other columns nobody gives: all missing."""
    return (None,) * len(check.references)
