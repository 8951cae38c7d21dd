"""How good, how fast and how large matching is, beside the peers on the same file.

    python benchmarks/bench_matching.py --rows 10000 --json out.json
    python benchmarks/bench_matching.py --data febrl3,chicago_sites --data-dir DIR --tools crmkit,splink --json out.json
    python benchmarks/bench_matching.py --rows 5000000 --keep DIR --json out.json

Data: ``contacts``, ``accounts`` and ``febrl_like`` are generated (``--rows``, ``--seed``, ``--settings``), with the
rates that ``crmkit.testing.generate`` names; every other name is a folder of ``--data-dir`` with ``records.csv``
(column ``id``) and ``pairs.csv`` (``id_a,id_b``). ``febrl3-nossn`` is ``febrl3`` without the number that nearly
identifies. ``broken`` stands for all files of ``benchmarks/matching/broken.py``, which break what the model assumes,
and for its pairs of tables, which crmkit alone links.

Every run is a process of its own in the environment of its tool: one for each peer is made at first use from
``benchmarks/requirements/TOOL.txt`` under ``--envs``. All get the same CSV; the clock starts before it is read and
stops when the clusters at the tool's own threshold stand, and CPU counts children. Precision, recall and F1 are of
pairs within clusters, measured here and by no tool itself; ``best`` is the highest F1 that any cut would have
reached, judged with the truth, by the tool's own clustering where it offers one, else by connected components.
"""

from __future__ import annotations

import argparse
import csv
import inspect
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import ENVS, machine, python_of, save

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "matching")]

import broken  # noqa: E402  # beside this script, as the next
from peer import components  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS = ("splink", "recordlinkage", "dedupe", "goldenmatch")
GENERATED = {"contacts": "contacts", "accounts": "accounts", "febrl_like": "febrl"}
KINDS = {"fake_1000": "fake", "chicago_sites": "chicago"}
CUTS = (0.02, *(k / 20 for k in range(1, 20)), 0.98, 0.99, 0.995, 0.999, 0.9999, 0.99999, 0.999999)


def prepared(name: str, args: argparse.Namespace, folder: Path) -> tuple[Path, str, np.ndarray, dict[str, object]]:
    """Return the file that all tools get, its kind, its truth, and what is to be said of it.

    It is made by a process of its own, which takes gigabytes for millions of rows and gives them back, unless
    ``--keep`` has it from an earlier run.
    """
    said = Path("facts.json")
    if args.keep is not None:
        folder = args.keep / f"{name}-{args.rows}-{args.seed}-{zlib.crc32(args.settings.encode()):08x}"
        folder.mkdir(parents=True, exist_ok=True)
    if not (folder / f"{name}.{said}").exists():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            kind, facts = pool.submit(prepare, name, args, folder).result()
        (folder / f"{name}.{said}").write_text(json.dumps([kind, facts]), encoding="utf-8")  # last: all of it is there
    kind, facts = json.loads((folder / f"{name}.{said}").read_text(encoding="utf-8"))
    path = folder / f"{name}.csv"
    return path, kind, np.load(path.with_suffix(".truth.npy")), facts


def prepare(name: str, args: argparse.Namespace, folder: Path) -> tuple[str, dict[str, object]]:
    """Write the file and its truth beside it; return its kind and what is to be said of it."""
    facts: dict[str, object] = {}
    if name in broken.FILES:
        columns, truth = broken.FILES[name](args.rows, args.seed)
        columns = columns | {"id": [str(row) for row in range(len(truth))]}
        kind, facts = "accounts" if name == "franchise" else "contacts", {"seed": args.seed}
    elif name in broken.LINKED:
        columns, truth = broken.linked(name, args.rows, args.seed)
        columns = columns | {"id": [str(row) for row in range(len(truth))]}
        kind, facts = "contacts", {"seed": args.seed}
    elif name in GENERATED:
        from crmkit.testing import generate

        settings = json.loads(args.settings)
        maker = getattr(generate, name)
        made = maker(args.rows, seed=args.seed, **settings)
        columns, truth, kind = made.columns, made.truth, GENERATED[name]
        facts = {"seed": args.seed, "settings": settings, "rates": rates(maker)}
    else:
        columns, truth = labelled(args.data_dir / name.partition("-")[0])
        kind = KINDS.get(name, "febrl")
        if name.endswith("-nossn"):
            columns.pop("soc_sec_id")
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    np.save(path.with_suffix(".truth.npy"), truth)
    return kind, facts


def rates(maker: Callable[..., object]) -> str:
    """Return what the generator says of its households, namesakes and errors where ``--settings`` say nothing else."""
    _, said, *_ = (inspect.getdoc(maker) or "").split("\n\n")
    return " ".join(said.split())


def labelled(folder: Path) -> tuple[dict[str, list[str | None]], np.ndarray]:
    """Read records and turn the true pairs into one label for each record; ids are renamed, for they tell the truth."""
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    place = {row["id"]: number for number, row in enumerate(rows)}
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = [(place[row["id_a"]], place[row["id_b"]]) for row in csv.DictReader(file)]
    columns: dict[str, list[str | None]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["id"] = [str(number) for number in range(len(rows))]
    return columns, components(len(rows), [a for a, _ in pairs], [b for _, b in pairs])


def scores(clusters: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 of pairs within clusters, and of records (B-cubed); labels are small whole numbers."""
    n = len(truth)
    found, true = np.bincount(clusters), np.bincount(truth)
    cells = clusters.astype(np.int64) * len(true) + truth
    cells.sort()
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    both = np.diff(np.append(first, n))
    cells = cells[first]
    common = int((both * (both - 1) // 2).sum())
    said, real = (int((sizes * (sizes - 1) // 2).sum()) for sizes in (found, true))
    precision, recall = common / said if said else 1.0, common / real if real else 1.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "bcubed_precision": float((both**2 / found[cells // len(true)]).sum() / n),
        "bcubed_recall": float((both**2 / true[cells % len(true)]).sum() / n),
        "false_pairs": said - common,
        "lost_pairs": real - common,
    }


def link_scores(found: dict[str, np.ndarray], truth: np.ndarray, left: int) -> dict[str, float]:
    """Precision, recall and F1 of links between the first ``left`` rows and the others, and the best of any cut."""
    from crmkit.matching import evaluate_links

    parties: dict[int, list[int]] = {}
    for row in range(left, len(truth)):
        parties.setdefault(int(truth[row]), []).append(row)
    true = [(row, other) for row in range(left) for other in parties.get(int(truth[row]), ())]

    def at(cut: float) -> dict[str, float]:
        kept = found["score"] > cut
        said = evaluate_links(zip(found["left"][kept].tolist(), found["right"][kept].tolist(), strict=True), true)
        one = said.pairwise
        false, lost = said.found_pairs - said.common_pairs, said.true_pairs - said.common_pairs
        return {
            "precision": one.precision,
            "recall": one.recall,
            "f1": one.f1,
            "false_pairs": false,
            "lost_pairs": lost,
        }

    top, cut = max((at(cut)["f1"], cut) for cut in (0.5, *CUTS))
    return at(0.5) | {"best_f1": round(top, 4), "best_threshold": cut}


def best(found: dict[str, np.ndarray], truth: np.ndarray) -> tuple[float, float | None]:
    """Return the highest F1 of any cut, and the cut."""
    tried = [(float(at), labels) for at, labels in zip(found["sweep_at"], found["sweep"], strict=True)]
    if len(found["left"]):
        cuts = CUTS if found["score"].max() <= 1.0 else np.quantile(found["score"], np.linspace(0, 0.99, 25))
        for at in cuts:
            kept = found["score"] >= at
            tried.append((float(at), components(len(truth), found["left"][kept], found["right"][kept])))
    judged = [(scores(labels, truth)["f1"], at) for at, labels in tried]
    own = scores(found["clusters"], truth)["f1"]
    return max([*judged, (own, None)], key=lambda item: item[0])


def run(tool: str, path: Path, kind: str, truth: np.ndarray, args: argparse.Namespace) -> dict[str, object]:
    """Run a tool on a prepared file, several times if asked, and judge the answer."""
    name, _, labels = tool.partition("+")
    python = python_of(name, args.envs)
    target = path.with_suffix(f".{tool}.npz")
    script = HERE / "matching" / f"run_{name}.py"
    command = [python, str(script), str(path), str(target), f"{kind}+{labels}" if labels else kind]
    spent = []
    for _ in range(args.repeat):
        env = os.environ | {"PYTHONHASHSEED": "0"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # what pip installs is compiled, and so is crmkit
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=args.timeout, env=env, check=False)
        except subprocess.TimeoutExpired:
            return {"tool": tool, "failed": [f"not done after {args.timeout:g} s"]}
        if done.returncode:
            return {"tool": tool, "failed": done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]}
        with np.load(target) as file:
            found = dict(file)
        spent.append(json.loads(str(found["facts"])))
    facts = spent[0] | {key: round(statistics.median(one[key] for one in spent), 2) for key in ("cpu_s", "wall_s")}
    if path.stem in broken.LINKED:
        judged = link_scores(found, truth, int(len(truth) * broken.LINKED[path.stem][0]))
        return {"tool": tool, **{key: round(value, 4) for key, value in judged.items()}, **facts}
    top, at = best(found, truth)
    judged = {key: round(value, 4) for key, value in scores(found["clusters"], truth).items()}
    result = {"tool": tool, **judged, "best_f1": round(top, 4), "best_threshold": at, **facts}
    return result | ({"reliability": reliability(found, truth)} if name == "crmkit" else {})


def reliability(found: dict[str, np.ndarray], truth: np.ndarray) -> list[dict[str, float]]:
    """Return how often pairs truly match in each tenth of the probability that was given to them."""
    from crmkit.matching import reliability_curve

    said = np.clip(found["score"], 1e-12, 1.0 - 1e-12)
    curve = reliability_curve(np.log(said / (1.0 - said)), truth[found["left"]] == truth[found["right"]])
    return [{key: round(value, 4) for key, value in row.items()} for row in curve]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--data", default="contacts", help="names by comma: generated, or folders in --data-dir")
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("CRMKIT_DATA", ".")))
    parser.add_argument(
        "--tools",
        default="crmkit",
        help="crmkit, crmkit+300 (with labels), crmkit+plain (without rival explanations), splink, ... by comma",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settings", default="{}", help="more arguments of the generator, as JSON")
    parser.add_argument("--keep", type=Path, help="folder in which files stay, and are taken from another time")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=3600.0)
    parser.add_argument("--envs", type=Path, default=ENVS)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in (*broken.FILES, *broken.LINKED) if args.data == "broken" else args.data.split(","):
            path, kind, truth, facts = prepared(name, args, Path(folder))
            for tool in args.tools.split(","):
                judged = run(tool, path, kind, truth, args)
                result = {"task": name, "n": len(truth), **facts, **judged, **machine(), "numpy": np.__version__}
                results.append(result)
                print(line(result), flush=True)
                save(results, args.json)


def line(result: dict[str, object]) -> str:
    if "failed" in result:
        return f"{result['task']:14} {result['tool']:14} n {result['n']:>9,}  failed: {result['failed']}"
    return (
        f"{result['task']:14} {result['tool']:14} n {result['n']:>9,}  F1 {result['f1']:.4f}  "
        f"best {result['best_f1']:.4f}  P {result['precision']:.4f}  R {result['recall']:.4f}  "
        f"cpu {result['cpu_s']:.1f} s  wall {result['wall_s']:.1f} s  peak {result['peak_rss_mb']:.0f} MB"
    )


if __name__ == "__main__":
    main()
