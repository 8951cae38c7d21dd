"""What asking costs, and what answers are worth: ``ask`` after ``fit``, and F1 with more and more labels.

    python benchmarks/bench_labels.py --rows 100000 --labels 30,100,300 --json out.json

Generated contacts, as in ``bench_matching.py``; the answers are taken from the truth, and with ``--slips`` some of them
are wrong, as people's are. Each line is a task: ``fit`` (reading and matching the file), ``first questions``
(``ask(20)`` of the fitted matcher), ``more questions`` (the next 20, after answers), ``labels N`` (matching with N).
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import machine, save

from crmkit.matching import Labels, Matcher, evaluate
from crmkit.testing import generate

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.matching import MatchReport, Questions


def spent(work: Callable[[], object]) -> tuple[object, dict[str, float]]:
    """Run it and return what it gave, with CPU and wall seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, {"cpu_s": round(time.process_time() - cpu, 3), "wall_s": round(time.perf_counter() - wall, 3)}


def answered(questions: Questions, truth: np.ndarray, slips: float, random: np.random.Generator) -> Labels:
    """Answer from the truth, and now and then wrongly."""
    return Labels.of(
        (one.left, one.right, bool(truth[a] == truth[b]) != bool(random.random() < slips))
        for one, (a, b) in zip(questions, questions.rows.tolist(), strict=True)
    )


def judged(report: MatchReport, truth: np.ndarray) -> dict[str, object]:
    """Return precision, recall and F1 of pairs within clusters, and what the run itself says of them."""
    said = evaluate(report.labels.tolist(), truth.tolist()).pairwise
    facts = report.diagnostics
    return {
        "precision": round(said.precision, 4),
        "recall": round(said.recall, 4),
        "f1": round(said.f1, 4),
        "measured_precision": facts.measured_precision,
        "measured_recall": facts.measured_recall,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--labels", default="30,100,300", help="numbers of labels, by comma")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slips", type=float, default=0.0, help="share of answers that are wrong")
    parser.add_argument("--settings", default="{}", help="more arguments of the generator, as JSON")
    parser.add_argument("--tools", choices=["crmkit"], default="crmkit", help="nothing else is measured here")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    made = generate.contacts(args.rows, seed=args.seed, **json.loads(args.settings))
    columns, truth = made.columns, np.asarray(made.truth)
    random = np.random.default_rng(args.seed)
    common = {"tool": "crmkit", "n": args.rows, "seed": args.seed, "slips": args.slips} | machine()
    results: list[dict[str, object]] = []

    def say(task: str, facts: dict[str, object]) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        results.append({"task": task, **facts, "peak_rss_mb": round(peak), **common})
        print(f"{task:16} " + "  ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
        save(results, args.json)

    matcher = Matcher.contacts()
    _, took = spent(lambda: matcher.fit(columns))
    say("fit", took)
    questions, took = spent(lambda: matcher.ask(columns, n=20))
    say("first questions", took | {"questions": len(questions)})
    labels = answered(questions, truth, args.slips, random)
    questions, took = spent(lambda: matcher.ask(columns, n=20, labels=labels))
    say("more questions", took | {"questions": len(questions)})
    for number in map(int, args.labels.split(",")):
        asked = matcher.ask(columns, n=max(number - len(labels), 0), labels=labels)
        labels += answered(asked, truth, args.slips, random)
        report, took = spent(partial(Matcher.contacts().dedupe, columns, labels=labels))
        say(f"labels {len(labels)}", took | judged(report, truth))


if __name__ == "__main__":
    main()
