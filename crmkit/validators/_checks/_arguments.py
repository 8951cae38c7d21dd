"""What checks and rules demand of their settings, told where they are given and not row by row.

Validators for attrs fields; they also judge what a rule file holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.errors import NotFoundError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["column_names", "count", "one_of", "words"]


def one_of(what: str, known: Iterable[str], *, optional: bool = False) -> Callable[[Any, Any, Any], None]:
    """Demand one of a few words; the error names the nearest."""
    names = list(known)

    def validate(_instance: object, _attribute: object, value: object) -> None:
        if value in names or (optional and value is None):
            return
        if not isinstance(value, str):
            raise SchemaError(
                f"a {what} is one of {', '.join(map(repr, names))}, not an object of {type(value).__name__}"
            )
        if not any(map(str.isalpha, "".join(names))):  # of signs none is nearer than another
            raise SchemaError(f"a {what} is one of {', '.join(names)}, not {value!r}")
        raise SchemaError(str(NotFoundError.of(what, value, names)))

    return validate


def count(what: str, *, least: int) -> Callable[[Any, Any, Any], None]:
    """Demand a whole number of at least ``least``, or ``None``."""

    def validate(_instance: object, _attribute: object, value: object) -> None:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
            raise SchemaError(f"{what} is a whole number, {least} or more")

    return validate


def words(what: str, values: object) -> tuple[str, ...]:
    """Return values as a tuple of texts.

    Raises:
        SchemaError: If it is one text, which would be taken for its letters, or holds something else than texts.
    """
    if isinstance(values, (str, bytes)):
        raise SchemaError(f"{what} are a list of texts, not one text; write [{values!r}]")
    try:
        listed: tuple[object, ...] = tuple(values)  # type: ignore[arg-type]  # what callers without a type checker pass
    except TypeError:
        raise SchemaError(f"{what} are a list of texts, not an object of {type(values).__name__}") from None
    for value in listed:
        if not isinstance(value, str):
            raise SchemaError(f"{what} are texts, as the table holds them; write {str(value)!r} for {value!r}")
    return tuple(map(str, listed))


def column_names(what: str, names: Sequence[object]) -> None:
    """Demand that each is the name of a column.

    Raises:
        SchemaError: If one is no text, or an empty one.
    """
    for name in names:
        if not isinstance(name, str) or not name:
            kind = "an empty text" if name == "" else f"an object of {type(name).__name__}"
            raise SchemaError(f"{what}: a column is named by its name, not by {kind}")
