"""What every benchmark does alike: a peer's own environment, what the figures were measured on, the file of lines.

Run in the peers' environments, too, so it needs nothing but the standard library.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

__all__ = ["ENVS", "machine", "python_of", "save"]

HERE = Path(__file__).parent
ENVS = HERE / ".envs"


def python_of(peer: str, envs: Path = ENVS) -> str:
    """Return the Python of a peer's environment, made at first use; crmkit runs in the one that runs this.

    Peers pin each other's dependencies, so that each has ``requirements/PEER.txt`` of its own.
    """
    if peer.partition("-")[0] == "crmkit":
        return sys.executable
    place = envs / peer
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        wanted = HERE / "requirements" / f"{peer}.txt"
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(wanted)], check=True, stdout=sys.stderr)
    return str(python)


def machine() -> dict[str, object]:
    """Name what figures were measured on; ``-dirty`` stands after a commit that the code differs from."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": next((text.partition(":")[2].strip() for text in lines if text.startswith("model name")), None),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "commit": _commit(),
    }


def save(lines: object, path: Path | None) -> None:
    """Write the lines of a run where they were asked for."""
    if path is not None:
        path.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _commit() -> str | None:
    def said(*command: str) -> str | None:
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return None

    commit = said("git", "rev-parse", "--short", "HEAD")
    changed = said("git", "status", "--porcelain", "--", "../crmkit", "*.py")
    return f"{commit}-dirty" if commit and changed else commit
