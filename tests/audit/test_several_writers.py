"""Several who have one log open, while one of them closes, compresses or prunes what the others are writing to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit.audit import Log, NoteSigner, verify
from crmkit.errors import TamperedLogError

if TYPE_CHECKING:
    from pathlib import Path

SIGNER = NoteSigner.generate("example.com/log")


def add(log: Log, action: str) -> int | None:
    return log.record(action, actor="u-1", resource=None).seq


@pytest.mark.parametrize("keep", ["compress", "prune"])
def test_a_writer_goes_on_behind_segments_that_others_have_closed_and_replaced(tmp_path: Path, keep: str) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as idle, Log.open(tmp_path / "log", signer=SIGNER) as busy:
        add(idle, "a.first")
        for number in range(2):
            busy.rotate()
            add(busy, f"b.{number}")
        if keep == "compress":
            assert busy.compress() == 2
        else:
            assert busy.prune(datetime.now(UTC) + timedelta(days=1)) == 2
        turn = add(idle, "a.acknowledged")
        assert add(busy, "b.after") == (turn or 0) + 1
    with Log.open(tmp_path / "log", read_only=True) as log:
        actions = [event.action for event in log.events()]
    assert actions[-2:] == ["a.acknowledged", "b.after"]
    report = verify(tmp_path / "log", keys=[SIGNER.verifier])
    assert report.ok, report
    assert report.proved == (turn or 0) + 2


def test_a_reader_sees_what_comes_behind_compressed_segments(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as busy:
        add(busy, "b.first")
        with Log.open(tmp_path / "log", read_only=True) as reader:
            for turn in range(2):
                busy.rotate()
                add(busy, f"b.{turn}")
            busy.compress()
            assert reader.refresh() == 3
            assert [event.action for event in reader] == ["b.first", "b.0", "b.1"]


def test_reading_goes_on_in_a_segment_that_is_compressed_after_it_was_listed(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        for turn in range(3):
            add(log, f"a.{turn}")
            log.rotate()
        read = iter(log)
        first = next(read)
        log.compress()
        assert [first.action, *(event.action for event in read)] == ["a.0", "a.1", "a.2"]


def test_a_segment_that_is_exchanged_for_a_shorter_one_is_not_written_to(tmp_path: Path) -> None:
    log = Log.open(tmp_path / "log", signer=SIGNER, checkpoint_events=10**6)
    segment = tmp_path / "log" / "events" / f"{0:020d}.jsonl"
    add(log, "a.0")
    before = segment.read_bytes()
    add(log, "a.1")
    segment.unlink()
    segment.write_bytes(before)
    with pytest.raises(TamperedLogError, match="not the log that was open"):
        add(log, "a.2")
    assert segment.read_bytes() == before
