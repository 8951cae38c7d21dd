"""PostgreSQL's ``backup_manifest``, versions 1 and 2.

Source:
    PostgreSQL documentation, Backup Manifest Format; pg_verifybackup for what it does not look at.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ._fixity import Judged, Wanted, judge

if TYPE_CHECKING:
    from crmkit.backup._verify._report import VerifyReport

_NAME: Final = "backup_manifest"
_ALGORITHMS: Final = {
    **{name: name.lower() for name in ("CRC32C", "SHA224", "SHA256", "SHA384", "SHA512")},
    "NONE": None,
}
_IGNORED: Final = ("/backup_manifest", "/pg_wal", "/postgresql.auto.conf", "/recovery.signal", "/standby.signal")
_SKIPPED: Final = frozenset(map(str.encode, _IGNORED))
_MOST: Final = 1 << 30
_LAST: Final = re.compile(rb'"Manifest-Checksum": "([0-9a-f]{64})"\}\n')


def verify_postgres_backup(folder: str | os.PathLike[str]) -> VerifyReport:
    """Verify a base backup in plain format as ``pg_verifybackup`` does, and name every fault instead of the first few.

    Like it, this does not look at ``pg_wal``, ``postgresql.auto.conf`` and the signal files, which a server may
    change; the report says so.  Tablespaces are followed, other links are not.

    Args:
        folder: The base backup.

    Raises:
        OSError: There is no such folder.

    Example:
        >>> import tempfile
        >>> verify_postgres_backup(tempfile.mkdtemp()).codes()
        ('INCOMPLETE',)

    .. versionadded:: 0.1.0
    """
    top = Path(folder)
    if not top.is_dir():
        raise FileNotFoundError(2, "no such folder", str(top))
    judged = Judged()
    wanted = _read(top / _NAME, judged)
    if wanted is None:
        judged.skip("every file", "there is no manifest that could be read")
        return judged.report()
    spaces = _tablespaces(top)
    plain: list[Wanted] = []
    elsewhere: dict[bytes, list[Wanted]] = {space: [] for space in spaces}
    for item in wanted:
        space = next((space for space in spaces if item.path.startswith(space + b"/")), None)
        (plain if space is None else elsewhere[space]).append(item)
    links = tuple(os.fsdecode(space) for space in spaces)
    judge(judged, top, plain, extra=True, ignore=(*_IGNORED, *links))
    for space, items in elsewhere.items():
        judge(judged, top / os.fsdecode(space), items, extra=True, prefix=space + b"/")
    unsummed = sum(not item.digests for item in wanted)
    if unsummed:
        judged.skip("content", "the manifest has no checksums for these files", unsummed)
    judged.skip(
        "pg_wal, postgresql.auto.conf, signal files", "a server may change them; pg_verifybackup skips them too"
    )
    judged.skip("write-ahead log", "pg_waldump parses it; start the backup in a drill")
    return judged.report()


def _tablespaces(top: Path) -> list[bytes]:
    place = top / "pg_tblspc"
    if not place.is_dir() or place.is_symlink():
        return []
    return sorted(
        b"pg_tblspc/" + os.fsencode(path.name)
        for path in place.iterdir()
        if path.is_symlink() and path.name.isdigit() and path.is_dir()
    )


def _read(path: Path, judged: Judged) -> list[Wanted] | None:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST + 1)
    except FileNotFoundError:
        judged.add("INCOMPLETE", _NAME, detail="it is written last and not there")
        return None
    except OSError as error:
        judged.add("UNREADABLE", _NAME, detail=f"errno {error.errno}: {error.strerror}")
        return None
    try:
        body, claimed = _sealed(data)
        if hashlib.sha256(body).hexdigest() == claimed:
            return [item for item in _files(json.loads(data)) if not _skipped(item.path)]
        judged.add("ROOT_MISMATCH", _NAME, detail="its own checksum does not fit")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        detail = str(error) if type(error) is ValueError else "not the JSON of a backup manifest"
        judged.add("MANIFEST_MALFORMED", _NAME, detail=detail)
    return None


def _sealed(data: bytes) -> tuple[bytes, str]:
    """Return what the checksum at the end is over, and the checksum."""
    start = data.rfind(b'"Manifest-Checksum"')
    end = _LAST.fullmatch(data, start) if start >= 0 else None
    if end is None or len(data) > _MOST:
        raise ValueError("it does not end with its checksum, or is larger than the limit")
    return data[:start], end[1].decode()


def _skipped(path: bytes) -> bool:
    return b"/" + path in _SKIPPED or path.startswith(b"pg_wal/")


def _files(said: Any) -> list[Wanted]:
    version = said["PostgreSQL-Backup-Manifest-Version"]
    if version not in (1, 2):
        raise ValueError(f"version {version!r} is not known")
    if version == 2 and type(said["System-Identifier"]) is not int:
        raise ValueError("version 2 has a system identifier, and this none")
    wanted: dict[bytes, Wanted] = {}
    for entry in said["Files"]:
        path = bytes.fromhex(entry["Encoded-Path"]) if "Encoded-Path" in entry else entry["Path"].encode()
        if path in wanted:
            raise ValueError("a path stands twice")
        size = entry["Size"]
        algorithm = entry.get("Checksum-Algorithm", "NONE")
        if type(size) is not int or size < 0 or algorithm not in _ALGORITHMS:
            raise ValueError("an entry has no size, or an unknown checksum")
        name = _ALGORITHMS[algorithm]
        digests = {} if name is None else {name: bytes.fromhex(entry["Checksum"]).hex()}
        wanted[path] = Wanted(path=path, digests=digests, size=size)
    return list(wanted.values())
