"""Hold branch coverage to its floors: 100 % where a missed branch is a hole, 95 % elsewhere.

Usage: coverage_floors.py COVERAGE.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FULL = ("_canonical", "_merkle", "_disk", "_journal", "masking", "encryption", "permissions", "audit")
FLOOR = 95.0


def area(path: str) -> str:
    """Return the area of a file: the first part below ``crmkit``."""
    return Path(path).with_suffix("").parts[1]


def main(report: Path) -> int:
    """Print every area under its floor; return how many there are."""
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    hit: dict[str, int] = {}
    total: dict[str, int] = {}
    missing: dict[str, list[str]] = {}
    for path, facts in files.items():
        summary = facts["summary"]
        name = area(path)
        hit[name] = hit.get(name, 0) + summary["covered_lines"] + summary.get("covered_branches", 0)
        total[name] = total.get(name, 0) + summary["num_statements"] + summary.get("num_branches", 0)
        if facts["missing_lines"] or facts.get("missing_branches"):
            missing.setdefault(name, []).append(f"{path} {facts['missing_lines']} {facts.get('missing_branches', [])}")
    under = 0
    for name in sorted(total):
        percent = 100.0 * hit[name] / total[name] if total[name] else 100.0
        floor = 100.0 if name in FULL else FLOOR
        if percent < floor:
            under += 1
            print(f"{name}: {percent:.2f} % of lines and branches, floor {floor:.0f} %")
            print("\n".join(f"  {line}" for line in missing.get(name, [])))
    print(f"coverage: {100.0 * sum(hit.values()) / sum(total.values()):.2f} % of lines and branches")
    return under


if __name__ == "__main__":
    sys.exit(min(1, main(Path(sys.argv[1]))))
