"""What a writer did to keep a spreadsheet from running cells, as a change log like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import _delimited, frames

from ._apply import apply_edits
from ._change import Edits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit._delimited import Escaped
    from crmkit.frames import Table
    from crmkit.typing import Frame

    from ._log import ChangeLog


def escapes(
    table: Table | Frame,
    escaped: Iterable[Escaped],
    *,
    key: str | None = None,
    by: str | None = None,
    reason: str | None = None,
    run_id: str | None = None,
) -> ChangeLog:
    """Write down which cells of a file got a ``'`` because a spreadsheet would have run them.

    With this log beside those of fixes and merges, what ``read_csv`` reads from the file is accounted for cell by cell
    without ``unescape=True``.

    Args:
        table: What was written.
        escaped: What :meth:`crmkit.records.RecordSet.to_csv` or :func:`crmkit.files.write_csv` returned. A column name
            that got a guard is no cell: read such a file with ``unescape=True``.
        key: Column with the record ids.
        by: Who wrote the file.
        reason: Why.
        run_id: ULID; a new one where absent.

    Returns:
        A log of kind ``"escape"``; its ``revert`` takes the guards back.

    Raises:
        SchemaError: A cell that the frame does not have.

    Example:
        >>> import tempfile, pathlib
        >>> from crmkit.files import read_csv
        >>> from crmkit.records import RecordSet
        >>> people = RecordSet({"name": ["Ann", "=1+1"]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = escapes(people, people.to_csv(pathlib.Path(folder) / "people.csv"))
        ...     written = read_csv(pathlib.Path(folder) / "people.csv")
        >>> written.column("name"), log.counts(), log.revert(written) == people
        (('Ann', "'=1+1"), {'escape': 1}, True)

    .. versionadded:: 0.1.0
    """
    table = frames.read(table)
    cells = [(one.row, one.column) for one in escaped if one.row is not None]
    rows: dict[str, list[int]] = {}
    for row, column in cells:
        rows.setdefault(column, []).append(row)
    after = {
        (row, column): _delimited.guard(_delimited.text(value))
        for column, numbers in rows.items()
        for row, value in zip(numbers, table.stored(column, numbers), strict=True)
    }
    edits = Edits(
        path=[column for _, column in cells],
        row=[row for row, _ in cells],
        after=[after[cell] for cell in cells],
        rule="formula_guard",
        confidence=1.0,
        kind="escape",
    )
    return apply_edits(table, edits, key=key, by=by, reason=reason, run_id=run_id)[1]
