"""Whether memory follows the pairs, and what a second core gives: one file, more and more pairs, one and two threads.

    python benchmarks/bench_pairs.py --rows 50000 --json out.json

The same generated contacts are scored with rules that make more and more candidate pairs (``--pairs``, per record; the
model is fitted once, before the clock starts). Each run is a process of its own. ``peak_over_start_mb`` is what scoring
added to the memory of the process: it holds the candidates (10 bytes a pair) and two chunks, whatever the number of
pairs. ``threads`` is how many chunks are scored at a time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import machine, save

from crmkit.matching import Matcher
from crmkit.matching._decisions import _scoring as scoring
from crmkit.testing import generate


def measure(rows: int, per_record: float, threads: int, seed: int) -> dict[str, object]:
    """Score random and likely pairs of one file, in this process."""
    made = generate.contacts(rows, seed=seed)
    report = Matcher.contacts().dedupe(made.columns)
    random = np.random.default_rng(seed)
    left, right = (random.integers(0, rows, int(rows * per_record), dtype=np.int32) for _ in range(2))
    # Every third pair shares its family name, as candidates of a loose rule do.
    codes = report.run.encoded.fields["family"].columns[0]
    order = np.argsort(codes, kind="stable").astype(np.int32)
    place = random.integers(0, rows - 1, len(left) // 3)
    left[: len(place)], right[: len(place)] = order[place], order[place + 1]
    apart = left != right
    left, right = np.minimum(left, right)[apart], np.maximum(left, right)[apart]
    scoring._THREADS = threads
    scoring.score_pairs(report.run.encoded, report.model, left[:1_000], right[:1_000])
    start = peak()
    wall, cpu = time.perf_counter(), time.process_time()
    kept = scoring.score_pairs(report.run.encoded, report.model, left, right)
    return {
        "task": "score",
        "tool": "crmkit",
        "n": rows,
        "candidates": len(left),
        "kept": len(kept),
        "threads": threads,
        "cpu_s": round(time.process_time() - cpu, 2),
        "wall_s": round(time.perf_counter() - wall, 2),
        "start_mb": round(start),
        "peak_over_start_mb": round(peak() - start),
    }


def peak() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--pairs", default="5,20,80", help="candidate pairs per record, by comma")
    parser.add_argument("--threads", default="1,2", help="by comma")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tools", choices=["crmkit"], default="crmkit", help="nothing else is measured here")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        per_record, threads = args.one.split(",")
        print(json.dumps(measure(args.rows, float(per_record), int(threads), args.seed)))
        return
    results = []
    for per_record in args.pairs.split(","):
        for threads in args.threads.split(","):
            command = [sys.executable, __file__, "--rows", str(args.rows), "--seed", str(args.seed)]
            done = subprocess.run(
                [*command, "--one", f"{per_record},{threads}"], capture_output=True, text=True, check=True
            )
            found = json.loads(done.stdout)
            results.append(found | machine())
            print("  ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    save(results, args.json)


if __name__ == "__main__":
    main()
