"""Files for auditors who have no crmkit."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["verifier_source", "write_verifier"]


def verifier_source() -> str:
    """Return the program that checks logs with nothing but Python and ``cryptography``."""
    return resources.files("crmkit.audit._verify").joinpath("_standalone.py").read_text(encoding="utf-8")


def write_verifier(path: str | os.PathLike[str]) -> None:
    """Write a program that checks a log, or the proof of one event, without crmkit.

    Args:
        path: The file to write, for instance ``verify_audit_log.py``.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "verify_audit_log.py"
        >>> write_verifier(file)
        >>> "import crmkit" in file.read_text(encoding="utf-8")
        False

    .. versionadded:: 0.1.0
    """
    Path(path).write_text(verifier_source(), encoding="utf-8")
