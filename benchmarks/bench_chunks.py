"""Memory of a check in pieces: peak of the process above what it holds before the first row, by number of rows.

    python benchmarks/bench_chunks.py --rows 50000,100000,200000 --json FILE

Rows are made while they are read, 5,000 a piece, and one in fifty has an error. Three rule sets: ``rows``, rules that
look at one row only; ``key``, the same with a key that must be unique; ``whole``, the first in one piece with
``Schema.check``. Each line is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from common import machine, save

PIECE = 5_000


def rows(start: int, n: int) -> dict[str, list[str]]:
    """Return columns of contacts, all of their values distinct."""
    rng = random.Random(start)
    numbers = range(start, start + n)
    return {
        "id": [f"C{number:08d}" for number in numbers],
        "email": [f"ann.{number}@{'@' if number % 50 == 0 else ''}example.com" for number in numbers],
        "phone": [f"+861380{rng.randrange(10**7):07d}" for _ in numbers],
        "country": ["CN"] * n,
        "note": [f"met at fair {rng.random()} in hall {rng.random()}" for _ in numbers],
    }


def measure(kind: str, n: int) -> dict[str, object]:
    """Check ``n`` rows in this process."""
    from crmkit.validators import Email, Phone, Required, Schema, Text, any_of, col, present

    fields = {"email": Required() & Email(), "phone": Phone(country=col("country")), "note": Text(max_length=200)}
    rules = [any_of(present("email"), present("phone"))]
    schema = Schema("contacts", key="id" if kind == "key" else None, fields=fields, rules=rules)
    schema.check(rows(0, 2 * PIECE))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    if kind == "whole":
        report = schema.check(rows(0, n))
    else:
        report = schema.check_chunks(rows(start, min(PIECE, n - start)) for start in range(0, n, PIECE))
    cpu = time.process_time() - cpu
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"kind": kind, "n": n, "more_mb": round((after - before) / 1024, 1), "issues": len(report), "cpu_s": cpu}


def main() -> None:
    """Measure every rule set and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="50000,100000,200000")
    parser.add_argument("--tools", default="crmkit", choices=["crmkit"], help="no other tool checks in pieces")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        kind, n = options.one.split(",")
        print(json.dumps(measure(kind, int(n))))
        return
    lines = []
    for kind in ("rows", "key", "whole"):
        for n in options.rows.split(","):
            command = [sys.executable, __file__, "--one", f"{kind},{n}"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            lines.append(json.loads(done.stdout) | machine())
            print(json.dumps(lines[-1]), flush=True)
    save(lines, options.json)


if __name__ == "__main__":
    main()
