"""Who holds the wrapping key: several holders of one keyset, and what they are told about it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit.errors import FormatError, KeyWrapperError, KMSRefusedError, KMSUnavailableError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.typing import KeyWrapper

PURPOSE: Final = "crmkit-keyset"
KEYSET_KEY_BYTES: Final = 32


def wrapping_context(tenant: str, generation: int) -> dict[str, str]:
    """Return what a wrapping key is told and must be told again: it shows in the service's own log."""
    return {"tenant": tenant, "purpose": PURPOSE, "generation": str(generation)}


def _wrappers(given: Iterable[KeyWrapper]) -> tuple[KeyWrapper, ...]:
    return tuple(given)


@attrs.frozen
class MultiWrapper:
    """Several wrapping keys for one keyset; each of them alone unwraps it.

    For a second region, or a break-glass key in a safe. Unwrapping asks them in order and takes the first answer.

    Args:
        wrappers: At least one, with different uris.

    Example:
        >>> from crmkit.encryption.hazmat import StaticKeyWrapper
        >>> both = MultiWrapper([StaticKeyWrapper(bytes(range(32))), StaticKeyWrapper(bytes(range(1, 33)))])
        >>> both.unwrap(both.wrap(b"a key", {}), {})
        b'a key'

    .. versionadded:: 0.1.0
    """

    wrappers: tuple[KeyWrapper, ...] = attrs.field(converter=_wrappers)

    @wrappers.validator
    def _check(self, _attribute: object, value: Sequence[KeyWrapper]) -> None:
        if not value or len({wrapper.uri for wrapper in value}) < len(value):
            raise RefusedError("a MultiWrapper takes wrapping keys that differ, one at least", rule="wrappers")

    @property
    def uri(self) -> str:
        """The uris of all, joined by ``+``."""
        return "+".join(wrapper.uri for wrapper in self.wrappers)

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Wrap under every wrapping key; all of them must answer."""
        entries = [[uri, base64.b64encode(blob).decode("ascii")] for uri, blob in wrap_all(self, key, context)]
        return json_bytes(entries)

    def unwrap(self, blob: bytes, context: Mapping[str, str]) -> bytes:
        """Unwrap with the first that answers."""
        try:
            said: Any = parse_json(blob)
            entries = [(str(uri), base64.b64decode(text, validate=True)) for uri, text in said]
        except (FormatError, TypeError, ValueError):
            raise KMSRefusedError("not what a MultiWrapper wrapped", uri=self.uri) from None
        return unwrap_any(self, entries, context)


def _each(wrapper: KeyWrapper) -> Sequence[KeyWrapper]:
    if isinstance(wrapper, type):
        raise KeyWrapperError(f"a wrapper is an object, such as {wrapper.__name__}(...), not the class")
    return wrapper.wrappers if isinstance(wrapper, MultiWrapper) else (wrapper,)


def wrap_all(wrapper: KeyWrapper, key: bytes, context: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Return the key wrapped by each wrapper, with its uri."""
    return [(one.uri, bytes(one.wrap(key, context))) for one in _each(wrapper)]


def unwrap_any(wrapper: KeyWrapper, entries: Sequence[tuple[str, bytes]], context: Mapping[str, str]) -> bytes:
    """Return the key by the first wrapper that can.

    Raises:
        KMSUnavailableError: None could, and at least one may later.
        KMSRefusedError: None could.
    """
    errors: list[KeyWrapperError] = []
    for one in _each(wrapper):
        for uri, blob in entries:
            if uri == one.uri:
                try:
                    return bytes(one.unwrap(blob, context))
                except (KMSUnavailableError, KMSRefusedError) as error:
                    errors.append(error)
    later = [error for error in errors if isinstance(error, KMSUnavailableError)]
    if errors:
        raise (later or errors)[0]
    wrapped = ", ".join(uri for uri, _ in entries) or "nobody"
    raise KMSRefusedError(
        f"the keyset was wrapped by {wrapped} and the wrapping key here is {wrapper.uri}: another key, or for a key "
        "file another passphrase",
        uri=wrapper.uri,
    )
