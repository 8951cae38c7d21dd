"""Several logs in one file, and what is wrong with a file that was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import changes
from crmkit.changes import ChangeLog, Edits, apply_edits, apply_merges
from crmkit.errors import FormatError, TamperedLogError

if TYPE_CHECKING:
    from pathlib import Path


def test_fixes_and_merges_stand_in_one_file_and_are_undone_last_first(tmp_path: Path) -> None:
    people = [{"id": "1", "n": "a "}, {"id": "2", "n": "a"}, {"id": "3", "n": "b"}]
    fixed, fixes = apply_edits(people, Edits(path=["n"], row=[0], after=["a"]), key="id")
    golden, merges = apply_merges(fixed, survivor_of={1: 0}, key="id")
    empty = apply_edits(golden, Edits(path=[], row=[], after=[]))[1]
    head = changes.save([empty, fixes, merges, empty], tmp_path / "changes.jsonl")
    logs = changes.load(tmp_path / "changes.jsonl", expect=head)
    assert [len(log) for log in logs] == [0, 1, 1, 0]
    current = golden
    for log in reversed(logs):
        current = log.revert(current)
    assert current == people
    with pytest.raises(FormatError, match="4 logs are in the file"):
        ChangeLog.load(tmp_path / "changes.jsonl")
    with pytest.raises(TamperedLogError, match="not the log that the expected hash is of"):
        changes.load(tmp_path / "changes.jsonl", expect="0" * 64)


@pytest.mark.parametrize(("line", "found"), [(1, None), (2, "1 changes were written, 0 are there")])
def test_a_line_less_is_found_in_whichever_run_it_stood(tmp_path: Path, line: int, found: str | None) -> None:
    _, one = apply_edits([{"n": "a "}], Edits(path=["n"], row=[0], after=["a"]))
    path = tmp_path / "changes.jsonl"
    changes.save([one, one], path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    with pytest.raises(TamperedLogError, match=found):
        changes.load(path)


def test_lines_of_more_runs_than_the_header_names_are_refused(tmp_path: Path) -> None:
    _, one = apply_edits([{"n": "a "}], Edits(path=["n"], row=[0], after=["a"]))
    path = tmp_path / "changes.jsonl"
    one.save(path)
    from crmkit._journal import Journal

    with Journal.open(path, kind="changes") as journal:
        journal.append(b"{}")
    with pytest.raises(TamperedLogError, match="there are more changes"):
        changes.load(path)


def test_digests_are_those_of_the_specification() -> None:
    """The vectors of docs/reference/formats.md, computed from its words and from the code."""
    import hashlib
    import hmac
    import re
    from pathlib import Path

    from crmkit.changes._seal import digest

    page = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    section = page[page.index("## Change log") :]
    vectors = re.findall(r"^\| `[a-z>]+` \| `(.+)` \| `(.+)` \| `([0-9a-f]{64})` \|$", section, re.MULTILINE)
    assert len(vectors) == 3
    for before, after, expected in vectors:
        parts = [before.encode(), after.encode()]
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        salt = bytes(range(16))
        assert hmac.new(salt, (2).to_bytes(8, "big") + message, hashlib.sha256).hexdigest() == expected
        assert digest(salt, *parts) == expected
