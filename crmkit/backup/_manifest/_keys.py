"""Ed25519 keys that sign statements; anything with the methods of ``Signer`` and ``Verifier`` does as well."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from crmkit.errors import IntegrityError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.typing import Verifier


def _key_id(public: bytes) -> str:
    return f"ed25519-{hashlib.sha256(public).hexdigest()[:16]}"


class SigningKey:
    """A private Ed25519 key.

    Keep it off the machine that is backed up: who can write backups and sign them can forge them.

    Args:
        private: The 32 bytes of the key.

    Raises:
        InvalidValueError: Not 32 bytes.

    Example:
        >>> key = SigningKey.generate()
        >>> key.public.verify(b"statement", key.sign(b"statement"))

    Source:
        RFC 8032.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_key", "public")

    def __init__(self, private: bytes) -> None:
        if len(private) != 32:
            raise InvalidValueError("an Ed25519 private key is 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = VerifyingKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key from the system's secure source."""
        key = Ed25519PrivateKey.generate()
        return cls(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))

    @property
    def key_id(self) -> str:
        """Names the key, not secret."""
        return self.public.key_id

    def sign(self, message: bytes, /) -> bytes:
        """Return the 64 bytes of the signature."""
        return self._key.sign(message)

    def private_bytes(self) -> bytes:
        """Return the key itself, to be kept secret."""
        return self._key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id!r})"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a SigningKey is neither pickled nor copied; private_bytes() is for the place where it is kept")


class VerifyingKey:
    """A public Ed25519 key.

    Args:
        public: The 32 bytes of the key.

    Raises:
        InvalidValueError: Not 32 bytes.

    Example:
        >>> VerifyingKey(bytes(32)).key_id
        'ed25519-66687aadf862bd77'

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_key", "_public")

    def __init__(self, public: bytes) -> None:
        if len(public) != 32:
            raise InvalidValueError("an Ed25519 public key is 32 bytes")
        self._public = bytes(public)
        self._key = Ed25519PublicKey.from_public_bytes(self._public)

    @property
    def key_id(self) -> str:
        """Names the key: a part of its SHA-256."""
        return _key_id(self._public)

    def verify(self, message: bytes, signature: bytes, /) -> None:
        """Check a signature.

        Raises:
            IntegrityError: It is not this key's signature of the message.
        """
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            raise IntegrityError(f"not a signature by {self.key_id}") from None

    def public_bytes(self) -> bytes:
        """Return the key itself; it is no secret."""
        return self._public

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyingKey) and other._public == self._public

    def __hash__(self) -> int:
        return hash(self._public)

    def __repr__(self) -> str:
        return f"VerifyingKey({self.key_id!r})"


def read_keys(keys: Iterable[Verifier]) -> tuple[Verifier, ...]:
    """Return public keys, after a look at what was given: a private one has an id too, and would match nothing.

    Raises:
        InvalidValueError: It is one alone, or something else, such as the key that signs.
    """
    this: object = keys
    if isinstance(this, str | bytes) or not hasattr(this, "__iter__"):
        raise InvalidValueError(f"keys= takes a list of public keys, even of one, not a {type(this).__name__}")
    found = tuple(keys)
    for one in found:
        if not callable(getattr(one, "verify", None)) or not hasattr(one, "key_id"):
            raise InvalidValueError(
                f"keys= takes public keys, and one is a {type(one).__name__}: "
                "signing_key.public, or VerifyingKey(octets)"
            )
    return found
