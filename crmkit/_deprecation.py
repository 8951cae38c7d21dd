"""Old names keep working for a while, and say what replaces them at the line that uses them."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .errors import CrmkitDeprecationWarning

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def deprecated(replacement: str, *, since: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as replaced; calling it warns at the caller's line.

    Example:
        >>> @deprecated("new()", since="0.2")
        ... def old() -> int:
        ...     return 1
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     value = old()
        >>> str(caught[0].message)
        'old() is deprecated since 0.2; use new() instead'
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            warnings.warn(
                f"{function.__name__}() is deprecated since {since}; use {replacement} instead",
                CrmkitDeprecationWarning,
                stacklevel=2,
            )
            return function(*args, **kwargs)

        return wrapper

    return decorate


def renamed_argument(old: str, new: str, *, since: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Take a keyword argument under its old name too, with a warning at the caller's line.

    Example:
        >>> @renamed_argument("colour", "color", since="0.2")
        ... def paint(*, color: str) -> str:
        ...     return color
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     paint(colour="red")
        'red'
    """

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(function)
        def wrapper(*args: object, **kwargs: object) -> R:
            if old in kwargs:
                if new in kwargs:
                    raise TypeError(f"{function.__name__}() got both {old!r} and {new!r}; they are one argument")
                warnings.warn(
                    f"argument {old!r} of {function.__name__}() is deprecated since {since}; use {new!r} instead",
                    CrmkitDeprecationWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return wrapper

    return decorate
