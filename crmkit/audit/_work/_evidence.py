"""Evidence: events with what proves them, in one zip that needs neither the log nor crmkit."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit._disk import make_private
from crmkit._merkle import leaf_hash, verify_inclusion
from crmkit.audit._events._event import Event
from crmkit.audit._proofs._checkpoint import Checkpoint
from crmkit.audit._proofs._given import read_keys
from crmkit.errors import CrmkitError, FixityError, FormatError, IntegrityError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from crmkit.audit._proofs._note import NoteVerifier

__all__ = ["Evidence", "write_evidence"]

FORMAT = "crmkit-audit-evidence/1"
_BROKEN = (
    zipfile.BadZipFile, zlib.error, LookupError, EOFError, OSError, ValueError, TypeError, AttributeError, RuntimeError,
)  # fmt: skip
"""What reading a changed zip can end in: one flipped bit makes it encrypted, or of unknown packing."""
_SMALL, _MOST_TIMES = 1 << 24, 100
"""What any evidence may unpack to, in bytes, and how many times its packed size beyond that; events pack 5 to 20."""
_NEEDED = frozenset({"checkpoint.txt", "events.jsonl", "proofs.jsonl"})
_FIXED = (1980, 1, 1, 0, 0, 0)  # so that the same events give the same bytes


def _read(archive: zipfile.ZipFile, names: Iterable[str]) -> dict[str, bytes]:
    """Read members that are not out of all proportion to the zip: one of a megabyte can unpack to a thousand.

    Raises:
        FormatError: They are.
    """
    infos = [archive.getinfo(name) for name in names]
    if sum(info.file_size for info in infos) > _SMALL + _MOST_TIMES * sum(info.compress_size for info in infos):
        raise FormatError("it would unpack to out of all proportion")
    return {info.filename: archive.read(info) for info in infos}


def write_evidence(path: str | os.PathLike[str], files: Mapping[str, bytes], *, count: int, origin: str) -> str:
    """Write the zip; return the SHA-256 of it."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = json_bytes({"count": count, "files": digests, "format": FORMAT, "origin": origin})
    with zipfile.ZipFile(make_private(Path(path)), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"manifest.json": manifest, **files}.items():
            info = zipfile.ZipInfo(name, _FIXED)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@attrs.frozen(kw_only=True)
class Evidence:
    """Events with what proves them, in one zip. Made by `AuditPlan.collect`.

    Attributes:
        path: The zip.
        origin: Which log.
        count: How many events.

    .. versionadded:: 0.1.0
    """

    path: Path
    origin: str
    count: int

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Evidence:
        """Read the manifest; nothing is verified.

        Raises:
            FormatError: Not evidence.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                said = parse_json(_read(archive, ["manifest.json"])["manifest.json"])
            known = said["format"] == FORMAT  # type: ignore[index]  # anything else is caught
            evidence = cls(path=Path(path), origin=said["origin"], count=said["count"])  # type: ignore[index]
        except FileNotFoundError:
            raise
        except (*_BROKEN, FormatError):
            known = False
        if not known:
            raise FormatError("not evidence of an audit", location=Path(path).name)
        return evidence

    def verify(self, keys: Iterable[NoteVerifier]) -> list[Event]:
        """Check every digest, the checkpoint and the proof of every event; return the events.

        Args:
            keys: Public keys that may have signed.

        Raises:
            FixityError: A file is not the one that was written.
            IntegrityError: An event is not proved, or the checkpoint is not signed.
            InvalidValueError: Something else than public keys was given.
        """
        keys = read_keys(keys)
        try:
            with zipfile.ZipFile(self.path) as archive:
                said: Any = parse_json(_read(archive, ["manifest.json"])["manifest.json"])
                files = _read(archive, said["files"])
        except (*_BROKEN, CrmkitError) as error:
            raise FixityError(f"it cannot be read: {type(error).__name__}", location=self.path.name) from None
        for name, data in files.items():
            if hashlib.sha256(data).hexdigest() != said["files"][name]:
                raise FixityError("not the file that was written", location=name)
        missing = _NEEDED.difference(files)
        if missing:
            raise FixityError("the manifest does not name it", location=min(missing))
        try:
            return _events(files, said, keys)
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, CrmkitError):
                raise
            raise IntegrityError(f"not proofs: {type(error).__name__}", location="proofs.jsonl") from None


def _events(files: dict[str, bytes], said: Any, keys: Iterable[NoteVerifier]) -> list[Event]:
    """Check the proof of every event."""
    checkpoint = Checkpoint.open(files["checkpoint.txt"], keys)
    if checkpoint.origin != said["origin"]:
        raise IntegrityError("the checkpoint is of another log", location="checkpoint.txt")
    lines, proofs = files["events.jsonl"].split(b"\n")[:-1], files["proofs.jsonl"].split(b"\n")[:-1]
    if not len(lines) == len(proofs) == said["count"]:
        raise IntegrityError("events and proofs are not as many as the manifest says", location="events.jsonl")
    events, behind = [], -1
    for line, proof in zip(lines, proofs, strict=True):
        told = json.loads(proof)
        if told["seq"] <= behind:
            raise IntegrityError("an event is here twice or out of turn", location="proofs.jsonl")
        behind = told["seq"]
        nodes = [bytes.fromhex(node) for node in told["path"]]
        verify_inclusion(leaf_hash(line), behind, checkpoint.size, nodes, checkpoint.root)
        event = Event.parse(line)
        if event.seq != behind:
            raise IntegrityError("the event says that it has another turn", location=f"event {behind}")
        events.append(event)
    return events
