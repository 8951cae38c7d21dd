"""Clean a contact export: find what is wrong, fix what is certain, merge duplicates, and account for every row.

    python clean_contacts.py [FILE.csv | FILE.xlsx] [--out DIR]

Without a file it makes its own messy sample. It writes, into DIR (``crmkit-cleanup``, or the next free name like it):

    clean.csv      the input with the certain fixes applied
    golden.csv     one record for each person
    issues.csv     everything that was found, one line each (holds values: treat it like the input)
    changes.jsonl  every change, enough to undo it
    cleanup.html   the page to send around; personal fields are masked

Read ``clean.csv`` and ``golden.csv`` back with ``read_csv(path, unescape=True)``: cells that a spreadsheet would run
are written with a ``'`` before them. Nothing that is there is overwritten; ``--replace`` allows it.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crmkit as ck
from crmkit import changes as change_logs
from crmkit.errors import CrmkitError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


OUTPUTS = ("clean.csv", "golden.csv", "issues.csv", "changes.jsonl", "cleanup.html")

WORDS = {
    "en": {
        "title": "Clean-up of {name}",
        "sample": "a generated sample",
        "read": "rows read from {name}",
        "found": "errors, {warnings:,} warnings, {infos:,} remarks",
        "fixed": "cells fixed (confidence 0.95 and up)",
        "unmatched": "not matched: {why}",
        "merged": "duplicates merged, {left:,} records left",
        "proven": "in = out + merged, proven through the change log",
    },
    "zh": {
        "title": "{name} 清洗报告",
        "sample": "自动生成的示例",
        "read": "行，读自 {name}",
        "found": "个错误，{warnings:,} 个警告，{infos:,} 条提示",
        "fixed": "个单元格已修正（可信度 0.95 及以上）",
        "unmatched": "未查重：{why}",
        "merged": "条重复记录已合并，剩余 {left:,} 条",
        "proven": "输入 = 输出 + 合并，已由变更日志验证",
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Clean a contact export.")
    parser.add_argument("file", nargs="?", type=Path, help="CSV or Excel file; a sample is made where none is given")
    parser.add_argument("--out", type=Path, help="folder for the results; a new one where it is not named")
    parser.add_argument("--replace", action="store_true", help="overwrite the results of an earlier run in --out")
    parser.add_argument("--encoding", help="encoding of the CSV file; told from its bytes where it is not named")
    parser.add_argument("--kind", choices=["contact", "account", "lead"], help="what one row is; told from the columns")
    parser.add_argument("--lang", choices=["en", "zh"], default="en", help="language of messages and page")
    options = parser.parse_args()
    try:
        out = results_folder(options.out, options.file, replace=options.replace)
        contacts = read(options.file, options.encoding)
        clean_up(contacts, out, options.lang, options.kind, options.file and options.file.name)
    except (CrmkitError, OSError) as error:
        print(f"clean_contacts: {error}", file=sys.stderr)
        return 1
    return 0


def results_folder(named: Path | None, file: Path | None, *, replace: bool) -> Path:
    """The folder to write into: never one whose files are the input, or the only way to undo an earlier run."""
    if named is None:
        tried = (Path("crmkit-cleanup" + (f"-{n}" if n > 1 else "")) for n in count(1))
        return next(folder for folder in tried if not any((folder / name).exists() for name in OUTPUTS))
    there = [named / name for name in OUTPUTS if (named / name).exists()]
    if file is not None and any(path.samefile(file) for path in there if file.exists()):
        raise FileExistsError(f"{named} holds the file to clean, which would be overwritten; name another --out")
    if there and not replace:
        raise FileExistsError(f"{named} holds results of an earlier run; name another --out, or --replace them")
    return named


def clean_up(contacts: Any, out: Path, lang: Any, kind: Any, name: str | None) -> None:
    progress = terminal_progress()

    # What is wrong, and what is certain enough to fix.
    report = ck.check(contacts, kind=kind, lang=lang, progress=progress)
    clean, fixes = report.fixes(min_confidence=0.95).apply(contacts, by="clean_contacts.py", reason="clean-up")

    # Which records are one person, and the one good record of each.
    golden, logs, results = clean, [fixes], [report, fixes]
    unmatched = ""
    try:
        result = ck.dedupe(clean, kind=kind, progress=progress)
    except SchemaError as error:  # columns by which nobody can be found again: the rest of the work stands
        unmatched = str(error)
    else:
        golden, merges = result.merge(by="clean_contacts.py", reason="clean-up")
        logs.append(merges)
        results += [result, merges]

    # Every row and cell that went in came out, was merged, or stands in a log.
    change_logs.account(contacts, golden, logs).raise_for()

    out.mkdir(parents=True, exist_ok=True)
    clean.to_csv(out / "clean.csv")
    guarded = golden.to_csv(out / "golden.csv")
    logs.append(change_logs.escapes(golden, guarded, by="clean_contacts.py", reason="no cell is to run"))
    report.to_frame().to_csv(out / "issues.csv")
    change_logs.save(logs, out / "changes.jsonl")
    words = WORDS[lang]
    source = name or words["sample"]
    ck.report(*results, title=words["title"].format(name=source), lang=lang).save(out / "cleanup.html")

    counts = report.counts()
    for sentence in report.assumed(lang)[:3]:
        print(sentence)
    for number, said in (
        (f"{len(contacts):,}", words["read"].format(name=source)),
        (f"{counts['errors']:,}", words["found"].format(**counts)),
        (f"{len(fixes):,}", words["fixed"]),
        ("", words["unmatched"].format(why=unmatched) if unmatched else ""),
        (f"{len(clean) - len(golden):,}", words["merged"].format(left=len(golden))),
        ("", words["proven"]),
        *(("", str(out / file)) for file in OUTPUTS),
    ):
        if said:
            print(f"{number:>9} {said}")


def read(file: Path | None, encoding: str | None) -> Any:
    if file is None:
        from crmkit.testing import generate

        return generate.contacts(2_000, seed=7, messy=True).records
    if file.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        return ck.read_excel(file)
    return ck.read_csv(file, encoding=encoding)


def terminal_progress() -> Any:
    """A progress bar where somebody watches: tqdm if it is there, else a counter; nothing when piped."""
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return counter
    return tqdm


def counter(iterable: Iterable[Any], *, total: int | None = None, desc: str | None = None) -> Iterator[Any]:
    shown = 0.0
    for done, item in enumerate(iterable, 1):
        yield item
        if time.monotonic() - shown > 0.1 or done == total:
            shown = time.monotonic()
            print(f"\r\033[K{desc or ''} {done}/{total or '?'}", end="", file=sys.stderr, flush=True)
    print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
