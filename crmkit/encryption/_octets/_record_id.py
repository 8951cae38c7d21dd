"""The record that a token is bound to, as octets that no other record has."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

import numpy as np

from crmkit._canonical import encode_parts
from crmkit.errors import InvalidValueError, RefusedError

from ._frame import utf8

if TYPE_CHECKING:
    from collections.abc import Sequence

RecordId: TypeAlias = "int | str | bytes | UUID | tuple[RecordId, ...]"
"""What names a record: an integer, text, octets, a UUID, or a tuple of them for a composite key."""

RecordType: TypeAlias = "type[int | str | UUID]"
"""What the record ids of a box must be."""

UNBOUND: Final = b"-"
"""The octets of no record at all, and of a missing value that a token is bound to."""
_BLANK: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Categories of Unicode that show nothing: controls, formats, separators."""
_NUMERIC = re.compile(r"-?[1-9][0-9]*\Z|0\Z")


def record_bytes(record: object, record_type: RecordType | None = None) -> bytes:
    """Return the octets of one record id.

    Args:
        record: The id.
        record_type: ``int``, ``str`` or ``UUID``: what ids must be. Text that is exactly an integer or UUID is read as
            one, and integers of numpy are integers, so that ``42`` and ``"42"`` cannot become two records.

    Raises:
        RefusedError: No id, or one that does not stay the same: a float, a bool. Nor an empty one, which names no
            record: text or octets that are blank, the nil UUID, a tuple of nothing else.
        InvalidValueError: Not of ``record_type``; the message does not show it.
    """
    if record_type is not None:
        record = _coerced(record, record_type)
    if _is_empty(record):
        raise RefusedError(
            f"an empty {type(record).__name__} names no record, and values that are bound to it could be exchanged; "
            "for values that belong to none, Field(bind_record=False)",
            rule="record_missing",
        )
    return _octets(record)


def _is_empty(record: object) -> bool:
    """Whether it stands for no record at all.

    Source:
        RFC 9562, 5.9: the nil UUID stands for an absent one.
    """
    if isinstance(record, str):
        return is_blank(record)
    if isinstance(record, bytes):
        return not record.strip(b" \t\r\n\v\f\0")
    if isinstance(record, UUID):
        return record.int == 0
    return isinstance(record, tuple) and len(record) > 0 and all(map(_is_empty, record))


def is_blank(text: str) -> bool:
    """Whether a text shows nothing at all."""
    return all(unicodedata.category(mark) in _BLANK for mark in text)


def _octets(record: object) -> bytes:
    if isinstance(record, np.integer):
        record = int(record)
    if type(record) is int:
        return b"i%d" % record
    if isinstance(record, str):
        return b"s" + _utf8(record)
    if isinstance(record, UUID):
        return b"u" + record.bytes
    if isinstance(record, bytes):
        return b"b" + record
    if isinstance(record, tuple) and record:
        return b"t" + encode_parts([_octets(part) for part in record])
    if record is None:
        raise RefusedError(
            "a token is bound to its record: give record=; for values that belong to none, Field(bind_record=False)",
            rule="record_missing",
        )
    raise RefusedError(
        f"a {type(record).__name__} does not name a record for good; use int, str, bytes, UUID or a tuple of them",
        rule="record_type",
    )


def _coerced(record: object, kind: type) -> object:
    if record is None or (type(record) is kind):
        return record
    if kind is int:
        if isinstance(record, np.integer):
            return int(record)
        if isinstance(record, str) and _NUMERIC.match(record):
            return int(record)
    if kind is UUID and isinstance(record, str):
        try:
            return UUID(record)
        except ValueError:
            pass
    raise InvalidValueError(f"a record id is not {kind.__name__}, as the box was told: it is {type(record).__name__}")


def _utf8(text: str) -> bytes:
    data = utf8(text)
    if data is None:
        raise InvalidValueError("a record id has a lone surrogate, which has no UTF-8 form")
    return data


def many(records: Sequence[object], record_type: RecordType | None = None) -> list[bytes]:
    """Return the octets of many record ids; see `record_bytes`. Errors name the row."""
    kinds = set(map(type, records))
    if kinds == {int} and record_type in {None, int}:
        numbers: Sequence[Any] = records
        return [b"i%d" % number for number in numbers]
    found = []
    for row, record in enumerate(records):
        try:
            found.append(record_bytes(record, record_type))
        except RefusedError as error:
            raise RefusedError(f"row {row}: {error}", rule=error.rule) from None
        except InvalidValueError as error:
            raise InvalidValueError(f"row {row}: {error}") from None
    return found


def with_bound(record: bytes, values: Sequence[object]) -> bytes:
    """Return the octets of a record together with further values that a token is bound to.

    ``None`` is one of them, and so is empty text: they stand beside the record.
    """
    return b"o" + encode_parts([record, *(UNBOUND if value is None else _octets(value) for value in values)])
