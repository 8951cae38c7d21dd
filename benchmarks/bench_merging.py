"""How fast clusters become golden records, and go back: rows a second of CPU.

    python benchmarks/bench_merging.py --rows 100000 --json merging.json

Generated contacts (``--rows``, ``--seed``) with the generator's own clusters, so that no matching is timed: a fifth of
the rows are duplicates of others. Every run is a process of its own, ``--repeat`` times; medians are kept. Tasks:

- ``merge clusters``: ``merge_clusters`` on the raw table: columns recognised and encoded, survivorship by the defaults,
  golden frame and log;
- ``merge report``: ``MatchReport.merge`` after ``dedupe``, whose table is encoded already;
- ``undo one``, ``undo all``, ``save``, ``load``, ``repoint`` (a child record for each row), ``continue`` (ids carried
  over from a previous log to the rows in another order).

The yardstick is what people do without a library, in the same run: pandas' ``groupby(cluster).first()``, the first
value that is there for each column. It keeps no log and nothing together. ``rows_per_s`` counts rows of the table.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import machine, save

TASKS = ("merge clusters", "merge report", "undo one", "undo all", "save", "load", "repoint", "continue")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tools", default="crmkit,pandas", help="pandas only where it is installed")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", nargs=2, metavar=("TOOL", "TASK"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(*options.measure, options.rows, options.seed)))
        return 0
    lines = []
    for tool in options.tools.split(","):
        for task in options.tasks.split(",") if tool == "crmkit" else ("merge clusters",):
            lines.append(line(tool, task, options))
            print("  ".join(f"{key}={value}" for key, value in lines[-1].items()), file=sys.stderr)
    save(lines, options.json)
    return 0


def line(tool: str, task: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one task several times and take medians."""
    runs = []
    for _ in range(options.repeat):
        command = [sys.executable, __file__, "--rows", str(options.rows), "--seed", str(options.seed)]
        done = subprocess.run([*command, "--measure", tool, task], stdout=subprocess.PIPE, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    cpu = statistics.median(run["cpu_s"] for run in runs)
    return {
        "task": task,
        "tool": tool,
        "version": importlib.metadata.version(tool),
        "n": options.rows,
        "merged": runs[0]["merged"],
        "cpu_s": round(cpu, 3),
        "wall_s": round(statistics.median(run["wall_s"] for run in runs), 3),
        "peak_rss_mb": max(run["peak_rss_mb"] for run in runs),
        "rows_per_s": round(options.rows / cpu) if cpu else None,
        **machine(),
    }


def measure(tool: str, task: str, rows: int, seed: int) -> dict[str, Any]:
    """Prepare what a task needs, then time the task alone."""
    from crmkit.testing import generate

    made = generate.contacts(rows, seed=seed)
    labels = made.truth
    if tool == "pandas":
        import pandas as pd

        frame = pd.DataFrame(made.columns)
        frame["cluster"] = labels
        spent, golden = clocked(lambda: frame.groupby("cluster", sort=False).first())
        return spent | {"merged": rows - len(golden)}
    from crmkit.matching import Matcher, MergeLog, merge_clusters

    columns = made.columns
    if task == "merge clusters":
        spent, (_, log) = clocked(lambda: merge_clusters(columns, labels, key="id", kind="contact"))
        return spent | {"merged": log.merged}
    if task == "merge report":
        report = Matcher.contacts().dedupe(columns)
        spent, (_, log) = clocked(report.merge)
        return spent | {"merged": log.merged}
    golden, log = merge_clusters(columns, labels, key="id", kind="contact")
    one = next(iter(log.pointers()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "merges.jsonl"
        if task == "load":
            log.save(path)
        children = {"id": [f"d{k}" for k in range(rows)], "contact": columns["id"]}
        jobs: dict[str, Any] = {
            "undo one": lambda: log.undo(golden, one),
            "undo all": lambda: log.undo(golden),
            "save": lambda: log.save(path),
            "load": lambda: MergeLog.load(path),
            "repoint": lambda: log.repoint(children, "contact", key="id"),
            "continue": lambda: merge_clusters(
                {name: column[::-1] for name, column in columns.items()}, labels[::-1], key="id", previous=log
            ),
        }
        spent, _ = clocked(jobs[task])
    return spent | {"merged": log.merged}


def clocked(job: Any) -> tuple[dict[str, float], Any]:
    """Run a job; return its seconds, and what it returned."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = job()
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return spent | {"peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}, result


if __name__ == "__main__":
    raise SystemExit(main())
