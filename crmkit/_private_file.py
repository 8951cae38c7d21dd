"""Files that hold keys or values out of records are their owner's alone from the first octet on."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_OWNER: Final = 0o600


def make_private(path: Path) -> Path:
    """Make an empty file that only its owner may read, where there is none; return the path.

    What is there keeps the rights that somebody gave it. What SQLite puts beside a database, its log and its journal,
    gets the rights of the database.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER))
    return path
