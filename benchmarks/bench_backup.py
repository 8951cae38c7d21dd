"""CPU of describing and verifying a backup, against the tools that people use; and row digests by route.

    python benchmarks/bench_backup.py --rows 20000 --tools crmkit,hashlib,sha256sum --json results.json

``--rows N`` makes N small files of 50 kB in the mean and, from 20,000 on, one of 1 GB (below, one of 8 MB), all of
random octets; row digests take N times 10 rows of ten columns, at most 200,000. ``hashlib`` is the yardstick: one
thread of sha256 over the same tree, opening and reading every file, nothing else. Every tool runs in a process of its
own, several times in turn on a warm cache; figures are medians, CPU counts children.

Peers: ``sha256sum`` (coreutils), ``b3sum``, ``hashdeep``, ``restic`` and ``borg`` from Debian's packages of these names
(``borgbackup`` for borg); ``bagit`` from ``benchmarks/requirements/bagit.txt``, in an environment of its own under
``--envs``. A tool that is not installed is reported as such, never left out in silence.

``tasks``: ``create`` (describe), ``verify`` (content of every byte), ``inventory`` (names, sizes, types, modes).
``found`` says whether a flipped bit in one file is found by the tool's own verification afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import ENVS, machine, python_of, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOOLS = ("crmkit", "hashlib", "sha256sum", "b3sum", "hashdeep", "bagit", "restic", "borg")
ROUTES = ("python", "csv", "sqlite", "duckdb", "parquet")


def tree(place: Path, files: int) -> int:
    """Write the files; return their size."""
    rng = random.Random(11)
    pool = rng.randbytes(1 << 20)
    total = 0
    for number in range(files):
        folder = place / f"{number % 97:02d}"
        folder.mkdir(exist_ok=True)
        size = rng.randrange(0, 100_000)
        start = rng.randrange(0, len(pool) - size)
        (folder / f"file-{number:06d}.csv").write_bytes(number.to_bytes(8, "big") + pool[start : start + size])
        total += size + 8
    large = 1 << 30 if files >= 20_000 else 8 << 20
    with (place / "large.dump").open("wb") as stream:
        for number in range(large >> 20):
            stream.write(number.to_bytes(8, "big") + pool[8:])
    return total + large


def every_file(place: Path) -> Iterator[Path]:
    """Yield the files of a tree."""
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


# -- what each tool does: a function for each task, run in a process of its own ----------------------------------------


def by_hashlib(place: Path, _work: Path) -> None:
    """The yardstick: open, read, hash."""
    buffer = memoryview(bytearray(1 << 20))
    for folder, _folders, names in os.walk(place):
        for name in names:
            digest = hashlib.sha256()
            with open(os.path.join(folder, name), "rb", buffering=0) as stream:  # noqa: PTH118, PTH123  the cheapest way
                while got := stream.readinto(buffer):
                    digest.update(buffer[:got])
            digest.hexdigest()


def crmkit_create(place: Path, work: Path) -> None:
    from crmkit import backup

    shutil.rmtree(work / "meta", ignore_errors=True)
    made = backup.create(place, backup.Header(set="bench"), meta=work / "meta")
    backup.sign(made, backup.SigningKey(bytes(32)), seq=1)


def _crmkit_verify(level: str) -> Callable[[Path, Path], None]:
    def run(place: Path, work: Path) -> None:
        from crmkit import backup

        report = backup.verify(place, work / "meta", keys=[backup.SigningKey(bytes(32)).public], level=level)  # type: ignore[arg-type]
        if not report.ok:
            raise SystemExit(f"not ok: {report!r}")

    return run


def _shell(*command: str, cwd_tree: bool = False, env: dict[str, str] | None = None) -> Callable[[Path, Path], None]:
    def run(place: Path, work: Path) -> None:
        filled = [part.format(tree=place, work=work) for part in command]
        done = subprocess.run(
            filled, cwd=place if cwd_tree else work, capture_output=True, check=False, env={**os.environ, **(env or {})}
        )
        if done.returncode != 0:
            raise SystemExit(f"{filled[0]}: {done.stderr.decode(errors='replace')[-500:]}")

    return run


def tasks(tool: str, bagit_python: str) -> dict[str, Callable[[Path, Path], None]]:
    """Return what a tool does for each task."""
    sums = {"sha256sum": "sha256sum", "b3sum": "b3sum"}
    if tool == "hashlib":
        return {"create": by_hashlib, "verify": by_hashlib}
    if tool == "crmkit":
        return {
            "create": crmkit_create,
            "verify": _crmkit_verify("content"),
            "inventory": _crmkit_verify("inventory"),
        }
    if tool in sums:
        # xargs without -P: one process after the other, as in the usual recipe.
        one = "--num-threads 1" if tool == "b3sum" else ""
        return {
            "create": _shell(
                "sh", "-c", f"find . -type f -print0 | xargs -0 {tool} {one} > {{work}}/sums", cwd_tree=True
            ),
            "verify": _shell("sh", "-c", f"{tool} {one} --quiet -c {{work}}/sums", cwd_tree=True),
        }
    if tool == "hashdeep":
        return {
            "create": _shell("sh", "-c", "hashdeep -j0 -c sha256 -r -l . > {work}/deep", cwd_tree=True),
            "verify": _shell("sh", "-c", "hashdeep -j0 -c sha256 -r -l -a -k {work}/deep .", cwd_tree=True),
        }
    if tool == "bagit":
        make = "import bagit, sys; bagit.make_bag(sys.argv[1], checksums=['sha256'])"
        check = "import bagit, sys; bagit.Bag(sys.argv[1]).validate()"
        copy = "rm -rf {work}/bag && cp -al {tree} {work}/bag"
        return {
            "create": _shell("sh", "-c", f'{copy} && {bagit_python} -c "{make}" {{work}}/bag'),
            "verify": _shell(bagit_python, "-c", check, "{work}/bag"),
        }
    if tool == "restic":
        env = {"RESTIC_PASSWORD": "bench", "GOMAXPROCS": "1"}
        repo = "restic --no-cache -q -r {work}/restic"
        return {
            "create": _shell("sh", "-c", f"rm -rf {{work}}/restic; {repo} init && {repo} backup {{tree}}", env=env),
            "verify": _shell("sh", "-c", f"{repo} check --read-data", env=env),
        }
    env = {"BORG_BASE_DIR": "/tmp/bench-borg", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    return {
        "create": _shell(
            "sh",
            "-c",
            "rm -rf {work}/borg; borg init -e none {work}/borg && borg create -C none {work}/borg::a {tree}",
            env=env,
        ),
        "verify": _shell("sh", "-c", "borg check --verify-data {work}/borg", env=env),
    }


def version_of(tool: str, bagit_python: str) -> str:
    """Return a tool's version, in its own words."""
    if tool == "hashlib":
        import ssl

        return ssl.OPENSSL_VERSION
    if tool == "crmkit":
        return installed_version("crmkit")
    if tool == "bagit":
        code = "from importlib.metadata import version; print(version('bagit'))"
        return subprocess.run([bagit_python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    option = {"hashdeep": "-V", "restic": "version"}.get(tool, "--version")
    return subprocess.run([tool, option], capture_output=True, text=True, check=False).stdout.splitlines()[0]


def available(tool: str, bagit_python: str) -> bool:
    """Whether a tool can run here."""
    if tool in ("crmkit", "hashlib"):
        return True
    if tool == "bagit":
        return subprocess.run([bagit_python, "-c", "import bagit"], capture_output=True, check=False).returncode == 0
    return shutil.which(tool) is not None


def _measured(work: Callable[[Path, Path], None], place: Path, folder: Path, queue: Any) -> None:
    wall = time.perf_counter()
    before = _cpu()
    work(place, folder)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    queue.put((_cpu() - before, time.perf_counter() - wall, peak))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(work: Callable[[Path, Path], None], place: Path, folder: Path) -> tuple[float, float, float]:
    """Run one task in a process of its own."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_measured, args=(work, place, folder, queue))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"exit code {process.exitcode}")
    result: tuple[float, float, float] = queue.get()
    return result


def finds_a_flipped_bit(work: Callable[[Path, Path], None], place: Path, folder: Path, tool: str) -> bool | None:
    """Flip one bit and see whether the tool's verification fails; restic and borg keep their own copy of the data."""
    if tool in ("restic", "borg", "hashlib"):
        return None
    victim = next(
        path for path in every_file(folder / "bag" / "data" if tool == "bagit" else place) if path.stat().st_size > 100
    )
    data = victim.read_bytes()
    stat = victim.stat()
    with victim.open("r+b") as stream:
        stream.seek(50)
        stream.write(bytes([data[50] ^ 1]))
    os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    try:
        with contextlib.redirect_stderr(None):
            measure(work, place, folder)
    except RuntimeError:
        return True
    finally:
        victim.write_bytes(data)
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return False


# -- rows by route -----------------------------------------------------------------------------------------------------


def rows_source(route: str, rows: int, folder: Path) -> Any:
    """Make a table of ten columns on one route."""
    import datetime as dt
    import sqlite3

    from crmkit import backup

    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    columns: dict[str, list[Any]] = {
        "id": list(range(rows)),
        "email": [f"user{n}@example.com" for n in range(rows)],
        "name": [f"Name {n % 5000}" for n in range(rows)],
        "city": [("Oslo", "北京", "Köln", None)[n % 4] for n in range(rows)],
        "phone": [f"+4799{n % 1_000_000:06d}" for n in range(rows)],
        "stage": [("lead", "open", "won")[n % 3] for n in range(rows)],
        "score": [n / 7 for n in range(rows)],
        "owner": [n % 50 for n in range(rows)],
        "active": [n % 2 == 0 for n in range(rows)],
        "updated": [(start + dt.timedelta(seconds=n)).replace(tzinfo=None) for n in range(rows)],
    }
    kinds = dict(
        zip(
            columns, ["int", "text", "text", "text", "text", "text", "float64", "int", "bool", "timestamp"], strict=True
        )
    )
    schema = backup.row_schema(kinds)
    if route == "python":
        return backup.FrameSource(columns, key="id", schema=schema)
    if route == "csv":
        path = folder / "rows.csv"
        with path.open("w", encoding="utf-8") as out:
            out.write(",".join(columns) + "\n")
            for row in zip(*columns.values(), strict=True):
                out.write(",".join("" if cell is None else str(cell) for cell in row) + "\n")
        return backup.CsvSource(path, key="id", schema=schema)
    if route == "sqlite":
        database = sqlite3.connect(folder / "rows.sqlite")
        declared = {"int": "INTEGER", "text": "TEXT", "float64": "REAL", "bool": "BOOLEAN", "timestamp": "DATETIMETEXT"}
        database.execute("DROP TABLE IF EXISTS t")
        database.execute(f"CREATE TABLE t ({', '.join(f'{name} {declared[kind]}' for name, kind in kinds.items())})")
        columns["updated"] = [moment.isoformat() for moment in columns["updated"]]
        database.executemany(f"INSERT INTO t VALUES ({','.join('?' * 10)})", zip(*columns.values(), strict=True))
        return backup.SqliteSource(database, "t", key="id", schema=schema)
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(columns)
    if route == "parquet":
        pq.write_table(table, folder / "rows.parquet")
        return backup.ParquetSource(folder / "rows.parquet", key="id", schema=schema)
    import duckdb

    connection = duckdb.connect()
    connection.register("rows", table)
    connection.execute("CREATE TABLE t AS SELECT * FROM rows")
    return backup.DuckdbSource(connection, "t", key="id", schema=schema)


def _rows(route: str, rows: int, folder: Path, queue: Any) -> None:
    from crmkit import backup

    try:
        source = rows_source(route, rows, folder)
        before, wall = _cpu(), time.perf_counter()
        snapshot = backup.snapshot(source)
    except Exception as error:  # noqa: BLE001  the parent process says it
        queue.put(("missing" if isinstance(error, ImportError) else "failed", f"{type(error).__name__}: {error}"))
        return
    cpu, wall = _cpu() - before, time.perf_counter() - wall
    queue.put(("ok", (cpu, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, snapshot.root.hex())))


def rows_by_route(rows: int, folder: Path) -> list[dict[str, Any]]:
    """Digest one table on every route; all roots must be equal."""
    lines = []
    roots = set()
    for route in ROUTES:
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=_rows, args=(route, rows, folder, queue))
        process.start()
        state, result = queue.get()
        process.join()
        line: dict[str, Any] = {
            "task": f"rows {route}",
            "tool": "crmkit",
            "version": installed_version("crmkit"),
            "n": rows,
        }
        if state == "failed":
            raise SystemExit(f"rows {route}: {result}")
        if state == "missing":
            lines.append({**line, "missing": result})
            continue
        cpu, wall, peak, root = result
        roots.add(root)
        lines.append(
            {
                **line, "cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_rss_mb": round(peak, 1),
                "rows_per_cpu_s": round(rows / cpu),
            }
        )  # fmt: skip
    if len(roots) != 1:
        raise SystemExit("the routes do not agree")
    return lines


def main() -> None:
    """Measure every tool and route, print the lines, write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=ENVS)
    options = parser.parse_args()
    bagit = python_of("bagit", options.envs) if "bagit" in options.tools.split(",") else ""
    lines: list[dict[str, Any]] = []
    place = Path(tempfile.mkdtemp(prefix="bench-backup-"))
    try:
        data, work = place / "tree", place / "work"
        data.mkdir()
        work.mkdir()
        size = tree(data, options.rows)
        by_hashlib(data, work)  # warms the cache
        import crmkit.backup  # noqa: F401  loaded before the processes fork: starting Python is nobody's throughput

        names = options.tools.split(",")
        for name in names:
            if name not in TOOLS:
                raise SystemExit(f"unknown tool {name!r}; known: {', '.join(TOOLS)}")
        times: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
        usable = [name for name in names if available(name, bagit)]
        lines += [{"task": "all", "tool": name, "missing": "not installed"} for name in names if name not in usable]
        for _ in range(options.repeat if options.rows >= 20_000 else 1):
            for name in usable:
                for task, run in tasks(name, bagit).items():
                    times.setdefault((task, name), []).append(measure(run, data, work))
        for (task, name), found in times.items():
            cpu, wall, peak = (statistics.median(column) for column in zip(*found, strict=True))
            line = {
                "task": task, "tool": name, "version": version_of(name, bagit), "n": options.rows + 1,
                "bytes": size, "cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_rss_mb": round(peak, 1),
                "mb_per_cpu_s": round(size / 1e6 / cpu),
            }  # fmt: skip
            if task == "verify":
                line["found"] = finds_a_flipped_bit(tasks(name, bagit)[task], data, work, name)
            lines.append(line)
        if "crmkit" in usable:
            lines += rows_by_route(options.rows * 10 if options.rows < 20_000 else 200_000, work)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    lines = [{**line, **machine()} for line in lines]
    for line in lines:
        print(json.dumps(line))
    save(lines, options.json)


if __name__ == "__main__":
    main()
