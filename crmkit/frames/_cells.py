"""One cell as a type and a text, so that a file can hold it and another process can restore it exactly."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import uuid
import zoneinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmkit._optional import loaded, require
from crmkit.errors import FormatError, SchemaError

from ._marks import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable


def encode_cell(value: Any) -> tuple[str, str | None]:
    """Return the type and the text of a cell.

    Args:
        value: As a frame holds it, missing markers included.

    Returns:
        A type such as ``"int"``, ``"text"``, ``"nan"`` or ``"datetime"`` (all listed in :doc:`/reference/formats`), and
        a text, ``None`` for markers that need none.

    Raises:
        SchemaError: An object of a type that has no such form.

    Example:
        >>> encode_cell(7), encode_cell(float("nan")), encode_cell(dt.date(2026, 1, 2))
        (('int', '7'), ('nan', None), ('date', '2026-01-02'))

    .. versionadded:: 0.1.0
    """
    kind = type(value)
    simple = _SIMPLE.get(kind)
    if simple is not None:
        return simple(value)
    if value is ABSENT:
        return "absent", None
    if isinstance(value, np.generic):
        return _encode_numpy(value)
    pandas = loaded("pandas")
    if pandas is not None:
        if value is pandas.NaT:
            return "nat", None
        if value is pandas.NA:
            return "na", None
        if kind is pandas.Timestamp:
            return f"timestamp[{value.unit}]", _moment_text(value)
        if kind is pandas.Timedelta:
            return f"timedelta[{value.unit}]", value.isoformat()
        if kind is pandas.Period:
            return f"period[{value.freqstr}]", str(value)
    if kind in _CONTAINERS:
        return kind.__name__, json.dumps(_tree(value), separators=(",", ":"))
    raise SchemaError(f"a {kind.__name__} has no form in a change log")


def decode_cell(kind: str, text: str | None) -> object:
    """Return the cell that :func:`crmkit.frames.encode_cell` described.

    Raises:
        FormatError: No such type, or a text that is not of it.
        MissingDependencyError: The cell needs pandas, which is not installed.

    Example:
        >>> decode_cell("decimal", "1.50")
        Decimal('1.50')

    .. versionadded:: 0.1.0
    """
    base, _, argument = kind.partition("[")
    reader = _READERS.get(base)
    if reader is None:
        raise FormatError(f"unknown cell type {base[:20]!r}")
    try:
        return reader(text or "", argument.removesuffix("]"))
    except _UNREADABLE:
        raise FormatError(f"a cell of type {base!r} holds something else") from None


_UNREADABLE: Final = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, OSError)
"""What readers raise of a text that is not theirs; ``OSError`` for zones that are folders of the system's zones."""


def _float(value: float) -> tuple[str, str | None]:
    return ("nan", None) if math.isnan(value) else ("float", repr(value))


def _moment_text(value: Any) -> str:
    """Return an ISO 8601 text, with the name of the time zone as RFC 9557 writes it."""
    text: str = value.isoformat()
    zone = getattr(value.tzinfo, "key", None) or getattr(value.tzinfo, "zone", None)
    if zone:
        return f"{text}[{zone}]"
    return f"{text}[fold=1]" if value.tzinfo is None and value.fold else text


_SIMPLE: dict[type, Callable[[Any], tuple[str, str | None]]] = {
    str: lambda value: ("text", value),
    type(None): lambda value: ("null", value),
    int: lambda value: ("int", str(value) if -(10**4000) < value < 10**4000 else hex(value)),
    float: _float,
    bool: lambda value: ("bool", "true" if value else "false"),
    Decimal: lambda value: ("decimal", str(value)),
    bytes: lambda value: ("bytes", base64.b64encode(value).decode("ascii")),
    dt.datetime: lambda value: ("datetime", _moment_text(value)),
    dt.date: lambda value: ("date", value.isoformat()),
    dt.time: lambda value: ("time", _moment_text(value)),
    dt.timedelta: lambda value: ("duration", f"{value.days} {value.seconds} {value.microseconds}"),
    uuid.UUID: lambda value: ("uuid", str(value)),
}
_CONTAINERS: dict[type, Callable[[Any], object]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    dict: dict,
}


def _tree(value: Any) -> list[object]:
    kind = type(value)
    items: Any
    if kind is dict:
        items = [[encode_cell(key), encode_cell(item)] for key, item in value.items()]
    elif kind in {set, frozenset}:
        items = sorted((encode_cell(item) for item in value), key=str)
    else:
        items = [encode_cell(item) for item in value]
    return list(items)


def _encode_numpy(value: np.generic) -> tuple[str, str | None]:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return f"numpy[{value.dtype.str}]", str(int(value.astype(np.int64)))
    if isinstance(value, np.bool_ | np.integer | np.floating | np.complexfloating):
        return f"numpy[{value.dtype.str}]", base64.b64encode(value.tobytes()).decode("ascii")
    if isinstance(value, np.str_):
        return "numpy[str]", str(value)
    raise SchemaError(f"a {type(value).__name__} has no form in a change log")


def _read_numpy(text: str, argument: str) -> object:
    if argument == "str":
        return np.str_(text)
    dtype = np.dtype(argument)
    if dtype.kind in "mM":
        return np.array(int(text), dtype=np.int64).view(dtype)[()]
    if dtype.kind not in "biufc":
        raise ValueError
    (scalar,) = np.frombuffer(base64.b64decode(text, validate=True), dtype=dtype)
    return scalar


def _read_moment(text: str, _: str) -> dt.datetime:
    stamp, bracket, zone = text.partition("[")
    moment = dt.datetime.fromisoformat(stamp)
    if not bracket:
        return moment
    if zone == "fold=1]":
        return moment.replace(fold=1)
    local = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone.rstrip("]")))
    return local if local.utcoffset() == moment.utcoffset() else local.replace(fold=1)


def _read_time(text: str, _: str) -> dt.time:
    stamp, bracket, zone = text.partition("[")
    time = dt.time.fromisoformat(stamp)
    if not bracket:
        return time
    return time.replace(fold=1) if zone == "fold=1]" else time.replace(tzinfo=zoneinfo.ZoneInfo(zone.rstrip("]")))


def _read_duration(text: str, _: str) -> dt.timedelta:
    days, seconds, microseconds = map(int, text.split(" "))
    return dt.timedelta(days, seconds, microseconds)


def _pandas() -> Any:
    return require("pandas", extra=None, what="restoring a cell that pandas wrote")


def _read_timestamp(text: str, unit: str) -> object:
    stamp, _, zone = text.partition("[")
    moment = _pandas().Timestamp(stamp)
    return (moment.tz_convert(zone.rstrip("]")) if zone and moment.tzinfo else moment).as_unit(unit)


def _read_container(build: Callable[[Any], object]) -> Callable[[str, str], object]:
    def reader(text: str, _: str) -> object:
        tree = json.loads(text)
        if build is dict:
            return {decode_cell(*key): decode_cell(*item) for key, item in tree}
        return build([decode_cell(*item) for item in tree])

    return reader


_READERS: dict[str, Callable[[str, str], object]] = {
    "text": lambda text, _: text,
    "null": lambda _text, _: None,
    "absent": lambda _text, _: ABSENT,
    "nan": lambda _text, _: math.nan,
    "na": lambda _text, _: _pandas().NA,
    "nat": lambda _text, _: _pandas().NaT,
    "int": lambda text, _: int(text, 0),
    "float": lambda text, _: float(text),
    "bool": lambda text, _: {"true": True, "false": False}[text],
    "decimal": lambda text, _: Decimal(text),
    "bytes": lambda text, _: base64.b64decode(text, validate=True),
    "datetime": _read_moment,
    "date": lambda text, _: dt.date.fromisoformat(text),
    "time": _read_time,
    "duration": _read_duration,
    "uuid": lambda text, _: uuid.UUID(text),
    "numpy": _read_numpy,
    "timestamp": _read_timestamp,
    "timedelta": lambda text, unit: _pandas().Timedelta(text).as_unit(unit),
    "period": lambda text, frequency: _pandas().Period(text, freq=frequency),
    **{kind.__name__: _read_container(build) for kind, build in _CONTAINERS.items()},
}
