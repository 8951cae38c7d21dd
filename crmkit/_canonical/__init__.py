"""Bytes that mean one thing: ``crmkit-row/1`` for table cells, ``crmkit-json/1`` for documents, and tuples of parts.

A digest is only as good as the encoding under it: two values that differ must give different bytes, and one value must
give the same bytes in every program and year.  So each encoding is exact or an error; nothing is rounded or guessed.
They are specified byte by byte in ``docs/reference/formats.md``.
"""

from __future__ import annotations

from ._json import MAX_DEPTH, MAX_SAFE_INT, jcs, json_bytes, parse_json
from ._parts import decode_parts, encode_parts
from ._row import LogicalType, RowSchema, keyed_digests, rows, split_row

__all__ = [
    "MAX_DEPTH",
    "MAX_SAFE_INT",
    "LogicalType",
    "RowSchema",
    "decode_parts",
    "encode_parts",
    "jcs",
    "json_bytes",
    "keyed_digests",
    "parse_json",
    "rows",
    "split_row",
]
