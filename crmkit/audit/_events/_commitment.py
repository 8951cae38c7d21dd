"""Values that can be proved without being shown, and be erased without breaking a proof.

An event holds HMAC-SHA256 of a value under a random salt. Whoever is given salt and value can check them against the
event; when both are destroyed, the event says nothing about the value any more, and every hash above it stays.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Literal, NoReturn

import attrs

from crmkit._canonical import encode_parts, json_bytes
from crmkit.errors import IntegrityError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from crmkit.typing import JSONValue

__all__ = ["SALT_BYTES", "Opening", "Pseudonyms", "commitment", "opened"]

SALT_BYTES = 32
_PSEUDONYM = re.compile("p-[a-z2-7]{26}")


def commitment(field: str, value: JSONValue, salt: bytes) -> str:
    """Return the commitment to a field's value, 64 hexadecimal digits.

    Args:
        field: The field's name, so that equal values of two fields give different commitments.
        value: What JSON can say without floats.
        salt: 32 random bytes, used once.

    Raises:
        InvalidValueError: The value has no canonical form, or the salt is of another length.

    Example:
        >>> commitment("email", "ann@example.com", bytes(32))[:16]
        '605216296b6956b8'

    .. versionadded:: 0.1.0
    """
    if len(salt) != SALT_BYTES:
        raise InvalidValueError(f"a salt has {SALT_BYTES} bytes")
    return hmac.digest(salt, encode_parts([field.encode(), json_bytes(value)]), "sha256").hex()


@attrs.frozen(kw_only=True)
class Opening:
    """A value with the salt of its commitment: what an auditor is given to check one value.

    Attributes:
        field: Name of the field.
        side: ``before`` or ``after`` the change.
        value: The value.
        salt: 32 bytes.

    Example:
        >>> opening = Opening.new("email", "after", "ann@example.com")
        >>> opening.verify(opening.commitment())
        >>> opening
        Opening(field='email', side='after')

    .. versionadded:: 0.1.0
    """

    field: str
    side: Literal["before", "after"]
    value: JSONValue = attrs.field(repr=False)
    salt: bytes = attrs.field(repr=False)

    @classmethod
    def new(cls, field: str, side: Literal["before", "after"], value: JSONValue) -> Opening:
        """Return an opening with a fresh salt."""
        return cls(field=field, side=side, value=value, salt=secrets.token_bytes(SALT_BYTES))

    def commitment(self) -> str:
        """Return the commitment that it opens."""
        return commitment(self.field, self.value, self.salt)

    def verify(self, expected: str) -> None:
        """Check it against the commitment in an event.

        Raises:
            IntegrityError: It does not open it.
        """
        if not hmac.compare_digest(self.commitment().encode(), expected.encode("utf-8", "surrogatepass")):
            raise IntegrityError("the value and salt are not what the event commits to", location=self.field)


def opened(change: Mapping[str, Mapping[str, str]], openings: Iterable[Opening]) -> bool:
    """Return whether every commitment of an event has its opening, and check those that are there.

    Raises:
        IntegrityError: One opens nothing, or not what stands in the event.
    """
    left = {(field, side) for field, sides in change.items() for side in sides}
    for opening in openings:
        said = change.get(opening.field, {}).get(opening.side)
        if said is None:
            raise IntegrityError("the vault has a value that the event does not commit to", location=opening.field)
        try:
            opening.verify(said)
        except InvalidValueError:  # a value that no event can hold
            raise IntegrityError("the vault does not hold what was put there", location=opening.field) from None
        left.discard((opening.field, opening.side))
    return not left


class Pseudonyms:
    """Stable names for people that say nothing without the key.

    An id in the clear is personal data too. With a key of its own an event names ``p-6sl3...`` in its place; whoever
    has the key finds all events of one person, and when the key is destroyed, nobody does.

    Args:
        key: At least 16 secret bytes.
        of: Whose ids are replaced when events are recorded: ``resource``, ``actor``, or both.

    Example:
        >>> names = Pseudonyms(bytes(32))
        >>> names.name("contact", "42") == names.name("contact", "42") != names.name("contact", "43")
        True
        >>> len(names.name("contact", "42"))
        28

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_keyed", "of")  # no attrs class, and no octets of the key: serializers write both out

    def __init__(self, key: bytes, of: Container[str] = ("resource",)) -> None:
        if len(key) < 16:
            raise InvalidValueError("the key of pseudonyms has at least 16 bytes")
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)
        self.of = of

    def __repr__(self) -> str:
        return f"Pseudonyms(of={self.of!r})"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("Pseudonyms hold a key and are neither pickled nor copied")

    def name(self, kind: str, identifier: str) -> str:
        """Return the pseudonym of one thing; what is a pseudonym already stays."""
        if _PSEUDONYM.fullmatch(identifier):
            return identifier
        keyed = self._keyed.copy()
        keyed.update(encode_parts([kind.encode(), identifier.encode()]))
        return "p-" + base64.b32encode(keyed.digest()[:16]).decode().rstrip("=").lower()
