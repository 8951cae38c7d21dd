"""The how-to page runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-schema.md"


def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = {
        "contact_id": ["1", "2"], "account_id": ["a", "zz"], "family_name": ["Li", None],
        "email": [" li@example.com", "x@"],
        "phone": ["13800138000", None], "country": [None, "CN"], "stage": ["赢单", "lost"], "amount": ["1,000.5", "-1"],
        "created_on": ["2024-01-01", "2024-02-01"], "closed_on": ["2024-01-02", "2024-01-01"],
        "lost_reason": [None, None],
    }  # fmt: skip
    names = {"frame": frame, "accounts": {"account_id": ["a"]}}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["report"].issues.filter(severity="error").counts("code") == {
        "email_invalid": 1, "reference_missing": 1, "required": 1, "wrong_order": 1,
    }  # fmt: skip
    assert names["changes"].revert(names["clean"]) == frame


def test_a_report_has_no_truth():
    from crmkit.validators import Schema

    with pytest.raises(TypeError, match=r"use \.ok or \.raise_for"):
        bool(Schema("s").check({"a": []}))
