"""Exports and backups as encrypted files: streamed, bound to what they are, and complete or not there at all."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from crmkit._disk import replacing
from crmkit.errors import (
    DecryptionError,
    FormatError,
    InvalidValueError,
    KeyDestroyedError,
    RefusedError,
    UnknownKeyError,
)

from ._keys._derive import TAG_BYTES, derive, key_tag, parts
from ._keys._secret import SecretKey, Unpicklable

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from ._boxes._keyring import Keyring
    from ._keys._keyset import Keyset

MARKER: Final = b"crmkit-file/1\n"
BLOCK: Final = 1 << 20
_HEADER_BYTES: Final = len(MARKER) + TAG_BYTES


def _check_ring(ring: object) -> None:
    if not hasattr(ring, "keyset"):
        raise InvalidValueError(
            f"the keyring comes first, not a {type(ring).__name__}; then what is read, what is written"
        )


class _FileKey(Unpicklable):
    """The key of files, and the header that names it; no attrs class, because those are written out by serializers."""

    __slots__ = ("header", "key")

    def __init__(self, header: bytes, key: SecretKey | None) -> None:
        self.header = header
        self.key = key

    def reveal(self) -> bytes:
        if self.key is None:
            tag = self.header[len(MARKER) :].hex()
            raise KeyDestroyedError(f"the key {tag} of this file was destroyed", key_tag=tag)
        return self.key.reveal()


def seal_file(
    ring: Keyring,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    context: Mapping[str, str],
    overwrite: bool = False,
) -> None:
    """Encrypt a file.

    Args:
        ring: Whose key encrypts.
        source: The file; read a block at a time, so its size does not matter.
        target: Where the encrypted file goes; it appears complete or not at all.
        context: What the file is, such as ``{"kind": "export", "day": "2026-11-28"}``: it opens for the same only.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        RefusedError: The context is empty.
        FileExistsError: There is a file, and ``overwrite`` does not say that it may go.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from crmkit.encryption import Keyring, LocalKeyFile
        >>> folder = Path(tempfile.mkdtemp())
        >>> ring = Keyring.create(folder / "acme.keyset", wrapper=LocalKeyFile.create(folder / "kek.key"))
        >>> _ = (folder / "export.csv").write_text("id,email")
        >>> seal_file(ring, folder / "export.csv", folder / "export.csv.crm", context={"kind": "export"})
        >>> open_file(ring, folder / "export.csv.crm", folder / "again.csv", context={"kind": "export"})
        >>> (folder / "again.csv").read_text()
        'id,email'

    Source:
        C2SP chunked encryption (Cobblestone-256), as the library ``cryptography`` implements it.

    .. versionadded:: 0.1.0
    """
    _check_ring(ring)
    about = _context(context)
    own = _keys(ring.keyset)[ring.keyset.active("data").version]
    encryptor = Cobblestone256Encryptor(own.reveal(), parts("crmkit-file/1", own.header, ring.tenant, about))

    def write(stream: IO[bytes], out: IO[bytes]) -> None:
        out.write(own.header)
        while block := stream.read(BLOCK):
            out.write(encryptor.update(block))
        out.write(encryptor.finalize())

    _through(Path(source), Path(target), write, overwrite=overwrite)


def open_file(
    ring: Keyring,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    context: Mapping[str, str],
    overwrite: bool = False,
) -> None:
    """Decrypt a file that :func:`seal_file` made.

    The plaintext gets its name only once the last block was authentic; a cut or changed file leaves nothing behind.

    Args:
        ring: Whose key decrypts.
        source: The encrypted file.
        target: Where the plaintext goes, readable by its owner only.
        context: What the file is, as it was sealed.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        FormatError: It is no such file.
        UnknownKeyError: No key of this ring made it.
        KeyDestroyedError: Its key was destroyed.
        DecryptionError: It was changed or cut, or the context is another.

    Example:
        >>> open_file.__name__  # the example of seal_file opens one
        'open_file'

    .. versionadded:: 0.1.0
    """
    _check_ring(ring)
    about = _context(context)

    def write(stream: IO[bytes], out: IO[bytes]) -> None:
        header = stream.read(_HEADER_BYTES)
        own = _find(ring.keyset, header, Path(source).name)
        decryptor = Cobblestone256Decryptor(own.reveal(), parts("crmkit-file/1", own.header, ring.tenant, about))
        try:
            while block := stream.read(BLOCK):
                out.write(decryptor.update(block))
            out.write(decryptor.finalize())
        except InvalidTag:
            raise DecryptionError("this file cannot be opened here") from None

    _through(Path(source), Path(target), write, overwrite=overwrite)


def _context(context: Mapping[str, str]) -> bytes:
    if not context:
        raise RefusedError("say what the file is: context={'kind': ...}", rule="context")
    if not all(type(part) is str for pair in context.items() for part in pair):
        raise RefusedError("the context of a file is text: 1 and '1' could not be told apart", rule="context")
    return parts(*(part for name in sorted(context) for part in (name, context[name])))


def _keys(keyset: Keyset) -> dict[int, _FileKey]:
    found = {}
    for key in keyset.of("data"):
        header = MARKER + key_tag(key.tags, ("file", keyset.tenant))
        own = None if key.state == "destroyed" else SecretKey(derive(key.reveal(), 32, "file", keyset.tenant))
        found[key.version] = _FileKey(header, own)
    return found


def _find(keyset: Keyset, header: bytes, place: str) -> _FileKey:
    if len(header) < _HEADER_BYTES or not header.startswith(MARKER):
        raise FormatError("not a crmkit-file/1", location=place)
    tag = header[len(MARKER) :].hex()
    for own in _keys(keyset).values():
        if own.header == header:
            return own
    raise UnknownKeyError(f"no key {tag} here; the file is of another keyring", key_tag=tag)


def _through(source: Path, target: Path, write: Callable[[IO[bytes], IO[bytes]], None], *, overwrite: bool) -> None:
    """Write a new file beside the target, and give it its name once it is complete and on disk."""
    if not overwrite and target.exists():
        raise FileExistsError(f"{target.name} is there already; say overwrite=True if it may go")
    with source.open("rb") as stream, replacing(target, private=True) as out:
        write(stream, out)
