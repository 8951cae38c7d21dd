"""Write plain data as TOML; reading is ``tomllib``'s. TOML has no null, so what is null is left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["to_toml"]

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z").match
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def to_toml(data: Mapping[str, Any]) -> str:
    """Return the document: simple values first, then a table for each mapping, then arrays of tables.

    Example:
        >>> print(to_toml({"name": "s", "fields": {"a b": {"Email": {}}}, "rules": [{"unique": {"fields": ["a"]}}]}))
        name = "s"
        <BLANKLINE>
        [fields]
        "a b" = { Email = {} }
        <BLANKLINE>
        [[rules]]
        unique = { fields = ["a"] }
        <BLANKLINE>
    """
    simple = [
        f"{_key(key)} = {_value(value)}"
        for key, value in data.items()
        if value is not None and not isinstance(value, dict) and not _is_tables(value)
    ]
    parts = ["\n".join(simple)]
    for key, value in data.items():
        if isinstance(value, dict):
            parts.append("\n".join([f"[{_key(key)}]", *_lines(value)]))
        elif _is_tables(value):
            parts += ["\n".join([f"[[{_key(key)}]]", *_lines(table)]) for table in value]
    return "\n\n".join(parts) + "\n"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None]


def _key(key: str) -> str:
    return key if _BARE(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    return f"[{', '.join(_value(item) for item in value)}]"


def _text(text: str) -> str:
    signs = []
    for sign in text:
        code = ord(sign)
        if sign in _ESCAPES:
            signs.append(_ESCAPES[sign])
        elif code < 0x20 or code == 0x7F:
            signs.append(f"\\u{code:04X}")
        else:
            signs.append(sign)
    return f'"{"".join(signs)}"'
