"""Reading a manifest a block at a time must say just what reading it line by line says."""

from __future__ import annotations

import io
from typing import Any

import pytest

pytest.importorskip("hypothesis", reason="needs hypothesis")
from hypothesis import given
from hypothesis import strategies as st

from crmkit.backup import Header, Limits
from crmkit.backup._manifest import _file, _lines
from crmkit.backup._manifest._entry import Entry, parse_entry
from crmkit.backup._tree._paths import folded, ordinary, unportable, unsafe
from crmkit.errors import ManifestError

CHUNK = 4096
PARTS = st.sampled_from(["a", "b-1", "con", "nul.txt", "README", "Zoë", "x.", "..", ".", "", "~", "aux", "lpt1x", "ß"])
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join).map(str.encode) | st.binary(min_size=1, max_size=6)


def manifest(entries: list[Entry]) -> bytes:
    out = io.BytesIO()
    header = Header(set="s", backup_id="b", created="2026-01-01T00:00:00Z", chunk_size=CHUNK)
    writer = _file.ManifestWriter(out, io.BytesIO(), io.BytesIO(), header)
    for entry in entries:
        writer.entry(entry)
    writer.finish()
    return out.getvalue()


def read(data: bytes, limits: Limits | None = None) -> Any:
    """Return all that a reading says, or the error."""
    try:
        return _file._scan(io.BytesIO(data), "m", limits or Limits())
    except ManifestError as error:
        return str(error), error.location


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    paths = sorted(draw(st.sets(PATHS.filter(lambda path: path and b"\x00" not in path), max_size=8)))
    made = []
    for path in paths:
        kind = draw(st.sampled_from(["file", "file", "dir", "symlink"]))
        size = draw(st.sampled_from([0, 1, CHUNK, CHUNK + 1, 10**9]))
        mtime = draw(st.sampled_from([0, -1, 1, 10**18]))
        if kind == "file":
            flat = None if size > CHUNK and draw(st.booleans()) else bytes(32)
            made.append(Entry(path, "file", 0o644, mtime, size, bytes(range(32)) if size > CHUNK else bytes(32), flat))
        else:
            made.append(Entry(path, kind, 0o755, mtime, target=b"t" if kind == "symlink" else None))  # type: ignore[arg-type]
    return made


def twins(data: bytes, limits: Limits | None = None) -> tuple[Any, Any]:
    """Read with and without the fast way, in blocks of one size and another."""
    fast = read(data, limits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_file, "plain", lambda *_: None)
        patch.setattr(_lines, "_BLOCK", 97)
        return fast, read(data, limits)


@given(made=entries(), block=st.sampled_from([1, 60, 300, 1 << 18]))
def test_a_manifest_is_read_as_it_was_written_in_blocks_of_any_size(made: list[Entry], block: int) -> None:
    data = manifest(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "_BLOCK", block)
        lines = [line for part in _lines.blocks(io.BytesIO(data), "m", Limits()) for line in part.lines]
        assert b"\n".join(lines) + b"\n" == data
    fast, slow = twins(data)
    assert fast == slow
    found = list(_lines.read_entries(lines[1:-1], CHUNK))
    assert found == [parse_entry(line, chunk=CHUNK) for line in lines[1:-1]]
    # A file of one chunk has its flat digest as its digest.
    assert [entry[:6] for entry in found] == [entry[:6] for entry in made]


@given(
    made=entries(),
    at=st.floats(0, 1, exclude_max=True),
    new=st.binary(max_size=2) | st.sampled_from([b"\n", b'"', b"0", b"}\n{", b'"type":"dir"']),
    cut=st.integers(0, 12),
)
def test_a_damaged_manifest_is_refused_in_the_same_words(made: list[Entry], at: float, new: bytes, cut: int) -> None:
    data = manifest(made)
    place = int(at * len(data))
    damaged = data[:place] + new + data[place + cut :]
    fast, slow = twins(damaged)
    assert fast == slow
    if damaged != data:
        assert fast != read(data)


@given(made=entries(), line_bytes=st.integers(1, 300), lines=st.integers(0, 12))
def test_limits_hold_in_both_ways(made: list[Entry], line_bytes: int, lines: int) -> None:
    data = manifest(made)
    fast, slow = twins(data, Limits(line_bytes=line_bytes, lines=lines))
    held = data.split(b"\n")[:-1]
    if max(map(len, held)) <= line_bytes and len(held) <= lines:
        assert fast == slow == read(data)
    else:
        assert isinstance(fast, tuple)
        assert isinstance(slow, tuple)


@given(path=PATHS)
def test_an_ordinary_path_is_safe_portable_and_its_own_folded_form(path: bytes) -> None:
    if ordinary(path):
        assert unsafe(path) is None
        assert unportable(path) is None
        assert folded(path) == path


def test_what_is_ordinary_and_what_is_not() -> None:
    for path in (b"a", b"a/b-1.csv", b"crm/2026/.hidden", b"con1", b"lpt1x", b"auxiliary/nul-1"):
        assert ordinary(path), path
    for path in (b"", b"/a", b"a/", b"a//b", b"a/../b", b".", b"A", b"con", b"x/nul.txt", b"a.", b"~a", b"a b", b"a\n"):
        assert not ordinary(path), path
