"""What becomes of old segments: compressed, or their bodies pruned while hashes and proofs stay."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

from crmkit._disk import sync_path
from crmkit.audit._proofs._files import replace_file
from crmkit.errors import IntegrityError

from ._segment import Header, Segment, open_segment, segment_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["compress_segment", "prunable", "prune_segment"]

BLOCK = 1 << 20


def compress_segment(folder: Path, segment: Segment) -> bool:
    """Replace a segment by its gzip form, once that is on disk and reads the same; return whether there was a need."""
    if segment.kind != "jsonl":
        return False
    packed = segment_path(folder, segment.first, "jsonl.gz")
    fresh = packed.with_name(packed.name + ".new")
    with segment.path.open("rb") as plain, gzip.GzipFile(fresh, "wb", mtime=0) as out:
        while block := plain.read(BLOCK):
            out.write(block)
    fresh.chmod(0o600)
    sync_path(fresh)
    if _digest(segment) != _digest(Segment(segment.first, fresh, "jsonl.gz")):
        raise IntegrityError("the compressed segment does not read the same; nothing was replaced")
    fresh.replace(packed)
    sync_path(folder)
    segment.path.unlink()
    sync_path(folder)
    return True


def _digest(segment: Segment) -> bytes:
    with open_segment(segment) as stream:
        return hashlib.file_digest(stream, "sha256").digest()  # type: ignore[arg-type]  # it has readinto, too


def prunable(segments: Sequence[Segment], before: str) -> int:
    """Return the first event of the newest segment that begins at or after all events stored before ``before``."""
    end = 0
    for segment in segments[1:]:
        with open_segment(segment) as stream:
            header = Header.read(stream, segment)
        if header.stored_at >= before:
            break
        end = segment.first
    return end if any(segment.kind != "pruned" for segment in segments if segment.first < end) else 0


def prune_segment(folder: Path, segment: Segment) -> None:
    """Replace a segment by its header."""
    if segment.kind == "pruned":
        return
    with open_segment(segment) as stream:
        header = Header.read(stream, segment)
    replace_file(segment_path(folder, segment.first, "pruned"), header.to_bytes())
    for kind in ("jsonl", "jsonl.gz"):
        segment_path(folder, segment.first, kind).unlink(missing_ok=True)
    sync_path(folder)
