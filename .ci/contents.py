"""List what is in an sdist and a wheel by folder, and refuse what belongs into neither.

Usage: contents.py SDIST WHEEL
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath

STRAY = {".pyc", ".pyo", ".so", ".log", ".env", ".pem", ".key", ".db", ".sqlite", ".coverage"}
NEEDED = {
    ".gz": {"LICENSE", "CITATION.cff", ".github/SECURITY.md"},
    ".whl": {"crmkit/py.typed", "crmkit/__init__.py"},
}
MOST_BYTES = 3_000_000
"""Of a wheel: more than this and data came along that does not belong."""


def names_of(path: Path) -> dict[str, int]:
    """Return the files in it with their sizes, the sdist's without its top folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {one.filename: one.file_size for one in wheel.infolist()}
    with tarfile.open(path) as sdist:
        return {one.name.partition("/")[2]: one.size for one in sdist if one.isfile()}


def main(*paths: str) -> int:
    """Print the folders of each; return how many things are wrong."""
    wrong = 0
    for path in map(Path, paths):
        files = names_of(path)
        sizes: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for name, size in files.items():
            folder = "/".join(PurePosixPath(name).parts[:2]) if "/" in name else "."
            folder = folder if PurePosixPath(folder).suffix == "" else PurePosixPath(folder).parent.as_posix()
            sizes[folder] += size
            counts[folder] += 1
        print(
            f"{path.name}: {len(files)} files, {path.stat().st_size:,} bytes packed, {sum(sizes.values()):,} unpacked"
        )
        for folder in sorted(sizes):
            print(f"  {folder:40} {counts[folder]:5} files {sizes[folder]:12,} bytes")
        stray = [name for name in files if PurePosixPath(name).suffix in STRAY or "__pycache__" in name]
        needed = NEEDED[path.suffix]
        lacking = sorted(needed - set(files))
        large = path.suffix == ".whl" and path.stat().st_size > MOST_BYTES
        outside = [n for n in files if path.suffix == ".whl" and not n.startswith(("crmkit/", "crmkit-"))]
        for text, found in (("does not belong", stray + outside), ("is missing", lacking)):
            for name in found:
                print(f"{path.name}: {name} {text}")
                wrong += 1
        if large:
            print(f"{path.name}: over {MOST_BYTES:,} bytes")
            wrong += 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
