"""The verifier for auditors: written apart from the library, and of one mind with it."""

from __future__ import annotations

import ast
import json
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from crmkit._merkle import EMPTY_ROOT
from crmkit.audit import Checkpoint, Log, NoteSigner, verify, write_verifier
from crmkit.audit._stores._segment import list_segments
from crmkit.audit._verify import _standalone


@pytest.fixture
def log(path, make):
    for _ in range(3):
        make(path, 40, segment_bytes=1)
    return path


@pytest.fixture
def check(signer, capsys):
    def call(*arguments, key=None):
        status = _standalone.main([*map(str, arguments), "--key", str(key or signer.verifier)])
        return status, capsys.readouterr().out

    return call


def test_it_needs_nothing_but_python_and_cryptography(tmp_path):
    write_verifier(tmp_path / "verify.py")
    tree = ast.parse((tmp_path / "verify.py").read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {"cryptography"}


def test_it_runs_by_itself(log, signer, tmp_path):
    write_verifier(tmp_path / "verify.py")
    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "verify.py", log, "--key", str(signer.verifier)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "OK crm.example.com/audit: 120 events, 120 proved, 0 without bodies\n")


def test_it_agrees_that_a_log_is_good(log, check, signer, events):
    kept = log.parent / "kept.txt"
    with Log.open(log, signer=signer) as opened:
        kept.write_bytes(opened.checkpoints()[1])
        opened.compress()
        opened.prune(datetime(2100, 1, 1, tzinfo=UTC))
    status, said = check(log, "--checkpoint", kept)
    assert (status, said.startswith("OK crm.example.com/audit: 121 events, 121 proved")) == (0, True)
    assert "120 without bodies" in said


def test_it_says_what_no_checkpoint_covers(folder, check, make, events):
    make(folder, 5)
    with Log.open(folder, origin="crm.example.com/audit") as log:
        log.extend(events(2))
    segment = list_segments(folder / "events")[-1].path
    assert "7 events, 5 proved, 2 behind the last checkpoint" in check(folder)[1]
    good = segment.read_bytes()
    segment.write_bytes(good + b'{"action":"torn')
    assert check(folder)[0] == 0
    segment.write_bytes(good[:-200].replace(b"u-17", b"u-18") + good[-200:])
    assert "not those that" in check(folder)[1]
    segment.write_bytes(good[:-40] + bytes([good[-40] ^ 1]) + good[-39:])
    assert "neither event nor trailer" in check(folder)[1] or "not those that were written" in check(folder)[1]


def test_it_finds_a_trailer_that_is_not_that_of_its_events(folder, check, make, events):
    make(folder, 5)
    with Log.open(folder, origin="crm.example.com/audit") as log:
        log.extend(events(2))  # behind the last checkpoint, so that nothing else tells
    path = list_segments(folder / "events")[-1].path
    rest, root, trailer = path.read_bytes().rpartition(b'{"root":"')
    path.write_bytes(rest + root + (b"0" if trailer[:1] != b"0" else b"1") + trailer[1:])
    status, said = check(folder)
    assert status == 1
    assert "the events before event 7 are not those that were written" in said


@pytest.mark.parametrize("change", [{"edge": []}, {"stored_at": "2020-01-01T00:00:00.000Z"}])
def test_it_finds_a_segment_that_does_not_go_on(folder, make, check, change):
    for _ in range(3):
        make(folder, 40, segment_bytes=1)
    path = list_segments(folder / "events")[1].path
    head, end, rest = path.read_bytes().partition(b"\n")
    said = json.loads(head) | change
    path.write_bytes(json.dumps(said, separators=(",", ":"), sort_keys=True).encode() + end + rest)
    status, words = check(folder)
    assert (status, words.partition(", at")[0]) == (1, "WRONG: a segment does not go on where the one before ended")


def test_it_finds_a_segment_without_its_last_trailer(folder, make, check):
    for _ in range(3):
        make(folder, 40, segment_bytes=1)
    path = list_segments(folder / "events")[1].path
    rest, root, _ = path.read_bytes().rpartition(b'{"root":"')
    assert root
    path.write_bytes(rest)
    status, words = check(folder)
    assert (status, words.strip()) == (1, "WRONG: the segment that ends at event 80 has no trailer")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b'"seq":47,', b'"seq":48,'), "event 47 says that it is event 48"),
        ((b'"contact.read"', b'"contact.sell"'), "not those that were signed"),
        ((b'{"root":"', b'{"rot":"'), "neither event nor trailer"),
        ((b'"first":40', b'"first":41'), "header of the segment of event 40"),
        ((b'"stored_at":"2', b'"stored_at":"1'), "goes"),
    ],
)
def test_it_finds_what_was_changed(folder, make, check, change, words):
    for _ in range(3):
        make(folder, 40, segment_bytes=1)
    path = list_segments(folder / "events")[1].path
    good = path.read_bytes()
    head, _, rest = good.partition(b"\n")
    where = head if change[0] in head and b"first" in change[0] else rest
    changed = good.replace(where, where.replace(*change, 1))
    assert changed != good
    path.write_bytes(changed)
    status, said = check(folder)
    assert status == 1
    assert said.startswith("WRONG: ")
    assert words in said


def test_it_finds_a_log_that_was_written_anew(path, make, check, signer, events):
    make(path, 5)
    with Log.open(path, read_only=True) as log:
        note = log.checkpoints()[0]
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    with Log.open(path, signer=signer) as log:
        log.extend(events(4, actor="u-99"))
    kept = path.parent / "kept"
    kept.write_bytes(note)
    assert "were signed and are not there" in check(path, "--checkpoint", kept)[1]
    with Log.open(path, signer=signer) as log:
        log.extend(events(4))
    assert "not those that were signed" in check(path, "--checkpoint", kept)[1]


def test_it_finds_bodies_that_are_gone(folder, make, check):
    from crmkit.audit._stores._retention import prune_segment

    for _ in range(2):
        make(folder, 5, segment_bytes=1)
    prune_segment(folder / "events", list_segments(folder / "events")[0])
    assert "the log does not say why" in check(folder)[1]


def test_it_wants_signatures_of_known_keys(log, check, signer, tmp_path):
    assert "by no known key" in check(log, key=NoteSigner.generate("crm.example.com/audit").verifier)[1]
    good = Checkpoint("crm.example.com/audit", 3, bytes(32)).sign([signer])
    for name, note, words in (
        ("bad", good.replace(b"\n3\n", b"\n4\n"), "bad signature"),
        ("odd", b"hello", "malformed"),
        ("zero", Checkpoint("crm.example.com/audit", 3, bytes(32)).text().replace("\n3\n", "\n03\n"), "no known key"),
        ("other", Checkpoint("other.example.com", 3, bytes(32)).sign([signer]), "several logs"),
    ):
        if isinstance(note, str):
            from crmkit.audit import sign_note

            note = sign_note(note, [signer])
        (tmp_path / name).write_bytes(note)
        assert words in check(log, "--checkpoint", tmp_path / name)[1], name


def test_it_proves_nothing_without_a_checkpoint(folder, check, events, signer, tmp_path):
    with Log.open(folder, origin="x") as log:
        log.extend(events(1))
    assert "nothing can be proved" in check(folder)[1]
    assert "cannot be read" in check(tmp_path / "none.db")[1]
    with Log.open(tmp_path / "empty", origin="x"):
        pass
    (tmp_path / "empty" / "events" / "notes.txt").write_text("not a segment")
    assert check(tmp_path / "empty")[0] == 1
    note = Checkpoint("x", 0, EMPTY_ROOT).sign([signer])
    (tmp_path / "note").write_bytes(note)
    assert (
        check(tmp_path / "empty", "--checkpoint", tmp_path / "note")[1]
        == "OK x: 0 events, 0 proved, 0 without bodies\n"
    )
    segment = list_segments(tmp_path / "empty" / "events")[0].path
    segment.write_bytes(segment.read_bytes() + b'{"root":"%b","size":0}\n' % EMPTY_ROOT.hex().encode())
    assert check(tmp_path / "empty", "--checkpoint", tmp_path / "note")[0] == 0


def test_it_checks_the_proof_of_one_event(path, check, signer, events, tmp_path):
    with Log.open(path, signer=signer) as log:
        log.extend(events(37))
        log.checkpoint()
        for seq in range(37):
            proof = log.prove(seq).to_bytes()
            (tmp_path / "proof").write_bytes(proof)
            status, said = check("--proof", tmp_path / "proof")
            assert status == 0
            assert f'"seq":{seq},' in said
    for change in (
        (b'"seq":36', b'"seq":35'),
        (b'"seq":36', b'"seq":99'),
        (b'"path":["', b'"path":["' + b"0" * 64 + b'","'),
    ):
        (tmp_path / "proof").write_bytes(proof.replace(*change))
        assert check("--proof", tmp_path / "proof")[0] == 1
    with Log.open(tmp_path / "one", signer=signer) as log:
        log.extend(events(1))
        log.checkpoint()
        proof = log.prove(0).to_bytes()
    (tmp_path / "proof").write_bytes(proof.replace(b'"path":[]', b'"path":["' + b"0" * 64 + b'"]'))
    assert "too long" in check("--proof", tmp_path / "proof")[1]


def test_wrong_use_is_said(check, log, signer):
    for arguments in ([], [log, "--proof", "x"]):
        with pytest.raises(SystemExit) as caught:
            check(*arguments)
        assert caught.value.code == 2
    with pytest.raises(SystemExit):
        _standalone.main([str(log), "--key", "hello"])
    for text in (str(signer.verifier)[:-4], str(signer.verifier).replace("crm", "mrc")):
        with pytest.raises(SystemExit):
            _standalone.main([str(log), "--key", text])


@pytest.fixture
def both(folder, make, signer, events, check):
    """A log of several segments with events behind its last checkpoint, and what both verifiers say of an edit."""
    for _ in range(3):
        make(folder, 20, segment_bytes=1, checkpoint_events=7)
    with Log.open(folder, origin="crm.example.com/audit") as log:
        log.extend(events(2))
        log.extend(events(2))
    good = {place: place.read_bytes() for place in folder.rglob("*") if place.is_file()}

    def judge(name, data):
        place = folder / name
        place.write_bytes(data)
        try:
            return verify(folder, keys=[signer.verifier]).ok, check(folder)[0] == 0
        finally:
            place.write_bytes(good[place])

    assert judge("checkpoints.jsonl", good[folder / "checkpoints.jsonl"]) == (True, True)
    return judge, good


def edits(data, rng, count):
    """Edits of a file: of single octets, of lines, and of how a line is written."""
    lines = data.split(b"\n")
    for _ in range(count):
        at, other = rng.randrange(len(data)), rng.randrange(len(lines) - 1)
        line = rng.randrange(len(lines) - 1)
        yield data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        yield data[:at] + rng.choice([b" ", b"\r", b"\n", b'"', b"0", b"{}"]) + data[at:]
        yield data[:at] + data[at + 1 :]
        yield data[:at]
        swapped = list(lines)
        swapped[line], swapped[other] = swapped[other], swapped[line]
        yield b"\n".join(swapped)
        yield b"\n".join([*lines[:line], *lines[line + 1 :]])
        yield b"\n".join([*lines[: line + 1], *lines[line:]])
        yield b"\n".join([*lines[:line], b" " + lines[line], *lines[line + 1 :]])
        yield b"\n".join([*lines[:line], lines[line].replace(b":", b": ", 1), *lines[line + 1 :]])
        first = lines[line][1:].partition(b",")[0]
        yield b"\n".join([*lines[:line], b"{" + first + b"," + lines[line][1:], *lines[line + 1 :]])
        if lines[line].startswith(b"{"):
            turned = dict(reversed(json.loads(lines[line]).items()))
            said = json.dumps(turned, separators=(",", ":"), ensure_ascii=False).encode()
            yield b"\n".join([*lines[:line], said, *lines[line + 1 :]])


def hold_alike(both, seed, count):
    judge, good = both
    rng = random.Random(seed)
    refused = 0
    for place, data in good.items():
        kind = place.parent.name
        if place.name == "checkpoints.jsonl" or kind in ("events", "hashes"):
            name = f"{kind}/{place.name}" if kind in ("events", "hashes") else place.name
            for number, changed in enumerate(edits(data, rng, count) if kind != "hashes" else _octets(data, rng)):
                library, alone = judge(name, changed)
                assert library == alone, (seed, name, number, library, changed[:200])
                refused += not library
    assert refused


def _octets(data, rng):
    for at in {rng.randrange(len(data)) for _ in range(3)} if data else ():
        yield data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        yield data[:at]
        yield data + data[:40]


def test_both_verifiers_judge_every_edit_alike(both):
    hold_alike(both, 1, 1)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2, 12))
def test_both_verifiers_judge_many_edits_alike(both, seed):
    hold_alike(both, seed, 8)


@pytest.mark.parametrize("what", ["header", "checkpoint"])
def test_how_a_line_is_written_is_judged_by_both(both, what):
    judge, good = both
    name = "checkpoints.jsonl"
    place = next(place for place in good if place.name == name)
    if what == "header":
        place = list_segments(place.parent / "events")[1].path
        name = f"events/{place.name}"
    line, end, rest = good[place].partition(b"\n")
    said = json.loads(line)
    for changed in (
        line.replace(b":", b": ", 1),
        line[:-1] + b"," + line[1:],
        line + b" ",
        b"no line",
        json.dumps(said | {"more": 1}, separators=(",", ":"), sort_keys=True).encode(),
    ):
        assert judge(name, changed + end + rest) == (False, False)
    if what == "checkpoint":
        first, second, *others = good[place].split(b"\n")
        assert judge(name, b"\n".join([second, first, *others])) == (False, False)
        assert judge(name, good[place].replace(b"\n", b"\r", 1)) == (False, False)
