"""Make rules for a table that nobody described: from the system it came from, its column names and its contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import columns, frames, systems
from crmkit.columns import ColumnMap
from crmkit.validators._contact._country import Country
from crmkit.validators._outcome._assumptions import Assumption
from crmkit.validators._rules._relations import unique
from crmkit.validators._rules._rule import require
from crmkit.validators._values._code import RecordId
from crmkit.validators._values._text import Required, Text

from ._draft import Draft
from ._home_country import home_country
from ._kinds import check_for, pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.frames import Table
    from crmkit.typing import Frame, RecordKind
    from crmkit.validators._checks._check import Check
    from crmkit.validators._rules._rule import Rule

__all__ = ["infer"]

_SHOWN = 8
_IDS = frozenset(field for field in systems.canonical_fields() if field.endswith("_id")) | {"account_number"}
_CHINESE_NUMBERS = ("身份证", "信用代码")
"""Headers that say of which country a number is, so that rows which name no country are checked as well."""


def infer(source: Frame | ColumnMap, *, kind: RecordKind | None = None, country: str | None = None) -> Draft:
    """Return rules under the table's own column names, with what was assumed."""
    table: Table | None = None
    if isinstance(source, ColumnMap):
        found = source
    else:
        table = frames.read(source)
        found = columns.recognize(table, kind=kind)
    shown_as = systems.shown_headers(found.columns)
    nameless = [place for place, column in enumerate(found.columns, start=1) if not column]
    found = _without_nameless(found) if nameless else found
    assumptions = [Assumption.of("nameless_column", place=place) for place in nameless] + _told(found, shown_as)
    if country is None and table is not None:
        country = home_country(table, found)
        if country is not None:
            assumptions.append(Assumption.of("default_country", country=country))
    base = pack(found.kind, country=country) if found.kind is not None else Draft(name="records", absent="skip")
    names = {canonical: column for column, canonical in found.fields.items()}
    fields: dict[str, Check] = {}
    for column in found.columns:
        canonical = found.fields.get(column) or found.spare.get(column)
        check = (
            None
            if canonical is None
            else check_for(canonical, kind=found.kind, country="CN")
            if any(name in column for name in _CHINESE_NUMBERS)
            else base.fields.get(canonical) or check_for(canonical, kind=found.kind, country=country)
        )
        if isinstance(check, Country):  # systems store names; of another file its column says what is usual in it
            check = Country(form="any" if found.system is not None else "column")
        if check is not None:
            fields[column] = check.rename(names)
        elif column == found.key or canonical == "id":
            fields[column] = RecordId()
        else:
            text = Text(multiline=True)
            fields[column] = text & RecordId() if canonical in _IDS else text
    fields, more = _limits(found, fields)
    rules = [rule.rename(names) for rule in base.rules if _applies(rule, names)]
    rules += _of_ids(found, assumptions, shown_as)
    unknown = [column for column in found.columns if column not in found.fields and column not in found.spare]
    if unknown:
        shown = ", ".join(shown_as[column] for column in unknown[:_SHOWN]) + (", …" if len(unknown) > _SHOWN else "")
        assumptions.append(Assumption.of("unknown_columns", n=len(unknown), columns=shown))
    return Draft(
        name=base.name, key=found.key, fields=fields, rules=rules, absent="skip", assumptions=(*assumptions, *more)
    )


def _without_nameless(found: ColumnMap) -> ColumnMap:
    """Leave the column out that no rule could name."""
    parts = {
        name: {column: said for column, said in getattr(found, name).items() if column}
        for name in ("fields", "evidence", "traps", "spare")
    }
    columns = tuple(filter(None, found.columns))
    return attrs.evolve(found, columns=columns, key=found.key or None, **parts)  # type: ignore[arg-type]  # by name


def _of_ids(found: ColumnMap, assumptions: list[Assumption], shown_as: Mapping[str, str]) -> list[Rule]:
    """Ask of a column of ids that cannot name rows what every id column is asked: filled, and only once each."""
    column = found.column("id")
    if column is None or found.key is not None or found.evidence.get(column) == "contents":
        return []
    assumptions.append(Assumption.of("ids_unusable", column=shown_as[column]))
    return [require(column), unique(column)]


def _told(found: ColumnMap, shown_as: Mapping[str, str]) -> list[Assumption]:
    told: list[Assumption] = []
    if (like_values := sum(map(systems.looks_like_value, found.columns))) > 0:
        told.append(Assumption.of("header_like_values", n=like_values))
    if found.system is not None:
        told.append(Assumption.of("system", system=found.system))
    told.append(Assumption.of("kind", kind=found.kind) if found.kind else Assumption.of("kind_unknown"))
    told += [
        Assumption.of("field", column=shown_as[column], field=field)
        for column, field in found.fields.items()
        if column != field
    ]
    return told


def _applies(rule: Rule, names: dict[str, str]) -> bool:
    """Keep a rule whose columns are all there; of a demand for any of several, one is enough."""
    there = [name in names for name in rule.columns]
    return any(there) if rule.kind == "demand" else all(there)


def _limits(found: ColumnMap, fields: dict[str, Check]) -> tuple[dict[str, Check], list[Assumption]]:
    """Add what the recognised system itself demands: required fields and lengths."""
    if found.system is None or found.kind is None:
        return fields, []
    system = systems.get(found.system)
    there = system.objects.get(found.kind)
    if there is None:
        return fields, []
    told: list[Assumption] = []
    limited = dict(fields)
    shortened = False
    for field in there.fields:
        column = None if field.canonical is None else found.column(field.canonical)
        if column is None:
            if field.required and field.canonical is not None:
                told.append(Assumption.of("required_by_system", system=system.name, field=field.label or field.name))
            continue
        check = limited.get(column)
        if check is None:
            continue
        if field.max_length is not None:
            check = check & Text(max_length=field.max_length, multiline=True).warn()
            shortened = True
        if field.required and "required" not in check.slug:
            check = Required() & check
        limited[column] = check
    if shortened:
        told.append(Assumption.of("length_limits", system=system.name))
    return limited, told
