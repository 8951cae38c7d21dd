"""The parts of a zipped workbook, read so that no other reader of the archive can see others in it.

Readers of zip differ in what they make of an archive with two ends, of an entry that stands twice, or of a size that is
not the true one. Such an archive is refused, so that what is looked at here is what is read afterwards.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Part", "parts_of"]

_CHUNK: Final = 1 << 22
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_END_SIZE, _END_64_SIZE, _LOCATOR_SIZE = 22, 56, 20
_LOCAL_SIZE: Final = 30
_ENCRYPTED: Final = 0x1


@attrs.frozen
class Part:
    """One file of the archive."""

    name: str
    """In lower case, with ``/`` between folders, as the most lenient reader would compare it."""
    size: int
    packed_size: int
    _packed: memoryview
    _method: int

    def chunks(self) -> Iterator[bytes]:
        """Yield what is in it, a few megabytes at a time.

        Raises:
            FormatError: It unpacks to another size than the archive says, or not at all.
        """
        length = 0
        for chunk in self._unpacked():
            length += len(chunk)
            if length > self.size:
                break
            yield chunk
        if length != self.size:
            raise _broken("a part is not as long as it is said to be")

    def _unpacked(self) -> Iterator[bytes]:
        if self._method == zipfile.ZIP_STORED:
            for start in range(0, len(self._packed), _CHUNK):
                yield bytes(self._packed[start : start + _CHUNK])
            return
        unpacker, waiting = zlib.decompressobj(-zlib.MAX_WBITS), bytes(self._packed)
        while waiting and not unpacker.eof:
            try:
                chunk = unpacker.decompress(waiting, _CHUNK)
            except zlib.error as error:
                raise _broken("a part does not unpack") from error
            waiting = unpacker.unconsumed_tail
            if chunk:
                yield chunk
        while not unpacker.eof and (chunk := unpacker.decompress(b"", _CHUNK)):
            yield chunk


def parts_of(content: bytes) -> list[Part]:
    """Return the parts of a zip archive.

    Raises:
        FormatError: Not an archive that all readers understand alike.
    """
    _check_end(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise _broken("the archive is damaged") from error
    parts = [_part(content, entry) for entry in entries if not entry.is_dir()]
    if len({part.name for part in parts}) != len(parts):
        raise _broken("two parts have one name")
    return parts


def _broken(why: str) -> FormatError:
    return FormatError(f"not a workbook that can be read ({why})")


def _check_end(content: bytes) -> None:
    """Refuse an archive whose end, or whose directory, can be looked for in two places."""
    at = content.rfind(_END)
    if at < 0 or len(content) < at + _END_SIZE:
        raise _broken("the archive has no end")
    size, offset, comment = struct.unpack_from("<IIH", content, at + 12)
    locator = at - _LOCATOR_SIZE
    directory_end = at
    if content[max(locator, 0) : at].startswith(_LOCATOR_64):
        directory_end = locator - _END_64_SIZE
        if content[max(directory_end, 0) : locator][:4] != _END_64:
            raise _broken("the archive has two ends")
        size, offset = struct.unpack_from("<QQ", content, directory_end + 40)
        if struct.unpack_from("<Q", content, locator + 8)[0] != directory_end:
            raise _broken("the archive has two ends")
    if at + _END_SIZE + comment != len(content) or offset + size != directory_end:
        raise _broken("something stands before or behind the archive")


def _part(content: bytes, entry: zipfile.ZipInfo) -> Part:
    at = entry.header_offset
    if not content.startswith(b"PK\x03\x04", at) or at + _LOCAL_SIZE > len(content):
        raise _broken("the archive is damaged")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _broken("a part is encrypted or packed in an unusual way")
    start = at + _LOCAL_SIZE + sum(struct.unpack_from("<HH", content, at + 26))
    packed = memoryview(content)[start : start + entry.compress_size]
    name = entry.orig_filename.replace("\\", "/").lstrip("/").casefold()
    return Part(name, entry.file_size, entry.compress_size, packed, entry.compress_type)
