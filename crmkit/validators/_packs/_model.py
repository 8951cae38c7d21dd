"""A schema out of the annotations of a class: checks that a pydantic model applies too are written once."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from crmkit.errors import SchemaError
from crmkit.validators._checks._check import Check

from ._draft import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmkit.validators._rules._rule import Rule

__all__ = ["model_schema"]

_TRANSPARENT: Final = {Union, types.UnionType, Required, NotRequired}
"""What may stand around an annotation without making another value of it."""


def model_schema(model: Callable[..., object], *, name: str | None, key: str | None, rules: Iterable[Rule]) -> Draft:
    """Return the checks of a class's annotations; see `Schema.for_model`, which describes it."""
    if not isinstance(model, type):
        raise SchemaError("for_model takes a class whose annotations name checks, such as a pydantic model")
    checks = {
        field: functools.reduce(operator.and_, found)
        for field, hint in _hints(model).items()
        if (found := list(_checks(hint, field)))
    }
    if not checks:
        raise SchemaError(f"no annotation of {model.__name__} names a check; write email: Annotated[str, Email()]")
    return Draft(name=model.__name__ if name is None else name, key=key, fields=checks, rules=tuple(rules))


def _hints(model: type) -> dict[str, Any]:
    read = getattr(model, "model_fields", None)
    if isinstance(read, Mapping) and all(hasattr(one, "annotation") for one in read.values()):
        # pydantic has read its annotations already, in the place where the class stands.
        return {name: _again(one.annotation, one.metadata) for name, one in read.items()}
    try:
        return get_type_hints(model, include_extras=True)
    except NameError as error:
        raise SchemaError(
            f"the annotations of {model.__name__} cannot be read: {error}; import what they name outside of "
            "TYPE_CHECKING, and define the class in a module"
        ) from None


def _again(hint: Any, metadata: Iterable[Any]) -> Any:
    for one in metadata:
        hint = Annotated[hint, one]
    return hint


def _checks(hint: Any, field: str) -> Iterator[Check]:
    """Yield the checks of a hint: of what is annotated itself, and of each member of a union."""
    if hasattr(hint, "__metadata__"):
        for one in hint.__metadata__:
            if isinstance(one, Check):
                yield one
            elif isinstance(one, type) and issubclass(one, Check):
                raise SchemaError(f"field {field!r} needs a check; write {one.__name__}()")
        yield from _checks(hint.__origin__, field)
        return
    for part in get_args(hint):
        for check in _checks(part, field):
            if get_origin(hint) not in _TRANSPARENT:
                raise SchemaError(
                    f"field {field!r}: {check.slug} is about parts of the value, and a schema asks about whole fields"
                )
            yield check
