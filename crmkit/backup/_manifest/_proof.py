"""Proving one file of a backup: its line of the manifest and a path of hashes, without the other lines."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit._merkle import HASH_BYTES, Tree, leaf_hash, verify_inclusion
from crmkit.backup._tree._files import open_regular
from crmkit.backup._tree._hashing import ChangedError, Reader, ReadError
from crmkit.backup._tree._paths import shown
from crmkit.errors import FixityError, FormatError, IntegrityError, ManifestError, NotFoundError

from ._entry import Entry, parse_entry
from ._file import MANIFEST, STATEMENT, scan
from ._lines import Limits, blocks
from ._statement import parse_statement, read_envelope, require_trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Verifier

FORMAT: Final = "crmkit-proof/1"


@attrs.frozen(kw_only=True)
class FileProof:
    """Proof that a backup holds a file; about 1 kB, and worth nothing before `check_proof`.

    Attributes:
        line: The file's line of the manifest.
        index: Which line it is, from 0, the header.
        lines: Number of lines under the root.
        chunk_size: Bytes a chunk; a wrong one only makes the proof fail.
        hashes: The path from the line to the root, lowest first.

    .. versionadded:: 0.1.0
    """

    line: bytes = attrs.field(repr=False)
    index: int
    lines: int
    chunk_size: int
    hashes: tuple[bytes, ...] = attrs.field(repr=False)

    def to_json(self) -> str:
        """Return the proof as one line of ``crmkit-json/1``."""
        said = {"format": FORMAT, "line": self.line.decode(), "index": self.index, "lines": self.lines}
        hashes = [base64.b64encode(value).decode() for value in self.hashes]
        return json_bytes({**said, "chunk_size": self.chunk_size, "hashes": hashes}).decode()

    @classmethod
    def from_json(cls, text: str) -> FileProof:
        """Read what `to_json` gave.

        Raises:
            FormatError: It is something else.
        """
        said: Any = parse_json(text.encode())
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise FormatError(f"not a proof of {FORMAT}")
        numbers = ("index", "lines", "chunk_size")
        hashes = said.get("hashes")
        if set(said) != {"format", "line", "hashes", *numbers} or not isinstance(said["line"], str):
            raise FormatError(f"not a proof of {FORMAT}")
        if any(type(said[name]) is not int for name in numbers) or not isinstance(hashes, list) or len(hashes) > 64:
            raise FormatError(f"not a proof of {FORMAT}")
        try:
            path = tuple(base64.b64decode(value, validate=True) for value in hashes)
        except (TypeError, ValueError, binascii.Error):
            path = (b"",)
        if any(len(value) != HASH_BYTES for value in path):
            raise FormatError("a hash of the proof is not 32 bytes in base64")
        return cls(line=said["line"].encode(), hashes=path, **{name: said[name] for name in numbers})


def prove(meta: str | os.PathLike[str], path: str | bytes) -> FileProof:
    """Take the proof of one file out of a backup's manifest, for somebody who gets only the file and the statement.

    Args:
        meta: Folder with the manifest.
        path: The file's path, or that of a folder or link, as the manifest has it.

    Raises:
        NotFoundError: The manifest has no such path.
        ManifestError: The manifest is malformed.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import Header, SigningKey, create, sign
        >>> dump = pathlib.Path(tempfile.mkdtemp()) / "dump"
        >>> dump.mkdir()
        >>> _ = (dump / "contacts.csv").write_text("id")
        >>> made, key = create(dump, Header(set="crm")), SigningKey.generate()
        >>> _ = sign(made, key, seq=1)
        >>> proof = prove(made.folder, "contacts.csv")
        >>> check_proof(proof, made.folder, keys=[key.public], file=dump / "contacts.csv")
        'contacts.csv'

    Note:
        Memory is 64 bytes a line of the manifest.

    .. versionadded:: 0.1.0
    """
    wanted = os.fsencode(path)
    place = Path(meta) / MANIFEST
    scanned = scan(place)
    tree, found = Tree(), None
    with open_regular(place) as stream:
        for block in blocks(stream, place.name, Limits()):
            for line in block.lines:
                if tree.size == scanned.lines:
                    break
                if 0 < tree.size <= scanned.entries and _path_of(line, scanned.header.chunk_size) == wanted:
                    found = tree.size, line
                tree.append(leaf_hash(line))
    if tree.root().hex() != scanned.root:
        raise ManifestError("it changed while it was read", location=MANIFEST)
    if found is None:
        raise NotFoundError("the manifest has no such path")
    return FileProof(
        line=found[1],
        index=found[0],
        lines=tree.size,
        chunk_size=scanned.header.chunk_size,
        hashes=tuple(tree.inclusion_proof(found[0])),
    )


def _path_of(line: bytes, chunk: int) -> bytes:
    return parse_entry(line, chunk=chunk).path


def check_proof(
    proof: FileProof,
    statement: str | os.PathLike[str],
    *,
    keys: Sequence[Verifier],
    file: str | os.PathLike[str] | None = None,
) -> str:
    """Check that a signed backup holds what the proof says, and that a file at hand is it.

    Args:
        proof: What `prove` gave.
        statement: The backup's ``statement.json``, or the folder that it is in; the manifest is not needed.
        keys: Public keys that you trust.
        file: The file; without one only its entry is proved, and nothing is said of content.

    Returns:
        The path under which the backup holds it.

    Raises:
        IntegrityError: The statement is not signed by a trusted key, or the proof is not of its manifest.
        FixityError: The file is not the one that is proved, or the entry is no file.
        ManifestError: Statement or line is malformed.
        InvalidValueError: One of ``keys`` is no public key.
        OSError: Something cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import Header, SigningKey, create, sign
        >>> dump = pathlib.Path(tempfile.mkdtemp()) / "dump"
        >>> dump.mkdir()
        >>> _ = (dump / "contacts.csv").write_text("id")
        >>> made, key = create(dump, Header(set="crm")), SigningKey.generate()
        >>> _ = sign(made, key, seq=1)
        >>> proof = prove(made.folder, "contacts.csv")
        >>> check_proof(FileProof.from_json(proof.to_json()), made.folder, keys=[key.public])
        'contacts.csv'

    .. versionadded:: 0.1.0
    """
    place = Path(statement)
    envelope = read_envelope(place / STATEMENT if place.is_dir() else place)
    require_trusted(envelope, keys)
    said = parse_statement(envelope.payload)
    if proof.lines != said.lines:
        raise IntegrityError("the proof is of a manifest of another length")
    verify_inclusion(leaf_hash(proof.line), proof.index, said.lines, proof.hashes, bytes.fromhex(said.root))
    if not 4096 <= proof.chunk_size <= 1 << 30:
        raise IntegrityError("the proof has no chunk size that a manifest may have")
    entry = parse_entry(proof.line, chunk=proof.chunk_size)
    if file is not None:
        _same(entry, proof.chunk_size, os.fspath(file))
    return shown(entry.path)


def _same(entry: Entry, chunk: int, file: str) -> None:
    place = shown(entry.path)
    if entry.type != "file":
        raise FixityError("what is proved is no file", location=place)
    try:
        read = Reader(chunk).hash(file)
    except ReadError as error:
        raise OSError(error.errno, error.reason, file) from None
    except ChangedError:
        raise FixityError("it changed while it was read", location=place) from None
    if (read.size, read.digest) != (entry.size, entry.digest):
        raise FixityError("the file is not the one that the backup holds", location=place)
