"""Survivorship rules as data, compared and kept in files: what :class:`Survivorship` has from here."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs

from crmkit._disk import replacing
from crmkit._toml import from_toml, to_toml
from crmkit.errors import FormatError, NotFoundError, SchemaError

from . import _rules
from ._united import United
from ._wellformed import WellFormed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from crmkit.typing import JSONValue

    from ._rules import SurvivorshipRule
    from ._survivorship import Survivorship

__all__ = ["SurvivorshipData"]

_RULES: Mapping[str, type[SurvivorshipRule]] = {
    rule.__name__: rule
    for rule in (
        _rules.FirstSeen, _rules.Longest, _rules.MostComplete, _rules.MostFrequent, _rules.MostRecent, _rules.Newest,
        _rules.Oldest, _rules.RefusalWins, _rules.ScoredBy, _rules.SurvivorFirst, _rules.SurvivorsOwn,
        _rules.TrustedSource, _rules.Verified, United, WellFormed,
    )
}  # fmt: skip
_LARGEST = 16 * 1024 * 1024


class SurvivorshipData:
    """What a set of survivorship rules is outside of this process."""

    __slots__ = ()

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the rules as plain data with a format marker; :meth:`from_dict` reads it.

        Raises:
            SchemaError: A rule is a class of yours, or a function that is not registered.
        """
        return _written(cast("Survivorship", self), _refuse)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Survivorship:
        """Return the rules that :meth:`to_dict` wrote.

        Raises:
            FormatError: Not survivorship rules, or of a later version.
            NotFoundError: It names a rule, field or registered function that does not exist.
        """
        from ._survivorship import Survivorship

        if not isinstance(data, dict) or data.get("format") != Survivorship.MARKER:
            raise FormatError(f"not a {Survivorship.MARKER} document; save rules with to_dict()", location="format")
        known = {field.name for field in attrs.fields(Survivorship)}
        for name in data.keys() - known - {"format"}:
            raise FormatError(f"survivorship rules have no part {name!r}", location=str(name))
        parts: dict[str, Any] = {}
        for name, value in data.items():
            if name in {"columns", "fields"}:
                if not isinstance(value, dict):
                    raise FormatError("rules are given by column", location=name)
                parts[name] = {column: _chain(chain, f"{name}.{column}") for column, chain in value.items()}
            elif name in {"default", "survivor"}:
                parts[name] = _chain(value, name)
            elif name == "together":
                if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
                    raise FormatError("what stays together is a list of lists of names", location=name)
                parts[name] = value
        try:
            return Survivorship(**parts)
        except SchemaError as error:
            raise FormatError(str(error)) from None

    def to_toml(self) -> str:
        """Return the rules as a TOML document; :meth:`from_toml` reads it. The same data as :meth:`to_dict`.

        Example:
            >>> from crmkit.matching import Longest, Survivorship
            >>> print(Survivorship({"name": Longest()}).to_toml().strip())
            format = "crmkit-survivorship/1"
            <BLANKLINE>
            [columns]
            name = [{ Longest = {} }]
            <BLANKLINE>
            [[survivor]]
            MostComplete = {}
            <BLANKLINE>
            [[survivor]]
            MostRecent = {}
        """
        return to_toml({key: value for key, value in self.to_dict().items() if value != {}})

    @classmethod
    def from_toml(cls, text: str) -> Survivorship:
        """Return the rules of a TOML document; raises as :meth:`from_dict`."""
        try:
            return cls.from_dict(from_toml(text))
        except tomllib.TOMLDecodeError as error:
            raise FormatError(f"no TOML document: {error}") from None

    def to_json(self) -> str:
        """Return the rules as a JSON document; :meth:`from_json` reads it."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Survivorship:
        """Return the rules of a JSON document; raises as :meth:`from_dict`."""
        try:
            return cls.from_dict(json.loads(text))
        except (ValueError, RecursionError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"no JSON document: {type(error).__name__}") from None

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the rules into a ``.toml`` or ``.json`` file, whole or not at all, and return its path."""
        place = Path(path)
        text = self.to_toml() if _is_toml(place) else self.to_json()
        with replacing(place) as file:
            file.write(text.encode())
        return place

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Survivorship:
        """Read rules from a ``.toml`` or ``.json`` file.

        Raises:
            FormatError: No survivorship rules of a known version.
        """
        place = Path(path)
        is_toml = _is_toml(place)
        if place.stat().st_size > _LARGEST:
            raise FormatError(f"survivorship rules of more than {_LARGEST} bytes are none", location=place.name)
        try:
            text = place.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise FormatError("survivorship rules are UTF-8 text", location=place.name) from None
        return cls.from_toml(text) if is_toml else cls.from_json(text)

    @property
    def hash(self) -> str:
        """SHA-256 of what the rules say, as 64 hexadecimal digits; it stands in the change log as the rules' version.

        A function or class that is not registered counts by its qualified name.
        """
        said = _written(cast("Survivorship", self), _qualified)
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_toml(place: Path) -> bool:
    ending = place.suffix.lower()
    if ending not in {".toml", ".json"}:
        raise FormatError("survivorship rules are kept in a file that ends in .toml or .json", location=place.name)
    return ending == ".toml"


def _written(rules: Survivorship, write: Callable[[object], JSONValue]) -> dict[str, JSONValue]:
    def chain(given: tuple[SurvivorshipRule, ...]) -> list[JSONValue]:
        return [_rule_to_data(rule, write) for rule in given]

    document: dict[str, JSONValue] = {
        "format": rules.MARKER,
        "columns": {name: chain(given) for name, given in rules.columns.items()},
        "fields": {name: chain(given) for name, given in rules.fields.items()},
        "survivor": chain(rules.survivor),
    }
    if rules.default is not None:
        document["default"] = chain(rules.default)
    if rules.together is not None:
        document["together"] = [list(group) for group in rules.together]
    return document


def _rule_to_data(rule: SurvivorshipRule, write: Callable[[object], JSONValue]) -> JSONValue:
    name = type(rule).__name__
    if _RULES.get(name) is not type(rule):
        return write(rule)
    found: dict[str, JSONValue] = {}
    for field in attrs.fields(cast("Any", type(rule))):
        value = getattr(rule, field.name)
        if value != field.default:
            found[field.name] = write(value) if callable(value) else list(value) if isinstance(value, tuple) else value
    return {name: found}


def _refuse(thing: object) -> JSONValue:
    if callable(thing):
        name = getattr(thing, "__name__", type(thing).__name__)
        raise SchemaError(f"the function {name!r} has no registered name; call register_score() and use the name")
    raise SchemaError(
        f"{type(thing).__name__} is not a rule of the library; register its function with register_score() and use "
        "ScoredBy(name)"
    )


def _qualified(thing: object) -> JSONValue:
    if callable(thing):
        return {"callable": f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"}
    return {"class": f"{type(thing).__module__}.{type(thing).__qualname__}", "repr": repr(thing)}


def _chain(data: Any, where: str) -> list[SurvivorshipRule]:
    if not isinstance(data, list):
        raise FormatError("rules are a list", location=where)
    return [_rule_from_data(one, where) for one in data]


def _rule_from_data(data: Any, where: str) -> SurvivorshipRule:
    if not isinstance(data, dict) or len(data) != 1:
        raise FormatError("a rule is an object with one member, its name", location=where)
    [(name, parameters)] = data.items()
    if name not in _RULES:
        raise NotFoundError.of("survivorship rule", name, _RULES)
    kind: Any = _RULES[name]
    if not isinstance(parameters, dict) or not parameters.keys() <= {field.name for field in attrs.fields(kind)}:
        raise FormatError(f"{name} does not have these parameters", location=where)
    if not all(isinstance(value, str) or _is_texts(value) for value in parameters.values()):
        raise FormatError(f"a parameter of {name} is neither text nor a list of texts", location=where)
    try:
        rule: SurvivorshipRule = kind(**parameters)
    except NotFoundError:
        raise
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name} cannot have these parameters: {type(error).__name__}", location=where) from None
    return rule


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
