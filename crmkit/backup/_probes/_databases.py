"""Databases and their archives, asked through the programs and libraries that know them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from crmkit._optional import require
from crmkit.errors import MissingDependencyError

from ._probed import IncompleteError, Probed, UnknownError

if TYPE_CHECKING:
    from typing import Any


def postgres_program(name: str) -> str | None:
    """Return one of PostgreSQL's programs: the newest that Debian keeps, else the one on the path."""
    places = sorted(
        (place for place in Path("/usr/lib/postgresql").glob(f"*/bin/{name}") if place.parts[4].isdigit()),
        key=lambda place: int(place.parts[4]),
    )
    return str(places[-1]) if places else shutil.which(name)


def probe_postgres_archive(path: Path) -> Probed:
    """Decode all of an archive into nothing.

    ``pg_restore --list`` reads the table of contents only and is content with half a file.
    """
    program = postgres_program("pg_restore")
    if program is None:
        raise UnknownError("pg_restore is not here")
    command = [program, "-f", os.devnull, str(path.resolve())]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    if done.returncode == 0:
        return Probed()
    if b"unsupported version" in done.stderr:
        raise UnknownError("this pg_restore is older than the archive")
    raise IncompleteError("pg_restore cannot decode it to its end")


def probe_sqlite(path: Path) -> Probed:
    """Compare the size with the page count, and let SQLite check every page; content is the digests' matter."""
    with path.open("rb") as stream:
        header = stream.read(100)
    if not header.startswith(b"SQLite format 3\x00") or len(header) < 100:
        raise IncompleteError("it does not begin as an SQLite database")
    page = int.from_bytes(header[16:18], "big")
    size = path.stat().st_size
    pages = int.from_bytes(header[28:32], "big")
    if size != pages * (65536 if page == 1 else page):
        raise IncompleteError("its size is not that of its pages")
    place = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
            said = database.execute("PRAGMA quick_check(1)").fetchone()
            tables = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
    except sqlite3.DatabaseError:
        raise IncompleteError("SQLite cannot read it") from None
    if said != ("ok",):
        raise IncompleteError("SQLite finds damaged pages")
    return Probed({"pages": pages, "tables": int(tables)})


def probe_parquet(path: Path) -> Probed:
    """Check both ends, and read every page where pyarrow is installed."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(4)
        stream.seek(max(0, size - 8))
        tail = stream.read(8)
    if start != b"PAR1" or tail[4:] != b"PAR1" or size < 12:
        raise IncompleteError("it does not end with its footer")
    if int.from_bytes(tail[:4], "little") > size - 12:
        raise IncompleteError("its footer is longer than the file")
    try:
        parquet: Any = require("pyarrow.parquet", extra="arrow", what="reading parquet pages")
    except MissingDependencyError:
        raise UnknownError("both ends are there; reading its pages needs pyarrow") from None
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group)
            rows = file.metadata.num_rows
    except Exception:  # noqa: BLE001  pyarrow raises what it likes; its message may hold values
        raise IncompleteError("pyarrow cannot read every page") from None
    return Probed({"rows": int(rows)})
