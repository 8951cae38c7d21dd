"""Time and memory of mapping one CRM's contacts to another's, beside the columns written by hand in polars.

    python benchmarks/bench_mapping.py --rows 100000 --json benchmarks/results/mapping.json
    python benchmarks/bench_mapping.py --rows 1000 --tools crmkit --json out.json

The records are contacts that crmkit generates, as Zoho CRM would export them. Tasks: ``apply`` maps them to Salesforce,
with everything that the target would cut or refuse said; ``payload`` reads and writes them as API clients do;
``suggest`` finds a mapping from names and contents. ``polars`` is what an engineer would write for ``apply``: renamed
columns, empty texts, dates; it says nothing about what the target would not take. ``right`` is whether every e-mail
address and family name arrived. Each run is a process of its own; the clock starts when records and modules are loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from common import machine, save

TASKS = {"crmkit": ("apply", "payload", "suggest"), "polars": ("apply",)}
MOVED = {
    "id": "Id", "First_Name": "FirstName", "Last_Name": "LastName", "Email": "Email", "Phone": "Phone",
    "Title": "Title", "Mailing_Street": "MailingStreet", "Mailing_City": "MailingCity",
    "Mailing_State": "MailingState", "Mailing_Zip": "MailingPostalCode", "Mailing_Country": "MailingCountry",
    "Date_of_Birth": "Birthdate",
}  # fmt: skip


def records(rows: int, seed: int):
    """Return contacts as a Zoho export has them, as polars or as columns."""
    from crmkit import frames, mapping
    from crmkit.testing import generate

    export, _ = mapping.preset("zoho", "contact").inverse().apply(generate.contacts(rows, seed=seed).records)
    table = frames.read(export)
    return {name: table.column(name) for name in table.columns}


def work(tool: str, task: str, columns: dict[str, list[object]]):
    """Return the job to time: it gives back family names and e-mail addresses."""
    if tool == "polars":
        import polars as pl

        frame = pl.DataFrame({name: pl.Series(name, cells, dtype=pl.String) for name, cells in columns.items()})

        def by_hand():
            kept = {old: new for old, new in MOVED.items() if old in frame.columns}
            made = frame.select(pl.col(old).str.strip_chars().replace("", None).alias(new) for old, new in kept.items())
            if "Birthdate" in made.columns:
                made = made.with_columns(pl.col("Birthdate").str.to_date(strict=False).dt.to_string("%Y-%m-%d"))
            return made["LastName"].to_list(), made["Email"].to_list()

        return by_hand
    import crmkit.reports  # noqa: F401  loads what a user would have loaded
    from crmkit import frames, mapping

    zoho = mapping.preset("zoho", "contact")
    move = zoho | mapping.preset("salesforce", "contact").inverse()
    if task == "apply":

        def apply():
            made, _ = move.apply(columns, rest="drop")
            table = frames.read(made)
            return table.column("LastName"), table.column("Email")

        return apply
    if task == "payload":
        answer = {"data": mapping.to_payload(columns, "zoho", "contact")}

        def payload():
            flat = frames.read(mapping.from_payload(answer, "zoho"))
            sent = mapping.to_payload(flat, "zoho", "contact")
            return [record.get("Last_Name") for record in sent], [record.get("Email") for record in sent]

        return payload

    renamed = {f"Feld {name}": cells for name, cells in columns.items()}

    def suggest():
        mapping.suggest(renamed, kind="contact")
        return columns["Last_Name"], columns["Email"]

    return suggest


def measure(tool: str, task: str, rows: int, seed: int) -> dict[str, object]:
    columns = records(rows, seed)
    job = work(tool, task, columns)
    cpu, wall = time.process_time(), time.perf_counter()
    names, emails = job()
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    peak = next((round(int(line.split()[1]) / 1024) for line in lines if line.startswith("VmHWM")), None)
    wanted = [str(name or "").strip() for name in columns["Last_Name"]], [str(mail or "") for mail in columns["Email"]]
    found = [str(name or "").strip() for name in names], [str(mail or "") for mail in emails]
    return {**spent, "peak_rss_mb": peak, "right": wanted == found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--tools", default="crmkit,polars")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one[0], args.one[1], args.rows, args.seed)))
        return
    import crmkit

    results = []
    for tool in args.tools.split(","):
        release = crmkit.__version__ if tool == "crmkit" else metadata.version(tool)
        for task in TASKS[tool]:
            command = [sys.executable, __file__, "--rows", str(args.rows), "--seed", str(args.seed)]
            env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
            done = [
                json.loads(
                    subprocess.run(
                        [*command, "--one", tool, task], capture_output=True, text=True, check=True, env=env
                    ).stdout
                )
                for _ in range(args.repeat)
            ]
            found = {"task": task, "tool": tool, "version": release, "n": args.rows, **done[0]}
            for key in ("cpu_s", "wall_s"):
                found[key] = round(statistics.median(one[key] for one in done), 3)
            found.update(machine())
            results.append(found)
            print(json.dumps(found, ensure_ascii=False))
    save(results, args.json)


if __name__ == "__main__":
    main()
