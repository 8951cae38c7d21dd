"""Clean a contact export: find what is wrong, fix what is certain, merge duplicates, and account for every row.

    python clean_contacts.py [FILE.csv | FILE.xlsx] [--out DIR]

Without a file it makes its own messy sample. It writes, into DIR (``crmkit-cleanup`` unless said otherwise):

    clean.csv      the input with the certain fixes applied
    golden.csv     one record for each person
    issues.csv     everything that was found, one line each (holds values: treat it like the input)
    changes.jsonl  every change, enough to undo it
    cleanup.html   the page to send around; personal fields are masked
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crmkit as ck
from crmkit import changes as change_logs
from crmkit.errors import CrmkitError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def main() -> int:
    parser = argparse.ArgumentParser(description="Clean a contact export.")
    parser.add_argument("file", nargs="?", type=Path, help="CSV or Excel file; a sample is made where none is given")
    parser.add_argument("--out", type=Path, default=Path("crmkit-cleanup"), help="folder for the results")
    parser.add_argument("--lang", choices=["en", "zh"], default="en", help="language of messages and page")
    options = parser.parse_args()
    try:
        clean_up(options.file, options.out, options.lang)
    except (CrmkitError, OSError) as error:
        print(f"clean_contacts: {error}", file=sys.stderr)
        return 1
    return 0


def clean_up(file: Path | None, out: Path, lang: Any) -> None:
    progress = terminal_progress()
    contacts = read(file)

    # What is wrong, and what is certain enough to fix.
    report = ck.check(contacts, lang=lang, progress=progress)
    clean, fixes = report.fixes(min_confidence=0.95).apply(contacts, by="clean_contacts.py", reason="clean-up")

    # Which records are one person, and the one good record of each.
    golden, logs, results = clean, [fixes], [report, fixes]
    unmatched = ""
    try:
        result = ck.dedupe(clean, progress=progress)
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
    title = "Clean-up of " + (file.name if file else "a sample of contacts")
    ck.report(*results, title=title, lang=lang).save(out / "cleanup.html")

    counts = report.counts()
    merged = len(clean) - len(golden)
    for sentence in report.assumed(lang)[:3]:
        print(sentence)
    print(f"{len(contacts):>9,} rows read from {file or 'a generated sample'}")
    print(f"{counts['errors']:>9,} errors, {counts['warnings']:,} warnings, {counts['infos']:,} remarks")
    print(f"{len(fixes):>9,} cells fixed (confidence 0.95 and up)")
    if unmatched:
        print(f"{'':>9} not matched: {unmatched}")
    print(f"{merged:>9,} duplicates merged, {len(golden):,} records left")
    print(f"{'':>9} in = out + merged, proven through the change log")
    for name in ("clean.csv", "golden.csv", "issues.csv", "changes.jsonl", "cleanup.html"):
        print(f"{'':>9} {out / name}")


def read(file: Path | None) -> Any:
    if file is None:
        from crmkit.testing import generate

        return generate.contacts(2_000, seed=7, messy=True).records
    return ck.read_excel(file) if file.suffix.lower() in {".xlsx", ".xls", ".ods"} else ck.read_csv(file)


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
