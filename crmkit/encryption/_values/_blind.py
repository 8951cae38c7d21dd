"""Terms of blind indexes: HMAC-SHA256 over normal forms, cut to the length that the index allows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crmkit._canonical import encode_parts
from crmkit.encryption._fields._index import STRETCH_ITERATIONS, STRETCH_KIB, UNIQUE_BITS
from crmkit.encryption._keys._derive import derive
from crmkit.encryption._keys._secret import Unpicklable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._fields._index import Index, IndexTerm
    from crmkit.encryption._keys._keyset import Keyset

_WORD = 8
_LENGTHS = tuple(size.to_bytes(_WORD, "big") for size in range(512))


class BlindIndex:
    """One index of one field under its keys; writes with the active key, looks up with all of them."""

    __slots__ = ("_country", "_keys", "_normalizer", "_single", "index")

    def __init__(self, field: Field, index: Index, keyset: Keyset) -> None:
        self.index = index
        self._normalizer = index.normalizer or field.normalizer
        self._country = field.country if self._normalizer == "e164-v1" else None
        own = field.name.rpartition(".")[2]
        scheme = index.scheme(self._normalizer, self._country)
        items = (keyset.tenant, field.table, own, index.name, scheme)
        newest_first = sorted(keyset.of("index"), key=lambda key: -key.version)
        self._keys = [_IndexKey.of(key.reveal(), items) for key in newest_first if key.state != "destroyed"]
        # Most indexes have one partition and one form a value: what is the same for all of them is digested once.
        self._single = self._keys[0].mac.copy()
        self._single.update((2).to_bytes(_WORD, "big") + (1).to_bytes(_WORD, "big") + b"0")

    def forms(self, value: object) -> list[list[str]]:
        """Return the normal forms that terms are computed over."""
        return self.index.forms(value, self._normalizer, self._country)

    def write(self, value: object) -> IndexTerm | list[IndexTerm] | None:
        """Return what goes into the index column: a term, or for ``tokens`` a list of them."""
        if value is None:
            return None
        return self._write(self._ready(self._keys[0], self.forms(value)))

    def _write(self, ready: list[list[bytes]]) -> IndexTerm | list[IndexTerm]:
        terms = [self._term(self._keys[0].mac, self._partition(), form) for form in ready]
        return terms if self.index.kind == "tokens" else terms[0]

    def _ready(self, key: _IndexKey, forms: list[list[str]]) -> list[list[bytes]]:
        """Return forms as the octets that are digested; for a stretched index what Argon2id makes of them."""
        octets = [[part.encode() for part in form] for form in forms]
        return [[key.stretched(encode_parts(form))] for form in octets] if self.index.stretch else octets

    def write_texts(self, texts: Iterable[str]) -> list[IndexTerm]:
        """Return the terms of normal forms of one text each, for an index with one partition."""
        copy, ready = self._single.copy, len(_LENGTHS)
        digests = []
        for data in map(str.encode, texts):
            size = len(data)
            running = copy()
            running.update((_LENGTHS[size] if size < ready else size.to_bytes(_WORD, "big")) + data)
            digests.append(running.finalize())
        if not digests:
            return []
        whole = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32)
        if self.index.bits == UNIQUE_BITS:
            return list(whole[:, :16].tobytes().hex("\n", 16).split("\n"))
        first = np.frombuffer(whole[:, :8].tobytes(), dtype=">u8")
        return list((first >> (64 - self.index.bits)).tolist())

    def write_many(self, keys: Sequence[Any], forms: Mapping[Any, list[list[str]]]) -> list[Any]:
        """Return what goes into the index column for each key; ``forms`` has the normal forms of each distinct one."""
        if self.index.partitions > 1 or self.index.stretch or self.index.kind in {"tokens", "compound"}:
            ready = {key: self._ready(self._keys[0], form) for key, form in forms.items()}
            return [None if key is None else self._write(ready[key]) for key in keys]
        terms: dict[Any, Any] = dict(zip(forms, self.write_texts(form[0][0] for form in forms.values()), strict=True))
        terms[None] = None
        return [terms[key] for key in keys]

    def terms(self, value: object) -> list[IndexTerm]:
        """Return every term that rows with the value may hold, for ``IN``; for ``tokens`` those of all its words."""
        if value is None:
            return []
        forms = self.forms(value)
        return [
            self._term(key.mac, partition, form)
            for key in self._keys
            for form in self._ready(key, forms)
            for partition in range(self.index.partitions)
        ]

    def _partition(self) -> int:
        # A power of two, so that the lowest bits of an octet are spread evenly.
        return os.urandom(1)[0] & (self.index.partitions - 1) if self.index.partitions > 1 else 0

    def _term(self, mac: HMAC, partition: int, form: list[bytes]) -> IndexTerm:
        running = mac.copy()
        running.update(encode_parts([b"%d" % partition, *form]))
        digest = running.finalize()
        bits = self.index.bits
        if bits == UNIQUE_BITS:
            return digest[:16].hex()
        return int.from_bytes(digest[:8], "big") >> (64 - bits)


class _IndexKey(Unpicklable):
    """One key of an index; no attrs class, because those are written out by serializers."""

    __slots__ = ("mac", "salt")

    def __init__(self, mac: HMAC, salt: bytes) -> None:
        self.mac = mac
        self.salt = salt

    @classmethod
    def of(cls, root: bytes, items: tuple[str, ...]) -> _IndexKey:
        return cls(HMAC(derive(root, 32, "index", *items), SHA256()), derive(root, 16, "index-salt", *items))

    def stretched(self, data: bytes) -> bytes:
        """Return what a guess costs some milliseconds to find.

        Source:
            RFC 9106; memory and passes as the blind_index gem has them.
        """
        kdf = Argon2id(salt=self.salt, length=32, iterations=STRETCH_ITERATIONS, lanes=1, memory_cost=STRETCH_KIB)
        return kdf.derive(data)
