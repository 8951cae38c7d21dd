"""Columns are put together by numpy; every step must give what the code for one value gives, or leave it to it."""

import os

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.encryption import Field
from crmkit.encryption._octets import _alike, _token
from crmkit.encryption._values._cipher import _paddings
from crmkit.errors import DoubleEncryptionError, InvalidValueError, TokenError

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=20)
PREFIX = _token.encode(bytes((1, 1)) + bytes(range(16)))


@given(st.lists(st.binary(max_size=5)))
def test_groups_are_those_of_a_dictionary(items):
    slow = {}
    for place, item in enumerate(items):
        slow.setdefault(len(item), []).append(place)
    slow.pop(0, None)
    found = [(list(places), list(alike)) for places, alike in _alike.groups(items)]
    assert found == [(slow[size], [items[at] for at in slow[size]]) for size in sorted(slow)]


@given(st.integers(1, 40), st.integers(1, 9), st.data())
def test_cutting_and_joining_octets(size, count, data):
    octets = data.draw(st.binary(min_size=size * count, max_size=size * count))
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert _alike.cut(octets, size) == pieces
    if size > 1:
        at = data.draw(st.integers(1, size - 1))
        left, right = _alike.columns(octets, size, at)
        assert (left, right) == ([one[:at] for one in pieces], [one[at:] for one in pieces])
        assert _alike.beside(b"".join(left), at, b"".join(right), size - at) == octets


@given(st.integers(1, 50), st.integers(1, 9))
def test_tokens_are_spelt_and_read_as_one_by_one(size, count):
    bodies = os.urandom(size * count)
    tokens = _alike.spell(PREFIX, bodies, count)
    head = _token.decode_body(PREFIX[len(_token.MARKER) :])
    assert tokens == [_token.encode(head + body) for body in _alike.cut(bodies, size)]
    assert _alike.read(PREFIX, tokens) == bodies


def test_what_the_careful_reader_refuses_is_left_to_it():
    token = _alike.spell(PREFIX, os.urandom(64), 1)[0]
    for place in range(len(token)):
        for char in "+/=!\n é\0A_":
            other = token[:place] + char + token[place + 1 :]
            try:
                wanted = _token.decode_body(other[len(PREFIX) :]) if other.startswith(PREFIX) else None
            except TokenError:
                wanted = None
            found = _alike.read(PREFIX, [other])
            assert found == wanted
            assert (_alike.read(PREFIX, [token, other]) is None) == (wanted is None)
    assert _alike.read(PREFIX, [PREFIX]) is None
    assert _alike.read(PREFIX, [PREFIX + "A" * 5]) is None


@pytest.mark.parametrize("options", [{}, {"bucket": None}, {"fixed": 80}, {"bucket": 16}], ids=str)
@given(texts=TEXTS)
@example(texts=["a\0b"])
@example(texts=["a\0sb", ""])
@example(texts=["\0"])
@example(texts=["\x80", "é", "ÿ", "\u0100"])
def test_frames_of_texts_are_those_of_the_framer(options, texts):
    framer = Field("t.f", **options).framer
    slow = [framer.wrap(text) for text in texts]
    quick = _alike.frames_of_texts(texts, _paddings(framer)) if texts else []
    assert quick == slow or (quick is None and any("\0" in text for text in texts))
    for _, alike in _alike.groups(slow):
        wanted = [framer.unwrap(frame) for frame in alike]
        found = _alike.texts_of_frames(alike)
        assert found == wanted or (found is None and any("\0" in text for text in wanted))


@given(st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=5))
@example([b"s\x80\0\0", b"\0\0\0\0"])
@example([b"s\xff\x80\0"])
@example([b"sa\x80b"])
@example([b"s\x80\x80\0"])
@example([b"\x80\0\0\0"])
@example([b"s\xc3\x80\0", b"s\xa9\x80\0"])
def test_frames_that_are_no_text_are_left_to_the_framer(frames):
    framer = Field("t.f", bucket=None).framer
    found = _alike.texts_of_frames(frames)
    try:
        wanted = [framer.unwrap(frame) for frame in frames]
    except ValueError:
        assert found is None
    else:
        assert found == wanted or (found is None and any("\0" in text for text in wanted))


def test_no_text_is_too_odd_for_a_column(ring):
    texts = [
        "",
        "a",
        None,
        "\0",
        "x" * 511,
        "x" * 512,
        "x" * 5000,
        "张伟",
        "a\nb",
        "crm1.",
        "crm1.no token",
        "s\x80",
        None,
    ]
    rows = list(range(9 * len(texts)))
    for options in ({}, {"bucket": None}, {"fixed": 5000}, {"hide_null": True}, {"suite": 3}, {"encoding": "raw"}):
        field = Field("t.f", **options)
        box = ring.box([field])
        for some in (texts, texts * 9, [text for text in texts if text and "\0" not in text and "crm1" not in text]):
            tokens = box.encrypt_column(field, some, records=rows[: len(some)])
            alone = [box.encrypt(field, text, record=row) for row, text in enumerate(some)]
            assert [token and len(token) for token in tokens] == [token and len(token) for token in alone]
            assert box.decrypt_column(field, tokens, records=rows[: len(some)]) == some
            assert box.decrypt_column(field, alone, records=rows[: len(some)]) == some


def test_an_odd_value_among_many_is_named_by_its_row(ring):
    field = Field("t.f")
    box = ring.box([field])
    token = box.encrypt(field, "x", record=1)
    many = ["x"] * 5000
    for bad, error in ((7, InvalidValueError), ("\ud800", InvalidValueError), (token, DoubleEncryptionError)):
        many[4999] = bad
        with pytest.raises(error, match="row 4999"):
            box.encrypt_column(field, many, records=range(5000))
    with pytest.raises(InvalidValueError, match="row 1"):
        ring.box([short := Field("t.f", fixed=2)]).encrypt_column(short, ["ab", "abc"], records=[1, 2])


def test_no_two_rows_of_a_column_have_one_nonce(ring):
    field = Field("t.f", encoding="raw")
    tokens = ring.box([field]).encrypt_column(field, ["x"] * 9000, records=np.arange(9000))
    assert len({token[18:34] for token in tokens}) == 9000
