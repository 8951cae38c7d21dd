"""The lines of a manifest: header, files, tables, footer; read strictly and written in one way only."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit.errors import FormatError, ManifestError, NotFoundError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.typing import JSONValue

FORMAT: Final = "crmkit-manifest/1"
BackupKind: TypeAlias = Literal["full", "incremental", "differential"]
KINDS: Final = ("full", "incremental", "differential")
FileType: TypeAlias = Literal["file", "dir", "symlink"]

HEX64: Final = re.compile(r"[0-9a-f]{64}")
_DECIMAL: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_PLAIN_PATH: Final = re.compile(rb'[^"\\\x00-\x1f\x7f]+')
_MODE: Final = re.compile(r"[0-7]{4}")
# Nearly every line: one octet sequence that is canonical by construction, so that no JSON has to be read and written.
_PLAIN_FILE: Final = re.compile(
    rb'\{"mode":"([0-7]{4})","mtime":"(0|-?[1-9][0-9]{0,18})","path":"([^"\\\x00-\x1f\x7f]+)"'
    rb'(?:,"root":"([0-9a-f]{64})")?(?:,"sha256":"([0-9a-f]{64})")?,"size":(0|[1-9][0-9]{0,14}),"type":"file"\}'
)


class Entry(NamedTuple):
    """One file, folder or symbolic link; `path` and `target` are the exact octets."""

    path: bytes
    type: FileType
    mode: int = 0o644
    mtime_ns: int = 0
    size: int = 0
    digest: bytes = b""
    """SHA-256, or the root over chunks where there is more than one; empty for all but files."""
    sha256: bytes | None = None
    """The flat digest, where it was taken too."""
    target: bytes | None = None


class TableEntry(NamedTuple):
    """What a manifest says of a table's rows; the bucket leaves stand in ``buckets.bin``."""

    name: str
    rows: int
    root: bytes
    buckets: int
    key: tuple[str, ...]
    schema: Mapping[str, Any]


def _identifier(_instance: object, attribute: attrs.Attribute[Any], value: str | None) -> None:
    if value is not None and (not value or len(value) > 200 or any(ord(character) < 32 for character in value)):
        raise SchemaError(f"{attribute.name} is 1 to 200 characters on one line")


def _patterns(given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):  # its letters would be patterns, and "*" of them ignores everything
        raise SchemaError("ignore is a list of patterns, not one text")
    return tuple(given)


@attrs.frozen(kw_only=True)
class Header:
    """What a backup is of; the first line of its manifest, and covered by the signature.

    Attributes:
        set: Name of the series of backups, such as ``"crm-prod"``.
        kind: ``"full"``, ``"incremental"`` or ``"differential"``; the last two need a parent.
        source: What identifies the system that was backed up, such as PostgreSQL's system identifier and database.
        schema: Fingerprint of the schema that the data had.
        ignore: Patterns of names that are no part of the backup; a pattern without ``/`` is for any folder.
        encryption: What the files are encrypted with, in words; ``None`` promises nothing.
        key_id: Which key they are encrypted with.
        parent: Backup id of the backup that this one builds on.
        parent_statement: SHA-256 of that backup's statement, 64 hexadecimal digits.
        backup_id: ULID; `create` gives one.
        created: ISO 8601 in UTC; `create` gives it.
        chunk_size: Bytes a chunk.
        tool: What wrote it.

    Example:
        >>> Header(set="crm-prod", source="7429@crm", ignore=("*.tmp",)).kind
        'full'

    .. versionadded:: 0.1.0
    """

    set: str = attrs.field(validator=_identifier)
    kind: BackupKind = "full"
    source: str | None = attrs.field(default=None, validator=_identifier)
    schema: str | None = attrs.field(default=None, validator=_identifier)
    ignore: tuple[str, ...] = attrs.field(default=(), converter=_patterns)
    encryption: str | None = attrs.field(default=None, validator=_identifier)
    key_id: str | None = attrs.field(default=None, validator=_identifier)
    parent: str | None = attrs.field(default=None, validator=_identifier)
    parent_statement: str | None = None
    backup_id: str | None = attrs.field(default=None, validator=_identifier)
    created: str | None = attrs.field(default=None, validator=_identifier)
    chunk_size: int = 1 << 20
    tool: str | None = attrs.field(default=None, validator=_identifier)

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise NotFoundError.of("kind of backup", self.kind, KINDS)
        if (self.kind == "full") != (self.parent is None):
            raise SchemaError("an incremental or differential backup has a parent, and a full one has none")
        if self.parent_statement is not None and not HEX64.fullmatch(self.parent_statement):
            raise SchemaError("parent_statement is 64 hexadecimal digits")
        if not 4096 <= self.chunk_size <= 1 << 30 or self.chunk_size & (self.chunk_size - 1):
            raise SchemaError("chunk_size is a power of two from 4 KiB to 1 GiB")

    def line(self) -> bytes:
        """Return the header's bytes without the line feed."""
        said = {name: value for name, value in attrs.asdict(self).items() if value is not None}
        return json_bytes({**said, "format": FORMAT, "hash": "sha256", "ignore": list(self.ignore)})


def parse_header(line: bytes) -> Header:
    """Read the first line of a manifest."""
    said = _object(line)
    if said.pop("format", None) != FORMAT:
        raise ManifestError(f"not a manifest of {FORMAT}")
    if said.pop("hash", None) != "sha256":
        raise ManifestError("the header names a hash other than sha256")
    known: dict[str, Any] = {field.name: field for field in attrs.fields(Header)}
    _only(said, known)
    for name, value in said.items():
        if name == "ignore":
            good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        else:
            good = type(value) is (int if name == "chunk_size" else str)
        if not good:
            raise ManifestError(f"{name!r} of the header is of another type")
    for name in ("backup_id", "created", "set", "ignore"):
        if name not in said:
            raise ManifestError(f"the header has no {name!r}")
    try:
        return Header(**said)
    except (SchemaError, NotFoundError) as error:
        raise ManifestError(f"header: {error}") from None


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def _path_member(name: str, value: bytes) -> tuple[str, str]:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"{name}_b64", base64.b64encode(value).decode()
    return name, text


def entry_line(entry: Entry, *, chunk: int) -> bytes:
    """Return an entry's bytes without the line feed."""
    path, kind, mode, mtime, size, digest, flat, _ = entry
    if kind == "file" and _PLAIN_PATH.fullmatch(path) and (path.isascii() or _is_utf8(path)):
        # What the lines below give, without a dictionary to sort.
        hashes = b'"sha256":"%b"' % digest.hex().encode()
        if size > chunk:
            hashes = b'"root":"%b"' % digest.hex().encode()
            hashes += b"" if flat is None else b',"sha256":"%b"' % flat.hex().encode()
        return b'{"mode":"%04o","mtime":"%d","path":"%b",%b,"size":%d,"type":"file"}' % (
            *(mode, mtime, path, hashes, size),
        )
    said: dict[str, JSONValue] = dict([_path_member("path", entry.path)])
    said |= {"mode": f"{entry.mode:04o}", "mtime": str(entry.mtime_ns), "type": entry.type}
    if entry.type == "file":
        said["size"] = entry.size
        said["root" if entry.size > chunk else "sha256"] = entry.digest.hex()
        if entry.size > chunk and entry.sha256 is not None:
            said["sha256"] = entry.sha256.hex()
    if entry.target is not None:
        said |= dict([_path_member("target", entry.target)])
    return json_bytes(said)


def parse_entry(line: bytes, *, chunk: int) -> Entry:
    """Read an entry's line; only what `entry_line` writes is taken.

    Raises:
        ManifestError: It is something else.
    """
    found = _PLAIN_FILE.fullmatch(line)
    if found is None:
        return _any_entry(_object(line), chunk)
    mode, mtime, path, root, flat, octets = found.groups()
    size = int(octets)
    if not path.isascii():
        try:
            path.decode()
        except UnicodeDecodeError:
            raise ManifestError("a line is not UTF-8") from None
    digest = root if size > chunk else flat
    if digest is None or (size <= chunk and root is not None):
        raise ManifestError("a file has not the digest of its size")
    return Entry(
        path,
        "file",
        int(mode, 8),
        int(mtime),
        size,
        bytes.fromhex(digest.decode()),
        bytes.fromhex(flat.decode()) if flat is not None else None,
    )


def _any_entry(said: dict[str, Any], chunk: int) -> Entry:
    kind = said.get("type")
    if kind not in ("file", "dir", "symlink"):
        raise ManifestError("an entry is of no known type")
    allowed = {"path", "path_b64", "mode", "mtime", "type"}
    if kind == "file":
        allowed |= {"size", "sha256", "root"}
    elif kind == "symlink":
        allowed |= {"target", "target_b64"}
    _only(said, allowed)
    path = _octets(said, "path")
    target = _octets(said, "target") if kind == "symlink" else None
    mode, mtime = said.get("mode"), said.get("mtime")
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        raise ManifestError("an entry has no mode of four octal digits")
    if not isinstance(mtime, str) or not _DECIMAL.fullmatch(mtime):
        raise ManifestError("an entry has no mtime in nanoseconds")
    if kind != "file":
        return Entry(path, kind, int(mode, 8), int(mtime), target=target)
    size = said.get("size")
    if type(size) is not int or size < 0:
        raise ManifestError("a file has no size")
    hexes = {}
    for name in ("sha256", "root"):
        value = said.get(name)
        if value is not None and (not isinstance(value, str) or not HEX64.fullmatch(value)):
            raise ManifestError("a digest is not 64 hexadecimal digits")
        hexes[name] = None if value is None else bytes.fromhex(value)
    digest = hexes["root"] if size > chunk else hexes["sha256"]
    if digest is None or (size <= chunk and hexes["root"] is not None):
        raise ManifestError("a file has not the digest of its size")
    return Entry(path, "file", int(mode, 8), int(mtime), size, digest, hexes["sha256"])


def _octets(said: Mapping[str, Any], name: str) -> bytes:
    text, coded = said.get(name), said.get(f"{name}_b64")
    if isinstance(text, str) and coded is None:
        return text.encode()
    if isinstance(coded, str) and text is None:
        try:
            octets = base64.b64decode(coded, validate=True)
        except (binascii.Error, ValueError):
            octets = b""
        if octets and base64.b64encode(octets).decode() == coded and _path_member(name, octets)[0] != name:
            return octets
    raise ManifestError(f"an entry has no {name}, or not in its one form")


def table_line(table: TableEntry) -> bytes:
    """Return a table's line without the line feed."""
    return json_bytes(
        {
            "type": "table",
            "name": table.name,
            "rows": table.rows,
            "root": table.root.hex(),
            "buckets": table.buckets,
            "key": list(table.key),
            "schema": table.schema,
        }
    )


def parse_table(line: bytes) -> TableEntry:
    """Read a table's line.

    Raises:
        ManifestError: It is something else.
    """
    said = _object(line)
    _only(said, {"type", "name", "rows", "root", "buckets", "key", "schema"})
    name, rows, root, buckets = (said.get(part) for part in ("name", "rows", "root", "buckets"))
    key, schema = said.get("key"), said.get("schema")
    if not isinstance(name, str) or type(rows) is not int or rows < 0 or type(buckets) is not int:
        raise ManifestError("a table has no name, rows or buckets")
    if not 1 <= buckets <= 65536 or buckets & (buckets - 1):
        raise ManifestError("buckets are a power of two from 1 to 65,536")
    if not isinstance(root, str) or not HEX64.fullmatch(root):
        raise ManifestError("a table has no root")
    if not isinstance(key, list) or not all(isinstance(part, str) for part in key) or not isinstance(schema, dict):
        raise ManifestError("a table has no key or schema")
    return TableEntry(name, rows, bytes.fromhex(root), buckets, tuple(key), schema)


def _object(line: bytes) -> dict[str, Any]:
    try:
        said = parse_json(line)
    except FormatError as error:
        raise ManifestError(str(error)) from None
    if not isinstance(said, dict):
        raise ManifestError("a line is not an object")
    return said


def _only(said: Mapping[str, Any], known: Mapping[str, Any] | set[str]) -> None:
    for name in said:
        if name not in known:
            raise ManifestError("a line has a member that this version does not know")


def parse_footer(line: bytes) -> dict[str, Any]:
    """Read the last line: counts, sizes and the root over all lines before it.

    Raises:
        ManifestError: It is something else.
    """
    said = _object(line)
    numbers = ("bytes", "entries", "files", "tables")
    digests = ("root", "chunks", "buckets")
    _only(said, {"type", *numbers, *digests})
    if not all(type(said.get(name)) is int and said[name] >= 0 for name in numbers):
        raise ManifestError("the footer has no counts")
    if not all(isinstance(said.get(name), str) and HEX64.fullmatch(said[name]) for name in digests):
        raise ManifestError("the footer has no digests")
    return said
