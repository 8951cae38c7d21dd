"""The keys of one tenant, and the file that holds them sealed: ``crmkit-keyset/1``."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs
from cryptography.exceptions import InvalidTag

from crmkit._canonical import json_bytes, parse_json
from crmkit.errors import FormatError, IntegrityError, NotFoundError, RefusedError

from ._aead import siv
from ._derive import ROOT_BYTES, derive, parts, tag_root
from ._secret import SecretKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Purpose: TypeAlias = Literal["data", "index", "subject"]
"""What the keys of one kind are for; no key has two purposes."""

KeyState: TypeAlias = Literal["active", "read-only", "destroyed"]
"""``active`` writes and reads, ``read-only`` reads, of ``destroyed`` only the public tag is left."""

FORMAT: Final = "crmkit-keyset/1"
PURPOSES: Final[tuple[Purpose, ...]] = ("data", "index", "subject")


@attrs.frozen
class Key:
    """One root key; field keys, index keys and the rest are derived from it."""

    purpose: Purpose
    version: int
    state: KeyState
    created_at: str
    tags: bytes = attrs.field(repr=False)
    material: SecretKey | None = attrs.field(repr=False)

    @classmethod
    def new(cls, purpose: Purpose, version: int, now: datetime) -> Key:
        """Make a random active key."""
        material = os.urandom(ROOT_BYTES)
        return cls(purpose, version, "active", _stamp(now), tag_root(material), SecretKey(material))

    def reveal(self) -> bytes:
        """Return the octets of the root.

        Raises:
            RefusedError: The key was destroyed.
        """
        if self.material is None:
            raise RefusedError(f"{self.purpose} key {self.version} was destroyed", rule="destroyed")
        return self.material.reveal()

    def described(self) -> dict[str, object]:
        material = None if self.material is None else base64.b64encode(self.reveal()).decode("ascii")
        return {
            "purpose": self.purpose, "version": self.version, "state": self.state, "created_at": self.created_at,
            "tags": base64.b64encode(self.tags).decode("ascii"), "material": material,
        }  # fmt: skip

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Key:
        material = None if said["material"] is None else SecretKey(base64.b64decode(said["material"], validate=True))
        tags = base64.b64decode(said["tags"], validate=True)
        if (material is None) != (said["state"] == "destroyed") or (
            material is not None and tag_root(material.reveal()) != tags
        ):
            raise ValueError
        return cls(said["purpose"], said["version"], said["state"], said["created_at"], tags, material)


@attrs.frozen
class Keyset:
    """All keys of one tenant at one generation."""

    tenant: str
    generation: int
    keys: tuple[Key, ...]

    @classmethod
    def new(cls, tenant: str, now: datetime) -> Keyset:
        """Make a keyset with one active key for each purpose."""
        if not tenant or not tenant.isprintable():
            raise RefusedError("a tenant has a printable name; leave it out where there is only one", rule="tenant")
        return cls(tenant, 1, tuple(Key.new(purpose, 1, now) for purpose in PURPOSES))

    def of(self, purpose: Purpose) -> tuple[Key, ...]:
        """Return the keys of a purpose, oldest first."""
        if purpose not in PURPOSES:
            raise NotFoundError.of("purpose", purpose, PURPOSES)
        return tuple(key for key in self.keys if key.purpose == purpose)

    def active(self, purpose: Purpose) -> Key:
        """Return the key that writes."""
        return next(key for key in self.of(purpose) if key.state == "active")

    def key(self, purpose: Purpose, version: int) -> Key:
        """Return one key, or raise `NotFoundError`."""
        for key in self.of(purpose):
            if key.version == version:
                return key
        raise NotFoundError(f"the keyset has no {purpose} key of version {version}", name=str(version))

    def rotated(self, purpose: Purpose, now: datetime) -> Keyset:
        """Return the next generation, with a new key that writes."""
        fresh = Key.new(purpose, max(key.version for key in self.of(purpose)) + 1, now)
        kept = (
            attrs.evolve(key, state="read-only") if key.purpose == purpose and key.state == "active" else key
            for key in self.keys
        )
        return Keyset(self.tenant, self.generation + 1, (*kept, fresh))

    def without(self, purpose: Purpose, version: int) -> Keyset:
        """Return the next generation, in which one key is destroyed; the active one cannot be."""
        gone = self.key(purpose, version)
        if gone.state != "read-only":
            raise RefusedError(
                f"{purpose} key {version} is {gone.state}; only a read-only key can be destroyed", rule="key_in_use"
            )
        keys = (attrs.evolve(key, state="destroyed", material=None) if key is gone else key for key in self.keys)
        return Keyset(self.tenant, self.generation + 1, tuple(keys))

    def next(self) -> Keyset:
        """Return the same keys under the next generation, to be wrapped anew."""
        return attrs.evolve(self, generation=self.generation + 1)

    def seal(self, keyset_key: bytes) -> bytes:
        """Encrypt the keys under the random key that a wrapper then wraps."""
        text = json_bytes({"keys": [key.described() for key in self.keys]})
        sealer = siv(derive(keyset_key, 64, "keyset", self.tenant, self.generation))
        return sealer.encrypt(text, [parts(FORMAT, self.tenant, self.generation)])

    @classmethod
    def open(cls, sealed: bytes, keyset_key: bytes, *, tenant: str, generation: int, place: str) -> Keyset:
        """Undo `seal`.

        Raises:
            IntegrityError: The file was changed, or parts of two were put together.
        """
        try:
            sealer = siv(derive(keyset_key, 64, "keyset", tenant, generation))
            text = sealer.decrypt(sealed, [parts(FORMAT, tenant, generation)])
            said: Any = parse_json(text)
            return cls(tenant, generation, tuple(map(Key.read, said["keys"])))
        except (InvalidTag, FormatError, KeyError, TypeError, ValueError):
            pass  # and raise outside: an error of JSON holds the document, and that the keys
        raise IntegrityError("the keyset was changed, or is of another tenant or generation", location=place)


def _stamp(now: datetime) -> str:
    if now.tzinfo is None:
        raise ValueError("the clock gives a naive moment; give an aware one, such as datetime.now(UTC)")
    return now.isoformat(timespec="seconds")


@attrs.frozen
class Envelope:
    """What the file says in the clear: whose keys, which generation, and who can unwrap them."""

    tenant: str
    generation: int
    wrapped: tuple[tuple[str, bytes], ...]
    """Pairs of a wrapping key's uri and the keyset key that it wrapped."""
    sealed: bytes

    def to_bytes(self) -> bytes:
        wrapped = [{"uri": uri, "key": base64.b64encode(blob).decode("ascii")} for uri, blob in self.wrapped]
        return json_bytes(
            {
                "format": FORMAT, "tenant": self.tenant, "generation": self.generation, "wrapped": wrapped,
                "sealed": base64.b64encode(self.sealed).decode("ascii"),
            }
        )  # fmt: skip

    @classmethod
    def read(cls, data: bytes, place: str) -> Envelope:
        """Read a keyset file, or raise `FormatError`."""
        try:
            said: Any = parse_json(data)
            wrapped = tuple((str(one["uri"]), _b64(one["key"])) for one in said["wrapped"])
            made = cls(said["tenant"], said["generation"], wrapped, _b64(said["sealed"]))
            right = said["format"] == FORMAT and type(made.generation) is int and type(made.tenant) is str
        except (FormatError, KeyError, TypeError, ValueError):
            right = False
        if not right:
            raise FormatError(f"not a {FORMAT} file", location=place)
        return made


def _b64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
