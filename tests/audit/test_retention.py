"""Rotation, compression, pruning, tiles: what becomes of old events while proofs go on."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from crmkit._merkle import Tree
from crmkit.audit import Log, verify
from crmkit.audit._proofs._rows import export_tiles
from crmkit.audit._stores import _retention as retention
from crmkit.audit._stores._segment import list_segments
from crmkit.audit._verify import _standalone
from crmkit.errors import IntegrityError, InvalidValueError, TamperedLogError

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def days(path, signer, events):
    """A log of five days, ten events each, a segment a day where there are segments."""
    for day in range(5):
        with Log.open(path, signer=signer, now=lambda day=day: START + timedelta(days=day)) as log:
            log.rotate()
            log.extend(events(10, first=10 * day))
    return path


def kinds(path):
    return [segment.kind for segment in list_segments(path / "events")]


def test_segments_begin_when_they_are_full_and_the_tree_goes_on(folder, events, signer):
    with Log.open(folder, signer=signer, segment_bytes=2000) as log:
        for number in range(40):
            log.extend(events(1, first=number))
        assert len(kinds(folder)) > 3
        assert [event.resource.id for event in log] == [str(number) for number in range(40)]
        assert [event.seq for event in log.events(start=17, stop=23)] == list(range(17, 23))
    assert verify(folder, keys=[signer.verifier]).ok


def test_rotating_an_empty_segment_does_nothing(folder, signer, events):
    with Log.open(folder, signer=signer) as log:
        log.rotate()
        log.extend(events(1))
        log.rotate()
        log.rotate()
    assert kinds(folder) == ["jsonl", "jsonl"]


def test_closed_segments_are_compressed_and_read_the_same(days, signer):
    with Log.open(days, signer=signer) as log:
        before = list(log)
        count = log.compress()
        assert count == (4 if days.is_dir() else 0)
        assert log.compress() == 0
        assert list(log) == before
    assert verify(days, keys=[signer.verifier], deep=True).ok
    if days.is_dir():
        assert kinds(days) == ["jsonl.gz"] * 4 + ["jsonl"]
        packed = list_segments(days / "events")[1].path
        good = packed.read_bytes()
        for at in range(64, len(good)):  # before that there is a name that nobody reads
            packed.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            assert not verify(days, keys=[signer.verifier]).ok, at
        plain = gzip.decompress(good).replace(b"contact.read", b"contact.sell", 1)
        packed.write_bytes(gzip.compress(plain))
        assert verify(days, keys=[signer.verifier]).counts() == {"edited": 1}


def test_a_segment_that_does_not_read_the_same_is_not_replaced(days, signer, monkeypatch):
    if days.is_dir():
        monkeypatch.setattr(retention, "_digest", lambda segment: segment.kind)
        with Log.open(days, signer=signer) as log, pytest.raises(IntegrityError, match="nothing was replaced"):
            log.compress()
        assert kinds(days) == ["jsonl"] * 5


@pytest.mark.parametrize("compressed", [False, True])
def test_bodies_are_pruned_and_everything_else_is_still_proved(days, signer, compressed, events):
    with Log.open(days, signer=signer) as log:
        if compressed:
            log.compress()
        before = log.checkpoint()
        assert log.prune(START) == 0
        assert log.prune(START + timedelta(days=2, hours=1), actor="u-1") == 30
        kept = 30
        assert log.size == 51
        found = list(log)
        assert [event.seq for event in found] == list(range(kept, 51))
        assert (found[-1].action, found[-1].count, found[-1].detail) == ("log.pruned", kept, {"before": kept})
        for call in (lambda: log[3], lambda: log.prove(3)):
            with pytest.raises(IndexError):
                call()
        log.prove(40).verify([signer.verifier])
        assert log.prune(START + timedelta(days=2, hours=1)) == 0
        assert [event.seq for event in log.events(actor="u-17", stop=kept + 1)] == [kept]
    report = verify(days, keys=[signer.verifier], trusted=[before], deep=True)
    report.raise_for()
    assert (report.pruned, report.proved, report.witnessed) == (kept, 51, 50)
    with Log.open(days, signer=signer) as log:
        log.extend(events(3))
        assert len(log) == 54
    assert verify(days, keys=[signer.verifier]).ok


def test_bodies_that_are_gone_without_being_pruned_are_missed(days, signer):
    if days.is_dir():
        first = list_segments(days / "events")[0]
        retention.prune_segment(days / "events", first)
        report = verify(days, keys=[signer.verifier])
        assert [(item.kind, item.seq, item.last) for item in report] == [("removed", 0, 9)]


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_compressed_segment_that_is_damaged_is_an_error_of_its_own(folder, signer, events, damage):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(30))
        log.rotate()
        log.extend(events(1))
        log.compress()
    packed = list_segments(folder / "events")[0].path
    good = packed.read_bytes()
    packed.write_bytes({"cut": good[:200], "changed": good[:60] + b"\x00\xff" + good[62:], "other": b"no"}[damage])
    with Log.open(folder, signer=signer) as log, pytest.raises(TamperedLogError, match="decompressed"):
        list(log)
    assert not verify(folder, keys=[signer.verifier]).ok


def test_what_allows_pruning_must_be_signed(folder, signer, events):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(10))
        log.rotate()
        log.extend(events(10))
    with (
        Log.open(folder, origin="crm.example.com/audit") as log,
        pytest.raises(InvalidValueError, match="open it with signer="),
    ):
        log.prune(START + timedelta(days=2))
    with Log.open(folder, origin="crm.example.com/audit") as log:  # somebody who has no key says so all the same
        log._append_own("log.pruned", count=10, detail={"before": 10})
        retention.prune_segment(folder / "events", list_segments(folder / "events")[0])
    assert verify(folder, keys=[signer.verifier]).counts() == {"removed": 1}
    status = _standalone.main([str(folder), "--key", str(signer.verifier)])
    assert status == 1


def test_a_log_without_a_key_is_pruned_without_one(folder, events):
    with Log.open(folder, origin="crm.example.com/audit") as log:
        log.extend(events(10))
        log.rotate()
        assert log.prune(datetime(2100, 1, 1, tzinfo=UTC)) == 10
    assert verify(folder).counts() == {"unproved": 1}


def test_a_prune_that_was_interrupted_is_finished_by_the_next(days, signer):
    if days.is_dir():
        first = list_segments(days / "events")[0]
        kept = first.path.read_bytes()
        with Log.open(days, signer=signer) as log:
            log.prune(START + timedelta(days=2))
            first.path.write_bytes(kept)
            assert log.prune(START + timedelta(days=2)) == 10
        assert kinds(days)[:2] == ["pruned", "pruned"]
        retention.prune_segment(days / "events", list_segments(days / "events")[0])
        assert verify(days, keys=[signer.verifier]).ok


def test_everything_closed_can_be_pruned(days, signer):
    with Log.open(days, signer=signer) as log:
        assert log.prune(START + timedelta(days=100)) == (40 if days.is_dir() else 50)
    assert verify(days, keys=[signer.verifier]).ok


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_tiles_are_those_of_the_specification(folder, signer, events, tmp_path, size):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(size))
        out = tmp_path / "out"
        rows = log._store.rows
        written = export_tiles(rows, size, out)
        leaves = rows.leaves(0, size)
    tree = Tree(leaves)
    full, rest = divmod(size, 256)
    tiles = [path for path in out.rglob("*") if path.is_file()]
    assert len(tiles) == written
    for number in range(full):
        assert (out / "tile" / "0" / f"{number:03d}").read_bytes() == b"".join(
            leaves[256 * number : 256 * number + 256]
        )
    if rest:
        assert (out / "tile" / "0" / f"{full:03d}.p" / str(rest)).read_bytes() == b"".join(leaves[256 * full :])
    if full:
        above = (out / "tile" / "1" / "000.p" / str(full)).read_bytes()
        assert above == b"".join(tree.node(8, number) for number in range(full))


def test_large_tile_numbers_are_grouped():
    from crmkit.audit._proofs._rows import _tile_name

    assert _tile_name(7) == ["007"]
    assert _tile_name(1234067) == ["x001", "x234", "067"]


def test_new_tiles_are_as_many_as_in_go(conformance):
    """Go counts tiles of height 10; the arithmetic of full tiles and the last one is the same at any height."""
    import json

    told = json.loads((conformance / "sumdb_note" / "new_tiles.json").read_text(encoding="utf-8"))
    height = told["height"]

    def tiles(size: int) -> dict[tuple[int, int], int]:
        found, level = {}, 0
        while size >> (height * level):
            count = size >> (height * level)
            last = (count - 1) >> height
            found[level] = (last, count)
            level += 1
        return found

    for case in told["cases"]:
        before, after = tiles(case["old"]), tiles(case["new"])
        fresh = 0
        for level, (last, count) in after.items():
            old_last, old_count = before.get(level, (-1, 0))
            if count != old_count:
                start = old_last if old_count and old_count % (1 << height) else old_last + 1
                fresh += last - start + 1
        assert fresh == case["tiles"], case


def test_hashes_are_stored_while_the_log_is_open(folder, signer, events):
    with Log.open(folder, signer=signer, durability="os") as log:
        log.extend(events(4100))
        assert (folder / "hashes" / "00").stat().st_size >= 4000 * 32
        assert (folder / "hashes" / "08").stat().st_size >= 15 * 32
    assert verify(folder, keys=[signer.verifier]).proved == 4100
