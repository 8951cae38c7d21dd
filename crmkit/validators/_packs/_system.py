"""Rule packs for one system: its own field names, what it demands, how much it stores, its pick lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crmkit import systems
from crmkit.errors import NotFoundError, SchemaError
from crmkit.validators._checks._check import walk
from crmkit.validators._outcome._assumptions import Assumption
from crmkit.validators._values._choice import Choice
from crmkit.validators._values._text import Required, Text

from ._draft import Draft
from ._kinds import check_for, pack

if TYPE_CHECKING:
    from crmkit.systems import Field
    from crmkit.typing import RecordKind
    from crmkit.validators._checks._check import Check

__all__ = ["system_pack"]


def system_pack(
    system: str, kind: RecordKind, *, headers: Literal["api", "label"] = "api", country: str | None = None
) -> Draft:
    """Return the rules for records that are to be brought into a system."""
    if headers not in ("api", "label"):
        raise SchemaError("headers= takes 'api', as the system's API says, or 'label', as its screens and files do")
    known = systems.get(system)
    there = known.objects.get(kind)
    if there is None:
        raise NotFoundError.of(f"kind of record of {known.name}", kind, known.objects)
    base = pack(kind, country=country)
    columns: dict[str, Field] = {}
    for field in there.fields:
        column = field.name if headers == "api" else field.label or field.name
        columns.setdefault(column, field)
    names: dict[str, str] = {}
    for column, field in columns.items():
        if field.canonical is not None:
            names.setdefault(field.canonical, column)
    fields: dict[str, Check] = {}
    for column, field in columns.items():
        check = _check(field, kind, country, base, is_first=names.get(field.canonical or "") == column)
        if check is not None:
            fields[column] = check.rename(names)
    key = names.get("id")
    rules = [rule.rename(names) for rule in base.rules if any(name in names for name in rule.columns)]
    told = (Assumption.of("length_limits", system=known.name),)
    return Draft(name=f"{known.name} {kind}s", key=key, fields=fields, rules=rules, absent="skip", assumptions=told)


def _check(
    field: Field, kind: RecordKind, country: str | None, base: Draft, *, is_first: bool
) -> Check | None:  # fmt: skip
    canonical = field.canonical
    check: Check | None = None
    if canonical is not None:
        check = (base.fields.get(canonical) if is_first else None) or check_for(canonical, kind=kind, country=country)
    if field.values and not (check is not None and any(isinstance(part, Choice) for part in walk(check))):
        listed = Choice(field.values).warn()  # every customer can change the list
        check = listed if check is None or isinstance(check, Text) else check & listed
    if field.max_length is not None:
        limit = Text(max_length=field.max_length, multiline=True)
        check = limit if check is None else check & limit
    if field.required and not (check is not None and any(isinstance(part, Required) for part in walk(check))):
        check = Required() if check is None else Required() & check
    return check
