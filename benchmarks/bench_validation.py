"""Rows per CPU second of the whole validation job, against a hand-written loop over the two reference libraries.

    python benchmarks/bench_validation.py --rows 200000 --tools crmkit,loop --json results.json

The data are generated contacts with planted errors in e-mail and phone. Each runs in a process of its own. The job
of ``loop`` is what people write by hand: for each row e-mail by email-validator, phone by phonenumbers with the row's
country, nothing else. The job of ``crmkit`` is the whole rule pack for contacts on all columns with messages and fixes
(task ``full``), and the same two checks as the loop, with messages and fixes (task ``email_phone``).

``missed`` and ``invented`` compare the rows that a tool calls wrong with what the reference libraries say.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from importlib.metadata import version
from pathlib import Path

TOOLS = ("crmkit", "loop")
TASKS = {"crmkit": ("email_phone", "full"), "loop": ("email_phone",)}


def data(rows: int) -> dict[str, list[str | None]]:
    """Return generated contacts; every 14th e-mail and every 15th phone is broken."""
    from crmkit.testing.generate import contacts

    columns = contacts(rows, seed=11).columns
    for row in range(0, rows, 14):
        if columns["email"][row]:
            columns["email"][row] = str(columns["email"][row]).replace("@", (" ", "@@", "@.")[row % 3])
    for row in range(0, rows, 15):
        if columns["phone"][row]:
            columns["phone"][row] = f"{columns['phone'][row]}{'0' * 9}"
    return columns


def by_hand(columns: dict[str, list[str | None]]) -> dict[str, set[int]]:
    """Return the rows whose e-mail or phone the reference libraries refuse, as a loop would find them."""
    import phonenumbers
    from email_validator import EmailNotValidError, validate_email

    wrong: dict[str, set[int]] = {"email": set(), "phone": set()}
    for row, (email, phone, country) in enumerate(
        zip(columns["email"], columns["phone"], columns["country"], strict=True)
    ):
        if email is not None:
            try:
                validate_email(email.strip(), check_deliverability=False)
            except EmailNotValidError:
                wrong["email"].add(row)
        if phone is not None:
            try:
                valid = phonenumbers.is_valid_number(phonenumbers.parse(phone, country))
            except phonenumbers.NumberParseException:
                valid = False
            if not valid:
                wrong["phone"].add(row)
    return wrong


def by_crmkit(columns: dict[str, list[str | None]], task: str) -> dict[str, set[int]]:
    """Return the rows whose e-mail or phone crmkit calls an error; messages and fixes are made too."""
    from crmkit.validators import Email, Phone, Schema, col

    schema = Schema.contacts()
    if task == "email_phone":
        schema = Schema("contact", fields={"email": Email(), "phone": Phone(country=col("country"))})
    report = schema.check(columns)
    report.issues.column("message")
    report.fixes()
    found = {}
    for field in ("email", "phone"):
        kept = report.issues.filter(field=field, code=["email_invalid", "phone_invalid", "phone_invalid_international"])
        found[field] = set(kept.rows.tolist())
        other = ["placeholder", "email_several", "phone_several", "phone_lossy"]
        found[field] |= set(report.issues.filter(field=field, code=other).rows.tolist())
    return found


def measure(tool: str, task: str, rows: int, queue: multiprocessing.Queue) -> None:
    """Run one tool and put its line on the queue."""
    columns = data(rows)
    wall, cpu = time.perf_counter(), time.process_time()
    found = by_hand(columns) if tool == "loop" else by_crmkit(columns, task)
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reference = found if tool == "loop" else by_hand(columns)
    line = {
        "task": task, "tool": tool, "version": version("phonenumbers") if tool == "loop" else _own_version(), "n": rows,
        "cpu_s": round(cpu_s, 3), "wall_s": round(wall_s, 3), "peak_rss_mb": round(peak, 1),
        "rows_per_cpu_s": round(rows / cpu_s), "found": sum(map(len, found.values())),
        "missed": sum(len(reference[field] - found[field]) for field in found),
        "invented": sum(len(found[field] - reference[field]) for field in found),
    }  # fmt: skip
    queue.put(line)


def _own_version() -> str:
    from importlib.metadata import PackageNotFoundError

    try:
        return version("crmkit")
    except PackageNotFoundError:
        return "source"


def main() -> None:
    """Measure every tool in a process of its own and print or write the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    lines = []
    for tool in options.tools.split(","):
        for task in TASKS[tool]:
            queue = context.Queue()
            process = context.Process(target=measure, args=(tool, task, options.rows, queue))
            process.start()
            lines.append(queue.get())
            process.join()
            print(json.dumps(lines[-1]))
    if options.json is not None:
        options.json.write_text(json.dumps(lines, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
