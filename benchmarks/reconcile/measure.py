"""What every runner shares: the clock, and where the answer goes. Needs nothing but the standard library."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def peak_mb():
    """Most memory so far. Not from getrusage, which counts what the parent had when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return round(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024)


def measured(load, compare, *, version):
    """Load, compare under the clock, and write the answer beside the data."""
    tool, task, place = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    right = "left" if task == "equal" else "right"
    tables = load(tool, place / "left.parquet", place / f"{right}.parquet")
    loaded = peak_mb()
    cpu, wall = time.process_time(), time.perf_counter()
    missing, unexpected, cells = compare(tool, *tables)
    spent = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "loaded_rss_mb": loaded,
        "peak_rss_mb": peak_mb(),
    }
    answer = {"version": version, "missing": missing, "unexpected": unexpected, "cells": cells(), **spent}
    (place / f"{tool}.json").write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
