"""Terms of blind indexes: HMAC-SHA256 over normal forms, cut to the length that the index allows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from ._derive import derive
from ._index import UNIQUE_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._field import Field
    from ._index import Index, IndexTerm
    from ._keyset import Keyset

_WORD = 8
_LENGTHS = tuple(size.to_bytes(_WORD, "big") for size in range(512))


class BlindIndex:
    """One index of one field under its keys; writes with the active key, looks up with all of them."""

    __slots__ = ("_country", "_macs", "_normalizer", "_single", "index")

    def __init__(self, field: Field, index: Index, keyset: Keyset) -> None:
        self.index = index
        self._normalizer = index.normalizer or field.normalizer
        self._country = field.country if self._normalizer == "e164-v1" else None
        scheme = index.scheme(self._normalizer, self._country)
        keys = sorted(keyset.of("index"), key=lambda key: -key.version)
        own = field.name.rpartition(".")[2]
        self._macs = [
            HMAC(derive(key.reveal(), 32, "index", keyset.tenant, field.table, own, index.name, scheme), SHA256())
            for key in keys
            if key.state != "destroyed"
        ]
        # Most indexes have one partition and one form a value: what is the same for all of them is digested once.
        self._single = self._macs[0].copy()
        self._single.update((2).to_bytes(_WORD, "big") + (1).to_bytes(_WORD, "big") + b"0")

    def forms(self, value: object) -> list[list[str]]:
        """Return the normal forms that terms are computed over."""
        return self.index.forms(value, self._normalizer, self._country)

    def write(self, value: object) -> IndexTerm | list[IndexTerm] | None:
        """Return what goes into the index column: a term, or for ``tokens`` a list of them."""
        if value is None:
            return None
        return self.write_forms(self.forms(value))

    def write_forms(self, forms: list[list[str]]) -> IndexTerm | list[IndexTerm]:
        """Return what goes into the index column for normal forms."""
        terms = [self._term(self._macs[0], self._partition(), form) for form in forms]
        return terms if self.index.kind == "tokens" else terms[0]

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
        if self.index.partitions > 1 or self.index.kind in {"tokens", "compound"}:
            return [None if key is None else self.write_forms(forms[key]) for key in keys]
        terms: dict[Any, Any] = dict(zip(forms, self.write_texts(form[0][0] for form in forms.values()), strict=True))
        terms[None] = None
        return [terms[key] for key in keys]

    def terms(self, value: object) -> list[IndexTerm]:
        """Return every term that rows with the value may hold, for ``IN``; for ``tokens`` those of all its words."""
        if value is None:
            return []
        return [
            self._term(mac, partition, form)
            for mac in self._macs
            for form in self.forms(value)
            for partition in range(self.index.partitions)
        ]

    def _partition(self) -> int:
        # A power of two, so that the lowest bits of an octet are spread evenly.
        return os.urandom(1)[0] & (self.index.partitions - 1) if self.index.partitions > 1 else 0

    def _term(self, mac: Any, partition: int, form: list[str]) -> IndexTerm:
        number = b"%d" % partition
        pieces = [(len(form) + 1).to_bytes(_WORD, "big"), len(number).to_bytes(_WORD, "big"), number]
        for part in form:
            data = part.encode()
            pieces += (len(data).to_bytes(_WORD, "big"), data)
        running = mac.copy()
        running.update(b"".join(pieces))
        digest = running.finalize()
        bits = self.index.bits
        if bits == UNIQUE_BITS:
            return str(digest[:16].hex())
        return int.from_bytes(digest[:8], "big") >> (64 - bits)
