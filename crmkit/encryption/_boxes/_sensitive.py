"""A decrypted value that does not show itself until somebody asks for it by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_SHOWN: Final = "<Sensitive>"


class Sensitive(Generic[T]):
    """A value that is not in any ``repr``, format, log line, JSON or pickle; ``reveal()`` gives it.

    ``Box.open(row, into=Contact)`` wraps what the class annotates with it, and ``sensitive=True`` every field of the
    box. It keeps values out of what is written by accident, and hides nothing from code that wants them. Errors of
    pydantic quote what they refuse, unless the model's config says ``hide_input_in_errors``.

    Args:
        value: The value.

    Example:
        >>> email = Sensitive("ana@example.com")
        >>> f"{email}", [email], email.reveal()
        ('<Sensitive>', [<Sensitive>], 'ana@example.com')

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return _SHOWN

    def __format__(self, _spec: str) -> str:
        return _SHOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sensitive) and bool(self._value == other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash of a short value is that value

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a Sensitive value is not pickled; reveal it where it is needed")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Let a pydantic model hold such values; it writes them as it shows them."""
        from pydantic_core import core_schema

        (inner,) = getattr(source, "__args__", (Any,))
        wrap = core_schema.no_info_after_validator_function(cls, handler(inner))
        made = core_schema.is_instance_schema(cls)
        shown = core_schema.plain_serializer_function_ser_schema(repr)
        return core_schema.union_schema([made, wrap], serialization=shown)


def asked_by(into: Any) -> set[str]:
    """Return the attributes that a class annotates as sensitive, alone or beside ``None``."""
    if not isinstance(into, type) or into is dict:
        return set()
    try:
        hints = get_type_hints(into)
    except Exception:  # noqa: BLE001 - a name that is there for type checkers only; its text says enough
        hints = {name: hint for one in into.__mro__ for name, hint in vars(one).get("__annotations__", {}).items()}
    return {name for name, hint in hints.items() if _is_sensitive(hint)}


def _is_sensitive(hint: Any) -> bool:
    if isinstance(hint, str):
        return Sensitive.__name__ in hint
    return Sensitive in {hint, get_origin(hint)} or any(map(_is_sensitive, getattr(hint, "__args__", ())))
