"""Cells of text read as what their column is declared to hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit._canonical import LogicalType


_AT_ONCE: Final[Mapping[str, Callable[[str], object]]] = {
    "int": int,
    "decimal": Decimal,
    "float64": float,
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "timestamptz": dt.datetime.fromisoformat,
}
_NUMBERS: Final = ("int", "decimal", "float64")


def read_at_once(kind: LogicalType, cells: Sequence[str]) -> list[object] | None:
    """Read cells none of which is missing, as `parser` does one by one; ``None`` where it has to."""
    read = _AT_ONCE.get(kind.kind)
    if read is None:
        return None
    if kind.kind in _NUMBERS:
        text = "".join(cells)
        if not text.isascii() or not text.isprintable() or "_" in text or " " in text:
            return None
    try:
        return list(map(read, cells))
    except (ValueError, ArithmeticError):
        return None  # an infinite time, or a cell that is to be named


def parser(kind: LogicalType) -> Callable[[str], object]:
    """Return what reads a cell of text as a type."""

    def boolean(text: str) -> bool:
        return {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}[text.lower()]

    def moment(text: str) -> object:
        if text in ("infinity", "inf", "-infinity", "-inf"):
            return float(text.replace("infinity", "inf"))
        return dt.datetime.fromisoformat(text)

    def octets(text: str) -> bytes:
        return bytes.fromhex(text.removeprefix("\\x"))

    def document(text: str) -> object:
        import json

        return json.loads(text)

    def plain(read: Callable[[str], object]) -> Callable[[str], object]:
        def number(text: str) -> object:
            # Python also reads 1_0, blanks and the digits of other scripts, which a damaged cell may hold.
            if not text.isascii() or "_" in text or text[:1].isspace() or text[-1:].isspace():
                raise ValueError
            return read(text)

        return number

    readers: dict[str, Callable[[str], object]] = {
        "int": plain(int),
        "decimal": plain(Decimal),
        "float64": plain(float),
        "bool": boolean,
        "date": dt.date.fromisoformat,
        "timestamp": moment,
        "timestamptz": moment,
        "text": str,
        "bytes": octets,
        "uuid": UUID,
        "json": document,
    }
    if kind.kind not in readers:
        raise SchemaError(f"CSV has no form for {kind.kind}")
    if kind.kind == "bool":

        def checked(text: str) -> bool:
            try:
                return boolean(text)
            except KeyError:
                raise ValueError from None

        return checked
    return readers[kind.kind]
