"""Draw the pictures of this folder anew: run README's example and photograph the page that it saves.

    python docs/images/draw.py            # needs Chromium: chromium, chromium-browser or google-chrome

The picture keeps what the example printed (PNG, tEXt chunk ``Comment``), so that a test can tell when it is stale.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from crmkit.testing import generate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SIZE = (1100, 1060)


def example() -> str:
    """Run README's first example on the export that the pages assume, in the current folder; return what it printed."""
    records = generate.contacts(400, seed=7, messy=True).records
    with Path("export.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(records.columns)
        writer.writerows(zip(*(records.column(name) for name in records.columns), strict=True))
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    if code is None:
        raise SystemExit("README.md has no example")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code[1], {})
    return printed.getvalue()


def photograph(page: Path, picture: Path) -> None:
    """Write the top of a page as a PNG."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("no Chromium here")
    options = ["--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size={},{}".format(*SIZE)]
    command = [browser, *options, f"--screenshot={picture}", page.resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True)


def with_comment(png: bytes, text: str) -> bytes:
    """Return a PNG with a tEXt chunk behind its header (PNG, third edition, 11.3.3.3)."""
    data = b"tEXtComment\0" + text.encode("latin-1")
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    header = 8 + 25  # signature; IHDR with its length, name and sum
    return png[:header] + chunk + png[header:]


def main() -> None:
    """Draw what README shows."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        printed = example()
        photograph(Path("cleanup.html"), Path("cleanup.png"))
        (HERE / "cleanup.png").write_bytes(with_comment(Path("cleanup.png").read_bytes(), printed))


if __name__ == "__main__":
    main()
