"""CRC-32C (Castagnoli), fast without a compiled library: many lanes at once, put together by shifting.

PostgreSQL's manifests write it with its octets in little-endian order, as `Crc32c.hexdigest` does.

Source:
    RFC 3720 appendix B.4; combination as in zlib's ``crc32_combine``.
"""

from __future__ import annotations

import functools
from typing import Any, Final

_POLYNOMIAL: Final = 0x82F63B78
_LANES: Final = 2048
_LANE: Final = 256
_ALL: Final = 0xFFFFFFFF


@functools.cache
def _table() -> list[int]:
    table = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


def _plain(data: bytes, register: int) -> int:
    table = _table()
    for octet in data:
        register = (register >> 8) ^ table[(register ^ octet) & 255]
    return register


def _apply(matrix: list[int], vector: int) -> int:
    total = 0
    bit = 0
    while vector:
        if vector & 1:
            total ^= matrix[bit]
        vector >>= 1
        bit += 1
    return total


@functools.cache
def _zeros(count: int) -> tuple[int, ...]:
    """Return the matrix that sends a register through ``count`` zero octets; a power of two."""
    if count == 1:
        return tuple(_plain(b"\x00", 1 << bit) for bit in range(32))
    half = list(_zeros(count // 2))
    return tuple(_apply(half, column) for column in half)


def _shift(register: int, count: int) -> int:
    power = 1
    while count:
        if count & 1:
            register = _apply(list(_zeros(power)), register)
        count >>= 1
        power *= 2
    return register


def _lanes(block: bytes, np: Any) -> int:
    """Return what a register of zero becomes over a block of all lanes."""
    table = np.asarray(_table(), dtype=np.uint32)
    octets = np.frombuffer(block, dtype=np.uint8).reshape(_LANES, _LANE).T.copy()
    registers = np.zeros(_LANES, dtype=np.uint32)
    for column in octets:
        registers = (registers >> 8) ^ table[(registers ^ column) & 255]
    width = _LANE
    while len(registers) > 1:
        left, right = registers[::2], registers[1::2]
        moved = np.zeros(len(left), dtype=np.uint32)
        for bit, column in enumerate(_zeros(width)):
            moved ^= ((left >> np.uint32(bit)) & 1) * np.uint32(column)
        registers = moved ^ right
        width *= 2
    return int(registers[0])


class Crc32c:
    """A running CRC-32C, with the methods of hashlib's objects."""

    def __init__(self) -> None:
        self._register = _ALL
        self._held = b""

    def update(self, data: bytes, /) -> None:
        """Take more octets."""
        import numpy as np

        size = _LANES * _LANE
        data = self._held + data
        at = 0
        while len(data) - at >= size:
            block = data[at : at + size]
            self._register = _shift(self._register, size) ^ _lanes(block, np)
            at += size
        self._held = data[at:]

    def value(self) -> int:
        """Return the checksum of what was taken so far."""
        return _plain(self._held, self._register) ^ _ALL

    def hexdigest(self) -> str:
        """Return it as PostgreSQL writes it: four octets, lowest first."""
        return self.value().to_bytes(4, "little").hex()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of octets.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'

    Source:
        RFC 3720 appendix B.4.

    .. versionadded:: 0.1.0
    """
    running = Crc32c()
    running.update(data)
    return running.value()
