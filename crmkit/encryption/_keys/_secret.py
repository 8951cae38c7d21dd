"""Key material that does not show itself."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NoReturn, Self

from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from types import TracebackType


class SecretKey:
    """Octets of a key, without a way to print, pickle, copy or iterate them.

    Use as a context manager, or call :meth:`destroy`, to overwrite them. That narrows exposure and does not end it:
    Python and OpenSSL keep copies of their own, and nothing here locks memory or stops a core dump.

    Args:
        material: At least 32 octets.

    Raises:
        RefusedError: The material is too short, or is printable text and so not random.

    Example:
        >>> SecretKey(bytes(range(32)))
        <SecretKey of 32 bytes>

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_material",)

    def __init__(self, material: bytes | bytearray) -> None:
        self._material: bytearray | None = None  # so that a key that is refused can be shown, as trackers of errors do
        check_material(bytes(material))
        self._material = bytearray(material)

    def reveal(self) -> bytes:
        """Return the octets.

        Raises:
            RefusedError: The key was destroyed.
        """
        if self._material is None:
            raise RefusedError("this key was destroyed", rule="destroyed")
        return bytes(self._material)

    def destroy(self) -> None:
        """Overwrite the octets; doing it twice does no harm."""
        if self._material is not None:
            self._material[:] = bytes(len(self._material))
            self._material = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()

    def __repr__(self) -> str:
        return "<SecretKey, destroyed>" if self._material is None else f"<SecretKey of {len(self._material)} bytes>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretKey):
            return NotImplemented
        return hmac.compare_digest(self.reveal(), other.reveal())

    __hash__ = None  # type: ignore[assignment]  # a hash would be a way to compare without constant time

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a SecretKey is neither pickled nor copied nor iterated")

    __reduce_ex__ = __reduce__ = __copy__ = __deepcopy__ = __iter__ = __bytes__ = _refuse


class Unpicklable:
    """What holds key material of some library in a form that could be pickled or copied, and must not be."""

    __slots__ = ()

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} holds keys and is neither pickled nor copied")


def check_material(material: bytes) -> None:
    """Refuse what cannot be a random key.

    Raises:
        RefusedError: Fewer than 32 octets, printable text, or one octet over and over.
    """
    if len(material) < 32:
        raise RefusedError("a key has at least 32 bytes", rule="key_too_short")
    if material.isascii() and material.decode("ascii").isprintable():
        raise RefusedError(
            "this key is printable text, so it is not random; make one with LocalKeyFile.create, or use a passphrase",
            rule="key_printable",
        )
    if len(set(material)) == 1:
        raise RefusedError("this key is one byte over and over", rule="key_constant")
