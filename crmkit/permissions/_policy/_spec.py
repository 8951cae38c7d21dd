"""What a policy file may hold: one table, from which files are read and the JSON Schema is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit.permissions._conditions._schema import LEVELS, SCOPES
from crmkit.permissions._conditions._types import TYPES

from ._check_policy import MASK_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue

__all__ = ["POLICY", "Key", "json_schema"]

KeyKind: TypeAlias = Literal["text", "whole", "truth", "texts", "table", "tables", "named", "named_texts", "types",
                             "condition", "moment", "version"]  # fmt: skip


@attrs.frozen
class Key:
    """One key of a table: what it holds and what it is for."""

    kind: KeyKind
    about: str
    choices: tuple[str, ...] = ()
    of: Mapping[str, Key] | None = None
    required: bool = False


_SCOPE: Final = Key("texts", "Which records: one scope or several.", SCOPES)
_WHEN: Final = Key("condition", "What must hold besides.")
_ID: Final = Key("text", "How decisions name the rule.")

FIELD: Final[Mapping[str, Key]] = {
    "type": Key("text", "What it holds.", TYPES),
    "nullable": Key("truth", "Whether it may be missing."),
    "sensitivity": Key("text", "public comes with the record, all else must be granted."),
    "mask": Key("text", f"How it looks masked: {', '.join(MASK_NAMES)}, or one of [masks]."),
    "collation": Key("text", "binary: text has the order of code points everywhere.", ("binary",)),
}
RESOURCE: Final[Mapping[str, Key]] = {
    "actions": Key("texts", "What can be done with it.", required=True),
    "fields": Key("named", "Name -> field.", of=FIELD),
    "owner": Key("text", "Column with the owner's id."),
    "team": Key("text", "Column with the team."),
    "territory": Key("text", "Column with the territory."),
    "tenant": Key("text", "Column with the tenant."),
    "key": Key("text", "Column with the record's id."),
    "groups": Key("named_texts", "Name -> actions that rules may name together."),
    "default_scope": Key("text", "Scope of allows that name none.", SCOPES),
    "sensitive_actions": Key("texts", "Actions that go to the audit log also when allowed."),
}
GRANT: Final[Mapping[str, Key]] = {
    "effect": Key("text", "A deny wins over every allow.", ("allow", "deny")),
    "actions": Key("texts", "Actions, groups, or *.", required=True),
    "resource": Key("text", "The resource.", required=True),
    "scope": _SCOPE,
    "when": _WHEN,
    "cross_tenant": Key("truth", "Lift the border between tenants."),
    "reason": Key("text", "For those who are refused."),
    "id": _ID,
}
FIELD_RULE: Final[Mapping[str, Key]] = {
    "effect": Key("text", "A cap takes what is above its level.", ("allow", "cap")),
    "resource": Key("text", "The resource.", required=True),
    "fields": Key("texts", "Fields, or *."),
    "sensitivity": Key("text", "The fields of this sensitivity."),
    "level": Key("text", "What may be seen.", LEVELS, required=True),
    "scope": _SCOPE,
    "when": _WHEN,
    "mask": Key("text", "A mask instead of the field's own."),
    "id": _ID,
}
ROLE: Final[Mapping[str, Key]] = {
    "kind": Key("text", "What the role is for.", ("profile", "permission_set", "system")),
    "inherits": Key("texts", "Roles whose rules it has too."),
    "grants": Key("tables", "What it allows and denies.", of=GRANT),
    "fields": Key("tables", "What it shows of fields.", of=FIELD_RULE),
    "function": Key("text", "The job that needs it."),
    "owner": Key("text", "Who answers for it."),
    "description": Key("text", "For people."),
    "privileged": Key("truth", "Whether holding it for good should show in reviews."),
    "max_members": Key("whole", "How many may hold it."),
    "requires": Key("texts", "Roles that one must hold before."),
}
EXEMPTION: Final[Mapping[str, Key]] = {
    "principal": Key("text", "Who.", required=True),
    "until": Key("moment", "Until when, with a time zone.", required=True),
    "approver": Key("text", "Who allowed it.", required=True),
    "reason": Key("text", "Why.", required=True),
}
SEPARATION: Final[Mapping[str, Key]] = {
    "name": Key("text", "How reports call it.", required=True),
    "members": Key("texts", "Roles, or permissions as resource.action.", required=True),
    "at_most": Key("whole", "How many of them one may have."),
    "kind": Key("text", "Assigned, activated, or on one record.", ("static", "dynamic", "record")),
    "exceptions": Key("tables", "Who may break it.", of=EXEMPTION),
}
POLICY: Final[Mapping[str, Key]] = {
    "version": Key("version", "1", required=True),
    "include": Key("texts", "Other files, relative to this one."),
    "resources": Key("named", "Name -> resource.", of=RESOURCE),
    "roles": Key("named", "Name -> role.", of=ROLE),
    "sod": Key("tables", "Separation of duties.", of=SEPARATION),
    "principal": Key("types", "Attribute of a principal -> type."),
    "context": Key("types", "Value of a request -> type."),
    "predicates": Key("texts", "Predicates that the program brings."),
    "masks": Key("types", "Mask that the program brings -> mask that reveals as much."),
}


def json_schema() -> dict[str, JSONValue]:
    """Return the JSON Schema of policy files, for editors; TOML files have the same shape.

    Example:
        >>> sorted(json_schema()["properties"])[:3]
        ['context', 'include', 'masks']

    .. versionadded:: 0.1.0
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "crmkit policy, version 1",
        **_table(POLICY),
        "$defs": {"condition": {"type": "object", "minProperties": 1, "maxProperties": 1}},
    }


def _table(keys: Mapping[str, Key]) -> dict[str, JSONValue]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, key in keys.items() if key.required],
        "properties": {name: {"description": key.about, **_schema(key)} for name, key in keys.items()},
    }


def _schema(key: Key) -> dict[str, JSONValue]:
    text: dict[str, JSONValue] = {"type": "string", **({"enum": list(key.choices)} if key.choices else {})}
    texts: dict[str, JSONValue] = {"anyOf": [text, {"type": "array", "items": text}]}
    table = _table(key.of or {})
    schemas: dict[str, dict[str, JSONValue]] = {
        "text": text, "whole": {"type": "integer"}, "truth": {"type": "boolean"}, "texts": texts, "table": table,
        "tables": {"type": "array", "items": table}, "named": {"type": "object", "additionalProperties": table},
        "named_texts": {"type": "object", "additionalProperties": texts},
        "types": {"type": "object", "additionalProperties": {"type": "string"}},
        "condition": {"$ref": "#/$defs/condition"}, "moment": {"type": "string", "format": "date-time"},
        "version": {"const": 1},
    }  # fmt: skip
    return schemas[key.kind]
