"""The clean-up script as people run it: in a pipe, on a terminal, on files that are there and files that are not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import crmkit as ck
from crmkit.testing import generate

ROOT = Path(__file__).parents[2]
PACKAGE = str(Path(ck.__file__).parents[1])
"""What the tests import, the source tree or the wheel, is what the script imports."""
SCRIPT = ROOT / "docs" / "tutorials" / "clean_contacts.py"
OUTPUTS = ("clean.csv", "golden.csv", "issues.csv", "changes.jsonl", "cleanup.html")


def run(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": PACKAGE, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120
    )


@pytest.fixture(scope="module")
def messy(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("messy")
    generate.contacts(300, seed=11, messy=True).records.to_csv(folder / "export.csv")
    return folder


@pytest.fixture(scope="module")
def cleaned(messy: Path) -> subprocess.CompletedProcess[str]:
    return run("export.csv", "--out", "out", folder=messy)


def test_five_outputs_and_a_summary(cleaned, messy):
    assert (cleaned.returncode, cleaned.stderr) == (0, "")
    for name in OUTPUTS:
        assert (messy / "out" / name).stat().st_size > 0
        assert name in cleaned.stdout
    contacts, golden = ck.read_csv(messy / "export.csv"), ck.read_csv(messy / "out" / "golden.csv")
    assert f"{len(contacts)} rows read from export.csv" in cleaned.stdout
    merged = re.search(r"([\d,]+) duplicates merged, ([\d,]+) records left", cleaned.stdout)
    assert merged is not None
    assert int(merged[2]) == len(golden) == len(contacts) - int(merged[1])


def test_no_row_is_missing_from_the_outputs(cleaned, messy):
    del cleaned
    contacts = ck.read_csv(messy / "export.csv")
    clean = ck.read_csv(messy / "out" / "clean.csv", unescape=True)
    assert (len(clean), clean.columns) == (len(contacts), contacts.columns)
    golden = ck.read_csv(messy / "out" / "golden.csv", unescape=True)
    logs = ck.changes.load(messy / "out" / "changes.jsonl")
    fixes, merges, escapes = logs
    assert merges.revert(golden) == clean
    assert fixes.revert(clean) == contacts
    written = ck.read_csv(messy / "out" / "golden.csv")
    assert escapes.revert(written) == golden
    assert ck.changes.account(contacts, written, logs).ok


def test_a_pipe_gets_no_progress(cleaned):
    assert "\r" not in cleaned.stdout + cleaned.stderr
    assert "\033" not in cleaned.stdout + cleaned.stderr


def test_without_a_file_a_sample_is_cleaned(tmp_path):
    done = run(folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "crmkit-cleanup").iterdir()) == sorted(OUTPUTS)
    assert "2,000 rows read from a generated sample" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("bar", ["tqdm", "counter"])
def test_a_terminal_gets_progress_and_a_clean_summary(messy, tmp_path, bar):
    import fcntl
    import pty
    import struct
    import termios

    path = [PACKAGE]
    if bar == "tqdm":
        pytest.importorskip("tqdm")
    else:
        (tmp_path / "tqdm.py").write_text("raise ImportError")
        path.insert(0, str(tmp_path))
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(messy / "export.csv"), "--out", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=other,
    )  # fmt: skip
    os.close(other)
    shown = b""
    while True:
        try:
            block = os.read(main, 4096)
        except OSError:  # Linux ends a pseudo-terminal with an error
            break
        if not block:
            break
        shown += block
    os.close(main)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    assert b"\r" in shown
    assert re.search(rb"\d+/\d+", shown)
    assert b"300 rows read" in stdout.replace(b",", b"")
    assert b"\033" not in stdout


def test_excel_goes_in(exports, tmp_path):
    exports.write_excel(tmp_path / "export.xlsx", "salesforce", "contact")
    done = run("export.xlsx", "--out", "out", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "taken for an export of Salesforce" in done.stdout
    assert len(ck.read_csv(tmp_path / "out" / "clean.csv")) == 20


def test_chinese_is_spoken_where_asked(exports, tmp_path):
    exports.write_csv(tmp_path / "导出.csv", "fxiaoke", "contact", encoding="gbk")
    done = run("导出.csv", "--out", "结果", "--lang", "zh", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "识别为 纷享销客" in done.stdout
    assert 'lang="zh' in (tmp_path / "结果" / "cleanup.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.csv", None), ("void.csv", b""), ("picture.csv", b"PK\x03\x04"), ("blank.csv", b"\n\n"), ("x.xlsx", b"no")],
)
def test_what_cannot_be_read_is_one_clear_line(tmp_path, name, content):
    if name.endswith("xlsx"):
        pytest.importorskip("python_calamine", reason="needs a reader of Excel files")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run(name, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"clean_contacts: .*{re.escape(name)}.*\n", done.stderr)
    assert not (tmp_path / "crmkit-cleanup").exists()


def test_a_header_alone_is_cleaned_to_nothing(tmp_path):
    (tmp_path / "header.csv").write_text("id,first_name,last_name,email\n")
    done = run("header.csv", "--out", "out", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "cleanup.html").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("zork,blep\n17,x\n18,=y\n", "no column to match on"),
        ("id,amount,age\n1,10.00,40\n2,12.50,41\n", "records of kind 'deal' are not matched"),
        (",".join(f"c{n}" for n in range(300)) + "\n" + ",".join("x" * 300) + "\n", "no column to match on"),
    ],
    ids=["two columns", "deals", "many columns"],
)
def test_what_cannot_be_matched_is_cleaned_and_written_all_the_same(tmp_path, content, why):
    (tmp_path / "odd.csv").write_text(content)
    done = run("odd.csv", "--out", "out", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if "not matched: " in line and why in line]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(OUTPUTS)
    assert (tmp_path / "out" / "golden.csv").read_bytes() == (tmp_path / "out" / "clean.csv").read_bytes()


def digests(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_second_run_leaves_the_results_of_the_first_alone(messy, tmp_path):
    (tmp_path / "export.csv").write_bytes((messy / "export.csv").read_bytes())
    assert run("export.csv", folder=tmp_path).returncode == 0
    first = digests(tmp_path / "crmkit-cleanup")
    assert run("crmkit-cleanup/golden.csv", folder=tmp_path).returncode == 0
    assert digests(tmp_path / "crmkit-cleanup") == first
    assert set(digests(tmp_path / "crmkit-cleanup-2")) == set(OUTPUTS)


def test_a_folder_with_results_is_refused_unless_they_may_be_replaced(cleaned, messy):
    assert cleaned.returncode == 0
    before = digests(messy / "out")
    refused = run("export.csv", "--out", "out", folder=messy)
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    assert digests(messy / "out") == before


def test_the_input_is_never_overwritten(messy, tmp_path):
    (tmp_path / "clean.csv").write_bytes((messy / "export.csv").read_bytes())
    before = digests(tmp_path)
    refused = run("clean.csv", "--out", ".", "--replace", folder=tmp_path)
    assert (refused.returncode, "overwritten" in refused.stderr) == (1, True)
    assert digests(tmp_path) == before


def test_encoding_kind_and_language_can_be_named(tmp_path):
    text = "名稱,電話,城市\n" + "\n".join(f"測試公司{n},0223456{n:03d},臺北" for n in range(5))
    (tmp_path / "companies.csv").write_bytes(text.encode("big5"))
    done = run(
        "companies.csv", "--encoding", "big5", "--kind", "account", "--lang", "zh", "--out", "o", folder=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "行，读自 companies.csv" in done.stdout
    assert "companies.csv 清洗报告" in (tmp_path / "o" / "cleanup.html").read_text(encoding="utf-8")
    wrong = run("companies.csv", "--encoding", "bigfive", folder=tmp_path)
    assert (wrong.returncode, "unknown encoding" in wrong.stderr) == (1, True)
