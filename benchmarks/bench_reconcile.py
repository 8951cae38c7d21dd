"""Time, memory and answers of comparing two tables, beside the peers on the same files.

    python benchmarks/bench_reconcile.py --rows 1000000 --json out.json
    python benchmarks/bench_reconcile.py --rows 1000 --tools crmkit --json out.json

The table has a text key and eight columns. The other side is shuffled, has lost one row in 300 and gained one in 500;
one cell in 200 differs in each of five columns, and every amount by a noise of 1e-9, which the tolerance of 1e-6 lets
pass. ``equal`` compares a table with itself.

Every run is a process of its own in the environment of its tool (made under ``--envs`` from
``benchmarks/requirements/TOOL.txt`` at first use), reads the same parquet files, and starts the clock when they are
loaded. CPU counts all threads. What is asked of all: rows on one side only, and for every differing cell its row and
column. crmkit names the cause of each besides; reladiff has no tolerance, so the noise counts as differences there.
``found``, ``missed`` and ``invented`` count cells against the truth; ``causes_right`` is the share of the planted
causes that crmkit names. ``crmkit-files`` and ``crmkit-csv`` compare the parquet files, and the same as CSV, without
loading them: their clocks count reading them, too. More than a million rows are made in parts, each shuffled by itself.

The files in ``benchmarks/results`` are made by these commands:

    python benchmarks/bench_reconcile.py --rows 1000000 --repeat 3 --json benchmarks/results/reconcile.json
    python benchmarks/bench_reconcile.py --rows 10000000 --tasks differing --tools crmkit-files \\
        --json benchmarks/results/reconcile-files.json
    python benchmarks/bench_reconcile.py --rows 10000000 --tasks differing --tools crmkit-csv \\
        --json benchmarks/results/reconcile-csv.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import ENVS, machine, python_of, save

if TYPE_CHECKING:
    import polars as pl

HERE = Path(__file__).resolve().parent
TOOLS = {
    "crmkit": "crmkit", "crmkit-pandas": "crmkit", "crmkit-arrow": "crmkit",
    "crmkit-files": "crmkit", "crmkit-csv": "crmkit",
    "datacompy-polars": "datacompy", "datacompy-pandas": "datacompy", "duckdb": "duckdb", "reladiff": "reladiff",
}  # fmt: skip
PART = 1_000_000
DEFAULT = "crmkit,crmkit-pandas,crmkit-arrow,datacompy-polars,datacompy-pandas,duckdb,reladiff"


def prepare(rows: int, folder: Path, seed: int, *, text: bool) -> dict[str, object]:
    """Write both tables, in parts of a million rows, and return the truth about them."""
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(seed)
    sizes = [PART] * (rows // PART) + ([rows % PART] if rows % PART else [])
    cells: dict[str, str] = {}
    lost = gained = 0
    writers: dict[str, list[object]] = {}
    for number, size in enumerate(sizes):
        left, right, found = part(size, rng, number)
        cells |= found["cells"]  # type: ignore[operator]
        lost += int(found["missing"])  # type: ignore[call-overload]
        gained += int(found["unexpected"])  # type: ignore[call-overload]
        for side, frame in (("left", left), ("right", right)):
            table = frame.to_arrow()
            if side not in writers:
                made = [parquet.ParquetWriter(folder / f"{side}.parquet", table.schema)]
                writers[side] = made + ([csv.CSVWriter(folder / f"{side}.csv", table.schema)] if text else [])
            for writer in writers[side]:
                writer.write_table(table)  # type: ignore[attr-defined]
    for writer in (one for made in writers.values() for one in made):
        writer.close()  # type: ignore[attr-defined]
    return {"cells": cells, "missing": lost, "unexpected": gained}


def part(rows: int, rng: np.random.Generator, number: int) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, object]]:
    """Return one part of both tables, and the truth about it."""
    import polars as pl

    words = np.array(["Oslo", "Bergen", "Paris", "Rome", "北京", "上海", "Lyon", "Turin"])
    first = np.datetime64("2020-01-01")
    columns = {
        "id": np.array([f"C{number * PART + n:09d}" for n in range(rows)]),
        "name": np.array([f"Name {n}" for n in rng.integers(0, max(rows // 5, 10), rows)]),
        "email": np.array([f"u{n}@example.com" for n in rng.integers(0, max(rows, 10), rows)]),
        "city": words[rng.integers(0, len(words), rows)],
        "amount": rng.random(rows) * 1000,
        "visits": rng.integers(0, 1000, rows),
        "created": first + rng.integers(0, 1000, rows).astype("timedelta64[D]"),
        "stage": np.array(["open", "won", "lost"])[rng.integers(0, 3, rows)],
        "code": np.array([f"0{n}" for n in rng.integers(10**6, 10**7, rows)]),
    }
    left = pl.DataFrame(columns).with_columns(pl.col("created").cast(pl.Date))
    changed = {name: list(values) for name, values in left.to_dict(as_series=False).items()}
    changed["amount"] = (np.asarray(changed["amount"]) + 1e-9).tolist()
    truth: dict[str, dict[str, str]] = {}
    each = max(rows // 200, 1)
    for column, cause, make in (
        ("name", "case", str.upper),
        ("email", "whitespace", lambda value: value + " "),
        ("amount", "unit", lambda value: value * 100),
        ("stage", "changed", lambda value: "stalled"),
        ("code", "leading_zeros_lost", lambda value: value.lstrip("0")),
    ):
        for n in rng.choice(rows, each, replace=False).tolist():
            changed[column][n] = make(changed[column][n])
            truth.setdefault(str(columns["id"][n]), {})[column] = cause
    right = pl.DataFrame(changed, schema=left.schema)
    keep = np.sort(rng.choice(rows, rows - max(rows // 300, 1), replace=False))
    extra = left.head(max(rows // 500, 1)).with_columns(("X" + pl.col("id")).alias("id"))
    right = pl.concat([right[keep], extra])[rng.permutation(len(keep) + len(extra))]
    kept = set(columns["id"][keep].tolist())
    cells = {
        f"{key}\t{column}": cause for key, found in truth.items() if key in kept for column, cause in found.items()
    }
    return left, right, {"cells": cells, "missing": rows - len(keep), "unexpected": len(extra)}


def judge(found: dict[str, object], truth: dict[str, object], task: str) -> dict[str, object]:
    """Count cells against the truth."""
    wanted: dict[str, str] = truth["cells"] if task == "differing" else {}  # type: ignore[assignment]
    cells: dict[str, str] = found.pop("cells")  # type: ignore[assignment]
    named = [cells[cell] == cause for cell, cause in wanted.items() if cells.get(cell)]
    rows_right = task == "equal" or (found["missing"], found["unexpected"]) == (truth["missing"], truth["unexpected"])
    return {
        "found": len(wanted.keys() & cells.keys()),
        "missed": len(wanted.keys() - cells.keys()),
        "invented": len(cells.keys() - wanted.keys()),
        "rows_right": rows_right,
        "causes_right": round(sum(named) / len(named), 4) if named else None,
    }


def run(tool: str, task: str, folder: Path, truth: dict[str, object], args: argparse.Namespace) -> dict[str, object]:
    """Run one tool on one task, several times if asked, and judge the answer."""
    name = TOOLS[tool]
    python = python_of(name, args.envs)
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)} if name == "crmkit" else dict(os.environ)
    command = [python, str(HERE / "reconcile" / f"run_{name}.py"), tool, task, str(folder)]
    spent = []
    for _ in range(args.repeat):
        done = subprocess.run(command, capture_output=True, text=True, timeout=args.timeout, env=env, check=False)
        if done.returncode:
            return {"tool": tool, "failed": done.stderr.strip().splitlines()[-1:]}
        spent.append(json.loads((folder / f"{tool}.json").read_text(encoding="utf-8")))
    found = spent[0]
    for key in ("cpu_s", "wall_s"):
        found[key] = round(statistics.median(one[key] for one in spent), 3)
    return {"tool": tool, **judge(found, truth, task), **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--tools", default=DEFAULT)
    parser.add_argument("--tasks", default="differing,equal")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=1_800)
    parser.add_argument("--envs", type=Path, default=ENVS)
    args = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tools = args.tools.split(",")
        truth = prepare(args.rows, folder, args.seed, text="crmkit-csv" in tools)
        for task in args.tasks.split(","):
            for tool in tools:
                found = {"task": task, "n": args.rows, **run(tool, task, folder, truth, args), **machine()}
                results.append(found)
                print(json.dumps(found, ensure_ascii=False))
    save(results, args.json)


if __name__ == "__main__":
    main()
