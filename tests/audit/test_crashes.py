"""Crashes: torn tails, full disks, killed writers. What was acknowledged is there, and the log verifies."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmkit._disk import end_of_lines, sync_path
from crmkit.audit import Event, Log, verify
from crmkit.audit._proofs._files import FileRows, read_last_note, read_notes
from crmkit.audit._proofs._rows import Rows, usable
from crmkit.audit._stores._segment import list_segments
from crmkit.errors import FormatError, IntegrityError, TamperedLogError

WRITER = """
    import os, sys
    from crmkit.audit import Event, Log, NoteSigner
    path, name, count, durability = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    signer = NoteSigner.generate("crm.example.com/audit", seed=bytes(range(32)))
    log = Log.open(path, signer=signer, durability=durability,
        checkpoint_events=int(os.environ.get("CHECKPOINT_EVENTS", "20")),
        segment_bytes=int(os.environ.get("SEGMENT_BYTES", "4000")), wait_s=60)
    print("open", flush=True)
    for number in range(count):
        receipt = log.append(Event(action="contact.read", actor=name, resource=("contact", str(number))))
        sys.stdout.write(f"{receipt.seq} {receipt.id}\\n")
        sys.stdout.flush()
    log.close()
    print("done", flush=True)
"""


def last_segment(folder):
    return list_segments(folder / "events")[-1].path


def sizes(folder, signer, **settings):
    with Log.open(folder, signer=signer, **settings) as log:
        return [event.action for event in log]


@pytest.fixture
def unsigned(folder, events):
    """Three batches without a checkpoint; the offsets behind each."""
    offsets = []
    with Log.open(folder, origin="crm.example.com/audit") as log:
        for number in range(3):
            log.extend(events(1, first=number))
            offsets.append(last_segment(folder).stat().st_size)
    shutil.rmtree(folder / "hashes")
    (folder / "hashes").mkdir()
    return offsets


def test_a_tail_cut_at_every_byte_gives_the_batches_before_it(folder, unsigned, tmp_path, signer, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # a thousand logs; what is forced to disk is tested elsewhere
    whole = last_segment(folder).read_bytes()
    bounds = [whole.index(b"\n") + 1, *unsigned]
    for cut in range(unsigned[0], len(whole) + 1):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        last_segment(copy).write_bytes(whole[:cut])
        kept = sum(bound <= cut for bound in bounds) - 1
        assert verify(copy).size >= kept
        with Log.open(copy, origin="crm.example.com/audit") as log:
            assert log.size == kept
            log.append(Event(action="contact.read"))
            actions = [event.action for event in log][kept:]
        torn = cut - bounds[kept]
        assert actions == ["log.recovered", "contact.read"] if torn else ["contact.read"]
        if torn:
            (aside,) = (copy / "torn").iterdir()
            assert aside.read_bytes() == whole[bounds[kept] : cut]
        assert verify(copy).counts() == {"unproved": 1}


def test_zeros_behind_a_torn_batch_are_torn_too(folder, unsigned):
    segment = last_segment(folder)
    segment.write_bytes(segment.read_bytes()[:-30] + bytes(4096))
    with Log.open(folder, origin="crm.example.com/audit") as log:
        assert log.size == 2


@pytest.mark.parametrize("where", ["event", "trailer", "junk"])
def test_damage_behind_the_last_checkpoint_is_not_taken_for_a_crash(folder, unsigned, where):
    segment = last_segment(folder)
    whole = segment.read_bytes()
    at = unsigned[0] + 40 if where == "event" else unsigned[1] - 10
    changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    segment.write_bytes(whole + b"junk\n" if where == "junk" else changed)
    for _ in range(2):
        with pytest.raises(TamperedLogError, match="salvage=True"):
            Log.open(folder, origin="crm.example.com/audit")
    with Log.open(folder, origin="crm.example.com/audit", salvage=True) as log:
        assert log.size == {"event": 1, "trailer": 1, "junk": 3}[where]
        log.append(Event(action="contact.read"))
        assert [event.action for event in log][-2:] == ["log.recovered", "contact.read"]


def test_no_salvage_goes_behind_what_was_signed(folder, make, signer):
    make(folder, 4)
    segment = last_segment(folder)
    whole = segment.read_bytes()
    segment.write_bytes(whole.replace(b'"u-17"', b'"u-18"', 1))
    with pytest.raises(TamperedLogError):
        Log.open(folder, signer=signer, salvage=True)
    segment.write_bytes(whole[:-20])
    for salvage in (True, False):
        with pytest.raises(TamperedLogError, match=r"cut off|last checkpoint"):
            Log.open(folder, signer=signer, salvage=salvage)


def test_nothing_is_set_aside_whose_hashes_are_stored(folder, make):
    make(folder, 4)
    (folder / "checkpoints.jsonl").unlink()
    segment = last_segment(folder)
    segment.write_bytes(segment.read_bytes()[:-20])
    with pytest.raises(TamperedLogError, match="hashes of later events are stored"):
        Log.open(folder, origin="crm.example.com/audit")
    with pytest.raises(TamperedLogError, match="4 events were written, 0 are there"):
        Log.open(folder, read_only=True)


def test_a_database_has_nothing_to_salvage(tmp_path, make):
    with pytest.raises(IntegrityError, match="unfinished"):
        Log.open(make(tmp_path / "log.db", 1), salvage=True)


# Hashes


def test_lost_hashes_are_made_again(folder, make, signer, caplog):
    make(folder, 300, segment_bytes=5000)
    with Log.open(folder, signer=signer) as log:
        log.rotate()
        root = log._store.rows.root()
    for lost in ("00", "04", "08"):
        (folder / "hashes" / lost).unlink()
        with Log.open(folder, signer=signer) as log:
            assert (log.size, log._store.rows.root()) == (300, root)
    assert "making them again" in caplog.text
    assert verify(folder, keys=[signer.verifier]).ok


def test_hashes_of_pruned_events_cannot_be_made_again(folder, make, events, signer):
    from datetime import UTC, datetime

    make(folder, 30)
    with Log.open(folder, signer=signer) as log:
        log.rotate()
        log.extend(events(2))
        assert log.prune(datetime(2100, 1, 1, tzinfo=UTC)) == 30
    for file in (folder / "hashes").iterdir():
        file.unlink()
    with pytest.raises(IntegrityError, match="pruned"):
        Log.open(folder, signer=signer)


def test_events_that_cannot_give_the_hashes_are_refused(folder, make, events, signer):
    make(folder, 30)
    with Log.open(folder, signer=signer) as log:
        log.rotate()
        log.extend(events(2))
    for file in (folder / "hashes").iterdir():
        file.unlink()
    first = list_segments(folder / "events")[0].path
    whole = first.read_bytes()
    first.write_bytes(whole.replace(b'"u-17"', b'"u-18"', 1))
    with pytest.raises(TamperedLogError, match="not those that were written"):
        Log.open(folder, signer=signer)
    first.write_bytes(b"".join(line for line in whole.splitlines(keepends=True) if b'"seq":7,' not in line))
    with pytest.raises(TamperedLogError, match="not those that were written"):
        Log.open(folder, signer=signer)


def test_damaged_hashes_are_made_again_where_the_events_are_there(folder, make, events, signer, caplog):
    make(folder, 32)
    with Log.open(folder, signer=signer) as log:
        log.rotate()
        log.extend(events(2))
        root = log._store.rows.root()
    for name, salvage in (("04", False), ("00", True)):
        row = folder / "hashes" / name
        row.write_bytes(bytes(row.stat().st_size))  # what a power failure may leave
        assert not verify(folder, keys=[signer.verifier]).ok
        with Log.open(folder, signer=signer, salvage=salvage) as log:
            assert log._store.rows.root() == root
            assert len(log.consistency_proof(3)) > 2
        assert verify(folder, keys=[signer.verifier]).ok


def test_rows_are_whole_only_as_far_as_the_shortest_of_them():
    assert usable([]) == 0
    for size in range(0, 5000, 7):
        counts = [size, size >> 4, size >> 8, size >> 12]
        assert usable(counts) == usable([count for count in counts if count]) == size
    assert usable([100, 3]) == 63
    assert usable([100]) == 15
    assert usable([10, 9, 9]) == 10


def test_rows_that_lack_hashes_say_so(tmp_path):
    store = FileRows(tmp_path)
    store.write(0, 0, bytes(64))
    assert store.counts() == [2]
    with pytest.raises(TamperedLogError, match="hashes are missing"):
        store.read(0, 1, 5)


# Disks


@pytest.mark.parametrize("failing", ["write", "fsync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_after_a_disk_error_nothing_is_stored_and_the_log_goes_on(folder, events, signer, monkeypatch, failing, code):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(2))
        real = os.write

        def fail(fd, *data):
            if data and len(data[0]) > 5:
                real(fd, bytes(data[0])[:5])
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, failing, fail)
        with pytest.raises(OSError, match=os.strerror(code)):
            log.extend(events(2))
        monkeypatch.undo()
        assert log.append(events(1)[0]).seq == 2
    assert verify(folder, keys=[signer.verifier], deep=True).size == 3


FULL = """
    import resource, signal, sys
    from crmkit.audit import Event, Log, NoteSigner
    signer = NoteSigner.generate("crm.example.com/audit", seed=bytes(range(32)))
    log = Log.open(sys.argv[1], signer=signer, checkpoint_events=1000)
    told = [log.append(Event(action="contact.read", purpose="x" * 300)).id for _ in range(5)]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
    refused = 0
    for _ in range(20):
        try:
            told.append(log.append(Event(action="contact.read", purpose="x" * 300)).id)
        except OSError:
            refused += 1
    assert refused > 5, refused
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    told.append(log.append(Event(action="contact.read")).id)
    log.close()
    print(*told)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits")
def test_a_file_that_may_not_grow_is_cut_back_to_what_was_acknowledged(folder, signer):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), str(folder)], capture_output=True, text=True, check=True
    )
    with Log.open(folder, signer=signer) as log:
        assert [event.id for event in log] == done.stdout.split()
    assert verify(folder, keys=[signer.verifier], deep=True).ok


def test_a_write_that_could_not_even_be_taken_back_is_set_aside(folder, events, signer, monkeypatch):
    with Log.open(folder, signer=signer) as log:
        log.extend(events(2))
        real = os.write

        def half(fd, data):
            real(fd, bytes(data)[:50])
            raise OSError(errno.EIO, "broken")

        def refuse(*_):
            raise OSError(errno.EIO, "broken")

        monkeypatch.setattr(os, "write", half)
        monkeypatch.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match="broken"):
            log.extend(events(2))
        monkeypatch.undo()
        assert log.append(events(1)[0]).seq == 3
        assert log[2].action == "log.recovered"
    assert verify(folder, keys=[signer.verifier]).size == 4


def test_housekeeping_that_fails_does_not_unsay_what_was_stored(folder, events, signer, monkeypatch, caplog):
    with Log.open(folder, signer=signer, checkpoint_events=1) as log:

        def full(*_):
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(log._store, "add_note", full)
        assert log.append(events(1)[0]).seq == 0
        assert "housekeeping of the log failed" in caplog.text
        monkeypatch.undo()
    assert verify(folder, keys=[signer.verifier]).proved == 1


def test_an_interrupt_reaches_its_caller_and_leaves_the_log_sound(folder, events, signer, monkeypatch):
    with Log.open(folder, signer=signer) as log:

        def interrupted(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(log._store, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append(events(1)[0])
        monkeypatch.undo()
        assert log.append(events(1)[0]).seq == 0


def test_a_database_on_a_full_disk_stores_nothing_and_goes_on(tmp_path, events, signer):
    with Log.open(tmp_path / "log.db", signer=signer) as log:
        log.extend(events(2))
        database = log._store._database
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OSError, match="SQLITE_FULL"):
            log.append(Event(action="import", purpose="x" * 1_000_000))
        database.execute("PRAGMA max_page_count = 1000000")
        assert log.append(events(1)[0]).seq == 2
    assert verify(tmp_path / "log.db", keys=[signer.verifier]).size == 3


def test_a_file_that_was_cut_while_open_is_noticed(folder, events, signer):
    log = Log.open(folder, signer=signer)
    log.extend(events(3))
    with last_segment(folder).open("r+b") as stream:
        stream.truncate(300)
    with pytest.raises(TamperedLogError, match="cut off while it was open"):
        log.append(events(1)[0])
    with pytest.raises(TamperedLogError):
        log.close()


def test_a_torn_checkpoint_is_none_and_the_next_takes_its_place(folder, make, events, signer):
    make(folder, 2)
    with (folder / "checkpoints.jsonl").open("ab") as stream:
        stream.write(b'{"note":"crm.exa')
    assert verify(folder, keys=[signer.verifier]).ok
    with Log.open(folder, signer=signer) as log:
        log.extend(events(1))
    assert verify(folder, keys=[signer.verifier]).proved == 3
    with (folder / "checkpoints.jsonl").open("ab") as stream:
        stream.write(b'{"note":7}\n')
    with pytest.raises(FormatError, match="not a checkpoint"):
        Log.open(folder, signer=signer)


@pytest.mark.parametrize("torn", [b"", b"{", b"x" * 9000])
@pytest.mark.parametrize("counts", [[], [1], [40], [1, 1, 30, 1], [4000], [4095, 4096], [20_000, 1], [1, 20_000]])
def test_the_newest_checkpoint_is_the_last_of_all(tmp_path, counts, torn):
    path = tmp_path / "checkpoints.jsonl"
    assert read_last_note(path) is None
    lines = [b'{"note":"%b"}\n' % (b"%d" % number * count) for number, count in enumerate(counts)]
    path.write_bytes(b"".join(lines) + torn)
    notes = read_notes(path)
    assert len(notes) == len(counts)
    assert read_last_note(path) == (notes[-1] if notes else None)
    with path.open("rb") as stream:
        assert end_of_lines(stream.fileno()) == len(b"".join(lines))


def test_a_missing_file_cannot_be_forced_to_disk(tmp_path):
    with pytest.raises(FileNotFoundError):
        sync_path(tmp_path / "none")


# Processes


def start(folder, name, count, durability="group"):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), name, str(count), durability],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def acknowledged(process) -> dict[int, str]:
    """What a writer was told is stored; a line that was cut by its death was not printed to its end."""
    lines = process.stdout.read().split("\n")[:-1]
    return {int(seq): event_id for seq, event_id in (line.split() for line in lines if " " in line)}


def kill_writers(folder, signer, rounds, writers, pause):
    told: dict[int, str] = {}
    for number in range(rounds):
        processes = [start(folder, f"u-{number}-{place}", 100_000) for place in range(writers)]
        for process in processes:
            assert process.stdout.readline() == "open\n"
        time.sleep(pause(number))
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        time.sleep(0.05)  # the others go on behind it
        for process in processes[1:]:
            process.send_signal(signal.SIGKILL)
        for process in processes:
            process.wait()
            told |= acknowledged(process)
            process.stdout.close()
    with Log.open(folder, signer=signer) as log:
        there = {event.seq: event.id for event in log}
    assert told
    assert {seq: there.get(seq) for seq in told} == told
    verify(folder, keys=[signer.verifier], deep=True).raise_for()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_writers_lose_nothing_that_was_acknowledged(folder, signer):
    kill_writers(folder, signer, rounds=2, writers=5, pause=lambda number: 0.1 + 0.05 * number)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["log", "log.db"])
def test_many_killed_writers_lose_nothing_that_was_acknowledged(tmp_path, signer, name):
    kill_writers(tmp_path / name, signer, rounds=25, writers=5, pause=lambda number: 0.013 * number)


KILLED_AT = """
    import os, sys
    stop, calls = int(sys.argv[5]), 0
    def dying(name):
        real = getattr(os, name)
        def call(*arguments):
            global calls
            calls += 1
            if calls == stop:
                if name == "write":
                    real(arguments[0], bytes(arguments[1])[: max(1, len(arguments[1]) // 2)])
                os.kill(os.getpid(), 9)
            return real(*arguments)
        return call
    for name in ("write", "fsync", "ftruncate", "replace", "rename"):
        setattr(os, name, dying(name))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_writer_that_dies_at_any_of_its_system_calls_loses_nothing(folder, signer):
    script = textwrap.dedent(KILLED_AT) + textwrap.dedent(WRITER)
    told: dict[int, str] = {}
    stop, ended = 1, False
    step = 1
    while not ended:
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(folder), "u", "25", "each", str(stop)], stdout=subprocess.PIPE, text=True
        )
        out = process.stdout.read()
        process.stdout.close()
        process.wait()
        lines = out.split("\n")[:-1]
        told |= {int(seq): event_id for seq, event_id in (line.split() for line in lines if " " in line)}
        ended = "done" in lines
        assert ended or process.returncode == -signal.SIGKILL
        stop, step = stop + step, step + (stop > 15)
    with Log.open(folder, signer=signer) as log:
        there = {event.seq: event.id for event in log}
        assert sum(event.action == "log.recovered" for event in log) > 1
    assert {seq: there.get(seq) for seq in told} == told
    verify(folder, keys=[signer.verifier], deep=True).raise_for()


@pytest.mark.thorough
def test_a_writer_that_dies_at_any_of_its_system_calls_while_four_wait_loses_nothing(folder, signer):
    script = textwrap.dedent(KILLED_AT) + textwrap.dedent(WRITER)
    told: dict[int, str] = {}
    for stop in range(1, 120, 2):
        dying = subprocess.Popen(
            [sys.executable, "-c", script, str(folder), "dying", "40", "each", str(stop)],
            stdout=subprocess.PIPE,
            text=True,
        )
        others = [start(folder, f"w-{number}", 10) for number in range(4)]
        for process in (dying, *others):
            told |= acknowledged(process)
            process.stdout.close()
            process.wait()
    with Log.open(folder, signer=signer) as log:
        there = {event.seq: event.id for event in log}
    assert {seq: there.get(seq) for seq in told} == told
    verify(folder, keys=[signer.verifier], deep=True).raise_for()


@pytest.mark.parametrize("name", ["log", "log.db"])
def test_processes_that_append_together_make_one_log(tmp_path, signer, name):
    share(tmp_path / name, signer, writers=4, each=40)


@pytest.mark.thorough
def test_eight_processes_append_a_hundred_thousand_events(tmp_path, signer, monkeypatch):
    monkeypatch.setenv("SEGMENT_BYTES", "4000000")
    monkeypatch.setenv("CHECKPOINT_EVENTS", "500")
    share(tmp_path / "log", signer, writers=8, each=12_500, durability="os")


def share(path, signer, writers, each, durability="group"):
    processes = [start(path, f"u-{number}", each, durability) for number in range(writers)]
    told = {}
    with ThreadPoolExecutor(writers) as readers:  # all at once: a writer whose pipe is full would wait for its turn
        for found in readers.map(acknowledged, processes):
            told |= found
    for process in processes:
        process.stdout.close()
        assert process.wait() == 0
    assert sorted(told) == list(range(writers * each))
    with Log.open(path, signer=signer) as log:
        assert {event.seq: event.id for event in log} == told
        for number in range(writers):
            ids = [int(event.resource.id) for event in log.events(actor=f"u-{number}")]
            assert ids == list(range(each))
    verify(path, keys=[signer.verifier]).raise_for()
    assert len(read_notes(path / "checkpoints.jsonl") if path.is_dir() else []) <= writers * each // 20 + 2 * writers


def test_readers_see_whole_batches_while_somebody_writes(folder, signer, events):
    process = start(folder, "u", 200, "os")
    assert process.stdout.readline() == "open\n"
    seen = [0]
    while process.poll() is None:
        with Log.open(folder, read_only=True) as log:
            ids = [event.resource.id for event in log]
        assert ids == [str(number) for number in range(len(ids))]
        seen.append(len(ids))
        report = verify(folder, keys=[signer.verifier])
        assert all(item.severity == "warning" for item in report), list(report)
    process.stdout.close()
    assert seen == sorted(seen)
    assert verify(folder, keys=[signer.verifier]).proved == 200


def test_rows_go_on_from_any_size(tmp_path):
    from crmkit._merkle import Tree, leaf_hash

    store = FileRows(tmp_path)
    leaves = [leaf_hash(b"%d" % number) for number in range(600)]
    done = 0
    for step in (1, 2, 13, 15, 16, 17, 100, 200, 236):
        rows = Rows(store)
        assert rows.size == done
        rows.extend(leaves[done : done + step - 1])
        rows.append(leaves[done + step - 1])
        done += step
        tree = Tree(leaves[:done])
        assert rows.root() == rows.head.root() == tree.root()
        assert [rows.inclusion_proof(at) for at in range(0, done, 7)] == [
            tree.inclusion_proof(at) for at in range(0, done, 7)
        ]
        assert rows.leaves(0, done) == leaves[:done]
        assert rows.stored == done - step
        rows.flush()
