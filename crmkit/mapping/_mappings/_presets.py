"""Mappings made from what crmkit.systems knows: one system's object to the canonical model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from crmkit import systems
from crmkit.errors import NotFoundError, SchemaError
from crmkit.mapping._parts._form import Form, FormType
from crmkit.mapping._parts._link import CANONICAL, End, Endpoint, Link
from crmkit.mapping._parts._values import ValueTable
from crmkit.systems import TimeFamily

from ._mapping import Mapping

if TYPE_CHECKING:
    from crmkit.normalize.dates import DateOrder
    from crmkit.systems import Field, System
    from crmkit.typing import RecordKind

__all__ = ["canonical_form", "preset"]

_CODED = re.compile(r"(-?\d+) (.+)\Z", re.ASCII)
_FORMS: dict[str, FormType] = {
    "datetime": "datetime", "date": "date", "bool": "bool", "number": "number", "money": "number",
}  # fmt: skip
_LISTS = frozenset({"tags"})
_FIXED_ZONE = {"hubspot": "UTC"}
"""Systems that write days in milliseconds of midnight in one zone, whatever the account's is."""


def preset(
    system: str,
    kind: RecordKind | None = None,
    *,
    headers: Literal["api", "label"] = "api",
    times: TimeFamily | None = None,
    zone: str | None = None,
    order: DateOrder | None = None,
) -> Mapping:
    """Return the mapping from a system's records to the canonical model; ``.inverse()`` is the way back.

    It reads API names, labels and other known headers alike.

    Args:
        system: One of :func:`crmkit.systems.names`.
        kind: The kind of record; may be left out where the system has only one.
        headers: What the inverse calls columns: API names, or the labels that export files have.
        times: How moments are written; as the system's API does where ``None``. Files that people export from the
            screen are mostly ``"local"``: in the user's own format and zone, without saying so.
        zone: IANA name of the zone of moments without an offset, of days in milliseconds, and of the offset that the
            inverse writes.
        order: Order of numbers in dates such as ``3/4/2024``; found in each column where ``None``.

    Raises:
        NotFoundError: Unknown system, kind, family of times, zone or order.
        SchemaError: The system has several kinds of record and none was named.

    Example:
        >>> from crmkit import mapping
        >>> leads = mapping.preset("zoho", "lead")
        >>> leads.apply([{"Last_Name": "Lee", "Created_Time": "2024-01-15T15:26:49+05:30"}])[0]
        [{'family_name': 'Lee', 'created_at': '2024-01-15T09:56:49Z'}]

    .. versionadded:: 0.1.0
    """
    known = systems.get(system)
    if kind is None and len(known.objects) > 1:
        raise SchemaError(f"{system} has several kinds of record; name one of {', '.join(known.objects)}")
    chosen: RecordKind = next(iter(known.objects)) if kind is None else kind
    if chosen not in known.objects:
        raise NotFoundError.of(f"kind of record of {system}", chosen, known.objects)
    if headers not in ("api", "label"):
        raise NotFoundError.of("kind of headers", headers, ("api", "label"))
    if times is not None and times not in get_args(TimeFamily):
        raise NotFoundError.of("family of times", times, get_args(TimeFamily))
    links = []
    fields = known.objects[chosen].fields
    for field in fields:
        end = _end(known, field, headers=headers, times=times, zone=zone, order=order)
        if field.canonical is None:
            links.append(Link(source=end))
            continue
        target = End(name=field.canonical, form=canonical_form(field.canonical), trap=field.trap)
        links.append(Link(source=end, target=target, values=_values(field, headers=headers)))
    whole = next((link.source for link in links if link.target and link.target.name == "full_name"), None)
    if whole is not None:
        links.append(Link(source=whole, target=End(name="family_name"), split="family"))
        links.append(Link(source=whole, target=End(name="given_name"), split="given"))
    elif chosen in ("contact", "lead"):
        parts = {link.target.name: link.source for link in links if link.target and link.source}
        if "family_name" in parts and "given_name" in parts:
            links.append(Link(source=parts["family_name"], target=End(name="full_name"), join="family"))
            links.append(Link(source=parts["given_name"], target=End(name="full_name"), join="given"))
    return Mapping(source=Endpoint(system, chosen), target=Endpoint(CANONICAL, chosen), links=links)


def canonical_form(name: str) -> Form:
    """Return how the canonical model writes a field: moments in UTC, days in ISO 8601, ``true``, plain numbers.

    Example:
        >>> from crmkit.mapping import canonical_form
        >>> canonical_form("created_at").style, canonical_form("email").type
        ('iso-z', 'text')

    .. versionadded:: 0.1.0
    """
    fields = systems.canonical_fields()
    if name in _LISTS:
        return Form(type="list")
    return Form(type=_FORMS.get(fields[name].type, "text")) if name in fields else Form()


def _end(
    system: System,
    field: Field,
    *,
    headers: Literal["api", "label"],
    times: TimeFamily | None,
    zone: str | None,
    order: DateOrder | None,
) -> End:
    name = field.label if headers == "label" and field.label else field.name
    unconfirmed = [] if field.confirmed else list(field.headers)
    if field.confirmed and not field.label_confirmed:
        unconfirmed = [header for header in field.headers if header != field.name]
    mark, text = system.sources[field.source]
    coded = [match for value in field.values if (match := _CODED.match(value))]
    return End(
        name=name,
        headers=tuple(header for header in field.headers if header != name),
        form=_form(system, field, times=times, zone=zone, order=order),
        max_length=field.max_length,
        required=field.required,
        values=tuple(part for match in coded for part in match.groups()) if coded else field.values,
        trap=field.trap,
        fact=f"{mark}: {text}",
        unconfirmed=tuple(unconfirmed),
    )


def _form(system: System, field: Field, *, times: TimeFamily | None, zone: str | None, order: DateOrder | None) -> Form:
    if field.canonical is None:
        return Form()
    plain = canonical_form(field.canonical)
    if plain.type == "datetime":
        return Form(type="datetime", style=times or system.times, zone=zone, order=order)
    if plain.type == "date":
        style = "local" if times == "local" else system.forms.get("date", "iso")
        if style == "epoch-ms":
            zone = _FIXED_ZONE.get(system.name, zone)
        return Form(type="date", style=style, zone=zone if style == "epoch-ms" else None, order=order)
    if plain.type == "bool":
        return Form(type="bool", style=system.forms.get("bool", "true"))
    if plain.type == "list":
        return Form(type="list", separator=system.forms.get("list", ";"))
    return Form(type="number", scale=field.scale) if plain.type == "number" else plain


def _values(field: Field, *, headers: Literal["api", "label"]) -> ValueTable | None:
    """Return the table of a picklist's values, codes and what the screen shows for them alike."""
    if not field.means:
        return None
    shown = {match[1]: match[2] for value in field.values if (match := _CODED.match(value))}
    pairs: list[tuple[str, str]] = []
    for value, meaning in field.means.items():
        both = [(value, meaning)] + ([(shown[value], meaning)] if value in shown else [])
        pairs += both[::-1] if headers == "label" else both
    return ValueTable.of(pairs)
