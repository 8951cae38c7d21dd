"""One file that holds a document and arrays, mapped when it is read; a cut or changed file is refused.

Layout (``docs/reference/formats.md``): a marker line, the length of the header as eight digits of hexadecimal and its
BLAKE2b digest, the header as JSON, then the arrays as they are in memory, little-endian, each at a multiple of 64.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit._disk import replacing
from crmkit.errors import FixityError, FormatError

from ._vocabulary import buffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = ["FORMAT", "read_index", "write_index"]

FORMAT = "crmkit-match-index/1"

_MARKER = b"crmkit-match-index/"
_FIRST = f"{FORMAT}\n".encode()
_DIGEST = 16
_ALIGNED = 64
_CHUNK = 1 << 22
_TYPES = {"|u1", "<i4", "<i8", "<u8", "<f8"}


def _digest(data: bytes | memoryview, zeros: int = 0) -> str:
    """Return the digest of bytes, and of so many zeros behind them."""
    found = hashlib.blake2b(digest_size=_DIGEST)
    for start in range(0, len(data), _CHUNK):
        found.update(data[start : start + _CHUNK])
    found.update(b"\0" * zeros)
    return found.hexdigest()


def write_index(path: str | os.PathLike[str], document: Mapping[str, object], arrays: Arrays) -> None:
    """Write an index; the file is whole or not there, and only its owner may read it."""
    target = Path(path)
    entries, offset = [], 0
    for name, array in arrays.items():
        plain = np.ascontiguousarray(array)
        dtype = plain.dtype.newbyteorder("<").str
        entries.append(
            {
                "name": name,
                "dtype": dtype,
                "shape": list(plain.shape),
                "offset": offset,
                "digest": _digest(buffer(plain.reshape(-1)).cast("B") if plain.size else b"", -plain.nbytes % _ALIGNED),
            }
        )
        offset += -(-plain.nbytes // _ALIGNED) * _ALIGNED
    header = json.dumps({"document": document, "arrays": entries, "bytes": offset}, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    head = _FIRST + f"{len(header):016x} {_digest(header)}\n".encode() + header
    with replacing(target, private=True) as file:
        file.write(head)
        file.write(b"\0" * (-len(head) % _ALIGNED))
        for array in arrays.values():
            plain = np.ascontiguousarray(array)
            plain.astype(plain.dtype.newbyteorder("<"), copy=False).tofile(file)
            file.write(b"\0" * (-plain.nbytes % _ALIGNED))


def read_index(path: str | os.PathLike[str], *, verify: bool = True) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read an index; arrays are mapped, not loaded.

    Raises:
        FormatError: Not an index, or one of another version.
        FixityError: The file was cut or changed since it was written.
    """
    name = Path(path).name
    with Path(path).open("rb") as file:
        first = file.readline(64)
        if first != _FIRST:
            if first.startswith(_MARKER):
                raise FormatError("an index of another version; build it again", location=name)
            raise FormatError("not an index of crmkit.matching", location=name)
        told = file.readline(64)
        size, digest = _told(told, name)
        header = file.read(size)
        start = len(first) + len(told) + size
        padding = file.read(-start % _ALIGNED)
        start += len(padding)
        if padding.strip(b"\0"):
            raise FixityError("the header of the index was changed; build it again", location=name)
        if len(header) != size or _digest(header) != digest:
            raise FixityError("the header of the index was cut or changed; build it again", location=name)
        content = json.loads(header.decode("utf-8", "surrogatepass"))
        actual = file.seek(0, os.SEEK_END)
    if actual != start + content["bytes"]:
        raise FixityError("the index was cut or something was put behind it; build it again", location=name)
    whole = np.memmap(path, dtype=np.uint8, mode="r") if content["bytes"] else np.empty(0, dtype=np.uint8)
    arrays = {}
    for entry in content["arrays"]:
        arrays[entry["name"]] = _array(entry, whole, start, verify=verify, name=name)
    return content["document"], arrays


def _told(line: bytes, name: str) -> tuple[int, str]:
    try:
        size, digest = line.decode("ascii").split()
        return int(size, 16), digest
    except ValueError:
        raise FixityError("the head of the index was cut or changed; build it again", location=name) from None


def _array(entry: Mapping[str, Any], whole: NDArray[np.uint8], start: int, *, verify: bool, name: str) -> NDArray[Any]:
    if entry["dtype"] not in _TYPES:
        raise FormatError("an array of a type that this version does not know", location=name)
    dtype = np.dtype(entry["dtype"])
    size = int(np.prod(entry["shape"], dtype=np.int64)) * dtype.itemsize
    place = start + entry["offset"]
    part = whole[place : place + size]
    padded = whole[place : place + size + -size % _ALIGNED]
    if verify and _digest(buffer(padded) if size else b"") != entry["digest"]:
        raise FixityError(f"array {entry['name']!r} of the index was changed; build it again", location=name)
    found: NDArray[Any] = np.asarray(part).view(dtype).reshape(entry["shape"])
    return found if found.dtype.isnative else found.astype(dtype.newbyteorder("="))
