"""What every runner shares: the clock, and where the answer goes. Needs nothing but the standard library."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def measured(load, compare, *, version):
    """Load, compare under the clock, and write the answer beside the data."""
    tool, task, place = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    right = "left" if task == "equal" else "right"
    tables = load(tool, place / "left.parquet", place / f"{right}.parquet")
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time(), time.perf_counter()
    missing, unexpected, cells = compare(tool, *tables)
    spent = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "loaded_rss_mb": round(loaded),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    answer = {"version": version, "missing": missing, "unexpected": unexpected, "cells": cells(), **spent}
    (place / f"{tool}.json").write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
