"""Every way to tamper with a log: found, placed and named."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from crmkit._merkle import leaf_hash
from crmkit.audit import CallableWitness, Checkpoint, Damage, Event, FileWitness, Log, NoteSigner, Witness, verify
from crmkit.audit._stores._segment import EVENT, list_segments, trailer
from crmkit.audit._stores._sqlite import columns
from crmkit.audit._verify._damage import _MESSAGES, classify
from crmkit.errors import CheckFailedError, NotFoundError

ORIGIN = "crm.example.com/audit"


@pytest.fixture
def log(folder, make):
    """Three segments of 40 events, one of none; checkpoints at 40, 80, 120."""
    for _ in range(3):
        make(folder, 40, segment_bytes=1)
    return folder


@pytest.fixture
def database(tmp_path, make):
    """Three times 40 events with checkpoints at 40, 80, 120."""
    for _ in range(3):
        make(tmp_path / "log.db", 40)
    return tmp_path / "log.db"


def found(path, signer, **asked):
    report = verify(path, keys=[signer.verifier], **asked)
    assert not report.ok or not list(report)
    return [(item.kind, item.seq) for item in report]


def segments(folder):
    return [segment.path for segment in list_segments(folder / "events")]


def edit(path, change):
    """Change the event lines of a segment; header and trailers stay."""
    lines = path.read_bytes().splitlines(keepends=True)
    places = [at for at, line in enumerate(lines) if line.startswith(EVENT)]
    events = change([lines[at] for at in places])
    rest = [line for at, line in enumerate(lines) if at not in places]
    path.write_bytes(b"".join([rest[0], *events, *rest[1:]]))


def forged(line: bytes) -> bytes:
    return line.replace(b'"contact.read"', b'"contact.sell"')


def swap(events, one, two):
    events[one], events[two] = events[two], events[one]
    return events


CHANGES = {
    "edited": (lambda e: [*e[:7], forged(e[7]), *e[8:]], 47),
    "removed": (lambda e: [*e[:7], *e[8:]], 47),
    "removed many": (lambda e: [*e[:7], *e[20:]], 47),
    "removed first": (lambda e: e[1:], 40),
    "removed last": (lambda e: e[:-1], 79),
    "inserted": (lambda e: [*e[:7], forged(e[20]), *e[7:]], 47),
    "inserted at the end": (lambda e: [*e, forged(e[20])], 80),
    "duplicated": (lambda e: [*e[:7], e[3], *e[7:]], 47),
    "reordered": (lambda e: swap(e, 7, 20), 47),
    "reordered neighbours": (lambda e: swap(e, 7, 8), 47),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_events_are_placed_and_named(log, signer, name):
    change, seq = CHANGES[name]
    edit(segments(log)[1], change)
    kind = name.split()[0]
    assert found(log, signer) == [(kind, seq)]
    report = verify(log, keys=[signer.verifier])
    assert (report.proved, report.first.kind, report.ok) == (80 if seq == 80 else 40, kind, False)
    assert verify(log, keys=[signer.verifier], workers=2).damage == report.damage


def unguard(connection):
    """Take the triggers of a database away, as somebody would; return what puts them back."""
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    return "".join(f"{sql};" for _, sql in triggers)


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "inserted at the end"])
def test_changed_events_of_a_database_are_placed_and_named(database, signer, name):
    change, seq = CHANGES[name]
    with sqlite3.connect(database) as connection:
        bodies = [
            row[0] for row in connection.execute("SELECT body FROM events WHERE seq BETWEEN 40 AND 79 ORDER BY seq")
        ]
        restore = unguard(connection)
        later = [row[0] for row in connection.execute("SELECT body FROM events WHERE seq >= 80 ORDER BY seq")]
        connection.execute("DELETE FROM events WHERE seq >= 40")
        changed = [*change(bodies), *later]
        rows = [columns(place, body) for place, body in enumerate(changed, start=40)]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.executescript(restore)
    connection.close()
    assert found(database, signer) == [(name.split()[0], 40 if "first" in name else seq)]


def test_a_swap_over_segments_and_a_missing_segment_are_found(log, signer):
    one, two, three, _ = segments(log)
    kept = two.read_bytes()
    two.unlink()
    assert ("removed", 40) in found(log, signer)
    assert verify(log, keys=[signer.verifier]).proved == 40
    two.write_bytes(kept)
    first = one.read_bytes()
    one.unlink()
    assert ("removed", 0) in found(log, signer)
    assert verify(log, keys=[signer.verifier]).proved == 0
    one.write_bytes(first)
    three.write_bytes(two.read_bytes())
    assert verify(log, keys=[signer.verifier]).proved == 80


def test_newest_events_that_are_cut_off_are_missed(log, signer):
    for path in segments(log)[:1:-1]:
        path.unlink()
    assert found(log, signer) == [("truncated", 80)]
    shutil.rmtree(log / "hashes")
    (log / "hashes").mkdir()
    report = verify(log, keys=[signer.verifier])
    assert [(item.kind, item.seq, item.last) for item in report] == [("truncated", 80, 119)]
    notes = log / "checkpoints.jsonl"
    notes.write_bytes(b"".join(notes.read_bytes().splitlines(keepends=True)[:2]))
    assert found(log, signer) == []  # what no checkpoint covers that is out of reach can be cut unseen
    last = Checkpoint.peek(Log.open(log, read_only=True).checkpoints()[-1])
    assert last.size == 80


def test_a_log_that_was_rolled_back_as_a_whole_is_known_by_its_witness(folder, make, signer, tmp_path, events):
    witness = FileWitness(tmp_path / "notes")
    make(folder, 40, witnesses=[witness])
    shutil.copytree(folder, tmp_path / "old")
    make(folder, 10, witnesses=[witness])
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)
    assert found(folder, signer) == []
    report = verify(folder, keys=[signer.verifier], witnesses=[witness])
    assert [(item.kind, item.seq, item.last, item.location) for item in report] == [
        ("rolled_back", 40, 49, "witness notes")
    ]
    assert found(folder, signer, trusted=[witness.latest()]) == [("rolled_back", 40)]


def recompute(folder, change):
    """Rewrite a whole log with right hashes, headers, trailers: everything that needs no key."""
    with Log.open(folder, read_only=True) as log:
        lines = [event.to_bytes() for event in log]
    for path in segments(folder):
        path.unlink()
    shutil.rmtree(folder / "hashes")
    (folder / "hashes").mkdir()
    kept = (folder / "checkpoints.jsonl").read_bytes()
    (folder / "checkpoints.jsonl").unlink()
    with Log.open(folder, origin=ORIGIN) as log:
        log._store.append(change(lines), sync=True)
    (folder / "checkpoints.jsonl").write_bytes(kept)


def test_a_log_that_was_written_anew_with_right_hashes_contradicts_its_signatures(log, signer, tmp_path):
    recompute(log, lambda lines: [*lines[:47], lines[47].replace(b"u-17", b"u-18"), *lines[48:]])
    report = verify(log, keys=[signer.verifier])
    assert [(item.kind, item.seq, item.last) for item in report] == [("rewritten", 40, 79)]
    assert (report.proved, report.size) == (40, 120)


def test_a_log_that_was_written_anew_and_signed_with_another_key_is_unknown(log, signer):
    (log / "checkpoints.jsonl").unlink()
    with Log.open(log, signer=NoteSigner.generate(ORIGIN)):
        pass
    report = verify(log, keys=[signer.verifier])
    assert (report.counts(), report.ok, report.proved) == ({"unknown_key": 1}, False, 80)
    assert verify(log).counts() == {"unknown_key": 3}


def test_two_heads_signed_with_the_right_key_are_a_fork(folder, make, signer, tmp_path, events):
    witness = FileWitness(tmp_path / "notes")
    make(folder, 10)
    shutil.copytree(folder, tmp_path / "other")
    make(folder, 5, witnesses=[witness])
    with Log.open(tmp_path / "other", signer=signer) as log:
        log.extend(events(9, actor="u-99"))
    report = verify(tmp_path / "other", keys=[signer.verifier], witnesses=[witness])
    assert [(item.kind, item.seq, item.location) for item in report] == [("forked", 10, "witness notes")]
    notes = folder / "checkpoints.jsonl"
    notes.write_bytes(notes.read_bytes() + (tmp_path / "other" / "checkpoints.jsonl").read_bytes())
    assert ("forked", 10) in found(folder, signer)


def test_a_checkpoint_of_another_log_and_one_of_none_are_not_taken(log, signer):
    foreign = Checkpoint("other.example.com", 3, bytes(32)).sign([signer])
    assert [item.kind for item in verify(log, keys=[signer.verifier], trusted=[foreign])] == ["forked"]
    assert [item.kind for item in verify(log, keys=[signer.verifier], trusted=[b"hello"])] == ["unreadable"]

    class Away(Witness):
        def latest(self):
            raise OSError

    class Silent(Witness):
        def latest(self):
            return None

    report = verify(log, keys=[signer.verifier], witnesses=[Away("away"), Silent("silent")])
    assert [(item.kind, item.location) for item in report] == [
        ("unreadable", "witness away"),
        ("unwitnessed", "witness silent"),
    ]


def test_a_forged_signature_is_named(log, signer):
    notes = log / "checkpoints.jsonl"
    lines = notes.read_bytes().splitlines(keepends=True)
    text = json.loads(lines[1])["note"]
    head, _, tail = text.rpartition(" ")
    raw = bytearray(base64.b64decode(tail))
    raw[20] ^= 1
    lines[1] = (
        json.dumps(
            {"note": f"{head} {base64.b64encode(raw).decode()}\n"}, ensure_ascii=False, separators=(",", ":")
        ).encode()
        + b"\n"
    )
    notes.write_bytes(b"".join(lines))
    report = verify(log, keys=[signer.verifier])
    assert [(item.kind, item.location) for item in report] == [("bad_signature", "checkpoint 2")]
    assert report.proved == 120


def test_hashes_that_were_changed_are_told_from_events_that_were(log, signer):
    row = log / "hashes" / "00"
    good = row.read_bytes()
    row.write_bytes(good[: 50 * 32] + bytes(32) + good[51 * 32 :])
    report = verify(log, keys=[signer.verifier])
    assert ([(item.kind, item.seq) for item in report], report.proved) == ([("hashes", 50)], 120)
    row.write_bytes(good)
    above = log / "hashes" / "04"
    good = above.read_bytes()
    above.write_bytes(bytes(32) + good[32:])
    assert found(log, signer) == [("hashes", 0)]


def test_a_clock_that_goes_back_is_named(folder, signer, events):
    clock = datetime(2026, 3, 2, tzinfo=UTC)
    log = Log.open(folder, signer=signer, now=lambda: clock)
    log.extend(events(3))
    log._store.last_stored_at = ""
    clock -= timedelta(days=1)
    log.extend(events(3))
    log.close()
    assert found(folder, signer) == [("clock_back", 3)]


def test_events_that_say_another_turn_are_named(folder, signer, events):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(3))
        line = log[2].to_bytes()
        log._store.append([line.replace(b'"seq":2', b'"seq":7')], sync=True)
    assert found(folder, signer) == [("gap", 3)]


def test_only_a_deep_look_sees_an_event_in_another_form(path, signer, events):
    with Log.open(path, signer=signer) as log:
        log.extend(events(3))
        line = log[2].to_bytes().replace(b'"seq":2', b'"seq":3').replace(b'"outcome":"ok"', b'"outcome": "ok"')
        with log._locked():
            log._store.append([line], sync=True)
    assert found(path, signer) == []
    assert found(path, signer, deep=True) == [("not_canonical", 3)]


@pytest.mark.parametrize(
    "change",
    ["actor = 'u-99'", "actor = NULL", "action = 'x'", "at = '2020'", "resource_id = '8'", "resource_type = 'deal'"],
)
def test_columns_that_say_something_else_are_found(database, signer, change):
    with sqlite3.connect(database) as connection:
        restore = unguard(connection)
        connection.execute(f"UPDATE events SET {change} WHERE seq IN (7, 9)")
        connection.executescript(restore)
    connection.close()
    assert found(database, signer) == [("frame", 7)]


def test_only_a_deep_look_sees_an_index_that_hides_an_event(database, signer):
    with sqlite3.connect(database) as connection:
        connection.executescript(
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = sql || ' WHERE seq <> 7' WHERE name = 'events_actor'"
        )
    connection.close()
    with sqlite3.connect(database) as connection:
        connection.execute("REINDEX events_actor")
        connection.executescript(
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = replace(sql, ' WHERE seq <> 7', '') WHERE name = 'events_actor'"
        )
    connection.close()
    with sqlite3.connect(database) as connection:
        query = "SELECT count(*) FROM events INDEXED BY events_actor WHERE actor = 'u-17'"
        hidden = connection.execute(query).fetchone()[0]
    connection.close()
    assert hidden == connection_count(database) - 1
    assert found(database, signer, deep=True) == [("frame", None)]


def connection_count(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT count(*) FROM events NOT INDEXED").fetchone()[0]


def test_a_witness_that_has_nothing_of_a_signed_log_is_named(log, signer, tmp_path):
    wiped = FileWitness(tmp_path / "wiped")
    report = verify(log, keys=[signer.verifier], witnesses=[wiped, CallableWitness("mail", print)])
    assert [(item.kind, item.severity, item.location) for item in report] == [("unwitnessed", "error", "witness wiped")]
    assert not report.ok
    with pytest.raises(CheckFailedError, match="witness wiped: it was named and has no checkpoint"):
        report.raise_for()


@pytest.mark.parametrize("left", [None, b"", b"\n", b"no checkpoint", b"no checkpoint\n", b'{"note":"cut of'])
def test_a_log_that_was_cut_does_not_pass_for_want_of_a_witness(folder, signer, events, tmp_path, left):
    witness = FileWitness(tmp_path / "kept")
    with Log.open(folder, signer=signer, witnesses=[witness], checkpoint_events=1, durability="each") as log:
        for event in events(6):
            log.append(event)
    for path in (folder / "checkpoints.jsonl", segments(folder)[0]):
        lines = path.read_bytes().splitlines(keepends=True)
        cut = 2 if path.name == "checkpoints.jsonl" else 4  # an event has a line and a trailer
        path.write_bytes(b"".join(lines[:-cut]))
    shutil.rmtree(folder / "hashes")
    assert found(folder, signer, witnesses=[witness]) == [("rolled_back", 4)]
    assert verify(folder, keys=[signer.verifier]).ok, "without a witness nothing shows"
    (tmp_path / "kept").unlink()
    if left is not None:
        (tmp_path / "kept").write_bytes(left)
    report = verify(folder, keys=[signer.verifier], witnesses=[witness])
    assert not report.ok
    assert [item.location for item in report] == ["witness kept"]


def test_a_witness_of_a_log_that_was_just_begun_has_nothing_to_say(folder, signer, events, tmp_path):
    witness = FileWitness(tmp_path / "kept")
    log = Log.open(folder, signer=signer, witnesses=[witness])
    assert verify(folder, keys=[signer.verifier], witnesses=[witness]).ok
    log.extend(events(1))
    assert verify(folder, keys=[signer.verifier], witnesses=[witness]).counts() == {"unproved": 1}
    log.close()
    assert verify(folder, keys=[signer.verifier], witnesses=[witness]).ok


def test_a_log_says_that_its_witness_has_nothing_of_it(folder, signer, events, tmp_path, caplog):
    for _ in range(2):  # at the second time it is there
        with Log.open(folder, signer=signer, witnesses=[FileWitness(tmp_path / "kept")]) as log:
            log.extend(events(1))
    assert caplog.messages == []
    (tmp_path / "kept").unlink()
    witnesses = [FileWitness(tmp_path / "kept"), CallableWitness("mail", print)]
    Log.open(folder, signer=signer, witnesses=witnesses).close()
    assert caplog.messages == ["witness kept has nothing of this log, which has checkpoints"]


def test_checkpoints_in_headers_hold_a_witness_to_its_word(log, signer, tmp_path):
    (log / "checkpoints.jsonl").unlink()
    assert ("unwitnessed", None) in found(log, signer, witnesses=[FileWitness(tmp_path / "wiped")])


def test_the_triggers_refuse_to_change_or_delete(database):
    connection = sqlite3.connect(database)
    for statement in (
        "UPDATE events SET body = x'00' WHERE seq = 7", "DELETE FROM events WHERE seq = 7",
        "UPDATE checkpoints SET note = x'00'", "DELETE FROM checkpoints",
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    connection.close()


# Every byte


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def test_every_flipped_byte_of_every_file_is_found(folder, signer, events):
    with Log.open(folder, signer=signer, segment_bytes=1) as log:
        log.extend(events(20))
        log.extend(events(1))
    checked = 0
    for number, path in enumerate(files(folder)):
        good = path.read_bytes()
        for at in range(number % 3, len(good), 3):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
            report = verify(folder, keys=[signer.verifier])
            assert not report.ok, (path.name, at)
            checked += 1
        path.write_bytes(good)
    assert checked > 1000
    assert verify(folder, keys=[signer.verifier]).ok


@pytest.mark.thorough
def test_every_flipped_bit_of_every_file_is_found(folder, signer, events):
    with Log.open(folder, signer=signer, segment_bytes=1) as log:
        log.extend(events(20))
        log.extend(events(1))
    for path in files(folder):
        good = path.read_bytes()
        for at in range(8 * len(good)):
            path.write_bytes(good[: at // 8] + bytes([good[at // 8] ^ 1 << at % 8]) + good[at // 8 + 1 :])
            assert not verify(folder, keys=[signer.verifier]).ok, (path.name, at)
        path.write_bytes(good)


@pytest.mark.parametrize("size", [0, 1, 50, 300, 4096, 5000])
def test_files_that_are_cut_anywhere_are_found(log, signer, size):
    for path in files(log):
        good = path.read_bytes()
        if size < len(good) and path.parent.name != "hashes":
            path.write_bytes(good[:size])
            report = verify(log, keys=[signer.verifier])
            if path.name == "checkpoints.jsonl":  # there are fewer now, so less is proved
                assert report.proved < 120 or not report.ok
            else:
                assert not report.ok, path.name
            path.write_bytes(good)


def test_a_file_that_is_no_database_any_more_is_damage(database, signer):
    good = database.read_bytes()
    database.write_bytes(b"hello" * 1000)
    assert [item.kind for item in verify(database, keys=[signer.verifier])][:1] == ["unreadable"]
    for at in range(0, len(good), 97):
        database.write_bytes(good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :])
        verify(database, keys=[signer.verifier], deep=True)  # damage is data, whatever it is


def test_lines_that_have_no_business_in_a_segment_are_found(log, signer):
    path = segments(log)[1]
    good = path.read_bytes()
    lines = good.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:5], b"hello\n", *lines[5:]]))
    assert found(log, signer) == [("frame", 44)]
    path.write_bytes(good[:-5])
    assert found(log, signer)[0] == ("frame", 40) or found(log, signer)[0] == ("frame", 80)
    path.write_bytes(b"".join(lines[:-1]))
    assert ("frame", 40) in found(log, signer)
    last = segments(log)[-1]
    last.write_bytes(last.read_bytes() + lines[1])
    path.write_bytes(good)
    report = verify(log, keys=[signer.verifier])
    assert [(item.kind, item.severity) for item in report] == [("torn", "warning")]
    assert report.ok
    with pytest.raises(CheckFailedError, match="unfinished"):
        report.raise_for("warning")


def test_a_header_that_was_exchanged_is_found(log, signer):
    _one, two, *_ = segments(log)
    lines = two.read_bytes().splitlines(keepends=True)
    for change in (
        (b'"first":40', b'"first":41'),
        (b"crmkit-audit/1", b"crmkit-audit/9"),
        (b'"edge":["', b'"edge":["00'),
    ):
        two.write_bytes(b"".join([lines[0].replace(*change), *lines[1:]]))
        assert ("frame", 40) in found(log, signer)
    two.write_bytes(b"".join(lines))
    said = json.loads(lines[0])
    for change in ({"edge": ["0" * 64, said["edge"][1]]}, {"stored_at": "2020-01-01T00:00:00.000000Z"}):
        header = json.dumps(said | change, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        two.write_bytes(b"".join([header, *lines[1:]]))
        assert ("frame", 40) in found(log, signer)
    shutil.rmtree(log / "hashes")
    (log / "hashes").mkdir()
    two.write_bytes(b"".join([b"x", *lines]))
    assert ("frame", 40) in found(log, signer)


# Going on, parts, progress


def test_a_verification_goes_on_from_the_last_one(log, signer, make, monkeypatch):
    first = verify(log, keys=[signer.verifier])
    make(log, 10)
    edit(segments(log)[0], lambda events: [forged(events[0]), *events[1:]])
    again = verify(log, keys=[signer.verifier], since=first.checkpoint)
    assert (again.ok, again.proved, again.size) == (True, 130, 130)
    assert not verify(log, keys=[signer.verifier]).ok
    edit(segments(log)[-1], lambda events: [forged(events[0]), *events[1:]])
    assert found(log, signer, since=first.checkpoint) == [("edited", 120)]


def test_a_verification_does_not_go_on_from_what_is_not_there(log, signer):
    for size in (40, 999):
        false = Checkpoint(ORIGIN, size, b"x" * 32).sign([signer])
        assert ("rewritten", 0) in found(log, signer, since=false)
    assert [item.kind for item in verify(log, keys=[signer.verifier], since=b"hello")] == ["unreadable"]


def test_progress_is_reported_in_segments(log, signer):
    seen = []

    def progress(items, *, total, desc):
        seen.append((total, desc))
        return items

    verify(log, keys=[signer.verifier], progress=progress)
    assert seen == [(4, "verify")]


def test_a_report_is_for_people_and_programs(log, signer):
    edit(segments(log)[1], lambda events: [forged(events[0]), *events[1:]])
    report = verify(log, keys=[signer.verifier])
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(report)
    with pytest.raises(CheckFailedError) as caught:
        report.raise_for()
    assert caught.value.report is report
    with pytest.raises(NotFoundError, match="did you mean 'error'"):
        report.raise_for("eror")
    assert report.counts() == {"edited": 1}
    assert report.to_dict()["damage"][0]["message"] == "event 40: the event is not the one that was written"
    frame = report.to_frame(lang="zh")
    assert frame.to_dicts()[0]["message"] == "事件 40: 事件与写入时不同"
    assert "event 40" in repr(report)
    assert ">edited</td>" in report._repr_html_()
    assert [item.location for item in verify(log)][1:4] == ["checkpoint 1", "checkpoint 2", "checkpoint 3"]


def test_an_unproved_report_cannot_pass(folder, events):
    with Log.open(folder, origin=ORIGIN) as log:
        log.extend(events(1))
    report = verify(folder)
    assert repr(report).endswith("no signed checkpoint covers any event>")
    with pytest.raises(CheckFailedError, match="nothing was proved"):
        report.raise_for()


def test_every_kind_has_words_in_both_languages():
    for kind, (english, chinese) in _MESSAGES.items():
        assert Damage(kind=kind).message() == english
        assert Damage(kind=kind, seq=3, last=9, location="x").message("zh") == f"x, 事件 3-9: {chinese}"


def test_classification_by_hand():
    a, b, c, d, x = (leaf_hash(bytes([number])) for number in range(5))
    assert classify([], [a], [], 0) == "truncated"
    assert classify([a], [], [], 0) == "inserted"
    assert classify([b, c], [a, b, c], [], 1) == "removed"
    assert classify([c], [a, b, c], [], 2) == "removed"
    assert classify([x, a, b], [a, b], [d], 0) == "inserted"
    assert classify([d, a, b], [a, b], [d], 0) == "duplicated"
    assert classify([d, c], [a, b], [d], -3) == "duplicated"
    assert classify([b, a], [a, b], [], 1) == "reordered"
    assert classify([x, b], [a, b], [], 0) == "edited"


def test_a_trailer_says_root_and_size(log):
    with Log.open(log, read_only=True) as opened:
        edge = opened._store.rows.head
        assert trailer(edge) == b'{"root":"%b","size":120}\n' % edge.root().hex().encode()
        assert Event.parse(opened[0].to_bytes()) == opened[0]


def test_a_prune_that_says_nothing_is_not_canonical(folder, signer, events):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(1))
        line = log[0].to_bytes().replace(b'"seq":0', b'"seq":1')
        with log._locked():
            log._store.append([line.replace(b'"contact.read"', b'"log.pruned"')], sync=True)
    assert found(folder, signer) == [("not_canonical", 1)]


def test_a_large_database_is_gone_through_in_chunks(tmp_path, signer, events):
    with Log.open(tmp_path / "log.db", signer=signer, durability="os") as log:
        log.extend(events(4100))
    assert verify(tmp_path / "log.db", keys=[signer.verifier]).proved == 4100
    with sqlite3.connect(tmp_path / "log.db") as connection:
        restore = unguard(connection)
        connection.execute("UPDATE events SET body = replace(body, 'u-17', 'u-18') WHERE seq = 3000")
        connection.execute("UPDATE events SET body = CAST(body AS BLOB)")
        connection.executescript(restore)
    connection.close()
    assert found(tmp_path / "log.db", signer) == [("edited", 3000)]
    with sqlite3.connect(tmp_path / "log.db") as connection:
        restore = unguard(connection)
        connection.execute("UPDATE events SET body = CAST(replace(CAST(body AS TEXT), 'u-18', 'u-17') AS BLOB)")
        connection.execute("UPDATE hashes SET hashes = zeroblob(512) WHERE row = 0 AND tile = 3")
        connection.executescript(restore)
    connection.close()
    assert found(tmp_path / "log.db", signer) == [("hashes", 48)]


def test_the_same_damage_of_one_place_is_said_once(log, signer):
    other = NoteSigner.generate(ORIGIN)
    note = Checkpoint(ORIGIN, 3, bytes(32)).sign([other])
    report = verify(log, keys=[signer.verifier], trusted=[note], since=note)
    assert [(item.kind, item.location) for item in report] == [
        ("unknown_key", "trusted checkpoint 1"), ("unknown_key", "since"),
    ]  # fmt: skip
