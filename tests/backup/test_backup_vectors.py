"""The test vectors of docs/reference/formats.md, and properties of the formats."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import shutil
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("hypothesis", reason="needs hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import backup
from crmkit.backup._manifest._entry import Entry, entry_line, parse_entry
from crmkit.backup._tree._hashing import Reader, digest_of, leaves_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
CHUNK = 4096


@given(
    path=st.binary(min_size=1, max_size=40).filter(lambda octets: b"\x00" not in octets),
    kind=st.sampled_from(["file", "dir", "symlink"]),
    mode=st.integers(0, 0o7777),
    mtime=st.integers(-(10**18), 10**18),
    size=st.integers(0, 2**52),
    data=st.data(),
)
def test_an_entry_that_was_written_reads_the_same(
    path: bytes, kind: str, mode: int, mtime: int, size: int, data: st.DataObject
) -> None:
    if kind == "file":
        digest = data.draw(st.binary(min_size=32, max_size=32))
        flat = digest if size <= CHUNK else data.draw(st.none() | st.binary(min_size=32, max_size=32))
        entry = Entry(path, "file", mode, mtime, size, digest, flat)
    elif kind == "dir":
        entry = Entry(path, "dir", mode, mtime)
    else:
        entry = Entry(path, "symlink", mode, mtime, target=data.draw(st.binary(min_size=1, max_size=20)))
    line = entry_line(entry, chunk=CHUNK)
    assert b"\n" not in line
    assert parse_entry(line, chunk=CHUNK) == entry


@given(size=st.integers(0, 5 * CHUNK + 3), seed=st.integers(0, 9))
@settings(deadline=None)
def test_reading_a_file_agrees_with_its_slow_twin(size: int, seed: int) -> None:
    data = random.Random(seed).randbytes(size)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        read = Reader(CHUNK, also_flat=True).hash(file.name)
    assert (read.size, read.digest, read.leaves) == (size, digest_of(data, CHUNK), leaves_of(data, CHUNK))
    assert read.sha256 == hashlib.sha256(data).digest()


SIZES = st.lists(st.sampled_from([0, 1, 10, CHUNK, CHUNK + 1, 3 * CHUNK + 5]), min_size=2, max_size=5)


@given(sizes=SIZES, data=st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_octet_of_any_file_that_changes_is_named_with_its_chunk(sizes: list[int], data: st.DataObject) -> None:
    place = Path(tempfile.mkdtemp())
    try:
        payload = place / "dump"
        payload.mkdir()
        rng = random.Random(1)
        for number, size in enumerate(sizes):
            (payload / f"f{number}").write_bytes(rng.randbytes(size))
        key = backup.SigningKey(bytes(32))
        made = backup.create(payload, backup.Header(set="crm", chunk_size=CHUNK), now=lambda: NOW)
        backup.sign(made, key, seq=1)
        full = [number for number, size in enumerate(sizes) if size]
        if not full:
            return
        number = data.draw(st.sampled_from(full))
        at = data.draw(st.integers(0, sizes[number] - 1))
        path = payload / f"f{number}"
        octets = bytearray(path.read_bytes())
        octets[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(octets)
        [finding] = backup.verify(payload, keys=[key.public], now=lambda: NOW).findings
        assert finding.path == f"f{number}"
        assert finding.code in ("MODIFIED", "SWAPPED")
        if finding.code == "MODIFIED":
            [(start, end)] = finding.ranges
            assert start <= at < end
            assert end - start <= CHUNK
    finally:
        shutil.rmtree(place)


@given(
    st.lists(
        st.lists(st.sampled_from([None, "", "1", "-", "1:", "0:", "2:1:", "a", "é", "10"]), min_size=3, max_size=3),
        max_size=6,
    )
)
def test_rows_of_text_that_looks_like_the_encoding_never_fall_together(lines: list[list[str | None]]) -> None:
    from crmkit._canonical import rows

    schema = backup.row_schema({"a": "text", "b": "text", "c": "text"})
    encoded = rows(schema, {name: [line[at] for line in lines] for at, name in enumerate("abc")})
    assert len(set(encoded)) == len({tuple(line) for line in lines})


@given(st.data())
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_healing_gives_every_file_back_whose_chunks_each_survive_somewhere(data: st.DataObject) -> None:
    place = Path(tempfile.mkdtemp())
    try:
        (place / "one").mkdir()
        whole = random.Random(3).randbytes(4 * CHUNK + 9)
        (place / "one" / "f").write_bytes(whole)
        key = backup.SigningKey(bytes(32))
        made = backup.create(place / "one", backup.Header(set="crm", chunk_size=CHUNK), now=lambda: NOW)
        backup.sign(made, key, seq=1)
        shutil.copytree(place / "one", place / "two")
        hurt = {name: data.draw(st.sets(st.integers(0, 4)), label=name) for name in ("one", "two")}
        for name, chunks in hurt.items():
            octets = bytearray(whole)
            for number in chunks:
                octets[number * CHUNK] ^= 1
            (place / name / "f").write_bytes(octets)
        stores = {name: backup.LocalStore(place / name) for name in hurt}
        report = backup.compare_copies(made.folder, stores, keys=[key.public])
        possible = not (hurt["one"] & hurt["two"])
        assert report.recoverable == possible
        backup.plan_heal(report).apply()
        good = [(place / name / "f").read_bytes() == whole for name in hurt]
        assert all(good) if possible else not any(good)
    finally:
        shutil.rmtree(place)
