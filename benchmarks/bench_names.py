"""How well names of organizations are compared, beside every scorer of rapidfuzz, on sets that others labelled.

    python benchmarks/bench_names.py --data-dir DIR --json out.json

``kvk_name_pairs``: judged pairs, all of them hard. ``dnb_company_typos``: each mistyped name against all names.
``cn_listed_names``: the short name of a listed company against all full legal names, for a sample. For the last two a
pair is the best candidate of a name and counts as right if it is the true one. Each scorer gets the names folded
(rapidfuzz's ``default_process`` for Latin names) and a threshold of its own, chosen on four fifths and measured on the
rest, five times over; nothing is tuned to a set by hand. Every name is compared with every other by every scorer.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rapidfuzz
from common import machine, save
from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import OSA, Jaro, JaroWinkler, LCSseq

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from crmkit.matching import CompanyNames  # noqa: E402  # the tree that this script is of

SCORERS = {
    **{name: getattr(fuzz, name) for name in (
        "ratio", "partial_ratio", "token_sort_ratio", "token_set_ratio", "partial_token_sort_ratio", "WRatio", "QRatio",
    )},
    "jaro": Jaro.normalized_similarity, "jaro_winkler": JaroWinkler.normalized_similarity,
    "osa": OSA.normalized_similarity, "lcs": LCSseq.normalized_similarity,
}  # fmt: skip
FOLDS = 5


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    found = sorted((folder / name).glob("*.csv"))
    with found[0].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def best_cut(scores: np.ndarray, right: np.ndarray, positives: int) -> float:
    """The threshold with the highest F1."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + positives)
    return float(scores[order[int(np.argmax(f1))]])


def cross_validated(scores: np.ndarray, right: np.ndarray, *, every: bool, seed: int) -> dict[str, float]:
    """Precision, recall and F1 at thresholds chosen on the other folds.

    Args:
        scores: Of pairs.
        right: Whether each pair is a match.
        every: Whether each pair stands for a name that has a partner, so that all pairs count as positives.
        seed: Of the folds.
    """
    fold = np.array([k % FOLDS for k in range(len(scores))])
    random.Random(seed).shuffle(fold)
    taken = np.zeros(len(scores), dtype=bool)
    for k in range(FOLDS):
        rest = fold != k
        positives = int(rest.sum()) if every else int(right[rest].sum())
        taken[fold == k] = scores[fold == k] >= best_cut(scores[rest], right[rest], positives)
    hits = int((taken & right).sum())
    total = len(scores) if every else int(right.sum())
    precision, recall = hits / max(int(taken.sum()), 1), hits / total
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def judged(name: str, pairs: list[tuple[str, str]], right: list[bool]) -> list[dict[str, object]]:
    """Score labelled pairs with everything."""
    names = CompanyNames({one for pair in pairs for one in pair})
    truth = np.array(right)
    results = []
    scorers: dict[str, Callable[[str, str], float]] = {"crmkit": names.similarity}
    for scorer, function in SCORERS.items():
        scorers[f"rapidfuzz {scorer}"] = lambda a, b, f=function: f(a, b, processor=utils.default_process)
    for scorer, function in scorers.items():
        start = time.process_time()
        scores = np.array([function(a, b) for a, b in pairs])
        spent = time.process_time() - start
        runs = [cross_validated(scores, truth, every=False, seed=seed) for seed in range(10)]
        mean = {key: round(float(np.mean([run[key] for run in runs])), 4) for key in runs[0]}
        results.append({"task": name, "tool": scorer, "n": len(pairs), **mean, "cpu_s": round(spent, 3)})
    return results


def found(name: str, asked: list[str], known: list[str], partner: list[int], *, latin: bool) -> list[dict[str, object]]:
    """Look each name up among all and take the best."""
    names = CompanyNames(known)
    prepare = utils.default_process if latin else (lambda text: text)
    left, right = [prepare(one) for one in asked], [prepare(one) for one in known]
    results = []
    for scorer in ("crmkit", *SCORERS):
        start = time.process_time()
        if scorer == "crmkit":
            scores = np.array([[names.similarity(a, b) for b in known] for a in asked])
        else:
            scores = process.cdist(left, right, scorer=SCORERS[scorer])
        spent = time.process_time() - start
        best = scores.argmax(axis=1)
        top = scores[np.arange(len(asked)), best].astype(np.float64)
        hits = best == np.array(partner)
        runs = [cross_validated(top, hits, every=True, seed=seed) for seed in range(10)]
        mean = {key: round(float(np.mean([run[key] for run in runs])), 4) for key in runs[0]}
        tool = scorer if scorer == "crmkit" else f"rapidfuzz {scorer}"
        results.append(
            {"task": name, "tool": tool, "n": len(asked), "best_is_right": round(float(hits.mean()), 4), **mean,
             "cpu_s": round(spent, 3)}
        )  # fmt: skip
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("CRMKIT_DATA", ".")))
    parser.add_argument("--tools", default="crmkit", choices=["crmkit"], help="rapidfuzz is always beside it")
    parser.add_argument("--rows", type=int, default=0, help="1,000 or fewer: a sample of three names, to see it run")
    parser.add_argument("--sample", type=int, default=500, help="short Chinese names to look up")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if 0 < arguments.rows <= 1_000:
        arguments.sample = min(arguments.sample, 3)
    results: list[dict[str, object]] = []
    kvk = rows(arguments.data_dir, "kvk_name_pairs")
    columns = [name for name in kvk[0] if "name" in name.lower()][:2]
    results += judged(
        "kvk_name_pairs",
        [(row[columns[0]], row[columns[1]]) for row in kvk],
        [row["label"] in {"1", "True"} for row in kvk],
    )
    typos = rows(arguments.data_dir, "dnb_company_typos")
    results += found(
        "dnb_company_typos", [row["adjusted_name"] for row in typos], [row["name"] for row in typos],
        list(range(len(typos))), latin=True,
    )  # fmt: skip
    listed = rows(arguments.data_dir, "cn_listed_names")
    short, full = list(listed[0])[:2]
    if np.mean([len(row[short]) for row in listed]) > np.mean([len(row[full]) for row in listed]):
        short, full = full, short
    known = list(dict.fromkeys(row[full] for row in listed))
    place = {name: k for k, name in enumerate(known)}
    sample = random.Random(1).sample(listed, arguments.sample)
    results += found(
        "cn_listed_names", [row[short] for row in sample], known, [place[row[full]] for row in sample], latin=False
    )
    for one in results:
        one.update(rapidfuzz=rapidfuzz.__version__, **machine())
        print(json.dumps(one, ensure_ascii=False))
    save(results, arguments.json)


if __name__ == "__main__":
    main()
