from __future__ import annotations

import datetime as dt
import hashlib
import math
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit._canonical import LogicalType, RowSchema, decode_parts, encode_parts, keyed_digests, rows, split_row
from crmkit.errors import FormatError, InvalidValueError, NotFoundError, SchemaError, ShapeError

pd = pytest.importorskip("pandas")

TEXT = LogicalType(kind="text")
INT = LogicalType(kind="int")
ADVERSARIAL = st.text("0123456789:-é张\0", max_size=8)


def cell(kind: LogicalType, value: object) -> str | None:
    [row] = rows(RowSchema({"x": kind}), {"x": [value]})
    [text] = split_row(row, 1)
    return None if text is None else text.decode()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ({"kind": "int"}, -(10**30), "-" + "1" + "0" * 30),
        ({"kind": "int"}, None, None),
        ({"kind": "decimal", "scale": 2}, Decimal("1.5"), "1.50"),
        ({"kind": "decimal", "scale": 2}, Decimal("-0.00"), "0.00"),
        ({"kind": "decimal", "scale": 0}, Decimal("1E+3"), "1000"),
        ({"kind": "decimal", "scale": 2}, 7, "7.00"),
        ({"kind": "decimal", "scale": 2}, Decimal("NaN"), "NaN"),
        ({"kind": "float64"}, 1.0, "3ff0000000000000"),
        ({"kind": "float64"}, -0.0, "0000000000000000"),
        ({"kind": "float64"}, 0, "0000000000000000"),
        ({"kind": "float64"}, math.nan, "7ff8000000000000"),
        ({"kind": "float64"}, -math.inf, "fff0000000000000"),
        ({"kind": "bool"}, True, "t"),
        ({"kind": "bool"}, False, "f"),
        ({"kind": "date"}, dt.date(1, 1, 1), "0001-01-01"),
        ({"kind": "timestamp"}, dt.datetime(1969, 12, 31, 23, 59, 59, 999_999), "-1"),
        ({"kind": "timestamptz"}, dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), "0"),
        ({"kind": "timestamptz"}, math.inf, "inf"),
        ({"kind": "timestamp"}, -math.inf, "-inf"),
        ({"kind": "text"}, " é", " é"),
        ({"kind": "text", "options": ["nfc"]}, "e\u0301", "é"),
        ({"kind": "text", "options": ["trim"]}, " \ta ", "\ta"),
        ({"kind": "text", "options": ["casefold"]}, "Straße", "strasse"),
        ({"kind": "text", "options": ["empty_is_null", "trim"]}, "  ", None),
        ({"kind": "text", "options": ["empty_is_null"]}, "a", "a"),
        ({"kind": "text", "options": ["casefold", "nfc"]}, "İ", "i̇"),
        ({"kind": "bytes"}, b"\x00\xff", "00ff"),
        ({"kind": "uuid"}, UUID(int=10), "00000000-0000-0000-0000-00000000000a"),
        ({"kind": "json"}, {"b": 1.0, "a": []}, '{"a":[],"b":1}'),
        ({"kind": "list", "item": TEXT}, ["a", None, "é"], "1:a-2:é"),
        ({"kind": "map", "item": INT}, {"é": 1, "z": None}, "1:z-2:é1:1"),
    ],
)
def test_each_type_has_one_text(kind, value, text):
    assert cell(LogicalType(**kind), value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"kind": "int"}, True),
        ({"kind": "int"}, "1"),
        ({"kind": "int"}, 1.0),
        ({"kind": "decimal", "scale": 2}, Decimal("1.005")),
        ({"kind": "decimal", "scale": 2}, Decimal("Infinity")),
        ({"kind": "decimal", "scale": 2}, Decimal("1E+5000")),
        ({"kind": "decimal", "scale": 2}, 1.5),
        ({"kind": "decimal", "scale": 2}, True),
        ({"kind": "float64"}, "1"),
        ({"kind": "float64"}, False),
        ({"kind": "float64"}, 2**53 + 1),
        ({"kind": "float64"}, 10**400),
        ({"kind": "bool"}, 1),
        ({"kind": "date"}, dt.datetime(2026, 1, 1)),
        ({"kind": "date"}, "2026-01-01"),
        ({"kind": "timestamp"}, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ({"kind": "timestamptz"}, dt.datetime(2026, 1, 1)),
        ({"kind": "timestamp"}, dt.date(2026, 1, 1)),
        ({"kind": "timestamp"}, pd.Timestamp("2026-01-01 00:00:00.000000001")),
        ({"kind": "text"}, 1),
        ({"kind": "text"}, "\ud800"),
        ({"kind": "text", "options": ["trim"]}, "\ud800"),
        ({"kind": "bytes"}, "00"),
        ({"kind": "uuid"}, "00000000-0000-0000-0000-00000000000a"),
        ({"kind": "json"}, {"a": math.nan}),
        ({"kind": "list", "item": TEXT}, "ab"),
        ({"kind": "list", "item": TEXT}, [1]),
        ({"kind": "map", "item": TEXT}, {1: "a"}),
        ({"kind": "map", "item": TEXT}, ["a"]),
    ],
)
def test_what_has_no_exact_text_is_an_error_that_names_the_place(kind, value):
    with pytest.raises(InvalidValueError, match=r"^column 'x', row 1: ") as caught:
        rows(RowSchema({"x": LogicalType(**kind)}), {"x": [None, value]})
    assert "1.005" not in str(caught.value)


@given(st.lists(st.tuples(*[st.none() | ADVERSARIAL] * 3), min_size=1, max_size=5))
@example([("1:a", "-", None)])
def test_the_encoding_is_injective_over_adversarial_text(table):
    schema = RowSchema({"a": TEXT, "b": TEXT, "c": LogicalType(kind="text", options=("nfc",))})
    columns = {name: [row[at] for row in table] for at, name in enumerate("abc")}
    for row, data in zip(table, rows(schema, columns), strict=True):
        assert tuple(text if text is None else text.decode() for text in split_row(data, 3)) == row


@given(st.data())
def test_a_list_says_where_its_items_end(data):
    lists = st.lists(st.none() | ADVERSARIAL, max_size=4)
    one, other = data.draw(lists), data.draw(lists)
    kind = LogicalType(kind="list", item=TEXT)
    assert (cell(kind, one) == cell(kind, other)) == (one == other)


def test_maps_ignore_the_order_they_were_made_in():
    kind = LogicalType(kind="map", item=LogicalType(kind="list", item=INT))
    assert cell(kind, {"a": [1], "b": []}) == cell(kind, MappingProxyType({"b": [], "a": [1]}))


def test_the_header_tells_schemas_apart():
    schemas = [
        RowSchema({"a": TEXT, "b": INT}),
        RowSchema({"b": INT, "a": TEXT}),
        RowSchema({"a": INT, "b": INT}),
        RowSchema({"a": LogicalType(kind="text", options=("trim",)), "b": INT}),
        RowSchema({"a": LogicalType(kind="decimal", scale=1), "b": INT}),
        RowSchema({"a": LogicalType(kind="decimal", scale=2), "b": INT}),
        RowSchema({"a": LogicalType(kind="list", item=TEXT), "b": INT}),
    ]
    assert len({schema.digest() for schema in schemas}) == len(schemas)
    assert schemas[0].digest() == hashlib.sha256(schemas[0].header()).digest()
    assert LogicalType(kind="text", options=("trim", "nfc")) == LogicalType(kind="text", options=("nfc", "trim", "nfc"))


def test_row_digests_are_of_the_row_bytes():
    schema = RowSchema({"a": TEXT})
    columns = {"a": ["x", None], "unused": ["y"]}
    expected = [hashlib.sha256(row).digest() for row in (b"1:x", b"-")]
    assert keyed_digests(schema, ["a"], columns) == (expected, expected)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"kind": "txt"}, NotFoundError),
        ({"kind": "text", "options": ["lower"]}, NotFoundError),
        ({"kind": "decimal"}, SchemaError),
        ({"kind": "decimal", "scale": -1}, SchemaError),
        ({"kind": "int", "scale": 1}, SchemaError),
        ({"kind": "int", "options": ["nfc"]}, SchemaError),
        ({"kind": "list"}, SchemaError),
        ({"kind": "int", "item": TEXT}, SchemaError),
    ],
)
def test_types_that_make_no_sense_are_refused(arguments, error):
    with pytest.raises(error):
        LogicalType(**arguments)


def test_columns_must_be_there_and_even():
    schema = RowSchema({"a": TEXT, "b": TEXT})
    with pytest.raises(SchemaError, match="no column 'b'"):
        rows(schema, {"a": []})
    with pytest.raises(ShapeError):
        rows(schema, {"a": ["x"], "b": []})


@pytest.mark.parametrize("data", [b"x", b"01:a", b"2:a", b"1:a", b"1:a1:b-", b"1:ab", b"-1:a"])
def test_bytes_that_are_no_row_of_two_cells_are_refused(data):
    if data == b"-1:a":
        assert split_row(data, 2) == [None, b"a"]
        return
    with pytest.raises(FormatError):
        split_row(data, 2)


@given(st.lists(st.binary(max_size=9)))
def test_parts_are_told_apart(parts):
    assert decode_parts(encode_parts(parts)) == tuple(parts)


@given(st.lists(st.binary(max_size=5)), st.data())
def test_bytes_that_are_no_tuple_of_parts_are_refused(parts, data):
    whole = encode_parts(parts)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for wrong in (cut, whole + b"\0", (len(parts) + 1).to_bytes(8, "big") + whole[8:]):
        with pytest.raises(FormatError):
            decode_parts(wrong)


def test_whole_columns_are_written_as_their_cells_one_by_one() -> None:
    from crmkit._canonical import _row

    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    moments = [dt.datetime(1, 1, 1), dt.datetime(1969, 12, 31, 23, 59, 59, 999_999), dt.datetime(9999, 12, 31, 23)]
    columns: dict[str, list[object]] = {
        "text": [None, "", "a", "客户", "1:a"],
        "int": [None, 0, -1, 2**70, -(2**63)],
        "bool": [True, None, False],
        "float64": [None, 0.0, -0.0, float("nan"), float("inf"), -1e-310, 1 / 3],
        "timestamp": [None, *moments],
        "timestamptz": [None, *(moment.replace(tzinfo=zone) for moment in moments[1:])],
    }
    for kind, values in columns.items():
        logical = LogicalType(kind=kind)  # type: ignore[arg-type]
        cell = _row._cell(logical)
        assert set(map(type, values)) <= _row.FAST[kind][0]
        assert _row._column("c", logical, values) == [cell(value) for value in values]
    for kind, wrong in (("timestamp", columns["timestamptz"]), ("timestamptz", columns["timestamp"])):
        with pytest.raises(InvalidValueError, match="row 1: a time with"):
            rows(RowSchema({"c": LogicalType(kind=kind)}), {"c": wrong})  # type: ignore[arg-type]
