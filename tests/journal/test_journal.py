from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit._journal import FileLock, Head, Journal, header_of, read
from crmkit.errors import FormatError, IntegrityError, LockedError, TamperedLogError

KIND = "test"


def body(number: int, **more: object) -> bytes:
    return json.dumps({"i": number, **more}, separators=(",", ":")).encode()


def write(path, count: int, *, side: bytes = b'{"salt":"s"}') -> Head:
    with Journal.open(path, kind=KIND) as journal:
        journal.extend([(body(i, text="é\n"), side) for i in range(count)])
        return journal.head


def numbers(path, **options) -> list[int]:
    return [line.body["i"] for line in read(path, kind=KIND, **options)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


def test_lines_come_back_verified_with_their_sides(path):
    head = write(path, 3)
    assert [(line.number, line.body, line.side) for line in read(path, kind=KIND, expect=head)] == [
        (i + 1, {"i": i, "text": "é\n"}, {"salt": "s"}) for i in range(3)
    ]


def test_the_bytes_are_those_of_the_specification(path):
    with Journal.open(path, kind=KIND, about=b'{"made":"2026"}') as journal:
        journal.append(b'{"a":1}', b'{"s":2}')
        journal.append(b'{"b":"\xc3\xa9"}')
    zero = "0" * 64
    header = b'{"format":"crmkit-journal/1","kind":"test","made":"2026"}'
    h0 = hashlib.sha256(bytes(32) + header).hexdigest()
    h1 = hashlib.sha256(bytes.fromhex(h0) + b'{"a":1}').hexdigest()
    h2 = hashlib.sha256(bytes.fromhex(h1) + '{"b":"é"}'.encode()).hexdigest()
    assert path.read_text(encoding="utf-8") == (
        f'{{"body":{header.decode()},"hash":"{h0}","n":0,"prev":"{zero}"}}\n'
        f'{{"body":{{"a":1}},"hash":"{h1}","n":1,"prev":"{h0}","side":{{"s":2}}}}\n'
        f'{{"body":{{"b":"é"}},"hash":"{h2}","n":2,"prev":"{h1}"}}\n'
    )
    assert header_of(path) == {"format": "crmkit-journal/1", "kind": "test", "made": "2026"}


def test_a_journal_goes_on_where_it_stood(path):
    for _ in range(3):
        write(path, 2)
    assert numbers(path) == [0, 1] * 3
    assert write(path, 0).lines == 6


def test_an_empty_journal_is_one(path):
    assert write(path, 0).lines == 0
    assert numbers(path) == []


@pytest.mark.parametrize("durability", ["each", "close", "os"])
def test_durability_is_when_data_is_forced_to_disk(path, durability, monkeypatch):
    forced = []
    monkeypatch.setattr(os, "fsync", lambda fd: forced.append(fd))
    journal = Journal.open(path, kind=KIND, durability=durability)
    forced.clear()
    journal.append(body(1))
    journal.append(body(2))
    assert len(forced) == (2 if durability == "each" else 0)
    forced.clear()
    journal.close()
    journal.close()
    assert len(forced) == (0 if durability == "os" else 1)


def test_a_repr_shows_name_and_length(path):
    write(path, 2)
    with Journal.open(path, kind=KIND) as journal:
        assert repr(journal) == "Journal('log.jsonl', 2 lines)"


# What is not a journal


@pytest.mark.parametrize("raw", [b"", b"hello\n", b'{"a":1}\n', b'{"body":{"x":1}}\n'])
def test_reading_something_else_is_an_error(path, raw):
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=r"log\.jsonl: not a journal"):
        numbers(path)


@pytest.mark.parametrize("raw", [b"hello", b"precious\ntext\nwithout end", b"a,b\n1,2\n"])
def test_opening_something_else_changes_nothing(path, raw):
    path.write_bytes(raw)
    with pytest.raises((FormatError, TamperedLogError)):
        Journal.open(path, kind=KIND)
    assert path.read_bytes() == raw
    assert not path.with_name("log.jsonl.torn").exists()


def test_a_journal_of_another_kind_or_version_is_refused(path):
    write(path, 1)
    for call in (lambda: list(read(path, kind="other")), lambda: Journal.open(path, kind="other")):
        with pytest.raises(FormatError, match="of 'test', not of 'other'"):
            call()
    other = b'{"format":"crmkit-journal/9"}'
    own = hashlib.sha256(bytes(32) + other).hexdigest()
    path.write_text(f'{{"body":{other.decode()},"hash":"{own}","n":0,"prev":"{"0" * 64}"}}\n')
    with pytest.raises(FormatError, match="crmkit-journal/9"):
        header_of(path)


@pytest.mark.parametrize("wrong", [b"", b"[]", b"1", b"{", b'{"a":1}x', b'{"a":\n1}', b"\xff", b"[" * 9000])
def test_bodies_and_sides_that_are_no_object_are_refused_before_anything_is_written(path, wrong):
    with Journal.open(path, kind=KIND) as journal:
        before = path.read_bytes()
        with pytest.raises(FormatError, match="body is not one JSON object"):
            journal.append(wrong)
        if wrong:
            with pytest.raises(FormatError, match="side is not one JSON object"):
                journal.append(b"{}", wrong)
        assert path.read_bytes() == before


# Tampering


def test_every_flipped_bit_of_what_the_chain_covers_is_found_at_its_line(path):
    write(path, 3, side=b"")
    good = path.read_bytes()
    starts = [0, *(at + 1 for at, byte in enumerate(good) if byte == 10)]
    for at in range(len(good) - 1):
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << at % 8)]) + good[at + 1 :])
        line = sum(start <= at for start in starts) - 1
        with pytest.raises((IntegrityError, FormatError)) as caught:
            numbers(path)
        if isinstance(caught.value, TamperedLogError):
            assert caught.value.location in {f"log.jsonl, line {line}", f"log.jsonl, line {line + 1}"}


def tampered(path, lines: list[bytes]) -> TamperedLogError:
    path.write_bytes(b"".join(lines))
    with pytest.raises(TamperedLogError) as caught:
        numbers(path)
    return caught.value


def test_edits_drops_swaps_and_repeats_are_named_with_their_place(path):
    write(path, 6)
    lines = path.read_bytes().splitlines(keepends=True)
    edited = [*lines]
    edited[3] = edited[3].replace(b'"i":2', b'"i":7')
    assert str(tampered(path, edited)) == "log.jsonl, line 3: its body is not what was written"
    assert "line 3" in tampered(path, [*lines[:3], *lines[4:]]).location
    assert "missing" in str(tampered(path, [*lines[:3], *lines[4:]]))
    assert "line 2" in tampered(path, [*lines[:2], lines[3], lines[2], *lines[4:]]).location
    assert "twice" in str(tampered(path, [*lines[:3], lines[2], *lines[3:]]))
    assert "not a line" in str(tampered(path, [*lines[:3], b"\n", *lines[3:]]))


def test_a_line_written_anew_with_a_right_hash_does_not_fit_its_follower(path, tmp_path):
    write(path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    previous = json.loads(lines[1])["hash"]
    forged = body(99)
    own = hashlib.sha256(bytes.fromhex(previous) + forged).hexdigest()
    lines[2] = f'{{"body":{forged.decode()},"hash":"{own}","n":2,"prev":"{previous}"}}\n'.encode()
    assert "line 3: it does not follow the line before it" in str(tampered(path, lines))


@pytest.mark.parametrize(
    "change",
    [
        (b'"n":2', b'"n":"2"'),
        (b'"n":2', b'"n":2.0'),
        (b'{"body"', b'{"bodi"'),
        (b'{"body":{', b'{"body":[{'),
        (b',"side":{"salt":"s"}}', b',"side":[]}'),
        (b',"side":{"salt":"s"}}', b',"side":{"salt":"s"},"x":1}'),
        (b',"prev":"', b',"prev":"Z'),
    ],
)
def test_lines_laid_out_in_another_way_are_none(path, change):
    write(path, 2)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(*change)
    assert "line 2: not a line of a journal" in str(tampered(path, lines))


def test_a_kept_head_shows_a_cut_end_and_a_journal_written_anew(path, tmp_path):
    head = write(path, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert numbers(path) == [0, 1, 2]
    with pytest.raises(TamperedLogError, match=r"line 4: cut off: 4 lines were written, 3 are there"):
        numbers(path, expect=head)
    path.unlink()
    write(path, 4, side=b"")
    assert numbers(path, expect=head) == [0, 1, 2, 3]
    path.unlink()
    with Journal.open(path, kind=KIND) as journal:
        for i in range(5):
            journal.append(body(i + 1))
    with pytest.raises(TamperedLogError, match="not the journal that the expected head is of"):
        numbers(path, expect=head)


def test_a_line_beyond_all_measure_is_refused(path, monkeypatch):
    write(path, 1)
    from crmkit._journal import _reader

    monkeypatch.setattr(_reader, "MAX_LINE", len(path.read_bytes().splitlines()[0]) + 1)
    with path.open("ab") as stream:
        stream.write(b'{"body":' + b" " * 1000 + b"\n")
    with pytest.raises(TamperedLogError):
        numbers(path)


# Crashes


def test_whatever_was_cut_off_the_end_is_set_aside_and_the_rest_goes_on(path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # hundreds of times, for nothing
    write(path, 3)
    good = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(good) if byte == 10]
    aside = path.with_name("log.jsonl.torn")
    for cut in range(ends[0], len(good)):
        path.write_bytes(good[:cut])
        aside.unlink(missing_ok=True)
        whole = sum(end <= cut for end in ends) - 1
        with Journal.open(path, kind=KIND) as journal:
            assert journal.head.lines == whole
            torn = good[ends[whole] : cut]
            if torn:
                assert journal.recovered.size_bytes == len(torn)
                assert aside.read_bytes() == torn + b"\n"
            else:
                assert journal.recovered is None
                assert not aside.exists()
            journal.append(body(9))
        assert numbers(path) == [*range(whole), 9]


def test_a_torn_header_is_set_aside_and_written_anew(path):
    write(path, 0)
    whole = path.read_bytes()
    for cut in (1, 5, 20, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with Journal.open(path, kind=KIND) as journal:
            assert journal.recovered.size_bytes == cut
        assert path.read_bytes() == whole


def test_readers_say_that_the_end_is_torn_or_skip_it_if_asked(path):
    write(path, 2)
    with path.open("ab") as stream:
        stream.write(b'{"body":{"i":2')
    with pytest.raises(IntegrityError, match=r"line 3: unfinished, 14 bytes"):
        numbers(path)
    assert numbers(path, torn="skip") == [0, 1]


def test_a_long_torn_line_is_set_aside_whole(path):
    write(path, 1)
    torn = b'{"body":{"x":"' + b"y" * 300_000
    with path.open("ab") as stream:
        stream.write(torn)
    with Journal.open(path, kind=KIND) as journal:
        assert journal.recovered.path.read_bytes() == torn + b"\n"
    assert numbers(path) == [0]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda lines: [*lines[:-1], b'{"i":1}\n'], "last line: not a line"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b'"i":1', b'"i":5')], "its body is not what was written"),
        (lambda lines: [lines[0], lines[2].replace(b'"n":2', b'"n":1')], "does not follow the header"),
    ],
)
def test_a_damaged_last_line_is_not_appended_to(path, edit, message):
    write(path, 2)
    path.write_bytes(b"".join(edit(path.read_bytes().splitlines(keepends=True))))
    before = path.read_bytes()
    with pytest.raises(TamperedLogError, match=message):
        Journal.open(path, kind=KIND)
    assert path.read_bytes() == before
    lock = FileLock(path.with_name("log.jsonl.lock"))
    lock.release()
    lock.release()


WRITER = """
    import sys
    from crmkit._journal import Journal
    with Journal.open(sys.argv[1], kind="test", durability=sys.argv[2]) as journal:
        print("ready", flush=True)
        i = journal.head.lines
        while True:
            journal.append(b'{"i":%d,"pad":"%s"}' % (i, b"x" * 3000))
            i += 1
            print(i, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_writer_loses_nothing_it_acknowledged(path):
    acknowledged = 0
    for rounds in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(path), "os"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        for _ in range(20 * (rounds + 1)):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].splitlines(keepends=True)
        acknowledged = max([acknowledged, *(int(line) for line in rest if line.endswith("\n"))])
        with Journal.open(path, kind=KIND) as journal:  # the lock died with its holder
            assert journal.head.lines >= acknowledged
        found = numbers(path)
        assert found == list(range(len(found)))
        assert len(found) >= acknowledged


def test_a_full_disk_leaves_the_journal_as_it_was(path, monkeypatch):
    write(path, 2)
    real = os.write

    def full(fd, data):
        if len(data) > 20:
            return real(fd, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal.open(path, kind=KIND) as journal:
        before = path.read_bytes()
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            journal.append(body(2))
        monkeypatch.setattr(os, "write", real)
        assert path.read_bytes() == before
        journal.append(body(2))
    assert numbers(path) == [0, 1, 2]


def test_a_half_written_line_that_cannot_be_taken_back_stops_the_writer(path, monkeypatch):
    write(path, 1)
    real = os.write

    def broken(fd, data):
        monkeypatch.setattr(os, "write", fail)
        return real(fd, data[:10])

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    with Journal.open(path, kind=KIND) as journal:
        monkeypatch.setattr(os, "write", broken)
        monkeypatch.setattr(os, "ftruncate", fail)
        with pytest.raises(OSError, match="Input/output"):
            journal.append(body(1))
        monkeypatch.undo()
        with pytest.raises(IntegrityError, match="open it again"):
            journal.append(body(1))
    with Journal.open(path, kind=KIND) as journal:
        assert journal.recovered.size_bytes == 10
        journal.append(body(1))
    assert numbers(path) == [0, 1]


def test_a_failing_first_write_leaves_the_lock_free(path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(OSError, match="full"):
        Journal.open(path, kind=KIND)
    monkeypatch.undo()
    assert write(path, 1).lines == 1
    with pytest.raises(IsADirectoryError):
        Journal.open(path.parent, kind=KIND)


# One writer


def test_the_second_writer_is_refused_until_the_first_is_done(path):
    with Journal.open(path, kind=KIND) as journal:
        for call in (
            lambda: Journal.open(path, kind=KIND),
            lambda: Journal.open(path, kind=KIND, wait_s=0.05),
        ):
            with pytest.raises(LockedError, match="another writer"):
                call()
        journal.append(body(0))
    assert write(path, 1).lines == 2
    with pytest.raises(IntegrityError, match="closed"):
        journal.append(body(1))


def test_two_processes_take_turns_and_lose_nothing(path):
    script = textwrap.dedent("""
        import sys
        from crmkit._journal import Journal
        for i in range(20):
            with Journal.open(sys.argv[1], kind="test", durability="os", wait_s=60) as journal:
                journal.append(b'{"i":%d}' % i)
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert sorted(numbers(path)) == sorted([*range(20), *range(20)])


JSON_OBJECTS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.none() | st.integers(-9, 9) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    max_size=3,
)


@given(st.lists(st.tuples(JSON_OBJECTS, JSON_OBJECTS), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_objects_come_back(tmp_path, lines):
    target = tmp_path / "any.jsonl"
    target.unlink(missing_ok=True)
    with Journal.open(target, kind=KIND, durability="os") as journal:
        journal.extend((json.dumps(b, ensure_ascii=False).encode(), json.dumps(s).encode()) for b, s in lines)
    assert [(line.body, line.side) for line in read(target, kind=KIND)] == lines


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_lock_that_a_forked_child_has_inherited_is_let_go_of(path):
    reader, writer = os.pipe()
    with FileLock(path):
        child = os.fork()
        if not child:
            os.close(writer)
            os.read(reader, 1)  # lives until its parent has looked
            os._exit(0)
    try:
        FileLock(path).release()
    finally:
        os.close(reader)
        os.close(writer)
        os.waitpid(child, 0)
