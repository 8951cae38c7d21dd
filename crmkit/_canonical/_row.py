"""``crmkit-row/1``: table rows as bytes that any SQL engine can write too.

A cell is ``-`` for missing, or the length in octets, a colon and UTF-8 text; a row is its cells, one after the other.
The header says how many cells there are and what their text means, and is hashed into whatever the rows are.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import math
import operator
import re
import struct
import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args
from uuid import UUID

import attrs

from crmkit.errors import FormatError, InvalidValueError, NotFoundError, SchemaError, ShapeError

from ._columns import FAST, ZoneError
from ._json import jcs, json_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

MARKER = "crmkit-row/1"
Kind: TypeAlias = Literal[
    "int",
    "decimal",
    "float64",
    "bool",
    "date",
    "timestamp",
    "timestamptz",
    "text",
    "bytes",
    "uuid",
    "json",
    "list",
    "map",
]
TextOption: TypeAlias = Literal["nfc", "trim", "casefold", "empty_is_null"]

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  the naive epoch, for naive times
_EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_EXACT = Context(prec=1000, Emax=1_000_000, Emin=-1_000_000, traps=[Inexact, InvalidOperation])
_CELL = re.compile(rb"-|(0|[1-9][0-9]*):")


class _RefusedError(ValueError):
    """A value that the type has no exact text for; says why, never what."""


def _options(options: Sequence[TextOption]) -> tuple[TextOption, ...]:
    return tuple(sorted(set(options)))


@attrs.frozen(kw_only=True)
class LogicalType:
    """What the text of a column's cells means.

    Attributes:
        kind: One of the thirteen types of ``crmkit-row/1``.
        scale: Digits behind the point, for ``decimal`` only, 0 to 1000.
        options: What happens to ``text`` before it is written: ``nfc``, ``trim`` (U+0020 at both ends), ``casefold``,
            ``empty_is_null``; in this order.
        item: Type of the items of a ``list``, or of the values of a ``map``, whose keys are exact text.
    """

    kind: Kind
    scale: int | None = None
    options: tuple[TextOption, ...] = attrs.field(default=(), converter=_options)
    item: LogicalType | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise NotFoundError.of("logical type", self.kind, get_args(Kind))
        for option in self.options:
            if option not in get_args(TextOption):
                raise NotFoundError.of("text option", option, get_args(TextOption))
        if (self.kind == "decimal") != (self.scale is not None) or not 0 <= (self.scale or 0) <= 1000:
            raise SchemaError("decimal has a scale from 0 to 1000, and no other type has one")
        if self.options and self.kind != "text":
            raise SchemaError("only text has options")
        if (self.kind in ("list", "map")) != (self.item is not None):
            raise SchemaError("list and map have an item type, and no other type has one")

    def describe(self) -> dict[str, object]:
        """Return what the header says about the type: only what is set."""
        said: dict[str, object] = {"type": self.kind}
        if self.scale is not None:
            said["scale"] = self.scale
        if self.options:
            said["options"] = list(self.options)
        if self.item is not None:
            said["item"] = self.item.describe()
        return said


def _held(columns: Mapping[str, LogicalType]) -> dict[str, LogicalType]:
    return dict(columns)


@attrs.frozen
class RowSchema:
    r"""Names and types of the columns, in order.

    Example:
        >>> schema = RowSchema({"id": LogicalType(kind="int"), "name": LogicalType(kind="text")})
        >>> schema.header().decode()
        '{"columns":[{"name":"id","type":"int"},{"name":"name","type":"text"}],"format":"crmkit-row/1"}'
        >>> rows(schema, {"id": [7, 8], "name": ["Zoë", None]})
        [b'1:74:Zo\xc3\xab', b'1:8-']
    """

    columns: Mapping[str, LogicalType] = attrs.field(converter=_held, hash=False)

    def header(self) -> bytes:
        """Return the header document, ``crmkit-json/1``."""
        columns = [{"name": name, **kind.describe()} for name, kind in self.columns.items()]
        return json_bytes({"format": MARKER, "columns": columns})

    def digest(self) -> bytes:
        """Return the SHA-256 of the header."""
        return hashlib.sha256(self.header()).digest()


def rows(schema: RowSchema, columns: Mapping[str, Sequence[object]]) -> list[bytes]:
    """Return the bytes of every row.

    Args:
        schema: What the columns are; others in ``columns`` are not looked at.
        columns: Values by column name; ``None`` is missing.

    Raises:
        SchemaError: A column of the schema is not there.
        ShapeError: Columns differ in length.
        InvalidValueError: A value that its column's type has no exact text for; names column and row, never the value.
    """
    return _joined(_cells(schema, columns).values())


def keyed_digests(
    schema: RowSchema, key: Sequence[str], columns: Mapping[str, Sequence[object]]
) -> tuple[list[bytes], list[bytes]]:
    """Return the digests of every row's key columns, and of the row; without a key both are the row's."""
    cells = _cells(schema, columns)
    whole = _digests(cells.values())
    return (_digests([cells[name] for name in key]) if key else whole), whole


def _cells(schema: RowSchema, columns: Mapping[str, Sequence[object]]) -> dict[str, list[str]]:
    missing = [name for name in schema.columns if name not in columns]
    if missing:
        raise SchemaError(f"no column {missing[0]!r}; the schema has it")
    lengths = {len(columns[name]) for name in schema.columns}
    if len(lengths) > 1:
        raise ShapeError("columns differ in length", expected=max(lengths), actual=min(lengths))
    return {name: _column(name, kind, columns[name]) for name, kind in schema.columns.items()}


def _joined(cells: Collection[list[str]]) -> list[bytes]:
    return ["".join(row).encode() for row in zip(*cells, strict=True)]


def _digests(cells: Collection[list[str]]) -> list[bytes]:
    sha256 = hashlib.sha256
    if len(cells) == 1:
        [only] = cells
        return [sha256(cell.encode()).digest() for cell in only]
    return [sha256("".join(row).encode()).digest() for row in zip(*cells, strict=True)]


def split_row(data: bytes, width: int) -> list[bytes | None]:
    """Cut a row into the texts of its ``width`` cells.

    Raises:
        FormatError: Not a row of so many cells.
    """
    cells: list[bytes | None] = []
    at = 0
    while at < len(data):
        head = _CELL.match(data, at)
        if head is None:
            raise FormatError(f"not a row of {MARKER}: no cell at byte {at}")
        at = head.end()
        if head[1] is None:
            cells.append(None)
            continue
        end = at + int(head[1])
        cells.append(data[at:end])
        at = end
    if at != len(data) or len(cells) != width:
        raise FormatError(f"not a row of {width} cells of {MARKER}")
    return cells


def _column(name: str, kind: LogicalType, values: Sequence[object]) -> list[str]:
    cell = _cell(kind)
    try:
        fast = FAST.get(kind.kind) if not kind.options else None
        if fast is not None and set(map(type, values)) <= fast[0]:
            return fast[1](values)
        return [cell(value) for value in values]
    except (_RefusedError, ZoneError, UnicodeEncodeError, InvalidValueError):
        for row, value in enumerate(values):
            try:
                cell(value)
            except UnicodeEncodeError:
                reason = "text with a lone surrogate has no UTF-8 form"
            except (_RefusedError, InvalidValueError) as error:
                reason = str(error)
            else:
                continue
            raise InvalidValueError(f"column {name!r}, row {row}: {reason}") from None
        raise AssertionError("a refused column has a refused value") from None


def _cell(kind: LogicalType) -> Callable[[object], str]:
    if kind.kind == "decimal":
        text: Callable[[object], str | None] = functools.partial(
            _decimal, exponent=Decimal(1).scaleb(-(kind.scale or 0))
        )
    elif kind.kind == "text":
        text = functools.partial(_text, options=kind.options)
    elif kind.item is not None:
        text = functools.partial(_list if kind.kind == "list" else _map, item=_cell(kind.item))
    else:
        text = _SIMPLE[kind.kind]

    def cell(value: object) -> str:
        said = None if value is None else text(value)
        return "-" if said is None else f"{len(said if said.isascii() else said.encode())}:{said}"

    return cell


def _int(value: object) -> str:
    if isinstance(value, bool):
        raise _RefusedError("int wanted, not bool")
    try:
        return str(operator.index(value))  # type: ignore[arg-type]  # asks it whether it is one
    except TypeError:
        raise _RefusedError(f"int wanted, not {type(value).__name__}") from None


def _decimal(value: object, *, exponent: Decimal) -> str:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise _RefusedError(f"Decimal wanted, not {type(value).__name__}")
    number = Decimal(value)
    if number.is_nan():
        return "NaN"
    try:
        exact = number.quantize(exponent, context=_EXACT)
    except DecimalException:
        raise _RefusedError(f"not exact with {-int(exponent.as_tuple().exponent)} digits behind the point") from None
    return format(exact.copy_abs() if exact.is_zero() else exact, "f")


def _float64(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        raise _RefusedError(f"float wanted, not {type(value).__name__}")
    if value != value:
        return "7ff8000000000000"
    try:
        double = float(value) + 0.0
    except OverflowError:
        double = math.inf
    if double != value:
        raise _RefusedError("a double cannot hold this integer")
    return struct.pack(">d", double).hex()


def _bool(value: object) -> str:
    if not isinstance(value, bool):
        raise _RefusedError(f"bool wanted, not {type(value).__name__}")
    return "t" if value else "f"


def _date(value: object) -> str:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise _RefusedError(f"date wanted, not {type(value).__name__}")
    return value.isoformat()


def _timestamp(value: object, *, aware: bool) -> str:
    if value in (math.inf, -math.inf):
        return "inf" if value == math.inf else "-inf"
    if not isinstance(value, dt.datetime):
        raise _RefusedError(f"datetime wanted, not {type(value).__name__}")
    if (value.utcoffset() is not None) != aware:
        raise _RefusedError("a time with a zone wanted" if aware else "a time without a zone wanted")
    if getattr(value, "nanosecond", 0):
        raise _RefusedError("finer than a microsecond")
    return str((value - (_EPOCH_UTC if aware else _EPOCH)) // _MICROSECOND)


def _text(value: object, *, options: tuple[TextOption, ...]) -> str | None:
    if not isinstance(value, str):
        raise _RefusedError(f"text wanted, not {type(value).__name__}")
    if "nfc" in options:
        value = unicodedata.normalize("NFC", value)
    if "trim" in options:
        value = value.strip(" ")
    if "casefold" in options:
        value = value.casefold()
        if "nfc" in options:
            value = unicodedata.normalize("NFC", value)
    return None if "empty_is_null" in options and not value else value


def _bytes(value: object) -> str:
    if not isinstance(value, (bytes, bytearray)):
        raise _RefusedError(f"bytes wanted, not {type(value).__name__}")
    return value.hex()


def _uuid(value: object) -> str:
    if not isinstance(value, UUID):
        raise _RefusedError(f"UUID wanted, not {type(value).__name__}")
    return str(value)


def _json(value: object) -> str:
    return jcs(value).decode()


def _list(value: object, *, item: Callable[[object], str]) -> str:
    if not isinstance(value, (list, tuple)):
        raise _RefusedError(f"list wanted, not {type(value).__name__}")
    return "".join(map(item, value))


def _map(value: object, *, item: Callable[[object], str]) -> str:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _RefusedError("a mapping with text keys wanted")
    keys = sorted(value, key=lambda key: key.encode())
    return "".join(f"{len(key.encode())}:{key}{item(value[key])}" for key in keys)


_SIMPLE: dict[str, Callable[[object], str]] = {
    "int": _int,
    "float64": _float64,
    "bool": _bool,
    "date": _date,
    "timestamp": functools.partial(_timestamp, aware=False),
    "timestamptz": functools.partial(_timestamp, aware=True),
    "bytes": _bytes,
    "uuid": _uuid,
    "json": _json,
}
