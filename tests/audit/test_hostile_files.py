"""Files that somebody has made to mislead or to break a verification: damage is data, never an exception."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit.audit import Log, NoteSigner, verify
from crmkit.audit._verify._standalone import main
from crmkit.errors import FormatError, TamperedLogError

if TYPE_CHECKING:
    from pathlib import Path

SIGNER = NoteSigner.generate("example.com/log")
KEY = SIGNER.verifier
DROP = "".join(
    f"DROP TRIGGER {name};" for name in ("events_stay", "events_remain", "checkpoints_stay", "checkpoints_remain")
)
KEEP = """
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events WHEN OLD.seq >= (SELECT pruned FROM about)
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER checkpoints_stay BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;
CREATE TRIGGER checkpoints_remain BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;
"""


def make(path: Path, count: int = 8) -> Path:
    with Log.open(path, signer=SIGNER) as log:
        for number in range(count):
            log.record("contact.read", actor="u-1", resource=("contact", str(number)))
    return path


def test_a_key_that_is_given_twice_is_one_key(tmp_path: Path) -> None:
    path = make(tmp_path / "log")
    assert verify(path, keys=[KEY, KEY]).ok
    with Log.open(path, signer=SIGNER) as log:
        assert log.verify(keys=[KEY]).ok


def test_a_folder_that_is_no_log_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no audit log is here"):
        verify(tmp_path, keys=[KEY])


@pytest.mark.parametrize("name", ["events", "hashes/00", "checkpoints.jsonl"])
def test_something_else_in_the_place_of_a_file_is_reported(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / "log")
    (path / name).rename(tmp_path / "aside")
    if name != "events":
        (path / name).mkdir()
    report = verify(path, keys=[KEY])
    assert not report.ok
    assert report.first is not None
    assert report.first.kind == "unreadable"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("checkpoints.jsonl", b'{"note":' + b"[" * 100_000),
        ("events/00000000000000000000.jsonl", b'{"action":"log.pruned","detail":' + b"[" * 100_000),
        ("events/00000000000000000000.jsonl", b'{"action":"log.pruned","detail":{"before":Infinity}}'),
        ("checkpoints.jsonl", b'{"note":5}'),
    ],
)
def test_lines_that_break_a_reader_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, line: bytes
) -> None:
    path = make(tmp_path / "log")
    with (path / name).open("ab") as stream:
        stream.write(line + b"\n" + (b"x\n" if name.startswith("events") else b""))
    assert not verify(path, keys=[KEY]).ok
    assert main([str(path), "--key", str(KEY)]) == 1
    assert capsys.readouterr().out.startswith("WRONG")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"checkpoint":null', b'"checkpoint":5'),
        (b'"origin":"example.com/log"', b'"origin":["example.com/log"]'),
        (b'"first":0', b'"first":false'),
        (b'"stored_at":""', b'"stored_at":0'),
    ],
)
def test_a_header_of_other_types_is_reported(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = make(tmp_path / "log")
    segment = path / "events" / f"{0:020d}.jsonl"
    segment.write_bytes(segment.read_bytes().replace(old, new, 1))
    assert verify(path, keys=[KEY]).counts() == {"frame": 1}
    with pytest.raises(TamperedLogError, match="its header is not what was written"):
        Log.open(path, signer=SIGNER)


def test_a_closed_segment_that_ends_in_half_a_line_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path / "log")
    with Log.open(path, signer=SIGNER) as log:
        log.rotate()
    with (path / "events" / f"{0:020d}.jsonl").open("ab") as stream:
        stream.write(b'{"action":')
    assert verify(path, keys=[KEY]).counts() == {"frame": 1}
    assert main([str(path), "--key", str(KEY)]) == 1
    assert "ends in the middle of a line" in capsys.readouterr().out


def test_other_bodies_than_those_that_were_pruned_must_not_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, first, second = tmp_path / "log", f"{0:020d}", f"{3:020d}"
    with Log.open(path, signer=SIGNER) as log:
        for turn in range(6):
            log.record("contact.read", actor="u-1", resource=("contact", str(turn)))
            if turn == 2:
                log.rotate()
                kept = (path / "events" / f"{first}.jsonl").read_bytes()
        log.rotate()
        log.record("contact.read", actor="u-1", resource=("contact", "6"))
        log._append_own("log.pruned", count=3, detail={"before": 3})
    hidden = path / "events" / f"{second}.jsonl"
    (path / "events" / f"{second}.pruned").write_bytes(hidden.read_bytes().partition(b"\n")[0] + b"\n")
    hidden.unlink()
    assert (path / "events" / f"{first}.jsonl").read_bytes() == kept
    report = verify(path, keys=[KEY])
    assert [(item.kind, item.seq, item.last) for item in report] == [("removed", 3, 5)]
    assert main([str(path), "--key", str(KEY)]) == 1
    assert "bodies of events before 6 are gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "kind", "seq"),
    [
        ("UPDATE events SET body = 4000000000000 WHERE seq = 3", "edited", 3),
        ("UPDATE events SET body = 'text' WHERE seq = 3", "edited", 3),
        ("UPDATE events SET body = x'00' WHERE seq = 3", "edited", 3),
        ("UPDATE events SET seq = seq + 100 WHERE seq = 7", "frame", 8),
        ("INSERT INTO events SELECT -7, body, at, action, 'u-2', 'a', 'b' FROM events WHERE seq = 3", "frame", -7),
        ("UPDATE about SET pruned = 5.5", "unreadable", None),
        ("UPDATE about SET pruned = 'x'", "unreadable", None),
        ("INSERT INTO about SELECT * FROM about", "unreadable", None),
        ("DELETE FROM about", "unreadable", None),
        ("UPDATE hashes SET hashes = 4000000000000", "frame", 0),
        ("UPDATE checkpoints SET note = 4000000000000", "unreadable", None),
    ],
)
def test_rows_of_a_database_that_nobody_wrote_are_reported(
    tmp_path: Path, change: str, kind: str, seq: int | None
) -> None:
    path = make(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"{DROP}{change};{KEEP}")
    report = verify(path, keys=[KEY])
    assert not report.ok
    assert report.first is not None
    assert (report.first.kind, report.first.seq) == (kind, seq)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER events_stay",
        "CREATE TRIGGER other BEFORE INSERT ON events WHEN NEW.actor = 'u-9' BEGIN SELECT RAISE(IGNORE); END",
        f"{DROP}ALTER TABLE events RENAME TO e; CREATE VIEW events AS SELECT * FROM e",
    ],
)
def test_a_schema_that_could_make_events_vanish_is_reported_and_not_written_to(tmp_path: Path, change: str) -> None:
    path = make(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(change)
    report = verify(path, keys=[KEY])
    assert [(item.kind, (item.location or "").partition(",")[0]) for item in report] == [("frame", "schema")]
    with pytest.raises(TamperedLogError, match="a table or trigger is not what was made"):
        Log.open(path, signer=SIGNER)
    with Log.open(path, read_only=True) as log:
        assert len(list(log)) == 8


def test_an_event_that_a_trigger_makes_vanish_is_not_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with Log.open(path, signer=SIGNER) as log:
        log.record("contact.read", actor="u-1", resource=None)
        with closing(sqlite3.connect(path)) as database:
            database.executescript(
                "CREATE TRIGGER other BEFORE INSERT ON events WHEN NEW.actor = 'u-9' BEGIN SELECT RAISE(IGNORE); END"
            )
        with pytest.raises(TamperedLogError, match="did not keep what it was given"):
            log.record("contact.export", actor="u-9", resource=None)
        with closing(sqlite3.connect(path)) as database:
            database.executescript("DROP TRIGGER other")
        assert log.record("contact.export", actor="u-9", resource=None).seq == 1
    assert verify(path, keys=[KEY]).ok


@pytest.mark.parametrize(("old", "new"), [(b"CREATE TABLE events", b"CRE\xc1TE TABLE events"), (b"ABORT", b"A\xc2ORT")])
def test_a_schema_of_broken_text_is_no_log(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = make(tmp_path / "log.sqlite")
    data = path.read_bytes()
    path.write_bytes(data.replace(old, new[: len(old)], 1))
    assert not verify(path, keys=[KEY]).ok
    for said in ({"signer": SIGNER}, {"read_only": True}):
        with pytest.raises(FormatError, match="not an audit log"):
            Log.open(path, **said)  # type: ignore[arg-type]  # one of each


def test_pages_of_a_database_that_are_broken_are_a_format_error_to_a_reader(tmp_path: Path) -> None:
    path = make(tmp_path / "log.sqlite", 400)
    data = bytearray(path.read_bytes())
    at = data.index(b'"id":"200"')
    page = at - at % 4096
    data[page : page + 12] = b"\xff" * 12
    path.write_bytes(data)
    assert not verify(path, keys=[KEY]).ok
    with pytest.raises(FormatError, match="cannot be read: DatabaseError"), Log.open(path, read_only=True) as log:
        list(log)


def test_an_id_with_a_nul_and_an_index_of_ones_own_are_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with Log.open(path, signer=SIGNER) as log:
        log.record("contact.read", actor="a\x00b", resource=("contact", "x\x00y"))
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE INDEX mine ON events (action)")
    assert verify(path, keys=[KEY], deep=True).ok


def test_what_is_pruned_by_the_log_itself_is_no_damage(tmp_path: Path) -> None:
    path = make(tmp_path / "log.sqlite")
    with Log.open(path, signer=SIGNER) as log:
        assert log.prune(datetime.now(UTC) + timedelta(days=1))
    assert verify(path, keys=[KEY]).ok
