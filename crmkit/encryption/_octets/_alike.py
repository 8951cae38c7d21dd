"""Octets and texts of one length, many at once: cut, put together and spelt without a call of Python for each.

Nothing here knows a key. What is computed over a column goes through numpy, which moves octets and computes nothing of
any cipher; what is odd in any way is left to the careful code that takes one value at a time.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from . import _token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEWEST: Final = 8
"""Of fewer of one length it is quicker to take each by itself."""
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_END, _STOP = 0x80, 0xFF
_STOP_TO_NUL: Final = bytes.maketrans(bytes([_STOP]), b"\0")


def groups(items: Sequence[Any]) -> Iterator[tuple[Sequence[int], Sequence[Any]]]:
    """Yield the places of items of each length and those items; what has no length at all is left out."""
    lengths = list(map(len, items))
    found = set(lengths)
    if len(found) == 1 and 0 not in found:
        yield range(len(items)), items
        return
    places: dict[int, list[int]] = {length: [] for length in sorted(found - {0})}
    for place, length in enumerate(lengths):
        if length:
            places[length].append(place)
    for several in places.values():
        yield several, [items[place] for place in several]


def cut(data: Any, size: int) -> list[bytes]:
    """Return octets in pieces of ``size``."""
    return list(np.frombuffer(data, dtype=f"V{size}").tolist())


def columns(data: Any, size: int, at: int) -> tuple[list[bytes], list[bytes]]:
    """Cut octets into pieces of ``size``, and each piece in two at ``at``."""
    table = np.frombuffer(data, dtype=np.uint8).reshape(-1, size)
    return cut(table[:, :at].tobytes(), at), cut(table[:, at:].tobytes(), size - at)


def beside(left: Any, left_size: int, right: Any, right_size: int) -> bytes:
    """Undo `columns`: put each piece of ``left`` before the one of ``right``."""
    one = np.frombuffer(left, dtype=np.uint8).reshape(-1, left_size)
    other = np.frombuffer(right, dtype=np.uint8).reshape(-1, right_size)
    return np.hstack((one, other)).tobytes()


def spell(prefix: str, bodies: bytes, count: int) -> list[str]:
    """Return the text tokens of bodies of one length that stand one behind the other."""
    size = len(bodies) // count
    table = np.zeros((count, size + -size % 3), dtype=np.uint8)
    table[:, :size] = np.frombuffer(bodies, dtype=np.uint8).reshape(count, size)
    spelt = np.frombuffer(binascii.b2a_base64(table.tobytes(), newline=False), dtype=np.uint8).reshape(count, -1)
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    chars = -(-size * 4 // 3)
    text = np.empty((count, len(head) + chars + 1), dtype=np.uint8)
    text[:, : len(head)] = head
    text[:, len(head) : -1] = spelt[:, :chars]
    text[:, -1] = ord("\n")
    return text.tobytes().translate(_TO_URL).decode("ascii").split("\n")[:-1]


def read(prefix: str, tokens: Sequence[str]) -> bytes | None:
    """Return the bodies of text tokens of one length, one behind the other.

    Returns:
        ``None`` unless every token begins with ``prefix`` and is in its one spelling.
    """
    count, skip = len(tokens), len(prefix)
    length = len(tokens[0]) - skip
    if length <= 0 or length % 4 == 1:
        return None
    try:
        data = "".join(tokens).encode("ascii")
    except UnicodeEncodeError:
        return None
    given = np.frombuffer(data, dtype=np.uint8).reshape(count, -1)
    if not (given[:, :skip] == np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)).all():
        return None
    text = np.full((count, length + -length % 4), ord("A"), dtype=np.uint8)
    text[:, :length] = given[:, skip:]
    try:
        # What is of another alphabet becomes something that no alphabet has, and the strict reader refuses it.
        raw = binascii.a2b_base64(text.tobytes().translate(_FROM_URL), strict_mode=True)
    except binascii.Error:
        return None
    table = np.frombuffer(raw, dtype=np.uint8).reshape(count, -1)
    size = length * 3 // 4
    if table[:, size:].any():  # unused bits are set
        return None
    return table[:, :size].tobytes()


def frames_of_texts(texts: Sequence[str], pads: Sequence[bytes]) -> list[bytes] | None:
    """Return the frames of texts.

    Args:
        texts: Text and nothing else.
        pads: What follows a text of 0, 1, 2, ... octets.

    Returns:
        ``None`` where one of them needs a closer look: longer, no UTF-8, with a NUL or the marker of tokens in it.
    """
    text = "s" + "\0s".join(texts)
    if _token.MARKER in text:
        return None
    try:
        data = text.encode().split(b"\0")
    except UnicodeEncodeError:
        return None
    if len(data) != len(texts) or max(map(len, data)) > len(pads):
        return None
    return [one + pads[len(one) - 1] for one in data]


def texts_of_frames(frames: Sequence[bytes]) -> list[str] | None:
    """Return the texts of authentic frames of one length.

    Returns:
        ``None`` where one of them needs a closer look: no text, or with a NUL in it.
    """
    table = np.frombuffer(bytearray().join(frames), dtype=np.uint8).reshape(len(frames), -1)
    held = table != 0
    rows, last = np.arange(len(frames)), table.shape[1] - 1 - held[:, ::-1].argmax(axis=1)
    shaped = (table[:, 0] == ord("s")).all() and (table[rows, last] == _END).all()
    if not shaped or not (np.count_nonzero(held, axis=1) == last + 1).all() or (table == _STOP).any():
        return None
    table[rows, last] = _STOP  # which UTF-8 never has; it becomes the NUL that no text here has
    try:
        text = table.tobytes().translate(_STOP_TO_NUL, b"\0").decode()
    except UnicodeDecodeError:
        return None
    return text[1:-1].split("\0s")
