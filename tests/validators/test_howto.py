"""The how-to page runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-schema.md"


def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["report"].issues.filter(severity="error").counts("code") == {
        "email_invalid": 1, "reference_missing": 1, "required": 1, "wrong_order": 1,
    }  # fmt: skip
    assert names["changes"].revert(names["clean"]) == names["frame"]


def test_a_report_has_no_truth():
    from crmkit.validators import Schema

    with pytest.raises(TypeError, match=r"use \.ok or \.raise_for"):
        bool(Schema("s").check({"a": []}))
