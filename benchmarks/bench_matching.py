"""How good, how fast and how large matching is: the whole job on generated or labelled data.

    python benchmarks/bench_matching.py --rows 100000 --json out.json
    python benchmarks/bench_matching.py --data febrl3,chicago_sites --data-dir DIR --json out.json

Labelled sets are folders with ``records.csv`` (column ``id``) and ``pairs.csv`` (``id_a,id_b``). Every run has a
process of its own; CPU, wall and peak memory are medians of ``--repeat`` runs, and CPU counts children. Times start
with the input in memory as a frame of text and end with golden records.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ACCOUNTS = {"chicago_sites"}


def labelled(folder: Path) -> tuple[dict[str, list[str | None]], list[int]]:
    """Read records and turn the true pairs into one label for each record."""
    from numpy import array, int32

    from crmkit.matching._clusters import components

    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    place = {record_id: row for row, record_id in enumerate(columns["id"])}
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = [(place[row["id_a"]], place[row["id_b"]]) for row in csv.DictReader(file)]
    left, right = (array([min(p) if side == 0 else max(p) for p in pairs], dtype=int32) for side in (0, 1))
    return columns, components(len(rows), left, right).tolist()


def run(args: argparse.Namespace) -> dict[str, object]:
    """Do the job once, in this process."""
    from crmkit import __version__
    from crmkit.matching import Matcher, evaluate
    from crmkit.records import RecordSet
    from crmkit.testing import generate

    if args.data == "generated":
        generated = generate.contacts(args.rows, seed=args.seed)
        frame, truth = RecordSet(generated.columns), generated.truth.tolist()
    else:
        columns, truth = labelled(args.data_dir / args.data)
        frame = RecordSet(columns)
    matcher = Matcher.accounts() if args.data in ACCOUNTS else Matcher.contacts()
    cpu, wall = time.process_time(), time.perf_counter()
    report = matcher.dedupe(frame)
    matched_cpu = time.process_time() - cpu
    golden, _ = report.merge()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    said = evaluate(report.labels.tolist(), truth)
    scale = 1 if sys.platform == "darwin" else 1024
    return {
        "task": args.data,
        "tool": "crmkit",
        "version": __version__,
        "n": len(truth),
        "cpu_s": round(cpu, 2),
        "match_cpu_s": round(matched_cpu, 2),
        "wall_s": round(wall, 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20),
        **{name: round(value, 4) for name, value in said.to_dict().items()},
        "candidates": report.diagnostics.candidates,
        "threshold": report.threshold_,
        "expected_precision": round(report.diagnostics.expected_precision, 4),
        "expected_recall": round(report.diagnostics.expected_recall, 4),
        "golden": len(golden),
        "notes": list(report.diagnostics.notes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--data", default="generated", help="generated, or names of folders in --data-dir, by comma")
    parser.add_argument("--data-dir", type=Path, default=Path())
    parser.add_argument("--tools", default="crmkit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        json.dump(run(args), sys.stdout)
        return
    if args.tools != "crmkit":
        parser.error("the only tool here is crmkit")
    results = []
    for data in args.data.split(","):
        command = [sys.executable, __file__, "--child", "--data", data, "--data-dir", str(args.data_dir)]
        command += ["--rows", str(args.rows), "--seed", str(args.seed)]
        runs = [
            json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(args.repeat)
        ]
        middle = {name: statistics.median(one[name] for one in runs) for name in ("cpu_s", "match_cpu_s", "wall_s")}
        result = runs[0] | middle | {"python": platform.python_version(), "machine": platform.machine()}
        results.append(result)
        print(
            f"{data:14} n {result['n']:>9,}  F1 {result['f1']:.4f}  P {result['precision']:.4f}  "
            f"R {result['recall']:.4f}  cpu {result['cpu_s']:.1f} s  peak {result['peak_rss_mb']} MB"
        )
    if args.json is not None:
        args.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
