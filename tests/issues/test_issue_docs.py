from pathlib import Path

from crmkit.issues import COLUMNS, _messages

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "issues.md"


def test_the_reference_lists_every_code_with_its_messages():
    text = PAGE.read_text(encoding="utf-8")
    wanted = [f"| `{code}` | {entry['en']} | {entry['zh']} |" for code, entry in sorted(_messages._catalog().items())]
    assert [line for line in text.splitlines() if line in wanted] == wanted


def test_the_reference_lists_the_columns_in_their_order():
    rows = [line.split("`")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert tuple(rows[: len(COLUMNS)]) == COLUMNS
