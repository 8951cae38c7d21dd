"""Read the tables in ``crmkit/data``, check every fact, build each system once."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from crmkit.errors import FormatError, NotFoundError
from crmkit.systems._headers import fold_header
from crmkit.systems._model import KINDS, TRAPS, CanonicalField, Field, System, SystemObject, TimeFamily

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

    from crmkit.typing import RecordKind

__all__ = ["canonical_fields", "get", "names", "parse"]

_FORMAT = 1
_GENERIC = "generic"
_FIELD_KEYS = frozenset(
    {
        "name", "label", "aliases", "canonical", "length", "required", "trap", "values", "means", "scale",
        "source", "label_source", "values_source", "confirmed",
    }
)  # fmt: skip


def names() -> tuple[str, ...]:
    """Return the names of the systems that crmkit knows, sorted.

    Example:
        >>> "hubspot" in names()
        True

    .. versionadded:: 0.1.0
    """
    return _names()


@functools.cache
def _names() -> tuple[str, ...]:
    stems = (entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(stem for stem in stems if stem != _GENERIC))


@functools.cache
def get(name: str) -> System:
    """Return what is known about one system; read on first use, then kept.

    Args:
        name: One of :func:`names`.

    Raises:
        NotFoundError: If crmkit does not know the system.

    Example:
        >>> get("salesforce").objects["lead"].field("Company").max_length
        255

    .. versionadded:: 0.1.0
    """
    if name not in names():
        raise NotFoundError.of("system", name, names())
    return parse(read_toml("systems", f"{name}.toml"), location=f"data/systems/{name}.toml")


@functools.cache
def canonical_fields() -> Mapping[str, CanonicalField]:
    """Return every canonical field by name, in the order of the model.

    Example:
        >>> canonical_fields()["mobile"].type
        'phone'

    .. versionadded:: 0.1.0
    """
    table = read_toml("canonical.toml")["fields"]
    return MappingProxyType(
        {
            name: CanonicalField(
                name=name, type=row["type"], kinds=tuple(row["kinds"]), labels={"en": row["en"], "zh": row["zh"]}
            )
            for name, row in table.items()
        }
    )


def read_toml(*path: str) -> dict[str, Any]:
    """Return a table of ``crmkit/data``, of a format that this version reads."""
    document = tomllib.loads(resources.files("crmkit").joinpath("data", *path).read_text(encoding="utf-8"))
    if document.get("format") != _FORMAT:
        raise FormatError(f"format {document.get('format')!r} instead of {_FORMAT}", location="/".join(("data", *path)))
    return document


def parse(document: Mapping[str, Any], *, location: str) -> System:
    """Build a system from a table read from TOML, refusing what does not hold together.

    Args:
        document: The parsed TOML.
        location: Where it was read, for messages.

    Raises:
        FormatError: For a missing source, an unknown canonical field, trap or key, or a header that two fields of one
            object share.

    Example:
        >>> table = {
        ...     "name": "own", "title": {"en": "Own"}, "sources": {"us": {"mark": "P", "text": "our handbook"}},
        ...     "times": {"family": "iso-z", "source": "us"}, "objects": {},
        ... }
        >>> parse(table, location="own.toml").name
        'own'

    .. versionadded:: 0.1.0
    """
    sources = {key: (row["mark"], row["text"]) for key, row in document["sources"].items()}
    for key, (mark, _) in sources.items():
        if mark not in {"P", "S", "T", "?"}:
            raise FormatError(f"source {key}: unknown mark {mark!r}", location=location)
    if document["times"]["family"] not in get_args(TimeFamily):
        raise FormatError(f"unknown time family {document['times']['family']!r}", location=location)
    if document["times"]["source"] not in sources:
        raise FormatError("the time family names no known source", location=location)
    objects: dict[RecordKind, SystemObject] = {}
    for kind in KINDS:
        if kind in document["objects"]:
            objects[kind] = _object(kind, document, sources, location)
    if unknown := set(document["objects"]) - set(KINDS):
        raise FormatError(f"unknown record kinds {sorted(unknown)}", location=location)
    return System(
        name=document["name"],
        titles=document["title"],
        times=document["times"]["family"],
        forms=document.get("forms", {}),
        objects=objects,
        sources=sources,
    )


def _object(
    kind: RecordKind, document: Mapping[str, Any], sources: Mapping[str, tuple[str, str]], location: str
) -> SystemObject:
    table = document["objects"][kind]
    rows = list(table["fields"])
    for group in table.get("include", ()):
        rows.extend(document["shared"][group])
    fields: list[Field] = []
    taken: dict[str, str] = {}
    for row in rows:
        where = f"{location}: {kind}.{row.get('name', '?')}"
        field = _field(row, sources, where)
        for header in {fold_header(header) for header in field.headers}:
            if header in taken:
                raise FormatError(f"its header {header!r} is also that of {taken[header]}", location=where)
            taken[header] = field.name
        fields.append(field)
    return SystemObject(kind=kind, name=table["name"], fields=tuple(fields))


def _field(row: Mapping[str, Any], sources: Mapping[str, tuple[str, str]], where: str) -> Field:
    if unknown := set(row) - _FIELD_KEYS:
        raise FormatError(f"unknown keys {sorted(unknown)}", location=where)
    for key in ("source", "label_source", "values_source"):
        if (key == "source" or key in row) and row.get(key) not in sources:
            raise FormatError(f"{key} {row.get(key)!r} is not listed under [sources]", location=where)
    canonical, trap = row.get("canonical"), row.get("trap")
    if canonical is not None and canonical not in canonical_fields():
        raise FormatError(f"unknown canonical field {canonical!r}", location=where)
    if trap is not None and trap not in TRAPS:
        raise FormatError(f"unknown trap {trap!r}", location=where)
    source = row["source"]
    label_source = row.get("label_source", source)
    confirmed = bool(row.get("confirmed", sources[source][0] in {"P", "S"}))
    return Field(
        name=row["name"],
        label=row.get("label"),
        aliases=tuple(row.get("aliases", ())),
        canonical=canonical,
        max_length=row.get("length"),
        required=row.get("required", False),
        trap=trap,
        values=tuple(row.get("values", ())),
        means=row.get("means", {}),
        scale=row.get("scale", "1"),
        source=source,
        label_source=label_source,
        confirmed=confirmed,
        label_confirmed=confirmed and sources[label_source][0] in {"P", "S"},
    )


def _folder() -> Traversable:
    return resources.files("crmkit").joinpath("data", "systems")
