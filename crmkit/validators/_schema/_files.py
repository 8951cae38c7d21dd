"""Rule sets in files: TOML for people, JSON for programs; the same data, the same hash."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmkit._disk import replacing
from crmkit._toml import from_toml, to_toml
from crmkit.errors import FormatError

from ._as_data import schema_from_dict, schema_to_dict

if TYPE_CHECKING:
    import os

    from ._schema import Schema

__all__ = ["read_schema", "schema_from_json", "schema_from_toml", "schema_to_json", "schema_to_toml", "write_schema"]

_LARGEST = 16 * 1024 * 1024


def schema_to_toml(schema: Schema) -> str:
    """Return the schema as a TOML document."""
    return to_toml(schema_to_dict(schema))


def schema_to_json(schema: Schema) -> str:
    """Return the schema as a JSON document."""
    return json.dumps(schema_to_dict(schema), ensure_ascii=False, indent=2) + "\n"


def schema_from_toml(kind: type[object], text: str) -> Schema:
    """Return the schema, of this class, of a TOML document."""
    try:
        data = from_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"no TOML document: {error}") from None
    return schema_from_dict(kind, data)


def schema_from_json(kind: type[object], text: str) -> Schema:
    """Return the schema, of this class, of a JSON document."""
    try:
        data: Any = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON document: {type(error).__name__}") from None
    if not isinstance(data, dict):
        raise FormatError("a schema is a JSON object")
    return schema_from_dict(kind, data)


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def write_schema(schema: Schema, path: str | os.PathLike[str]) -> None:
    """Write the schema; the ending of the name says how."""
    place = Path(path)
    text = schema_to_toml(schema) if _is_toml(place) else schema_to_json(schema)
    with replacing(place) as stream:
        stream.write(text.encode())


def read_schema(kind: type[object], path: str | os.PathLike[str]) -> Schema:
    """Read a schema of this class; the ending of the name says how."""
    place = Path(path)
    is_toml = _is_toml(place)
    if place.stat().st_size > _LARGEST:
        raise FormatError(f"a schema of more than {_LARGEST} bytes is none", location=str(place))
    try:
        text = place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("a schema is UTF-8 text", location=str(place)) from None
    return schema_from_toml(kind, text) if is_toml else schema_from_json(kind, text)


def _is_toml(place: Path) -> bool:
    ending = place.suffix.lower()
    if ending not in (".toml", ".json"):
        raise FormatError("a schema is kept in a file that ends in .toml or .json", location=str(place))
    return ending == ".toml"
