"""What both sides last agreed on: the third table of a three-way compare."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import frames
from crmkit._disk import replacing
from crmkit.errors import FixityError, FormatError, SchemaError, ShapeError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.typing import Frame

__all__ = ["OPEN", "Agreed", "Key", "Open"]

MARKER: Final = "crmkit-agreed/1"
Key = tuple[str, ...]


class Open:
    """The mark of a cell on which both sides never agreed."""

    def __repr__(self) -> str:
        return "OPEN"


OPEN: Final = Open()


@attrs.frozen(kw_only=True, eq=False)
class Agreed:
    """The state that both sides had when they last agreed, row by row and cell by cell.

    A plan gives the next one (:attr:`crmkit.sync.SyncPlan.agreed`); save it once the plan's steps are made. It holds
    the values in the clear: keep it where the data itself may be kept.

    Attributes:
        key: Columns of the key, by their names on the left.
        columns: The other columns, by their names on the left.
        rows: Key -> cells, in the order of ``columns``, as text.
        watermark: Changes up to this moment are in it; fetch what changed since.

    Example:
        >>> before_the_outage = [{"id": "1", "phone": "+12125550123"}]
        >>> Agreed.of(before_the_outage, key="id")
        <Agreed: 1 rows, 1 columns>

    .. versionadded:: 0.1.0
    """

    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Mapping[Key, tuple[str | Open | None, ...]] = attrs.field(repr=False)
    watermark: dt.datetime | None = None

    @classmethod
    def of(
        cls,
        frame: Frame,
        *,
        key: str | Sequence[str],
        columns: Sequence[str] | None = None,
        watermark: dt.datetime | None = None,
    ) -> Agreed:
        """Take a table for what both sides agreed on, such as the export before an outage.

        Args:
            frame: The table, with the names of the left side.
            key: Column or columns of the key.
            columns: Columns that count; all others where ``None``.
            watermark: The moment of the table, aware.

        Raises:
            SchemaError: There is no such column, or a key is missing or there twice.
        """
        table = frames.read(frame)
        keys = (key,) if isinstance(key, str) else tuple(key)
        if not len(table) and not table.columns:  # an empty list
            return cls(key=keys, columns=tuple(columns or ()), rows={}, watermark=_aware(watermark))
        names = tuple(columns if columns is not None else (name for name in table.columns if name not in keys))
        ids = list(zip(*(table.texts(name).rows() for name in keys), strict=True))
        is_none = table.blank(keys[0]).copy()
        for name in keys[1:]:
            is_none &= table.blank(name)
        if is_none.any() or any(part is None for row in ids for part in row) or len(set(ids)) != len(ids):
            raise SchemaError("what both sides agreed on needs a key for every row, each of them once")
        cells: Any = list(zip(*(table.texts(name).rows() for name in names), strict=True)) if names else [()] * len(ids)
        return cls(key=keys, columns=names, rows=dict(zip(ids, cells, strict=True)), watermark=_aware(watermark))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Agreed: {len(self.rows):,} rows, {len(self.columns)} columns>"

    def cell(self, key: Key, column: str) -> str | Open | None:
        """Return a cell; ``OPEN`` where nothing was agreed on."""
        found = self.rows.get(key)
        return OPEN if found is None or column not in self.columns else found[self.columns.index(column)]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSON Lines with a checksum behind it; the old file stays until the new one is whole."""
        target = Path(path)
        digest = hashlib.sha256()
        with replacing(target, private=True) as file:
            for line in self._lines():
                digest.update(line)
                file.write(line)
            file.write(_line({"sha256": digest.hexdigest()}))
        return target

    def _lines(self) -> Iterator[bytes]:
        watermark = None if self.watermark is None else self.watermark.isoformat()
        yield _line({
            "format": MARKER, "key": list(self.key), "columns": list(self.columns), "watermark": watermark,
            "rows": len(self.rows),
        })  # fmt: skip
        for key, cells in self.rows.items():
            yield _line([list(key), [0 if isinstance(cell, Open) else cell for cell in cells]])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Agreed:
        """Read what :meth:`save` wrote.

        Raises:
            FormatError: Another kind of file, or of a newer version.
            FixityError: It is not whole, or was edited.
        """
        place = str(path)
        lines = Path(path).read_bytes().splitlines(keepends=True)
        try:
            head, tail = json.loads(lines[0]), json.loads(lines[-1])
            marker = head["format"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise FormatError("not a file of what both sides agreed on, or not whole", location=place) from None
        if marker != MARKER:
            raise FormatError("another kind of file, or one of a newer version of crmkit", location=place)
        if not isinstance(tail, dict) or tail.get("sha256") != hashlib.sha256(b"".join(lines[:-1])).hexdigest():
            raise FixityError("what both sides agreed on is not whole, or was edited", location=place)
        rows: dict[Key, tuple[str | Open | None, ...]] = {}
        for line in lines[1:-1]:
            key, cells = json.loads(line)
            rows[tuple(key)] = tuple(OPEN if cell == 0 else cell for cell in cells)
        mark = head["watermark"]
        return cls(
            key=tuple(head["key"]), columns=tuple(head["columns"]), rows=rows,
            watermark=None if mark is None else dt.datetime.fromisoformat(mark),
        )  # fmt: skip


def as_agreed(given: Agreed | Frame | None, keys: Sequence[str], columns: Sequence[str]) -> Agreed | None:
    """Return what the caller gave as a state with the key's columns.

    Raises:
        ShapeError: It has another key.
    """
    if given is None:
        return None
    if isinstance(given, Agreed):
        if given.key != tuple(keys):
            raise ShapeError("what both sides agreed on has another key")
        return given
    there = frames.read(given).columns
    return Agreed.of(given, key=keys, columns=[name for name in columns if name in there])


def _aware(moment: dt.datetime | None) -> dt.datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError("the watermark is a naive moment; give an aware one, such as datetime.now(UTC)")
    return moment


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
