"""The logs of one job in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._file import read_file, write_file
from ._log import ChangeLog

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def save(logs: Iterable[ChangeLog], path: str | os.PathLike[str]) -> str:
    """Write the logs of one job into one file, under one chain; an existing file is replaced.

    Args:
        logs: The logs, in the order in which the changes were made.
        path: The file, JSON Lines.

    Returns:
        The hash of the last line. Kept elsewhere, it proves later that the whole file was not written anew.

    Raises:
        SchemaError: A value of a type that has no form in the file (see :doc:`/reference/formats`).

    Example:
        >>> import tempfile, pathlib
        >>> from crmkit.changes import Edits, apply_edits
        >>> clean, first = apply_edits([{"a": " x"}], Edits(path=["a"], row=[0], after=["x"]))
        >>> final, second = apply_edits(clean, Edits(path=["a"], row=[0], after=["y"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = save([first, second], pathlib.Path(folder) / "changes.jsonl")
        ...     logs = load(pathlib.Path(folder) / "changes.jsonl")
        >>> for log in reversed(logs):
        ...     final = log.revert(final)
        >>> final
        [{'a': ' x'}]

    .. versionadded:: 0.1.0
    """
    return write_file(path, [log._parts() for log in logs])


def load(path: str | os.PathLike[str], *, expect: str | None = None) -> tuple[ChangeLog, ...]:
    """Read all logs of a file and verify them; undo them last first.

    Args:
        path: What :func:`save` or :meth:`ChangeLog.save` wrote.
        expect: What saving returned, where it was kept.

    Raises:
        TamperedLogError: A line was edited, dropped, added or moved, or the file was cut.
        FormatError: Not a change log, or of a later version.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = save([], pathlib.Path(folder) / "changes.jsonl")
        ...     load(pathlib.Path(folder) / "changes.jsonl")
        ()

    .. versionadded:: 0.1.0
    """
    parts = read_file(path, expect=expect)
    return tuple(ChangeLog._make(header, lines, sealed=sealed) for header, lines, sealed in parts)
