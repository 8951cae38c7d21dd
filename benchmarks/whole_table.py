"""Run every benchmark once on this commit, with its peers, and write what was seen as a page.

    python benchmarks/whole_table.py                         # all of it: over an hour on two cores, 16 GB
    python benchmarks/whole_table.py --only matching,index   # the files whose names begin so
    python benchmarks/whole_table.py --page                  # only write benchmarks/results/README.md anew

A line is one file in ``benchmarks/results``. Nothing else should run on the machine meanwhile: the load is in each
line. Peers are installed at first use, each in an environment of its own under ``benchmarks/.envs``. What fails is said
at the end, keeps its older file, and is shown on the page with the commit of that.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
SETS = "febrl1,febrl2,febrl3,febrl3-nossn,febrl4,fake_1000,chicago_sites"

TABLE = {
    "matching-10000": "matching --rows 10000 --tools crmkit,splink --repeat 3",
    "matching-10000-others": "matching --rows 10000 --tools crmkit+300,recordlinkage,goldenmatch",
    "matching-100000": "matching --rows 100000 --tools crmkit,splink,goldenmatch",
    "matching-1000000": "matching --rows 1000000 --tools crmkit,splink",
    "matching-5000000": "matching --rows 5000000",
    "matching-sets": f"matching --data {SETS} --tools crmkit,splink,recordlinkage",
    "matching-accounts": "matching --rows 10000 --data accounts,franchise,chicago_sites"
    " --tools crmkit,crmkit+300,crmkit+plain,splink",
    "matching-small": "matching --data fake_1000,chicago_sites,febrl3,febrl3-nossn --tools crmkit+300,goldenmatch"
    " --timeout 300",
    "matching-seed2": "matching --rows 10000 --seed 2 --data contacts,accounts,febrl_like --tools crmkit,splink",
    "matching-dedupe": "matching --rows 2000 --tools crmkit,crmkit+300,dedupe+300",
    "matching-broken": "matching --rows 5000 --data broken",
    "matching-pairs": "pairs --rows 10000",
    "labels-10000": "labels --rows 10000",
    "labels-100000": "labels --rows 100000 --labels 100,300",
    "index-100000": "index --rows 100000 --tools crmkit,splink",
    "index-1000000": "index --rows 1000000",
    "merging": "merging --rows 100000",
    "names": "names",
    "validation": "validation --rows 50000 --tools crmkit,loop,pydantic,pandera-polars,pointblank",
    "validation-200000": "validation --rows 200000 --repeat 3 --tools crmkit",
    "validation-chunks": "chunks",
    "reconcile": "reconcile --rows 1000000 --repeat 3 --tools"
    " crmkit,crmkit-pandas,crmkit-arrow,datacompy-polars,datacompy-pandas,duckdb",
    "reconcile-reladiff": "reconcile --rows 1000000 --tools reladiff",
    "reconcile-files": "reconcile --rows 10000000 --tasks differing --tools crmkit-files",
    "reconcile-csv": "reconcile --rows 10000000 --tasks differing --tools crmkit-csv",
    "mapping": "mapping --rows 100000",
    "encryption": "encryption --rows 50000",
    "permissions": "permissions --rows 1000000",
    "audit": "audit --rows 100000 --tools crmkit,bare,chain,pymerkle",
    "audit-10000000": "audit --rows 10000000 --tools crmkit --tasks append_group,verify,prove,prove_event --folder DIR",
    "backup-20000": "backup --rows 20000",
    "main-job-100000": "main_job --rows 100000",
    "main-job-1000000": "main_job --rows 1000000",
    "import": "import --rows 20",
    "sizes": "import --sizes",
}
"""File in ``results`` and the command that makes it, without ``python benchmarks/bench_`` and ``--json``.

``DIR`` is a folder that is there for the run and gone after it.
"""

SHOWN = (
    "task", "tool", "n", "f1", "best_f1", "precision", "recall", "found", "missed", "invented", "wrong", "cpu_s",
    "wall_s", "peak_rss_mb", "us", "us_per_value", "cpu_p50_us", "cpu_p99_us", "cpu_p999_us", "wall_p50_us",
    "rows_per_s", "rows_per_cpu_s", "per_cpu_s", "mb_per_cpu_s", "file_mb", "more_mb", "candidates", "threads",
    "questions", "causes_right", "failed", "missing",
)  # fmt: skip
"""Columns of the page, where a file has them."""


def command_of(name: str) -> list[str]:
    """Return the arguments of the script that makes a file."""
    script, *arguments = TABLE[name].split()
    return [f"benchmarks/bench_{script}.py", *arguments]


def run(name: str) -> str | None:
    """Make one file; return what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.json"
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(
            [sys.executable, *(folder if word == "DIR" else word for word in command_of(name)), "--json", str(made)],
            cwd=HERE.parent, capture_output=True, text=True, check=False, env=env,
        )  # fmt: skip
        if done.returncode or not made.exists():
            return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        (RESULTS / f"{name}.json").write_bytes(made.read_bytes())
    failed = [line for line in lines_of(name) if "failed" in line]
    return f"{failed[0]['tool']}: {failed[0]['failed']}" if failed else None


def lines_of(name: str) -> list[dict[str, object]]:
    """Return the lines of a file; what is no list of lines is made into one."""
    made = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    if isinstance(made, list):
        return made
    about = {key: value for key, value in made.items() if not isinstance(value, dict)}
    tables = [value for value in made.values() if isinstance(value, dict)]
    return [
        {"task": task, **(figures if isinstance(figures, dict) else {"mb": figures}), **about}
        for table in tables
        for task, figures in table.items()
    ]


def page() -> str:
    """Return the page of all files: command, machine, commit, and a table each."""
    parts = [
        "# What was measured\n",
        "Written by `python benchmarks/whole_table.py --page` from the files beside it, which hold more than is shown:",
        "versions, settings, rates of the generated data, reliability curves.",
        "`f1` is at the cut that a tool chooses itself, `best_f1` the most that any cut would have given it.",
        "Compare within a table.",
    ]
    for name in TABLE:
        if not (RESULTS / f"{name}.json").exists():
            parts.append(f"\n## {name}\n\n`python {' '.join(command_of(name))}` has not been run.")
            continue
        lines = lines_of(name)
        names = {key for line in lines for key in line}
        columns = [key for key in (*SHOWN, "cpu_ms", "mb") if key in names]
        first, loads = lines[0], [float(str(line["load"])) for line in lines if line.get("load") is not None]
        commits = ", ".join(sorted({f"`{line.get('commit')}`" for line in lines}))
        machine = f"Python {first.get('python')}, {first.get('cores')} cores of {first.get('cpu')}"
        load = f"load {min(loads, default=0):g} to {max(loads, default=0):g}"
        parts.append(f"\n## {name}\n\n`python {' '.join(command_of(name))}`; commit {commits}; {machine}; {load}\n")
        parts.append("| " + " | ".join(columns) + " |")
        parts.append(
            "|" + "|".join("---:" if key not in ("task", "tool", "failed") else "---" for key in columns) + "|"
        )
        parts.extend("| " + " | ".join(shown(line.get(key)) for key in columns) + " |" for line in lines)
    return "\n".join(parts) + "\n"


def shown(value: object) -> str:
    """Show a figure as one reads it: thousands apart, four digits that count."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).replace("|", "\\|")
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def main() -> None:
    """Run the lines that were asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="beginnings of names, comma between")
    parser.add_argument("--page", action="store_true", help="run nothing")
    options = parser.parse_args()
    wrong = {}
    for name in TABLE:
        if options.page or not name.startswith(tuple(options.only.split(","))):
            continue
        since = time.monotonic()
        said = run(name)
        print(f"{name:24} {time.monotonic() - since:7.0f} s  {said or ''}", flush=True)
        if said:
            wrong[name] = said
    (RESULTS / "README.md").write_text(page(), encoding="utf-8")
    if wrong:
        sys.exit("failed: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
