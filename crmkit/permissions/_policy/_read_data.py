"""Plain data into a policy; what does not have the right shape is gathered, not raised one by one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from crmkit.errors import SchemaError
from crmkit.permissions._conditions._check_types import Declared, unknown
from crmkit.permissions._conditions._data import coerced, read_condition
from crmkit.permissions._conditions._schema import Field, Resource

from ._policy import Policy
from ._problem import Problem, refuse
from ._roles import Exemption, FieldRule, Grant, Role, SoD
from ._spec import POLICY, Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._conditions._tree import Condition
    from crmkit.typing import JSONValue

    from ._locate import Path

__all__ = ["Reader", "policy_from_dict"]


def policy_from_dict(data: Mapping[str, JSONValue]) -> Policy:
    """Return the policy of plain data; see :meth:`Policy.from_dict`."""
    reader = Reader()
    reader.add(cast("dict[str, Any]", data), "policy")
    return reader.policy()


class Reader:
    """Gathers the parts of one or several files."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, Any]] = {name: {} for name in _NAMED}
        self._sod: list[dict[str, Any]] = []
        self._predicates: list[str] = []
        self._problems: list[Problem] = []
        self._origins: dict[Path, tuple[str, Path]] = {}
        self._file = ""

    def origin(self, path: Path) -> tuple[str, Path]:
        """Return the file, and the place in it, of a part of the policy."""
        file, start = self._origins.get(path[:2], self._origins.get(path[:1], (self._file, path[:2])))
        return file, (*start, *path[2:])

    def add(self, data: dict[str, Any], file: str) -> None:
        """Take in one file."""
        self._file = self._file or file
        checked = self._table(data, POLICY, (), file)
        for name in _NAMED:
            for key, value in checked.get(name, {}).items():
                if key in self._parts[name]:
                    other = self._origins[name, key][0]
                    self._report("P107", f'"{key}" is there twice, also in {other}', (name, key), file)
                else:
                    self._origins[name, key] = (file, (name, key))
                    self._parts[name][key] = value
        for place, rule in enumerate(checked.get("sod", [])):
            self._origins["sod", len(self._sod)] = (file, ("sod", place))
            self._sod.append(rule)
        self._predicates += checked.get("predicates", [])

    def policy(self) -> Policy:
        """Return the policy, or raise with every problem.

        Raises:
            PolicyFileError: There are some.
        """
        refuse(self._problems)
        resources = {name: Resource(name, **self._resource(data)) for name, data in self._parts["resources"].items()}
        parts = self._parts
        types = {
            name: Declared(one, parts["principal"], parts["context"], frozenset()) for name, one in resources.items()
        }
        return Policy(
            list(resources.values()),
            [self._role(name, data, types) for name, data in parts["roles"].items()],
            sod=[self._separation(data) for data in self._sod],
            principal=parts["principal"],
            context=parts["context"],
            predicates=self._predicates,
            masks=parts["masks"],
        )

    @staticmethod
    def _resource(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "fields": {name: Field(**field) for name, field in data.get("fields", {}).items()}}

    def _role(self, name: str, data: dict[str, Any], types: Mapping[str, Declared]) -> Role:
        given = {key: value for key, value in data.items() if key not in ("grants", "fields")}
        grants = [Grant(**self._rule(rule, types)) for rule in data.get("grants", [])]
        rules = [FieldRule(**self._rule(rule, types)) for rule in data.get("fields", [])]
        return Role(name, grants=grants, field_rules=rules, **given)

    @staticmethod
    def _rule(data: dict[str, Any], types: Mapping[str, Declared]) -> dict[str, Any]:
        """Return the arguments of a rule, its literals in the types that the resource declares."""
        declared = types.get(data["resource"])
        if declared is None or "when" not in data:
            return data
        return {**data, "when": coerced(data["when"], declared)}

    @staticmethod
    def _separation(data: dict[str, Any]) -> SoD:
        return SoD(**{**data, "exceptions": [Exemption(**one) for one in data.get("exceptions", [])]})

    # Shapes

    def _report(self, code: str, message: str, path: Path, file: str) -> None:
        self._origins.setdefault(path[:2], (file, path[:2]))
        self._problems.append(Problem(code, message, path))

    def _table(self, data: object, keys: Mapping[str, Key], path: Path, file: str) -> dict[str, Any]:
        if not isinstance(data, dict):
            self._report("P002", "must be a table", path, file)
            return {}
        for name, key in keys.items():
            if key.required and name not in data:
                self._report("P003", f'needs "{name}"', path, file)
        found: dict[str, Any] = {}
        for name, value in data.items():
            if name not in keys:
                self._report("P001", unknown("key", str(name), keys), (*path, str(name)), file)
                continue
            before = len(self._problems)
            read = self._value(value, keys[name], (*path, name), file)
            if len(self._problems) == before:
                found[name] = read
        return found

    def _value(self, value: Any, key: Key, path: Path, file: str) -> Any:
        kind = key.kind
        if kind in ("named", "named_texts", "types"):
            inner = key if kind == "named" else Key("texts" if kind == "named_texts" else "text", "")
            if not isinstance(value, dict):
                return self._wrong("a table", path, file)
            if not all(isinstance(name, str) and name.strip() for name in value):
                return self._wrong("a table whose names are text that is not empty", path, file)
            return {
                name: self._table(one, key.of or {}, (*path, name), file)
                if kind == "named"
                else self._value(one, inner, (*path, name), file)
                for name, one in value.items()
            }
        if kind == "tables":
            if not isinstance(value, list):
                return self._wrong("a list of tables", path, file)
            return [self._table(one, key.of or {}, (*path, place), file) for place, one in enumerate(value)]
        if kind == "condition":
            return self._condition(value, path, file)
        if kind == "moment":
            return self._moment(value, path, file)
        if kind == "version":
            return value if type(value) is int and value == 1 else self._wrong(_VERSION, path, file)
        return self._plain(value, key, path, file)

    def _plain(self, value: Any, key: Key, path: Path, file: str) -> Any:
        """Read text, texts, a whole number or a truth value."""
        if key.kind == "truth":
            return value if isinstance(value, bool) else self._wrong("true or false", path, file)
        if key.kind == "whole":
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            return value if whole else self._wrong("a whole number from 1", path, file)
        texts = [value] if isinstance(value, str) else value
        if key.kind == "text" and not isinstance(value, str):
            return self._wrong("text", path, file)
        if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            return self._wrong("text, or a list of texts", path, file)
        for one in texts:
            if key.choices and one not in key.choices:
                self._report("P104", unknown(str(path[-1]), one, key.choices), path, file)
        return value if key.kind == "text" else tuple(texts)

    def _wrong(self, what: str, path: Path, file: str) -> None:
        self._report("P002", f"must be {what}", path, file)

    def _condition(self, value: object, path: Path, file: str) -> Condition | None:
        try:
            return read_condition(value)
        except SchemaError as error:
            self._report("P103", str(error), path, file)
            return None

    def _moment(self, value: object, path: Path, file: str) -> dt.datetime | None:
        try:
            found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            found = None
        if not isinstance(found, dt.datetime) or found.utcoffset() is None:
            self._report("P004", "must be a moment with a time zone, such as 2026-01-31T12:00:00Z", path, file)
            return None
        return found


_VERSION = "1, the version that is known"
_NAMED = ("resources", "roles", "principal", "context", "masks")
