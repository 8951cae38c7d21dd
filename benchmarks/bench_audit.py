"""Appending, verifying and proving: the audit log, bare writes, a plain hash chain, and pymerkle.

    python benchmarks/bench_audit.py --rows 100000 --tools crmkit,bare,chain,pymerkle --json results.json

Every tool gets the same events, about 300 bytes of JSON each, and runs each task in a process of its own.

``crmkit``    the file store: canonical events, tree, hashes and trailers; its SQLite store; verify raw and deep; proofs
``bare``      the same bytes, ready made, in the same batches, with the same fsyncs: what the disk alone costs.
              ``bare_encode`` makes the JSON of each event first, as any log must
``chain``     what people write by hand: a JSON line with the hash of the line before, and a loop that checks it
``pymerkle``  the same leaves into pymerkle's SQLite tree, and its proofs; it is GPL-3 and runs from an environment of
              its own, made from benchmarks/requirements/pymerkle.txt under --envs at first use

Tasks: ``append_each`` (fsync for every event; at most 2,000 of them), ``append_group`` (batches of 1,000, one fsync),
``append_os`` (batches of 1,000, no fsync), ``verify``, ``verify_deep``, ``prove`` (one inclusion proof, median of
500, with its size), ``prove_hashes`` (the same over the stored hashes of as many events, without the bodies).
``append_*`` of crmkit begins with events as a caller has them: making, encoding and hashing count.
``append_each_paired`` takes turns with a bare write and fsync of the same event's JSON, made there too, on the same
disk, and gives the ratio of the medians and of the sums: two runs one after the other meet two different disks.
``prove_event`` is the proof with the event's body and the checkpoint, as an auditor gets it.

    python benchmarks/bench_audit.py --rows 10000000 --folder /big/disk --tasks append_group,verify,prove,prove_event

``--folder`` keeps the log of ``append_group`` there, and later tasks, each in a process of its own, take it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from common import ENVS, machine, python_of, save

BATCH = 1000
EACH_AT_MOST = 2000
TASKS = {
    "crmkit": [
        "append_each", "append_each_paired", "append_group", "append_os", "append_group_sqlite", "verify",
        "verify_deep", "verify_sqlite", "prove", "prove_event", "prove_hashes",
    ],
    "bare": ["append_each", "append_group", "append_os", "append_group_encode"],
    "chain": ["append_each", "append_group", "append_os", "verify"],
    "pymerkle": ["append_group", "prove"],
}  # fmt: skip


def said(number: int) -> dict[str, object]:
    """Return what the event of a number says."""
    return {
        "action": ("contact.read", "contact.update", "contact.export")[number % 3],
        "actor": f"u-{number % 500}",
        "resource": ("contact", str(number * 7919 % 1_000_003)),
        "fields": ["email", "phone"],
        "purpose": "support case",
        "request": f"T-{number % 10_000}",
    }


def line(number: int) -> bytes:
    """Return the same event as a JSON line of about the same length."""
    event = said(number)
    kind, name = event["resource"]
    event |= {
        "actor": {"id": event["actor"], "type": "user"}, "resource": {"id": name, "type": kind},
        "at": "2026-03-02T09:00:00.000000Z", "id": f"{number:026d}", "outcome": "ok", "seq": number,
        "stored_at": "2026-03-02T09:00:00.000000Z", "v": 1,
    }  # fmt: skip
    return json.dumps(event, sort_keys=True, separators=(",", ":")).encode() + b"\n"


class Clock:
    """Measures one stretch."""

    def __enter__(self) -> Self:
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu


def crmkit(task: str, rows: int, folder: Path) -> dict[str, object]:
    """Run a task with crmkit."""
    from crmkit.audit import Event, Log, NoteSigner, verify

    signer = NoteSigner.generate("bench.example.com/audit", seed=bytes(32))
    path = folder / ("log.sqlite" if task.endswith("sqlite") else "log")
    if task == "append_each_paired":
        return paired(rows, folder)
    if task == "prove_hashes":
        return {"times": prove_hashes(rows, folder), "proof_bytes": 32 * (rows - 1).bit_length()}
    if task.startswith("append"):
        durability = task.split("_")[1]
        with Log.open(path, signer=signer, durability=durability) as log, Clock() as clock:
            for start in range(0, rows, BATCH):
                log.extend(Event(**said(number)) for number in range(start, min(start + BATCH, rows)))
        return {
            "clock": clock,
            "bytes": sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size,
        }
    if not path.exists():
        with Log.open(path, signer=signer, durability="os", checkpoint_events=1_000_000_000) as log:
            for start in range(0, rows, BATCH):
                log.extend(Event(**said(number)) for number in range(start, min(start + BATCH, rows)))
    if task.startswith("verify"):
        with Clock() as clock:
            report = verify(path, keys=[signer.verifier], deep=task == "verify_deep")
        report.raise_for()
        assert report.proved == rows
        return {"clock": clock}
    with Log.open(path, read_only=True) as log:
        chosen = [random.Random(7).randrange(rows) for _ in range(500)]
        times = []
        for seq in chosen:
            begun = time.perf_counter()
            path_bytes = 32 * len(log.inclusion_path(seq, rows)) if task == "prove" else len(log.prove(seq).to_bytes())
            times.append(time.perf_counter() - begun)
    return {"times": times, "proof_bytes": path_bytes}


def paired(rows: int, folder: Path) -> dict[str, object]:
    """Append and write bare by turns; every second time the other one goes first."""
    from crmkit.audit import Event, Log, NoteSigner

    fd = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    signer = NoteSigner.generate("bench.example.com/audit", seed=bytes(32))
    took: dict[str, list[float]] = {"bare": [], "log": []}
    with Log.open(folder / "log", signer=signer, durability="each") as log, Clock() as clock:
        for number in range(rows):
            for name in ("bare", "log") if number % 2 else ("log", "bare"):
                begun = time.perf_counter()
                if name == "bare":
                    os.write(fd, line(number))
                    os.fsync(fd)
                else:
                    log.append(Event(**said(number)))
                took[name].append(time.perf_counter() - begun)
    os.close(fd)
    middle = {name: statistics.median(times) for name, times in took.items()}
    return {
        "clock": clock, "median_bare_s": middle["bare"], "median_log_s": middle["log"],
        "ratio_of_medians": round(middle["log"] / middle["bare"], 3),
        "ratio_of_sums": round(sum(took["log"]) / sum(took["bare"]), 3),
    }  # fmt: skip


def prove_hashes(rows: int, folder: Path) -> list[float]:
    """Store the hashes of so many events, read them anew, and prove; memory must not grow with their number."""
    from crmkit.audit._proofs._files import FileRows
    from crmkit.audit._proofs._rows import Rows

    tree = Rows(FileRows(folder))
    for start in range(0, rows, 4096):
        tree.extend(hashlib.sha256(b"%d" % number).digest() for number in range(start, min(start + 4096, rows)))
        tree.flush()
    tree = Rows(FileRows(folder))
    draw, times = random.Random(7), []
    for _ in range(500):
        begun = time.perf_counter()
        tree.inclusion_proof(draw.randrange(rows))
        times.append(time.perf_counter() - begun)
    return times


def bare(task: str, rows: int, folder: Path) -> dict[str, object]:
    """Write ready-made bytes."""
    encode = task.endswith("encode")
    lines = None if encode else [line(number) for number in range(rows)]
    fd = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    step = 1 if task == "append_each" else BATCH
    with Clock() as clock:
        for start in range(0, rows, step):
            part = (
                [line(number) for number in range(start, min(start + step, rows))]
                if lines is None
                else lines[start : start + step]
            )
            os.write(fd, b"".join(part))
            if task != "append_os":
                os.fsync(fd)
    os.close(fd)
    return {"clock": clock}


def chain(task: str, rows: int, folder: Path) -> dict[str, object]:
    """Write and check a hash chain as people do by hand."""
    path = folder / "chain"
    step = 1 if task == "append_each" else BATCH
    with Clock() as clock, path.open("ab") as stream:
        previous = "0" * 64
        for start in range(0, rows, step):
            for number in range(start, min(start + step, rows)):
                event = said(number) | {"prev": previous, "at": time.time()}
                data = json.dumps(event, sort_keys=True, separators=(",", ":"))
                previous = hashlib.sha256(data.encode()).hexdigest()
                stream.write(data.encode() + b"\n")
            stream.flush()
            if task in ("append_each", "append_group"):
                os.fsync(stream.fileno())
    if task == "verify":
        with Clock() as clock, path.open("rb") as stream:
            previous = "0" * 64
            for raw in stream:
                if json.loads(raw)["prev"] != previous:
                    raise AssertionError
                previous = hashlib.sha256(raw[:-1]).hexdigest()
    return {"clock": clock}


def pymerkle(task: str, rows: int, folder: Path) -> dict[str, object]:
    """Append to pymerkle's SQLite tree in bulk, and prove."""
    from pymerkle import SqliteTree

    lines = [line(number) for number in range(rows)]
    with Clock() as clock:
        tree = SqliteTree(str(folder / "tree.db"), algorithm="sha256")
        for start in range(0, rows, BATCH):
            tree.append_entries(lines[start : start + BATCH], chunksize=BATCH)
    if task == "append_group":
        return {"clock": clock}
    times = []
    for _ in range(500 if rows <= 10_000 else 50):
        index = random.Random(7).randrange(1, rows + 1)
        begun = time.perf_counter()
        proof = tree.prove_inclusion(index)
        times.append(time.perf_counter() - begun)
    return {"times": times, "proof_bytes": 32 * len(proof.path)}


def version(tool: str) -> str:
    """Return the version of a tool."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed({"bare": "crmkit", "chain": "crmkit"}.get(tool, tool))
    except PackageNotFoundError:
        return "source"


def measure(tool: str, task: str, rows: int, kept: Path | None) -> dict[str, object]:
    """Run one task and return its line."""
    folder = Path(tempfile.mkdtemp(prefix="bench-audit-")) if kept is None else kept
    n = min(rows, EACH_AT_MOST) if task.startswith("append_each") else rows
    try:
        found = globals()[tool](task, n, folder)
    finally:
        if kept is None:
            shutil.rmtree(folder)
    told: dict[str, object] = {"task": task, "tool": tool, "version": version(tool), "n": n}
    if "times" in found:
        times = found.pop("times")
        told |= {"wall_s": statistics.median(times), "cpu_s": statistics.median(times), "worst_s": max(times)}
    else:
        clock = found.pop("clock")
        told |= {
            "wall_s": round(clock.wall, 4), "cpu_s": round(clock.cpu, 4), "per_wall_s": round(n / clock.wall),
            "per_cpu_s": round(n / max(clock.cpu, 1e-9)),
        }  # fmt: skip
    return told | found | {"peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}


def main() -> None:
    """Measure every task in a process of its own and print or write the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--tools", default="crmkit,bare,chain")
    parser.add_argument("--tasks", help="only these, comma between")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each task; the one of median wall time counts")
    parser.add_argument("--envs", type=Path, default=ENVS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--folder", type=Path, help="keep the log here, and take the one that is here")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.tools, options.one, options.rows, options.folder)))
        return
    lines = []
    for tool in options.tools.split(","):
        python = python_of("pymerkle", options.envs) if tool == "pymerkle" else sys.executable
        for task in TASKS[tool]:
            if options.tasks is None or task in options.tasks.split(","):
                command = [python, __file__, "--rows", str(options.rows), "--tools", tool, "--one", task]
                command += ["--folder", str(options.folder)] if options.folder is not None else []
                runs = [
                    json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                    for _ in range(options.repeat)
                ]
                lines.append(sorted(runs, key=lambda run: run["wall_s"])[len(runs) // 2] | machine())
                print(json.dumps(lines[-1]), flush=True)
    save(lines, options.json)


if __name__ == "__main__":
    main()
