from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crmkit.changes import ChangeLog
from crmkit.errors import FormatError, TamperedLogError
from crmkit.matching import Matcher, MergeLog, United, merge_clusters
from crmkit.testing import generate

ROWS = [
    {"id": "a", "x": "one", "n": 1}, {"id": "b", "x": "two", "n": None}, {"id": "c", "x": None, "n": 3},
    {"id": "d", "x": "ü 张", "n": 4},
]  # fmt: skip


def history():
    golden, log = merge_clusters(ROWS, {"a": 1, "b": 1}, key="id", survivorship={"x": United()}, by="lin")
    golden, log = merge_clusters(golden, {"a": 1, "c": 1}, key="id", previous=log, reason="again")
    back, log = log.undo(golden, "c", by="lin", reason="not the same")
    return back, log


@pytest.fixture
def saved(tmp_path):
    back, log = history()
    path = tmp_path / "merges.jsonl"
    return path, log.save(path), back, log


def test_a_saved_log_says_and_does_the_same(saved):
    path, head, back, log = saved
    read = MergeLog.load(path, expect=head)
    assert read.pointers() == log.pointers()
    assert read.clusters() == log.clusters()
    assert read.undone == log.undone
    assert read.provenance().to_dicts() == log.provenance().to_dicts()
    assert [run.run_id for run in read.runs] == [run.run_id for run in log.runs]
    assert read.to_frame(what="merges") == log.to_frame(what="merges")
    assert read.undo(back)[0] == ROWS
    read.verify()


def test_a_log_that_is_saved_and_read_again_is_the_same_file(saved, tmp_path):
    path, _, _, _ = saved
    MergeLog.load(path).save(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_the_next_process_continues_the_log(tmp_path):
    columns = generate.contacts(200, seed=3).columns
    report = Matcher.contacts().dedupe(columns)
    golden, log = report.merge()
    path = tmp_path / "merges.jsonl"
    log.save(path)
    (tmp_path / "golden.json").write_text(json.dumps(golden), encoding="utf-8")
    script = (
        "import json, sys\n"
        "from crmkit.matching import Matcher, MergeLog\n"
        "log = MergeLog.load(sys.argv[1])\n"
        "golden = json.load(open(sys.argv[2], encoding='utf-8'))\n"
        "report = Matcher.contacts().dedupe(golden, previous=log)\n"
        "print(json.dumps([report.clusters, log.undo(golden)[0]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(tmp_path / "golden.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    clusters, back = json.loads(done.stdout)
    known = dict(zip(report.clusters["record_id"], report.clusters["cluster_id"], strict=True))
    assert back == columns
    for record, cluster in zip(clusters["record_id"], clusters["cluster_id"], strict=True):
        assert cluster == known[record]


def test_a_log_of_a_table_without_ids_is_kept_too(tmp_path):
    rows = [{"x": "a"}, {"x": None}, {"x": "b"}]
    golden, log = merge_clusters(rows, [0, 0, 1])
    log.save(tmp_path / "merges.jsonl")
    read = MergeLog.load(tmp_path / "merges.jsonl")
    assert read.undo(golden, 0)[0] == rows
    assert read.pointers() == {"1": "0"}


def test_every_cut_of_the_file_is_noticed(saved):
    path, _, _, _ = saved
    whole = path.read_bytes()
    for size in range(len(whole)):
        if size % 7 and whole[size - 1 : size] != b"\n":
            continue
        path.write_bytes(whole[:size])
        with pytest.raises((FormatError, TamperedLogError)):
            MergeLog.load(path)


def test_every_line_that_is_dropped_repeated_or_moved_is_noticed(saved):
    path, _, _, _ = saved
    lines = path.read_bytes().splitlines(keepends=True)
    for k in range(1, len(lines)):
        for wrong in (
            [*lines[:k], *lines[k + 1 :]],
            [*lines[:k], lines[k], *lines[k:]],
            [*lines[: k - 1], lines[k], lines[k - 1], *lines[k + 1 :]],
        ):
            path.write_bytes(b"".join(wrong))
            with pytest.raises((FormatError, TamperedLogError)):
                MergeLog.load(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"one"', b'"two"'), (b'"survivor":0', b'"survivor":1'), (b'"records":["a"', b'"records":["z"'),
        (b"not the", b"now the"),
    ],
)  # fmt: skip
def test_every_edit_is_noticed(saved, old, new):
    path, _, _, _ = saved
    whole = path.read_bytes()
    assert old in whole
    path.write_bytes(whole.replace(old, new, 1))
    with pytest.raises((FormatError, TamperedLogError)):
        MergeLog.load(path)


def test_a_log_that_was_written_anew_shows_against_the_hash(saved):
    path, head, _, _ = saved
    history()[1].save(path)
    MergeLog.load(path)
    with pytest.raises(TamperedLogError, match="expected hash"):
        MergeLog.load(path, expect=head)


def test_other_files_are_refused(saved, tmp_path):
    path, _, _, log = saved
    with pytest.raises(FormatError, match="'merges', not of changes"):
        ChangeLog.load(path)
    other = tmp_path / "changes.jsonl"
    from crmkit import changes

    changes.save([log], other)
    with pytest.raises(FormatError, match="'changes', not of merges"):
        MergeLog.load(other)
    other.write_text("id,name\n", encoding="utf-8")
    with pytest.raises(FormatError, match="not a journal"):
        MergeLog.load(other)
    with pytest.raises(FileNotFoundError):
        MergeLog.load(tmp_path / "nothing.jsonl")


def rewritten(path, change):
    """Write the file anew with whole chain, as another program could."""
    from crmkit._journal import Journal

    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    bodies = [line["body"] for line in lines]
    change(bodies)
    path.unlink()
    about = {key: value for key, value in bodies[0].items() if key not in {"format", "kind"}}

    def packed(value):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    with Journal.open(path, kind=bodies[0]["kind"], about=packed(about)) as journal:
        for body, line in zip(bodies[1:], lines[1:], strict=True):
            side = line.get("side")
            beside = b"" if side is None else json.dumps(side, ensure_ascii=False, separators=(",", ":")).encode()
            journal.append(packed(body), beside)


@pytest.mark.parametrize(
    "change",
    [
        lambda bodies: bodies[0].update(merging_version=2),
        lambda bodies: bodies[0].update(version=2),
        lambda bodies: bodies[0].pop("merging"),
        lambda bodies: bodies[0]["merging"].pop(),
        lambda bodies: bodies[0]["merging"][0].update(records=9),
        lambda bodies: bodies[0]["merging"][0].update(following=0),
        lambda bodies: bodies[0]["merging"][0].update(following="5"),
        lambda bodies: bodies[0].update(rest=-1),
        lambda bodies: bodies[0].update(rest="x"),
        lambda bodies: bodies[-1].update(undone={}),
        lambda bodies: bodies[-1]["undone"].update(survivor="0"),
        lambda bodies: [body.update(run=7) for body in bodies if "records" in body],
        lambda bodies: [body.update(run=-1) for body in bodies if "records" in body],
        lambda bodies: [body.update(clusters=[]) for body in bodies if "records" in body],
        lambda bodies: [body.update(records=[1, 2, 3, 4]) for body in bodies if "records" in body],
        lambda bodies: [body.update(sources=[[0, [99]]]) for body in bodies if "sources" in body],
        lambda bodies: [body.update(more=1) for body in bodies if "sources" in body],
    ],
    ids=range(17),
)
def test_a_file_with_a_whole_chain_and_other_contents_is_refused(saved, change):
    path, _, _, _ = saved
    rewritten(path, lambda _: None)
    MergeLog.load(path)
    rewritten(path, change)
    with pytest.raises((FormatError, TamperedLogError)) as caught:
        MergeLog.load(path)
    assert "ü" not in str(caught.value)
