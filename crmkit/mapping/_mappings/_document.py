"""Mappings as JSON: ``crmkit-mapping/1``, described in docs/reference/formats.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from crmkit._disk import replacing
from crmkit.errors import CrmkitError, FormatError
from crmkit.mapping._parts._form import Form
from crmkit.mapping._parts._link import End, Endpoint, Link
from crmkit.mapping._parts._values import ValueTable
from crmkit.systems import KINDS

from ._mapping import Mapping

if TYPE_CHECKING:
    import os
    from collections import abc

__all__ = ["MARKER", "from_document", "load", "save", "to_document"]

_NAME = "crmkit-mapping"
_VERSION = 1
MARKER = f"{_NAME}/{_VERSION}"


def to_document(mapping: Mapping) -> dict[str, Any]:
    """Return the mapping as JSON can say it; what has its usual value is left out."""
    return {
        "format": MARKER,
        "source": attrs.asdict(mapping.source),
        "target": attrs.asdict(mapping.target),
        "links": [_link(link) for link in mapping.links],
    }


def save(mapping: Mapping, path: str | os.PathLike[str]) -> Path:
    """Write a file for people: indented, not escaped."""
    text = json.dumps(to_document(mapping), ensure_ascii=False, indent=1)
    target = Path(path)
    with replacing(target) as file:
        file.write(f"{text}\n".encode())
    return target


def load(path: str | os.PathLike[str]) -> Mapping:
    """Read what :func:`save` wrote."""
    place = Path(path)
    try:
        document = json.loads(place.read_bytes())
    except (ValueError, RecursionError):
        raise FormatError("not a JSON document", location=place.name) from None
    return from_document(document, location=place.name)


def from_document(document: Any, *, location: str = "mapping") -> Mapping:
    """Read what :func:`to_document` returned, refusing what this version does not know."""
    if not hasattr(document, "keys") or not isinstance(document.get("format"), str):
        raise FormatError("not a mapping: it has no format", location=location)
    name, _, version = document["format"].partition("/")
    if name != _NAME or not version.isdigit():
        raise FormatError("not a mapping: its format is not crmkit-mapping", location=location)
    if int(version) != _VERSION:
        age = "a newer crmkit wrote it" if int(version) > _VERSION else "there is no such format"
        raise FormatError(f"{name}/{version}: {age}; this version reads {MARKER}", location=location)
    _known(document, {"format", "source", "target", "links"}, location)
    links = _list(document.get("links"), f"{location}: links")
    try:
        return Mapping(
            source=_endpoint(document.get("source"), f"{location}: source"),
            target=_endpoint(document.get("target"), f"{location}: target"),
            links=[_read_link(link, f"{location}: links[{place}]") for place, link in enumerate(links)],
        )
    except FormatError:
        raise
    except CrmkitError as error:
        raise FormatError(str(error), location=location) from None


# -- writing ----------------------------------------------------------------------------------------------------------


def _link(link: Link) -> dict[str, Any]:
    found: dict[str, Any] = {
        "source": None if link.source is None else _end(link.source),
        "target": None if link.target is None else _end(link.target),
    }
    if link.values is not None:
        found["values"] = {
            "forward": [list(pair) for pair in link.values.forward],
            "backward": [list(pair) for pair in link.values.backward],
        }
    return found | {name: getattr(link, name) for name in ("split", "join") if getattr(link, name)}


def _end(end: End) -> dict[str, Any]:
    found: dict[str, Any] = {"name": end.name}
    if end.form != Form():
        found["form"] = end.form.to_dict()
    for name in ("headers", "values", "unconfirmed"):
        if getattr(end, name):
            found[name] = list(getattr(end, name))
    for name in ("max_length", "trap", "fact"):
        if getattr(end, name) is not None:
            found[name] = getattr(end, name)
    return found | ({"required": True} if end.required else {})


# -- reading ----------------------------------------------------------------------------------------------------------

_END: dict[str, type] = {
    "name": str, "form": dict, "headers": list, "values": list, "unconfirmed": list, "max_length": int, "trap": str,
    "fact": str, "required": bool,
}  # fmt: skip
_FORM = ("type", "style", "zone", "order", "scale", "separator")


def _endpoint(value: Any, where: str) -> Endpoint:
    table = _dict(value, where)
    _known(table, {"system", "kind"}, where)
    system, kind = table.get("system"), table.get("kind")
    if not isinstance(system, str) or (kind is not None and kind not in KINDS):
        raise FormatError("needs a system and a known kind of record", location=where)
    return Endpoint(system, kind)


def _read_link(value: Any, where: str) -> Link:
    table = _dict(value, where)
    _known(table, {"source", "target", "values", "split", "join"}, where)
    ends = {side: _read_end(table[side], f"{where}.{side}") for side in ("source", "target") if table.get(side)}
    parts = {name: table.get(name) for name in ("split", "join")}
    if not set(parts.values()) <= {None, "family", "given"}:
        raise FormatError("split and join name a part: family or given", location=where)
    try:
        return Link(**ends, values=_read_values(table.get("values"), f"{where}.values"), **parts)  # type: ignore[arg-type]  # checked above
    except CrmkitError as error:
        raise FormatError(str(error), location=where) from None


def _read_values(value: Any, where: str) -> ValueTable | None:
    if value is None:
        return None
    table = _dict(value, where)
    _known(table, {"forward", "backward"}, where)
    return ValueTable(_pairs(table.get("forward"), where), _pairs(table.get("backward"), where))


def _pairs(value: Any, where: str) -> list[tuple[str, str]]:
    pairs = _list(value, where)
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 and set(map(type, pair)) == {str} for pair in pairs):
        raise FormatError("pairs of texts are expected", location=where)
    return [(pair[0], pair[1]) for pair in pairs]


def _read_end(value: Any, where: str) -> End:
    table = _dict(value, where)
    _known(table, set(_END), where)
    for name in table:
        wanted = _END[name]
        cell: Any = table[name]
        if type(cell) is not wanted or (name == "max_length" and table[name] < 1):
            raise FormatError(f"{name} is of the wrong kind", location=where)
        if wanted is list and set(map(type, table[name])) - {str}:
            raise FormatError(f"{name} is a list of texts", location=where)
    if not table.get("name"):
        raise FormatError("a column has a name", location=where)
    parts = dict(table)
    if "form" in parts:
        form = parts["form"]
        _known(form, set(_FORM), f"{where}.form")
        if not all(isinstance(cell, str) for cell in form.values()):
            raise FormatError("a form is texts", location=f"{where}.form")
        try:
            parts["form"] = Form(**form)
        except (CrmkitError, ValueError) as error:
            raise FormatError(str(error), location=f"{where}.form") from None
    return End(**parts)


def _dict(value: Any, where: str) -> abc.Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError("an object is expected", location=where)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError("a list is expected", location=where)
    return value


def _known(table: abc.Mapping[str, Any], names: set[str], where: str) -> None:
    unknown = sorted(map(str, set(table) - names))
    if unknown:
        from crmkit._nearest import did_you_mean

        near = did_you_mean(unknown[0], names)
        raise FormatError(f"unknown key {unknown[0]!r}" + (f"; did you mean {near!r}?" if near else ""), location=where)
