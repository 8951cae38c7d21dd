"""How long it takes to look one record up, beside Splink's ``predict_between`` the table and one record.

    python benchmarks/bench_index.py --rows 100000 --tools crmkit,splink --json out.json
    python benchmarks/bench_index.py --rows 1000000 --json out.json

The table and the records that are looked up are drawn from one generated file (``crmkit.testing.generate.contacts``),
so that some of them have a duplicate in the table. Each record is looked up once, values as they were typed: reading
and normalizing them is part of the time. Four groups: ``hit`` and ``miss`` are whole records with and without a
duplicate in the table, ``selective`` have an e-mail address and a phone number alone, ``unselective`` a name, a city
and a company alone, whose blocks are the largest. Times are of the calling thread, in microseconds: ``cpu`` is what it
computed, ``wall`` what a caller waited, on a machine that may have had other work. Records are looked up in a process
of its own that has loaded the index and nothing else, as a service would, after ``--warm`` others; ``yardstick_us`` is
the CPU time of one pass of a fixed loop in the same process, so that figures of two machines, or of a busy and an idle
one, can be compared.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ENVS, machine, python_of, save

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

COLUMNS = (
    "id", "given_name", "family_name", "email", "phone", "birth_date", "company_name", "street", "city", "region",
    "postal_code", "country",
)  # fmt: skip
GROUPS = ("hit", "miss", "selective", "unselective")
FIT_ROWS = 50_000
WARM = 1_000


def percentiles(times: list[float]) -> dict[str, float]:
    """Median and tail, in microseconds."""
    ordered = sorted(times)
    return {
        name: round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1e6, 1)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }


def make(rows: int, each: int, seed: int) -> tuple[dict[str, list], dict[str, list[dict[str, str]]]]:
    """Return the table and the records to look up, by group."""
    from crmkit.testing import generate

    extra = max(6 * each, rows // 20)
    made = generate.contacts(rows + extra, seed=seed)
    columns, truth = made.columns, made.truth.tolist()
    order = list(range(rows + extra))
    random.Random(seed).shuffle(order)
    table = {name: [columns[name][row] for row in order[:rows]] for name in COLUMNS}
    known = {truth[row] for row in order[:rows]}
    asked: dict[str, list[dict[str, str]]] = {group: [] for group in GROUPS}
    for row in order[rows:]:
        record = {name: columns[name][row] for name in COLUMNS[1:] if columns[name][row] is not None}
        group = "hit" if truth[row] in known else "miss"
        if len(asked[group]) < each:
            asked[group].append(record)
        elif len(asked["selective"]) < each and {"email", "phone"} <= record.keys():
            asked["selective"].append({name: record[name] for name in ("email", "phone")})
        elif len(asked["unselective"]) < each:
            wanted = ("given_name", "family_name", "city", "company_name", "country")
            asked["unselective"].append({name: record[name] for name in wanted if name in record})
    return table, asked


def run_crmkit(rows: int, each: int, seed: int, warm: int, kept: Path | None) -> list[dict[str, object]]:
    """Build, save, load, and look up; what is built is kept in a folder, if there is one, and not built again."""
    import crmkit

    common = {"tool": "crmkit", "version": crmkit.__version__, "n": rows}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if kept is None else kept
        folder.mkdir(parents=True, exist_ok=True)
        path, questions = folder / "people.index", folder / "asked.json"
        building = [] if path.exists() else [build(rows, each, seed, path, questions)]
        command = [sys.executable, __file__, "--look-up", str(path), str(questions), "--warm", str(warm)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return [{**common, **one} for one in (*building, *json.loads(done.stdout))]


def build(rows: int, each: int, seed: int, path: Path, questions: Path) -> dict[str, object]:
    """Build an index and save it beside the records to look up."""
    from crmkit.matching import Matcher

    table, asked = make(rows, each, seed)
    fitted = {name: values[:FIT_ROWS] for name, values in table.items()}
    matcher = Matcher.contacts().fit(fitted)
    start = time.process_time()
    index = matcher.index(table, key="id")
    built = time.process_time() - start
    questions.write_text(json.dumps(asked))
    index.save(path)
    size = round(path.stat().st_size / 1e6, 1)
    return {"task": "build", "cpu_s": round(built, 2), "file_mb": size, "peak_rss_mb": round(rss(), 1)}


def look_up(path: Path, questions: Path, warm: int) -> list[dict[str, object]]:
    """Load an index and ask it; what a process that does nothing else needs."""
    from crmkit.matching import MatchIndex

    asked: dict[str, list[dict[str, str]]] = json.loads(questions.read_text())
    start = time.process_time()
    index = MatchIndex.load(path)
    loaded = time.process_time() - start
    results: list[dict[str, object]] = []
    for group, records in asked.items():
        if not records:  # a table of some hundred rows leaves none for the last groups
            continue
        first = min(warm, len(records) // 2)
        for record in records[:first]:
            index.search(record)
        wall, cpu, found, yard = [], [], 0, []
        for record in records[first:]:
            a, b = time.perf_counter(), time.thread_time()
            hits = index.search(record)
            cpu.append(time.thread_time() - b)
            wall.append(time.perf_counter() - a)
            found += bool(hits)
            yard.append(yardstick())
        # How many candidates there are is no part of the answer.
        looked = sorted(len(index._state.candidates(index._query(record))) for record in records[first:])
        results.append(
            {"task": group, "records": len(wall), "with_hits": found,
             **{f"cpu_{name}_us": value for name, value in percentiles(cpu).items()},
             **{f"wall_{name}_us": value for name, value in percentiles(wall).items()},
             "yardstick_us": percentiles(yard)["p50"],
             "candidates_p50": looked[len(looked) // 2], "candidates_p99": looked[int(len(looked) * 0.99)]}
        )  # fmt: skip
    return [{"task": "load", "cpu_s": round(loaded, 3), "peak_rss_mb": round(rss(), 1)}, *results]


def yardstick() -> float:
    """CPU time of a hundred look-ups in a dict, in seconds."""
    table = {number: number for number in range(100)}
    start = time.thread_time()
    for number in range(100):
        table.get(number, 0)
    return time.thread_time() - start


def rss() -> float:
    """Peak memory of this process in MB, without what it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def run_splink(rows: int, each: int, seed: int, python: str) -> list[dict[str, object]]:
    """Let Splink look the same records up, in its own environment."""
    table, asked = make(rows, each, seed)
    with tempfile.TemporaryDirectory() as folder:
        source, questions, answer = (Path(folder) / name for name in ("table.csv", "asked.json", "answer.json"))
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(zip(*(table[name] for name in COLUMNS), strict=True))
        questions.write_text(json.dumps({group: records[:45] for group, records in asked.items()}))
        subprocess.run([python, str(HERE / "index" / "lookup_splink.py"), source, questions, answer], check=True)
        return [{**one, "tool": "splink", "n": rows} for one in json.loads(answer.read_text())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=2_000, help="records to look up in each group, the warm ones too")
    parser.add_argument("--warm", type=int, default=WARM, help="records of each group that are looked up before")
    parser.add_argument("--look-up", type=Path, nargs=2, metavar=("INDEX", "ASKED"), help=argparse.SUPPRESS)
    parser.add_argument("--index", type=Path, help="folder that the index is kept in, and taken from the next time")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--tools", default="crmkit")
    parser.add_argument("--envs", type=Path, default=ENVS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warm = min(arguments.warm, arguments.each // 2)
    if arguments.look_up is not None:
        print(json.dumps(look_up(*arguments.look_up, arguments.warm)))
        return
    results: list[dict[str, object]] = []
    for tool in arguments.tools.split(","):
        if tool == "crmkit":
            results += run_crmkit(arguments.rows, arguments.each, arguments.seed, warm, arguments.index)
        else:
            results += run_splink(arguments.rows, arguments.each, arguments.seed, python_of("splink", arguments.envs))
    about = machine()
    for one in results:
        one.update(about)
        print(json.dumps(one))
    save(results, arguments.json)


if __name__ == "__main__":
    main()
