from __future__ import annotations

import json
import math
import struct
from types import MappingProxyType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit._canonical import MAX_SAFE_INT, jcs, json_bytes, parse_json
from crmkit.errors import FormatError, InvalidValueError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INT, MAX_SAFE_INT) | TEXT,
    lambda items: st.lists(items, max_size=4) | st.dictionaries(TEXT, items, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", ["arrays", "french", "structures"])
def test_published_vectors(conformance, name):
    folder = conformance / "jcs"
    value = json.loads((folder / "input" / f"{name}.json").read_text(encoding="utf-8"))
    expected = (folder / "output" / f"{name}.json").read_bytes()
    assert jcs(value) == expected == bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        # RFC 8785, appendix B
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_ecmascript_does(bits, text):
    assert jcs(struct.unpack(">d", bytes.fromhex(bits))[0]) == text.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_read_back(number):
    assert json.loads(jcs(number), parse_int=float) == number


@given(PLAIN)
@example({"\U0001f600": 1, "\ufb33": 2, "a": 3})
def test_both_forms_agree_and_are_read_back(value):
    data = json_bytes(value)
    assert data == jcs(value)
    assert parse_json(data) == value
    assert json_bytes(parse_json(data)) == data


def test_keys_go_by_utf_16_code_units():
    assert list(json.loads(json_bytes({"\ufb33": 1, "\U0001f600": 2, "é": 3, "z": 4}))) == [
        "z",
        "é",
        "\U0001f600",
        "\ufb33",
    ]


def test_tuples_and_mappings_of_any_make_are_taken():
    assert json_bytes(MappingProxyType({"b": (1, "x"), "a": None})) == b'{"a":null,"b":[1,"x"]}'


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [1.5, 2**53, -(2**53), {1: 2}, b"x", {"a": {1, 2}}, ["\ud800"], {"\udfff": 1}, deep(300), object()]
)
def test_what_the_narrow_form_lacks_is_an_error(value):
    with pytest.raises(InvalidValueError):
        json_bytes(value)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**53 + 1, 10**400, {1: 2}, b"x", ["\ud800"], deep(300), {"a": object()}]
)
def test_what_json_cannot_say_exactly_is_an_error(value):
    with pytest.raises(InvalidValueError):
        jcs(value)


def test_integers_that_a_double_holds_are_numbers_in_the_wide_form():
    assert jcs([2**53, 2**60, True, None, {"a": {}, "b": []}]) == (
        b'[9007199254740992,1152921504606847000,true,null,{"a":{},"b":[]}]'
    )


def test_messages_name_the_place_and_never_the_value():
    with pytest.raises(InvalidValueError, match=r"^\$\.people\[1\]\.score: crmkit-json/1 has no floats"):
        json_bytes({"people": [{}, {"score": 12.34567}]})


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":2}', b"1.0", b"NaN", b"1e3", b"9007199254740992",
        b'"\\u00e9"', b'"\xff"', b" 1", b"01", b"[" * 5000, b'"\\ud800"', b"-0",
    ],
)  # fmt: skip
def test_only_the_one_way_of_writing_is_read(data):
    with pytest.raises(FormatError):
        parse_json(data)
