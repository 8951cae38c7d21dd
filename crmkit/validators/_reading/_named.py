"""Functions known by name: normal forms to compare by, and a caller's own tests.

A rule set is data, so it can hold only the name of a function. What is registered here survives being written and read
again; a bare callable works too, but a schema that holds one refuses to be written.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from crmkit.errors import NotFoundError

from ._time_limit import limited

if TYPE_CHECKING:
    from collections.abc import Callable

    Normalizer: TypeAlias = Callable[[str], "str | None"]
    Test: TypeAlias = Callable[..., bool]

__all__ = ["normalizer", "register", "registered_test", "within_limit"]

_BUILT_IN = ("company", "country", "currency", "email", "mailbox", "name", "phone", "text", "url")
_normalizers: dict[str, Normalizer] = {}
_tests: dict[str, Test] = {}


def register(name: str, *, normalize: Normalizer | None = None, test: Test | None = None) -> None:
    """Make a function known by name, so that a schema which uses it can be written as data.

    Args:
        name: Any name that the library does not use itself; registering it again replaces it.
        normalize: Text to the form by which texts are compared, ``None`` where there is none.
        test: Values to whether they are right; for :class:`Satisfies` and :func:`satisfies`.

    Raises:
        ValueError: If the name is one of the library's, or not exactly one function is given.

    Example:
        >>> register("even", test=lambda text: int(text) % 2 == 0)
        >>> from crmkit.validators import Satisfies
        >>> Satisfies("even").examine("7")[0].code
        'rule_failed'

    .. versionadded:: 0.1.0
    """
    if (normalize is None) == (test is None):
        raise ValueError("register exactly one function: normalize= or test=")
    if normalize is not None:
        if name in _BUILT_IN:
            raise ValueError(f"{name!r} is a normal form of the library; choose another name")
        _normalizers[name] = within_limit(normalize)
    if test is not None:
        _tests[name] = test


def within_limit(normalize: Normalizer) -> Normalizer:
    """Return a caller's own normal form such that it cannot hang a run; see :func:`._time_limit.limited`."""
    return lambda text: limited(lambda: normalize(text))


def normalizer(name: str | None) -> Normalizer:
    """Return the normal form called ``name``; ``None`` gives the text itself.

    Raises:
        NotFoundError: If there is none of that name.
    """
    if name is None:
        return _same
    if name in _normalizers:
        return _normalizers[name]
    if name in _BUILT_IN:
        return _built_in(name)
    raise NotFoundError.of("normal form", name, [*_BUILT_IN, *_normalizers])


def registered_test(name: str) -> Test:
    """Return the test called ``name``.

    Raises:
        NotFoundError: If nobody registered it.
    """
    try:
        return _tests[name]
    except KeyError:
        raise NotFoundError.of("registered test", name, _tests) from None


def _same(text: str) -> str | None:
    return text


@cache
def _built_in(name: str) -> Normalizer:
    from crmkit.normalize import companies, countries, emails, names, numbers, phones, text
    from crmkit.validators._reading._web import url_key

    functions: dict[str, Normalizer] = {
        "company": companies.normalize,
        "country": countries.normalize,
        "currency": numbers.currency,
        "email": emails.key,
        "mailbox": emails.mailbox,
        "name": names.normalize,
        "phone": lambda raw: phones.normalize(raw) or text.normalize(raw),
        "text": text.normalize,
        "url": url_key,
    }
    return functions[name]
