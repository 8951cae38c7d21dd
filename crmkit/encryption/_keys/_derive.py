"""Keys from keys: HKDF-SHA512 over length-prefixed tuples, so that no two uses can ever share a key.

Every key has one label and one list of parts; ``docs/reference/formats.md`` has the table. Nothing here is of our own
making: HKDF is pyca's, the tuple is ``crmkit._canonical.encode_parts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crmkit._canonical import encode_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

SALT: Final = b"crmkit/v1"
TAG_BYTES: Final = 16
ROOT_BYTES: Final = 32


def hkdf(material: bytes, info: bytes, length: int, *, salt: bytes = SALT) -> bytes:
    """Return ``length`` octets derived from ``material``.

    Source:
        RFC 5869 with SHA-512.
    """
    return HKDF(SHA512(), length, salt, info).derive(material)


def parts(*items: str | int | bytes) -> bytes:
    """Encode a label and what it is about; text as UTF-8, integers in decimal."""
    return encode_parts([item if isinstance(item, bytes) else str(item).encode() for item in items])


def derive(root: bytes, length: int, *items: str | int | bytes) -> bytes:
    """Return the key of that name under ``root``."""
    return hkdf(root, parts(*items), length)


def tag_root(root: bytes) -> bytes:
    """Return what the tags of all keys under ``root`` are derived from.

    It outlives the root, so that a token of a destroyed key can be told from one that nobody knows.
    """
    return derive(root, ROOT_BYTES, "tag-root")


def key_tag(tags: bytes, items: Sequence[str | int | bytes]) -> bytes:
    """Return the public name of a key, from its `tag_root` and the list that the key itself is derived with."""
    return derive(tags, TAG_BYTES, "tag", *items)
