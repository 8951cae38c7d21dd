"""The main job on generated contacts: seconds and memory of each stage, and how good the result is.

    python benchmarks/bench_main_job.py --rows 100000 --json main_job.json

Every stage is timed inside one process, on CPU and on the wall; the peak is that of the whole process up to the end
of the stage. Quality: pairwise precision, recall and F1 of the clusters against the generator's truth.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import machine, save


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tools", default="crmkit", help="only crmkit: there is no peer for the whole job")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        truth, planted = generate(Path(folder), options.rows, options.seed)
        # A process of its own, so that the generator's memory is not counted.
        done = subprocess.run(
            [sys.executable, __file__, "--measure", folder], stdout=subprocess.PIPE, text=True, check=True
        )
    run = json.loads(done.stdout.splitlines()[-1])
    lines = [
        {"task": f"main job: {stage}", "tool": "crmkit", "version": run["version"], "n": options.rows}
        | figures
        | machine()
        for stage, figures in run["stages"].items()
    ]
    lines[-1].update(judge(run["clusters"], truth), planted=planted, threshold=run["threshold"])
    for line in lines:
        print("  ".join(f"{key}={value}" for key, value in line.items()), file=sys.stderr)
    save(lines, options.json)
    return 0


def generate(folder: Path, rows: int, seed: int) -> tuple[list[int], int]:
    """Write the input; return the true cluster of every row and how many errors were planted."""
    from crmkit.testing import generate as make

    made = make.contacts(rows, seed=seed, messy=True)
    made.records.to_csv(folder / "contacts.csv")
    return [int(cluster) for cluster in made.truth], len(made.planted)


def measure(folder: Path) -> dict[str, Any]:
    """Run the job stage by stage."""
    import crmkit as ck
    from crmkit import changes as change_logs

    stages: dict[str, dict[str, float]] = {}
    last = start = clocks()

    def done(stage: str, since: tuple[float, float]) -> None:
        now = clocks()
        stages[stage] = {
            "cpu_s": round(now[0] - since[0], 3),
            "wall_s": round(now[1] - since[1], 3),
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }

    contacts = ck.read_csv(folder / "contacts.csv")
    done("read", last)
    last = clocks()
    report = ck.check(contacts)
    done("check", last)
    last = clocks()
    clean, fixes = report.fixes(min_confidence=0.95).apply(contacts)
    done("fix", last)
    last = clocks()
    result = ck.dedupe(clean)
    done("dedupe", last)
    last = clocks()
    golden, merges = result.merge()
    done("merge", last)
    last = clocks()
    change_logs.account(contacts, golden, [fixes, merges]).raise_for()
    done("account", last)
    last = clocks()
    clean.to_csv(folder / "clean.csv")
    golden.to_csv(folder / "golden.csv")
    report.to_frame().to_csv(folder / "issues.csv")
    change_logs.save([fixes, merges], folder / "changes.jsonl")
    done("write", last)
    last = clocks()
    ck.report(report, fixes, result, merges).save(folder / "cleanup.html")
    done("page", last)
    done("all", start)
    return {
        "version": ck.__version__,
        "stages": stages,
        "threshold": float(result.threshold_),
        "clusters": [int(cluster) for cluster in result.labels],
    }


def clocks() -> tuple[float, float]:
    """CPU of this process and its finished children, and the wall."""
    return time.process_time(), time.perf_counter()


def judge(found: list[int], truth: list[int]) -> dict[str, float]:
    """Pairwise precision, recall and F1 of one clustering against another."""
    import numpy as np

    def pairs(*labels: list[int]) -> int:
        _, counts = np.unique(np.stack([np.asarray(label) for label in labels]), axis=1, return_counts=True)
        return int((counts * (counts - 1) // 2).sum())

    both, said, true = pairs(found, truth), pairs(found), pairs(truth)
    precision = both / said if said else 1.0
    recall = both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


if __name__ == "__main__":
    sys.exit(main())
