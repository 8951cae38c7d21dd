"""Values come back as what they were, and their length is hidden."""

import datetime as dt
from decimal import Decimal, localcontext
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.encryption import Field
from crmkit.encryption._octets._frame import CODECS, MAX_BYTES, Framer, decimal_text
from crmkit.encryption._octets._record_id import many, record_bytes
from crmkit.errors import DecryptionError, InvalidValueError, RefusedError

UTC8 = dt.timezone(dt.timedelta(hours=8))
VALUES = [
    (str, ["", "a", "张伟", "a" * 29, "a" * 30, "a" * 31, "a" * 62, "a" * 63, "x\0\0", "\x80", "é" * 200]),
    (bytes, [b"", b"\0", b"\x80\0", bytes(range(256))]),
    (int, [0, -1, 10**40, -(2**64)]),
    (Decimal, [Decimal("1.50"), Decimal("-0"), Decimal("1E+3"), Decimal("1e-20")]),
    (bool, [True, False]),
    (dt.date, [dt.date(1, 1, 1), dt.date(2026, 11, 28)]),
    (dt.datetime, [dt.datetime(2026, 1, 2, 3, 4, 5, 6), dt.datetime(2026, 1, 2, tzinfo=UTC8)]),
    ("json", [{"a": "é", "b": [1, None]}, [], None, "x", 7]),
]


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=lambda case: getattr(case, "__name__", None))
@pytest.mark.parametrize("options", [{}, {"bucket": None}, {"suite": 3}, {"encoding": "raw"}], ids=str)
def test_values_of_every_type_come_back_exactly(ring, kind, values, options):
    field = Field("t.f", type=kind, **options)
    box = ring.box([field])
    for value in values:
        token = box.encrypt(field, value, record=1)
        back = box.decrypt(field, token, record=1)
        assert (type(back), str(back)) == (type(value), str(value))
    rows = list(range(len(values)))
    tokens = box.encrypt_column(field, values, records=rows)
    back = box.decrypt_column(field, tokens, records=rows)
    assert [(type(value), str(value)) for value in back] == [(type(value), str(value)) for value in values]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (str, 7),
        (str, b"x"),
        (str, "\ud800"),
        (bytes, "x"),
        (int, True),
        (int, 7.0),
        (int, "7"),
        (Decimal, 1.5),
        (Decimal, True),
        (Decimal, Decimal("Infinity")),
        (bool, 1),
        (dt.date, dt.datetime(2026, 1, 1)),
        (dt.date, "2026-01-01"),
        (dt.datetime, dt.date(2026, 1, 1)),
        ("json", {1: 2}),
        ("json", 1.5),
    ],
)
def test_a_value_of_another_type_is_refused_without_being_shown(ring, kind, wrong):
    field = Field("t.f", type=kind)
    box = ring.box([field])
    with pytest.raises(InvalidValueError):
        box.encrypt(field, wrong, record=1)
    good = next(value for known, values in VALUES if known == kind for value in values)
    with pytest.raises(InvalidValueError, match=r"t\.f, row 2:"):
        box.encrypt_column(field, [good, None, wrong], records=[1, 2, 3])


def test_an_integer_that_python_would_not_write_is_refused(ring):
    field = Field("t.n", type=int, bucket=None)
    box = ring.box([field])
    large = 10**3990
    assert box.decrypt(field, box.encrypt(field, large, record=1), record=1) == large
    with pytest.raises(InvalidValueError, match="digits"):
        box.encrypt(field, 10**4200, record=1)


def test_numpy_numbers_are_numbers(ring):
    whole, truth = Field("t.n", type=int), Field("t.b", type=bool)
    box = ring.box([whole, truth])
    assert box.decrypt(whole, box.encrypt(whole, np.int64(7), record=np.int32(1)), record=1) == 7
    assert box.decrypt(truth, box.encrypt(truth, np.bool_(True), record=1), record=1) is True


def test_missing_stays_missing_unless_the_field_hides_it(ring):
    open_, hidden = Field("t.open"), Field("t.hidden", hide_null=True)
    box = ring.box([open_, hidden])
    assert box.encrypt(open_, None, record=1) is None
    assert box.decrypt(open_, None, record=1) is None
    tokens = box.encrypt_column(hidden, [None, "", "x"], records=[1, 2, 3])
    assert None not in tokens
    assert len(set(map(len, tokens))) == 1
    assert box.decrypt_column(hidden, tokens, records=[1, 2, 3]) == [None, "", "x"]
    assert box.decrypt(hidden, box.encrypt(hidden, None, record=1), record=1) is None
    assert box.decrypt_column(hidden, [None], records=[1]) == [None]


def test_lengths_show_in_buckets_only(ring):
    field = Field("t.f")
    box = ring.box([field])
    sizes = {len(box.encrypt(field, "x" * size, record=1)) for size in range(31)}
    assert sizes == {field.token_length(0)} == {field.token_length(30)} == {115}
    assert len(box.encrypt(field, "x" * 31, record=1)) == field.token_length(31) > 115
    fixed = Field("t.g", fixed=40)
    box = ring.box([fixed])
    assert {len(box.encrypt(fixed, "x" * size, record=1)) for size in (0, 20, 40)} == {fixed.token_length(40)}
    with pytest.raises(InvalidValueError, match="40 bytes"):
        box.encrypt(fixed, "x" * 41, record=1)
    with pytest.raises(InvalidValueError, match="row 1"):
        box.encrypt_column(fixed, ["x", "x" * 41], records=[1, 2])
    bare = Field("t.h", bucket=None)
    assert len({bare.token_length(size) for size in range(10)}) == 10


def test_true_and_false_and_all_dates_have_one_length():
    assert Field("t.b", type=bool).token_length(1) == Field("t.d", type=dt.date).token_length(10)
    assert Field("t.b", type=bool, fixed=30).token_length(1) == Field("t.s", fixed=30).token_length(30)


def test_a_value_too_large_for_a_token_is_refused():
    with pytest.raises(RefusedError, match="seal_file"):
        Framer(str, 32, None, False).size(MAX_BYTES + 1)


@given(st.binary(max_size=100), st.sampled_from(list(CODECS)))
def test_a_frame_that_no_framer_made_is_an_error_of_one_kind(frame, kind):
    framer = Framer(kind, 32, None, False)
    try:
        value = framer.unwrap(frame)
    except ValueError:
        return
    assert framer.wrap(value).rstrip(b"\0") == frame.rstrip(b"\0") or kind in {int, Decimal, dt.datetime, dt.date}


def test_an_authentic_frame_of_another_shape_is_still_no_value(ring):
    field = Field("t.f", type=int)
    box = ring.box([field])
    cipher = box.engine.cipher(field, None, create=False)
    lock = cipher._active
    for frame in (b"", b"i7", b"ix\x80", b"s7\x80", b"n\x80", b"i\x80"):
        token = "crm1." + _spell(lock.header + lock.suite.seal(frame.ljust(32, b"\0"), lock.about, b"i1", bytes(16)))
        with pytest.raises(DecryptionError):
            box.decrypt(field, token, record=1)
        with pytest.raises(DecryptionError):
            box.decrypt_column(field, [token], records=[1])


def test_authentic_frames_of_another_shape_are_no_values_of_a_column(ring):
    field = Field("t.f", bucket=None, encoding="raw")
    box = ring.box([field])
    cipher = box.engine.cipher(field, None, create=False)
    tokens = [cipher._token(b"sabc", b"i1") for _ in range(9)]
    outcome = {}
    assert cipher.open_many(tokens, [b"i1"] * 9, outcome) == [None] * 9
    assert len(outcome) == 9


def test_an_authentic_document_that_is_none_is_no_value():
    for kind, frame in (("json", b"j{\x80"), (Decimal, b"dx\x80"), (bool, b"?2\x80")):
        with pytest.raises(ValueError, match=r"^$"):
            Framer(kind, 32, None, False).unwrap(frame)


def _spell(raw):
    import base64

    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


ONE = UUID("12345678-1234-5678-1234-567812345678")


def test_record_ids_never_coincide():
    texts = ["1", str(ONE), "0"]
    ids = [1, -1, *texts, b"1", ONE, ONE.bytes, (1,), ("1",), (1, "1"), (("", 1), 1), (("a",), "b"), ("a", ("b",))]
    assert len({record_bytes(one) for one in ids}) == len(ids)


def test_what_does_not_name_a_record_for_good_is_refused():
    for bad in (None, 1.0, True, dt.date(2026, 1, 1), [1], (), (1, None), (1.5,), object()):
        with pytest.raises(RefusedError):
            record_bytes(bad)
        with pytest.raises(RefusedError, match="row 1"):
            many(["x", bad])
    with pytest.raises(InvalidValueError, match="surrogate"):
        record_bytes("\ud800")


@pytest.mark.parametrize(
    "empty",
    ["", " ", "\x00", "\u200b\ufeff", "\u3000", b"", b" \x00", UUID(int=0), ("", b"")],
    ids=["none", "space", "nul", "unseen", "wide", "octets", "blank octets", "nil", "tuple"],
)
def test_an_empty_id_names_no_record(empty, ring):
    with pytest.raises(RefusedError, match="an empty"):
        record_bytes(empty)
    with pytest.raises(RefusedError, match="row 1: an empty"):
        many(["x", empty])
    email = Field("contacts.email", bound=("owner",))
    box = ring.box([email])
    with pytest.raises(RefusedError, match="row 0: an empty"):
        box.encrypt_column(email, ["a@x", "b@x"], records=[empty, empty], bound={"owner": [1, 1]})
    with pytest.raises(RefusedError, match="an empty"):
        box.seal({"id": empty, "email": "x", "owner": 1})
    token = box.encrypt(email, "a@x", record=(1, ""), bound={"owner": ""})
    assert box.decrypt(email, token, record=(1, ""), bound={"owner": ""}) == "a@x", "empty beside what is not is said"
    for spare in ("0", 0, b"\x01", "\ud7ff", "-"):
        assert record_bytes(spare)


def test_a_box_that_knows_its_record_type_reads_it_strictly():
    assert record_bytes("42", int) == record_bytes(np.int64(42), int) == record_bytes(42)
    assert record_bytes(str(ONE), UUID) == record_bytes(ONE)
    assert record_bytes("x", str) == b"sx"
    assert many([1, 2]) == many(["1", "2"], int) == [b"i1", b"i2"]
    for bad, kind in [
        ("042", int),
        ("4.0", int),
        (" 42", int),
        (True, int),
        (42, str),
        ("x", UUID),
        (7.0, int),
        (7, UUID),
    ]:
        with pytest.raises((InvalidValueError, RefusedError)):
            record_bytes(bad, kind)
    with pytest.raises(InvalidValueError, match="row 1"):
        many(["1", "x"], int)
    with pytest.raises(RefusedError):
        record_bytes(None, int)


@pytest.mark.parametrize("records", [[1, 2], np.array([1, 2]), ("1", "2"), [np.int64(1), "2"]], ids=str)
def test_ids_of_every_kind_name_one_record_where_the_type_is_told(ring, records):
    field = Field("t.f")
    box = ring.box([field], record_type=int)
    tokens = box.encrypt_column(field, ["a", "b"], records=records)
    assert [box.decrypt(field, token, record=row) for row, token in zip([1, 2], tokens, strict=True)] == ["a", "b"]


def test_moments_that_would_not_come_back_are_refused(ring):
    """pandas has a datetime that is none, and one with nanoseconds that Python's reader drops."""
    pd = pytest.importorskip("pandas", reason="needs pandas")
    when = Field("contacts.seen", type=dt.datetime)
    box = ring.box([when])
    for value in (pd.NaT, pd.Timestamp("2026-11-28 12:00:00.123456789")):
        with pytest.raises(InvalidValueError, match="whole microseconds"):
            box.encrypt(when, value, record=1)
    exact = pd.Timestamp("2026-11-28 12:00:00.123456")
    assert box.decrypt(when, box.encrypt(when, exact, record=1), record=1) == exact


@pytest.mark.parametrize("value", [{"canary": 1.5}, {"canary": object()}, ["canary\ud800"], {"canary": 2**60}])
def test_json_that_cannot_be_encrypted_is_refused_without_its_keys(ring, value):
    document = Field("contacts.extra", type="json")
    with pytest.raises(InvalidValueError) as caught:
        ring.box([document]).encrypt(document, value, record=1)
    assert caught.value.__context__ is None
    assert "canary" not in str(caught.value)


def test_numbers_have_one_spelling_whatever_the_context_of_the_thread():
    long = Decimal("1." + "0" * 40 + "1")
    assert decimal_text(long) == str(long)
    with localcontext() as context:
        context.prec = 3
        assert decimal_text(Decimal("123456.500")) == "123456.5"
        assert decimal_text(Decimal("-1E+5")) == "-100000"
        assert decimal_text(Decimal("-0.00")) == "0"
    for number in (Decimal("1E+99999999"), Decimal("1E-99999999")):
        with pytest.raises(InvalidValueError, match="10,000 digits"):
            decimal_text(number)


def test_whole_numbers_that_pandas_made_floats_are_refused_with_a_way_out(ring):
    number = Field("contacts.age", type=int)
    with pytest.raises(InvalidValueError, match="Int64"):
        ring.box([number]).encrypt_column(number, [1.0, None], records=[1, 2])


def test_documents_are_judged_where_tokens_are_deterministic(ring):
    document = Field("contacts.extra", type="json", deterministic=True)
    with pytest.raises(RefusedError, match="1 different"):
        ring.box([document]).encrypt_column(document, [{"a": [1]}] * 3000)
