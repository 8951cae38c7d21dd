"""What importing costs, and how much disk an installation takes.

    python benchmarks/bench_import.py --rows 20 --json out.json             # imports, and the libraries of extras
    python benchmarks/bench_import.py --sizes --json out.json               # the size of each extra

Each import is a process of its own, with compiled files there; the figure is the least CPU time of ``--rows`` runs
minus that of a Python that imports nothing, and the peak of its memory minus that one's. The size of an extra is what
it brings beyond crmkit and its required libraries, without the frame libraries that its users have anyway.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from common import machine, save

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODULES = [
    "crmkit", "crmkit.validators", "crmkit.quality", "crmkit.matching", "crmkit.mapping", "crmkit.reconciliation",
    "crmkit.sync", "crmkit.encryption", "crmkit.permissions", "crmkit.audit", "crmkit.backup", "crmkit.reports",
    "crmkit.changes", "crmkit.columns", "crmkit.normalize", "crmkit.frames", "crmkit.files", "crmkit.masking",
]  # fmt: skip
EXTRAS = {
    "plot": "matplotlib.figure", "zh": "pypinyin", "ids": "stdnum.eu.vat", "excel": "python_calamine",
    "sql": "sqlalchemy", "remote": "fsspec", "arrow": "pyarrow", "vcard": "vobject", "translit": "anyascii",
    "testing": "hypothesis",
}  # fmt: skip
"""What each extra brings that crmkit imports when it is first asked for, and never before."""

_PROBE = """
import json, resource, time
before = time.process_time()
{statement}
used = time.process_time() - before
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([used, peak / 1024]))
"""


def cost(statement: str, runs: int) -> tuple[float, float]:
    """Return the least CPU seconds and the least peak of memory in megabytes."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    found = []
    for _ in range(runs + 1):  # the first one compiles
        done = subprocess.run(
            [sys.executable, "-c", _PROBE.format(statement=statement)], cwd=ROOT, env=env, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        found.append(json.loads(done.stdout))
    return min(used for used, _ in found[1:]), min(peak for _, peak in found[1:])


def installed(requirements: list[str]) -> float:
    """Return the megabytes that these requirements take on disk, before anything is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", folder, *requirements],
            check=True,
        )
        return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 1e6


def sizes() -> dict[str, float]:
    """Return the megabytes of crmkit, of what it requires, and of what each extra adds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, str(ROOT)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        own = installed(["--no-deps", str(wheel)])
    base = installed(project["dependencies"])
    found = {"crmkit itself": own, "required libraries": base}
    for name, extra in project["optional-dependencies"].items():
        if name != "all":
            found[name] = max(installed([*project["dependencies"], *extra]) - base, 0.0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20, help="runs of each import, at most 50")
    parser.add_argument("--tools", default="crmkit", help="crmkit")
    parser.add_argument("--sizes", action="store_true", help="install each extra and measure it; asks the index")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs = min(options.rows, 50) if options.rows < 1000 else 1
    found: dict[str, object] = {}
    if options.sizes:
        found = {name: round(size, 1) for name, size in sizes().items()}
        for name, size in found.items():
            print(f"{name:24} {size:7.1f} MB")
    else:
        plain = cost("pass", runs)
        for module in MODULES:
            used, peak = cost(f"import {module}", runs)
            found[module] = {"cpu_ms": round(1000 * (used - plain[0]), 1), "mb": round(peak - plain[1], 1)}
            print(f"{module:24} {1000 * (used - plain[0]):7.1f} ms CPU {peak - plain[1]:7.1f} MB")
        for extra, modules in EXTRAS.items():
            if all(importlib.util.find_spec(module.partition(".")[0]) for module in modules.split(", ")):
                used, peak = cost(f"import {modules}", runs)
                found[extra] = {"cpu_ms": round(1000 * (used - plain[0]), 1), "mb": round(peak - plain[1], 1)}
                print(f"{extra:24} {1000 * (used - plain[0]):7.1f} ms CPU {peak - plain[1]:7.1f} MB")
    result = {**machine(), "installed_mb" if options.sizes else "imports": found}
    save(result, options.json)


if __name__ == "__main__":
    main()
