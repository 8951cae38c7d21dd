"""Policies back into files, in one canonical form: the same policy gives the same bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crmkit._disk import replacing

if TYPE_CHECKING:
    import os

    from ._policy import Policy

__all__ = ["dump", "dumps"]

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def dumps(policy: Policy, *, format: Literal["toml", "json"]) -> str:  # noqa: A002 - as people call it
    """Return a policy as the text of a file; see :meth:`Policy.to_toml`."""
    data: Any = policy.to_dict()
    if format == "json":
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    lines = [f"{_key(name)} = {_inline(value)}" for name, value in data.items() if name in ("version", "predicates")]
    for name in ("principal", "context", "masks"):
        if name in data:
            lines += ["", f"[{name}]", *(f"{_key(key)} = {_inline(value)}" for key, value in data[name].items())]
    for name, resource in data.get("resources", {}).items():
        fields = resource.pop("fields", {})
        lines += ["", f"[resources.{_key(name)}]", *_pairs(resource)]
        if fields:
            lines += ["", f"[resources.{_key(name)}.fields]", *_pairs(fields)]
    for name, role in data.get("roles", {}).items():
        lines += ["", f"[roles.{_key(name)}]"]
        for key, value in role.items():
            lines += _listed(key, value) if key in ("grants", "fields") else [f"{key} = {_inline(value)}"]
    for rule in data.get("sod", []):
        lines += ["", "[[sod]]", *_pairs(rule)]
    return "\n".join(lines) + "\n"


def dump(policy: Policy, path: str | os.PathLike[str]) -> Path:
    """Write a policy to a file; see :meth:`Policy.save`."""
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in (".toml", ".json"):
        raise ValueError("a policy is a .toml or .json file")
    text = dumps(policy, format="toml" if suffix == ".toml" else "json")
    with replacing(target) as file:
        file.write(text.encode())
    return target


def _pairs(data: dict[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_inline(value)}" for key, value in data.items()]


def _listed(key: str, rules: list[Any]) -> list[str]:
    return [f"{key} = [", *(f"  {_inline(rule)}," for rule in rules), "]"]


def _key(name: str) -> str:
    return name if _BARE.match(name) else _inline(name)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_escaped(char) for char in value) + '"'
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_inline(inner)}' for key, inner in value.items())} }}"
    return f"[{', '.join(map(_inline, value))}]"


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else char
