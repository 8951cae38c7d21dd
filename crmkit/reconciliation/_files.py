"""Two files that do not fit into memory together."""

from __future__ import annotations

import tempfile
import weakref
from typing import TYPE_CHECKING, Any

from crmkit import frames

from ._reconcile import reconcile

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from ._outcome._report import ReconcileReport

__all__ = ["reconcile_files"]


def reconcile_files(
    left: str | os.PathLike[str],
    right: str | os.PathLike[str],
    *,
    key: str | Sequence[str],
    folder: str | os.PathLike[str] | None = None,
    encoding: str = "utf-8",
    delimiter: str = ",",
    **settings: Any,
) -> ReconcileReport:
    r"""Compare two parquet or CSV files without loading them; the answer is that of :func:`crmkit.reconcile`.

    Both files are copied once into Arrow's own format, and mapped from there: what is looked at comes from the disk,
    and goes back to the operating system at once.

    Args:
        left: What was, or should be. A name that ends in ``.parquet``, or in ``.csv``, ``.tsv`` or ``.txt``: text with
            the names in its first row, every column is then text.
        right: What is there now; the other kind of file, if need be.
        key: Column or columns of the left file that identify a row.
        folder: Where the copies go while the report is in use; it needs room for both tables. The system's temporary
            folder where ``None``.
        encoding: Of text files.
        delimiter: Of text files.
        **settings: Those of :func:`crmkit.reconciliation.reconcile`.

    Raises:
        FormatError: Another kind of file, not whole, or a row with too many or too few cells.
        MissingDependencyError: pyarrow is not installed.
        SchemaError: A column that was named is not there, or nothing in common.

    Example:
        >>> import pathlib, tempfile
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (place / "was.csv").write_text("id,code\n1,007\n2,010\n")
        >>> _ = (place / "now.csv").write_text("id,code\n1,7\n")
        >>> reconcile_files(place / "was.csv", place / "now.csv", key="id").causes()
        {'leading_zeros_lost': 1}

    Note:
        About 150 bytes of memory a row, plus the differing cells.

    .. versionadded:: 0.1.0
    """
    work = tempfile.TemporaryDirectory(prefix="crmkit-", dir=folder, ignore_cleanup_errors=True)
    try:
        one = frames.spool(left, work.name, encoding=encoding, delimiter=delimiter)
        other = frames.spool(right, work.name, encoding=encoding, delimiter=delimiter)
        report = reconcile(one, other, key=key, **settings)
    except BaseException:
        work.cleanup()
        raise
    weakref.finalize(report, work.cleanup)
    return report
