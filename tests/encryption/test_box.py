"""What a box does with single values, columns and records, and what it refuses."""

import datetime as dt
from decimal import Decimal

import attrs
import numpy as np
import pytest

from crmkit.encryption import AcceptedLeak, Field, Index, Keyring, acting
from crmkit.errors import (
    AccessDeniedError,
    CheckFailedError,
    DecryptionError,
    DoubleEncryptionError,
    InvalidValueError,
    NotFoundError,
    RefusedError,
    SchemaError,
    ShapeError,
    SystemicFailureError,
    TokenError,
    TokenFormatError,
)

REASON = AcceptedLeak("accepted for the sake of this test")


def test_a_token_opens_only_where_it_belongs(ring, wrapper, tmp_path, email):
    fields = [email, Field("contacts.phone"), Field("leads.email", column="lead_email"), Field("contacts.n", type=int)]
    box = ring.box(fields)
    token = box.encrypt(email, "ana@example.com", record=42)
    for record in (43, "42", (42,), b"42", -42):
        with pytest.raises(DecryptionError, match=r"^this token cannot be opened here$"):
            box.decrypt(email, token, record=record)
    for field in fields[1:]:
        with pytest.raises(TokenError):
            box.decrypt(field, token, record=42)
    typed = Field("contacts.email", type=bytes, normalizer="email-v1", indexes=email.indexes)
    with pytest.raises(DecryptionError):
        ring.box([typed]).decrypt(typed, token, record=42)
    other = Keyring.create(tmp_path / "o", wrapper=wrapper, tenant="globex").box([email])
    with pytest.raises(TokenError):
        other.decrypt(email, token, record=42)
    assert (
        box.decrypt("email", token, record=42) == box.decrypt("contacts.email", token, record=42) == "ana@example.com"
    )


def test_equal_values_look_different_but_for_deterministic_fields(ring):
    random, det = Field("t.a"), Field("t.b", deterministic=True)
    box = ring.box([random, det])
    assert len({box.encrypt(random, "x", record=1) for _ in range(50)}) == 50
    assert len({box.encrypt(det, "x", record=n) for n in range(50)}) == 1
    assert box.decrypt(det, box.encrypt(det, "x")) == "x"
    assert box.decrypt_column(det, box.encrypt_column(det, ["x", "y"])) == ["x", "y"]
    unbound = Field("t.c", bind_record=False)
    box = ring.box([unbound])
    token = box.encrypt(unbound, "x", record=1)
    assert box.decrypt(unbound, token) == "x"
    assert box.decrypt_column(unbound, [token]) == ["x"]


def test_what_is_a_token_already_is_not_encrypted_again(ring, email):
    raw = Field("t.raw", type=bytes, encoding="raw")
    box = ring.box([email, raw])
    token = box.encrypt(email, "ana@example.com", record=1)
    with pytest.raises(DoubleEncryptionError, match="rebind"):
        box.encrypt(email, token, record=1)
    with pytest.raises(DoubleEncryptionError, match="row 1"):
        box.encrypt_column(email, ["x", token], records=[1, 2])
    octets = box.encrypt(raw, b"x", record=1)
    with pytest.raises(DoubleEncryptionError):
        box.encrypt(raw, octets, record=1)
    for near in ("crm1.", "crm1.hello", token[:-1]):  # text that merely resembles one is text
        assert box.decrypt(email, box.encrypt(email, near, record=1), record=1) == near
        assert box.decrypt_column(email, box.encrypt_column(email, [near], records=[1]), records=[1]) == [near]


def test_tokens_of_the_wrong_kind_of_column_are_told(ring, email):
    raw = Field("t.raw", encoding="raw")
    box = ring.box([email, raw])
    with pytest.raises(InvalidValueError, match="as text"):
        box.decrypt(email, b"x", record=1)
    with pytest.raises(InvalidValueError, match="as bytes"):
        box.decrypt(raw, "x", record=1)
    with pytest.raises(InvalidValueError, match="row 0"):
        box.decrypt_column(email, [7], records=[1])
    token = box.encrypt(raw, "x", record=1)
    assert box.decrypt(raw, memoryview(token), record=1) == "x"
    assert box.decrypt_column(raw, [bytearray(token), token], records=[1, 1]) == ["x", "x"]


def test_records_and_fields_must_be_named(box, email):
    with pytest.raises(RefusedError, match="record="):
        box.encrypt(email, "x")
    with pytest.raises(RefusedError, match="records="):
        box.encrypt_column(email, ["x"])
    with pytest.raises(ShapeError):
        box.encrypt_column(email, ["x"], records=[1, 2])
    with pytest.raises(RefusedError, match="row 1"):
        box.encrypt_column(email, ["x", "y"], records=[1, None])
    with pytest.raises(NotFoundError, match=r"did you mean 'contacts\.email'"):
        box.encrypt("contacts.emial", "x", record=1)
    with pytest.raises(NotFoundError):
        box.encrypt(Field("contacts.email"), "x", record=1)  # of the same name, and another field
    with pytest.raises(NotFoundError, match="collect"):
        box.decrypt_column(email, [], records=[], on_error="colect")
    with pytest.raises(RefusedError, match="subjects"):
        box.engine.subjects  # noqa: B018
    with pytest.raises(RefusedError, match="subjects="):
        box.ring.box([Field("t.s", subject=True)])


def test_two_fields_of_one_name_are_refused(ring):
    for fields in ([Field("t.a"), Field("t.a")], [Field("t.a"), Field("u.a")]):
        with pytest.raises(RefusedError, match="called"):
            ring.box(fields)
    ring.box([Field("t.a"), Field("u.a", column="ua")])


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"name": "email"}, "name"),
        ({"name": "t."}, "name"),
        ({"name": ".f"}, "name"),
        ({"name": "t\n.f"}, "name"),
        ({"type": float}, "type"),
        ({"type": "xml"}, "type"),
        ({"bucket": 20}, "padding"),
        ({"bucket": 0}, "padding"),
        ({"fixed": 0}, "padding"),
        ({"fixed": True}, "padding"),
        ({"suite": 2}, "suite"),
        ({"encoding": "hex"}, "encoding"),
        ({"deterministic": True, "suite": 3}, "deterministic"),
        ({"deterministic": True, "subject": True}, "deterministic"),
        ({"deterministic": True, "type": bool}, "low_entropy"),
        ({"deterministic": True, "type": dt.date}, "low_entropy"),
        ({"type": dt.date, "indexes": [Index.unique()]}, "low_entropy"),
        ({"country": "CN"}, "country"),
        ({"hide_null": True, "indexes": [Index.unique()]}, "hide_null"),
        ({"normalizer": "name-v1", "indexes": [Index.unique()]}, "low_entropy"),
        ({"indexes": [Index.unique(), Index.unique()]}, "name"),
        ({"indexes": [Index.filter(rows=1000, bits=8), Index.prefix(3, rows=1000, bits=8)]}, "index_bits"),
    ],
    ids=str,
)
def test_fields_that_would_not_protect_are_refused(options, rule):
    with pytest.raises(RefusedError) as caught:
        Field(**{"name": "t.f", **options})
    assert caught.value.rule == rule


def test_fields_that_say_why_are_taken(ring):
    Field("t.f", deterministic=True, type=bool, accept=REASON)
    Field("t.f", hide_null=True, indexes=[Index.unique(accept=REASON)])
    Field("t.f", type=dt.date, indexes=[Index.unique(accept=REASON), Index.compound("name", rows=1000)])
    Field("t.f", normalizer="name-v1", indexes=[Index.filter(rows=1000, accept=REASON)])
    Field("t.f", indexes=[Index.unique(), Index.filter(rows=1000), Index.prefix(3, rows=1000)])
    Field("t.f", indexes=[Index.filter(rows=10**6, bits=9, accept=REASON), Index.last(2, rows=10**6, bits=10)])
    Field("t.f", indexes=[Index.filter(rows=10**6, bits=10), Index.last(1, rows=10**6, bits=10)])
    with pytest.raises(NotFoundError):
        Field("t.f", normalizer="emial-v1")
    with pytest.raises(NotFoundError):
        Field("t.f", mask="ful")


def test_a_deterministic_column_with_few_values_is_refused_once_it_shows(ring):
    field, told = Field("t.a", deterministic=True), Field("t.b", deterministic=True, accept=REASON)
    box = ring.box([field, told])
    assert len(set(box.encrypt_column(field, ["x"] * 100))) == 1  # too few rows to tell
    with pytest.raises(RefusedError, match="different values") as caught:
        box.encrypt_column(field, ["x", "y"] * 2000)
    assert caught.value.rule == "low_entropy"
    box.encrypt_column(told, ["x", "y"] * 2000)
    box.encrypt_column(field, [str(n) for n in range(3000)])
    box.encrypt_column(field, [str(n) for n in range(3000)])  # judged already


def test_columns_of_every_kind_come_back_as_their_kind(box, email):
    pd = pytest.importorskip("pandas", reason="needs pandas")
    pl = pytest.importorskip("polars", reason="needs polars")
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    values = ["ana@example.com", None, "张@例子.example"]
    kinds = {
        "list": list,
        "tuple": tuple,
        "numpy": lambda v: np.array(v, dtype=object),
        "pandas": pd.Series,
        "polars": pl.Series,
        "arrow": pa.array,
        "chunked": lambda v: pa.chunked_array([v]),
    }
    for make in kinds.values():
        records = make([1, 2, 3])
        tokens = box.encrypt_column(email, make(values), records=records)
        assert type(tokens) is type(make(values)) or isinstance(tokens, pa.Array)
        back = box.decrypt_column(email, tokens, records=records)
        assert [value if isinstance(value, str) else None for value in _list(back)] == values
        terms = _list(box.index_column(email, make(values)))
        assert terms[0] == box.index_values(email, values[0])["unique"]
    frame = pd.DataFrame({"id": [1, 2, 3], "email": values}, index=[7, 8, 9])
    frame["token"] = box.encrypt_column(email, frame["email"], records=frame["id"])
    assert box.decrypt_column(email, frame["token"], records=frame["id"]).tolist()[2] == values[2]
    with pytest.raises(SchemaError, match="not a column"):
        box.encrypt_column(email, frame, records=frame["id"])
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
    relation = duckdb.sql("select 'ana@example.com' as email, 1 as id")
    table = relation.to_arrow_table()
    assert box.encrypt_column(email, table["email"], records=table["id"])[0].as_py().startswith("crm1.")


def _list(column):
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)


def test_failures_are_collected_by_row_and_never_passed_off_as_values(box, email):
    values = [f"{n}@example.com" for n in range(2000)]
    rows = list(range(2000))
    tokens = box.encrypt_column(email, values, records=rows)
    bad = list(tokens)
    bad[3], bad[5], bad[8] = "plain", tokens[6], tokens[8][:-5]
    with pytest.raises(TokenFormatError, match=r"contacts\.email, row 3"):
        box.decrypt_column(email, bad, records=rows)
    outcome = box.decrypt_column(email, bad, records=rows, on_error="collect")
    assert [(failure.row, failure.error) for failure in outcome.failures] == [
        (3, "PlaintextFoundError"),
        (5, "DecryptionError"),
        (8, "DecryptionError"),
    ] or outcome.failures[2].error == "TokenFormatError"
    assert [outcome.values[row] for row in (2, 3, 4, 5, 8)] == [values[2], None, values[4], None, None]
    assert (outcome.ok, sum(outcome.counts().values())) == (False, 3)
    with pytest.raises(CheckFailedError, match="row 3"):
        outcome.raise_for()
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(outcome)
    good = box.decrypt_column(email, tokens, records=rows, on_error="collect")
    good.raise_for()
    assert good.ok
    with pytest.raises(SystemicFailureError, match="another key") as caught:
        box.decrypt_column(email, tokens, records=rows[::-1], on_error="collect")
    assert (caught.value.failed, caught.value.total) == (2000, 2000)


def test_columns_of_old_and_new_tokens_mixed_are_read(box, email, ring):
    rows = list(range(30))
    old = box.encrypt_column(email, ["a"] * 30, records=rows)
    ring.rotate()
    new = box.encrypt_column(email, ["b"] * 30, records=rows)
    mixed = [pair[row % 2] for row, pair in enumerate(zip(old, new, strict=True))]
    assert box.decrypt_column(email, mixed, records=rows) == ["a", "b"] * 15
    assert [box.needs_rewrite(email, token) for token in (old[0], new[0], None)] == [True, False, False]


def test_values_of_all_lengths_in_one_column(box, email):
    values = ["x" * size for size in range(300)] + [None, "é" * 50, "\0"]
    rows = list(range(len(values)))
    tokens = box.encrypt_column(email, values, records=rows)
    assert box.decrypt_column(email, tokens, records=rows) == values
    assert box.encrypt_column(email, [], records=[]) == []
    assert box.decrypt_column(email, [], records=[]) == []


@attrs.frozen
class Contact:
    id: int
    name: str
    email: str | None = None
    age: int | None = None


def test_records_are_sealed_and_opened(ring):
    email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique(), Index.compound("name", rows=1000)])
    age = Field("contacts.age", type=int, hide_null=True)
    box = ring.box([email, age])
    contact = Contact(7, "Ana", "ana@example.com", None)
    row = box.seal(contact)
    assert set(row) == {"id", "name", "email", "age", "email_unique", "email_with_name"}
    assert row["email"].startswith("crm1.")
    assert row["age"].startswith("crm1.")
    assert box.open(row, into=Contact) == contact
    assert box.open(row)["email"] == "ana@example.com"
    empty = box.seal({"id": 8, "name": None, "email": None})
    assert (empty["email"], empty["email_unique"], empty["email_with_name"]) == (None, None, None)
    assert box.open(empty) == {"id": 8, "name": None, "email": None}
    nameless = box.seal({"id": 8, "email": "a@example.com"})
    assert nameless["email_with_name"] is None
    with pytest.raises(SchemaError, match="column that names the record, and it has none of that name"):
        box.seal({"email": "x"}, key="key")
    with pytest.raises(DecryptionError):
        box.open({**row, "id": 8})
    pydantic = pytest.importorskip("pydantic", reason="needs pydantic")

    class Person(pydantic.BaseModel):
        id: int
        email: str

    sealed = box.seal(Person(id=1, email="a@example.com"))
    assert box.open({"id": 1, "email": sealed["email"]}, into=Person) == Person(id=1, email="a@example.com")


def test_rebinding_moves_a_value_to_another_record(box, email, sink, ring):
    audited = ring.box([email], audit=sink)
    token = audited.encrypt(email, "ana@example.com", record=1)
    moved = audited.rebind(email, token, record=1, to_record=2)
    assert audited.decrypt(email, moved, record=2) == "ana@example.com"
    with pytest.raises(DecryptionError):
        audited.decrypt(email, moved, record=1)
    with pytest.raises(DecryptionError):
        audited.rebind(email, token, record=3, to_record=2)
    assert audited.rebind(email, None, record=1, to_record=2) is None
    assert sink.events[0]["action"] == "encryption.rebind"


def test_every_decryption_is_told_and_never_a_value(ring, email, sink):
    box = ring.box([email], audit=sink)
    token = box.encrypt(email, "canary@example.com", record=1)
    assert sink.events == []
    with acting(actor="lin", purpose="case 17"):
        box.decrypt(email, token, record=1)
        box.decrypt_column(email, [token, None], records=[1, 2])
    with pytest.raises(DecryptionError):
        box.decrypt(email, token, record=2)
    box.decrypt(email, None, record=2)
    one, column, failed = sink.events
    assert (one["actor"], one["purpose"], one["resource"], one["outcome"]) == (
        "lin",
        "case 17",
        ("contacts", "1"),
        "ok",
    )
    assert (column["count"], column["fields"]) == (1, ("contacts.email",))
    assert (failed["outcome"], failed["actor"], failed["detail"]) == ("failed", None, {"error": "DecryptionError"})
    assert "canary" not in str(sink.events)

    class Full:
        def record(self, action, **event):
            raise OSError("the log is full")

    with pytest.raises(OSError, match="full"):
        ring.box([email], audit=Full()).decrypt(email, token, record=1)


def test_a_box_may_require_a_purpose(ring, email):
    box = ring.box([email], require_purpose=True)
    token = box.encrypt(email, "x", record=1)
    for call in (
        lambda: box.decrypt(email, token, record=1),
        lambda: box.decrypt_column(email, [token], records=[1]),
    ):
        with pytest.raises(RefusedError) as caught:
            call()
        assert caught.value.rule == "purpose_missing"
        for blank in ("", "  ", "\t\n", "\u3000", "\u200b", 7):
            with acting(purpose=blank), pytest.raises(RefusedError):
                call()
        with acting(purpose="support"):
            assert call() in ("x", ["x"])


def test_what_is_no_pair_is_no_candidate(box, email):
    row = box.seal({"id": 1, "email": "ana@example.com"})
    token = row["email"]
    assert box.find(email, "ana@example.com", [(1, token), [2, None]]) == [1]
    for wrong in (row, {"id": 1, "email": token}, token, (1,), (1, token, 2), 1, None, b"ab"):
        with pytest.raises(InvalidValueError, match="pair of record and token") as caught:
            box.find(email, "ana@example.com", [wrong])
        assert token not in str(caught.value)


def test_pseudonyms_join_within_an_export_and_not_across(ring, wrapper, tmp_path, box):
    one = box.pseudonym("Ana@Example.com", export="2026-Q3", normalizer="email-v1")
    assert one == box.pseudonym("ana@example.com", export="2026-Q3", normalizer="email-v1")
    assert one != box.pseudonym("ana@example.com", export="2026-Q4", normalizer="email-v1")
    assert one != box.pseudonym("ana@example.com", export="2026-Q3")
    assert len(one) == 26
    assert one.isalnum()
    assert box.pseudonym(None, export="x") is None
    assert box.pseudonym(7, export="x") == box.pseudonym("7", export="x")
    with pytest.raises(RefusedError):
        box.pseudonym("x", export="")
    with pytest.raises(NotFoundError):
        box.pseudonym("x", export="x", normalizer="email")


class Access:
    def __init__(self, **levels):
        self.levels = levels

    def level(self, resource, field, record):
        answer = self.levels.get(field, "hidden")
        return answer(record) if callable(answer) else answer


def test_a_guarded_box_shows_values_masks_or_nothing(ring, sink):
    email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])
    phone = Field("contacts.phone", normalizer="e164-v1")
    pay = Field("contacts.pay", type=Decimal)
    box = ring.box([email, phone, pay], audit=sink)
    row = box.seal({"id": 1, "email": "ana@example.com", "phone": "+8613800138000", "pay": Decimal("1.50")})
    guarded = box.for_principal(Access(email="masked", phone="read", pay="masked"))
    assert guarded.open(row) == {"id": 1, "email": "a***@example.com", "phone": "+8613800138000", "pay": "***"}
    assert [event["fields"] for event in sink.events] == [("contacts.email",), ("contacts.phone",)]
    hidden = box.for_principal(Access(email=lambda record: "write" if record and record["id"] == 1 else "hidden"))
    assert hidden.open(row) == {"id": 1, "email": "ana@example.com", "phone": None, "pay": None}
    assert sink.events[-1]["outcome"] == "denied"
    assert hidden.decrypt(email, None, record=1) is None
    assert hidden.decrypt(email, row["email"], record=1) is None
    assert guarded.decrypt(pay, None, record=1) is None
    tokens = [row["email"], None]
    assert guarded.decrypt_column(email, tokens, records=[1, 1]) == ["a***@example.com", None]
    assert guarded.decrypt_column(pay, [row["pay"], None], records=[1, 1]) == ["***", None]
    assert guarded.decrypt_column(phone, [row["phone"]], records=[1]) == ["+8613800138000"]
    assert hidden.decrypt_column(email, tokens, records=[1, 1]) == [None, None]
    assert guarded.open({"id": 1}) == {"id": 1}
    assert repr(guarded) == "<GuardedBox of 'acme'>"
    with pytest.raises(AccessDeniedError):
        box.for_principal(Access(email="yes")).decrypt(email, row["email"], record=1)


def test_a_hidden_value_is_not_even_decrypted(ring, email):
    box = ring.box([email])
    guarded = box.for_principal(Access())
    assert guarded.decrypt(email, "this is no token at all", record=1) is None
    assert box.for_principal(Access(email="masked")).level(email) == "masked"


def test_a_masked_missing_value_stays_missing(ring):
    field = Field("t.email", normalizer="email-v1", hide_null=True)
    box = ring.box([field])
    guarded = box.for_principal(Access(email="masked"))
    assert guarded.decrypt(field, box.encrypt(field, None, record=1), record=1) is None


def test_columns_of_other_rows_are_refused(box, email, ring):
    """By position a value would be bound to the record of another row; by label pandas would have paired them."""
    pd = pytest.importorskip("pandas", reason="needs pandas")
    values, ids = pd.Series(["a", "b"]), pd.Series([1, 2])
    tokens = box.encrypt_column(email, values, records=ids)
    assert list(box.decrypt_column(email, tokens, records=[1, 2])) == ["a", "b"]
    assert list(box.decrypt_column(email, list(tokens), records=ids)) == ["a", "b"]
    turned = ids.sort_index(ascending=False)
    owned = Field("contacts.owned", bound=("owner",))
    owners = ring.box([owned])
    for attempt in (
        lambda: box.encrypt_column(email, values, records=turned),
        lambda: box.decrypt_column(email, tokens, records=turned),
        lambda: box.decrypt_column(email, tokens, records=turned, on_error="collect"),
        lambda: box.rebind_column(email, tokens, records=ids, to_records=turned),
        lambda: box.for_principal(_Reader()).decrypt_column(email, tokens, records=turned),
        lambda: owners.encrypt_column(owned, values, records=ids, bound={"owner": turned}),
        lambda: box.encrypt_column(email, values, records=ids[:1]),
    ):
        with pytest.raises(ShapeError, match="same rows"):
            attempt()


class _Reader:
    def level(self, resource, field, record):
        return "read"


def test_a_field_of_the_same_name_with_other_settings_is_told(box):
    with pytest.raises(NotFoundError, match="other settings"):
        box.encrypt(Field("contacts.email", bucket=None), "x", record=1)
