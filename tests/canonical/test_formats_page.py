"""The vectors on the page about formats, computed anew."""

from __future__ import annotations

from crmkit import _merkle
from crmkit._canonical import LogicalType, RowSchema, encode_parts, rows


def test_vectors_of_rows_parts_and_trees():
    text, whole = LogicalType(kind="text"), LogicalType(kind="int")
    schema = RowSchema({"id": whole, "name": text})
    assert rows(schema, {"id": [7, 8], "name": ["Zoë", None]}) == [bytes.fromhex("313a37343a5a6fc3ab"), b"1:8-"]
    listed = RowSchema({"x": LogicalType(kind="list", item=text)})
    assert rows(listed, {"x": [["a", None, "é"]]}) == ["8:1:a-2:é".encode()]
    assert encode_parts([]).hex() == "0000000000000000"
    assert encode_parts([b"ab", b"c"]).hex() == "000000000000000200000000000000026162000000000000000163"
    assert _merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
