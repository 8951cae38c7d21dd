"""Fields bound to their owner: who may write ``owner_id`` beside a token cannot show it to that owner's readers."""

import sqlite3
import uuid
from contextlib import closing

import pytest

from crmkit.encryption import Field, Index, Rotator, SQLiteTokenTable, encrypted_type
from crmkit.errors import DecryptionError, RefusedError, SchemaError, ShapeError, UnknownKeyError

EMAIL = Field("contacts.email", normalizer="email-v1", bound=("owner_id",))


@pytest.fixture(params=[{}, {"suite": 3}, {"encoding": "raw"}, {"bind_record": False}], ids=str)
def bound(request, ring):
    field = Field("contacts.email", bound=("owner_id", "team"), **request.param)
    return ring.box([field]), field


def test_a_token_opens_beside_its_owner_only(bound):
    box, field = bound
    own = {"owner_id": 7, "team": None}
    token = box.encrypt(field, "ana@example.com", record=1, bound=own)
    assert box.decrypt(field, token, record=1, bound=dict(reversed(own.items()))) == "ana@example.com"
    assert box.matches(field, token, "ANA@example.com", record=1, bound=own)
    for other in ((8, None), ("7", None), (7, "x"), (7, 0), (None, 7), (None, None), (7, "")):
        with pytest.raises(DecryptionError):
            box.decrypt(field, token, record=1, bound=dict(zip(own, other, strict=True)))


def test_columns_are_bound_row_by_row(bound):
    box, field = bound
    owners = {"owner_id": [7, 8, None] * 5, "team": ["a", "b", "a"] * 5}
    values, rows = [f"v{n}" for n in range(15)], list(range(15))
    tokens = box.encrypt_column(field, values, records=rows, bound=owners)
    assert box.decrypt_column(field, tokens, records=rows, bound=owners) == values
    assert box.decrypt(field, tokens[2], record=2, bound={"owner_id": None, "team": "a"}) == "v2"
    with pytest.raises(DecryptionError, match="row 0"):
        box.decrypt_column(field, tokens, records=rows, bound={**owners, "owner_id": [9] * 15})
    with pytest.raises(ShapeError):
        box.encrypt_column(field, values, records=rows, bound={**owners, "team": ["a"]})


def test_what_it_is_bound_to_must_be_said_and_nothing_else(bound, ring, email):
    box, field = bound
    token = box.encrypt(field, "x", record=1, bound={"owner_id": 7, "team": "a"})
    for wrong in (None, {}, {"owner_id": 7}, {"owner_id": 7, "team": "a", "x": 1}):
        with pytest.raises(RefusedError, match="owner_id, team") as caught:
            box.encrypt(field, "x", record=1, bound=wrong)
        assert caught.value.rule == "bound"
        with pytest.raises(RefusedError):
            box.decrypt(field, token, record=1, bound=wrong)
        with pytest.raises(RefusedError):
            box.encrypt_column(field, ["x"], records=[1], bound=wrong and {name: [1] for name in wrong})
    for kind in (True, 1.5, [1]):
        with pytest.raises(RefusedError):
            box.encrypt(field, "x", record=1, bound={"owner_id": kind, "team": "a"})
    with pytest.raises(RefusedError, match="record only"):
        ring.box([email]).encrypt(email, "x", record=1, bound={"owner_id": 7})


@pytest.mark.parametrize("names", [("a", "a"), ("",), (1,)])
def test_bound_columns_are_named_once(names):
    with pytest.raises(RefusedError, match="each once"):
        Field("t.f", bound=names)
    with pytest.raises(RefusedError, match="deterministic"):
        Field("t.f", bound="owner_id", deterministic=True)
    assert Field("t.f", bound="owner_id").bound == ("owner_id",)


def test_names_and_values_of_what_it_is_bound_to_cannot_run_together(ring):
    one, two = Field("t.f", bound=("a", "b")), Field("t.f", bound=("b", "a"))
    token = ring.box([one]).encrypt(one, "x", record=1, bound={"a": 1, "b": 2})
    with pytest.raises(DecryptionError):
        ring.box([two]).decrypt(two, token, record=1, bound={"b": 1, "a": 2})
    plain = Field("t.f")
    with pytest.raises(DecryptionError):
        ring.box([plain]).decrypt(plain, token, record=1)
    with pytest.raises(DecryptionError):
        ring.box([plain]).decrypt(plain, token, record=(1, 1, 2))


def test_a_new_owner_is_a_rebind(ring, sink):
    box = ring.box([EMAIL], audit=sink)
    token = box.encrypt(EMAIL, "ana@example.com", record=1, bound={"owner_id": 7})
    moved = box.rebind(EMAIL, token, record=1, bound={"owner_id": 7}, to_bound={"owner_id": 8})
    assert box.decrypt(EMAIL, moved, record=1, bound={"owner_id": 8}) == "ana@example.com"
    with pytest.raises(DecryptionError):
        box.rebind(EMAIL, token, record=1, bound={"owner_id": 8}, to_bound={"owner_id": 8})
    both = box.rebind(EMAIL, moved, record=1, to_record=2, bound={"owner_id": 8})
    assert box.decrypt(EMAIL, both, record=2, bound={"owner_id": 8}) == "ana@example.com"
    assert sink.events[0]["action"] == "encryption.rebind"
    assert box.rebind(EMAIL, None, record=1, to_record=2, bound={"owner_id": 8}) is None


def test_columns_are_rebound(ring, sink):
    box = ring.box([EMAIL, plain := Field("contacts.plain", hide_null=True)], audit=sink)
    rows, owners = list(range(20)), [n % 3 for n in range(20)]
    values = [f"v{n}" if n % 5 else None for n in rows]
    tokens = box.encrypt_column(EMAIL, values, records=rows, bound={"owner_id": owners})
    moved = box.rebind_column(
        EMAIL, tokens, records=rows, bound={"owner_id": owners}, to_bound={"owner_id": ["x"] * 20}
    )
    assert box.decrypt_column(EMAIL, moved, records=rows, bound={"owner_id": ["x"] * 20}) == values
    assert sink.events[0]["action"] == "encryption.rebind"
    assert sink.events[0]["count"] == 16
    later = [row + 100 for row in rows]
    again = box.rebind_column(EMAIL, moved, records=rows, to_records=later, bound={"owner_id": ["x"] * 20})
    assert box.decrypt_column(EMAIL, again, records=later, bound={"owner_id": ["x"] * 20}) == values
    with pytest.raises(DecryptionError, match="row 1"):
        box.rebind_column(EMAIL, moved, records=later, bound={"owner_id": ["x"] * 20})
    assert sink.events[-1]["outcome"] == "failed"
    # NULL stays NULL, where missing values are hidden too: nothing was ever there to move.
    assert box.rebind_column(plain, [None], records=[1], to_records=[2]) == [None]


def test_persons_that_turn_out_to_be_one_are_noted_for_a_column(ring, store):
    note = Field("contacts.note", subject=True)
    box = ring.box([note], subjects=store)
    tokens = box.encrypt_column(note, ["a", "b", "c"], records=[1, 2, 3], subjects=["p", "q", "r"])
    bad = [tokens[0], tokens[2], tokens[1]]
    with pytest.raises(UnknownKeyError, match="row 1"):
        box.rebind_column(note, bad, records=[1, 2, 3], subjects=["p", "q", "r"], to_subjects=["r"] * 3)
    assert store.merged_from("acme", "r") == []
    made = box.rebind_column(note, tokens, records=[1, 2, 3], subjects=["p", "q", "r"], to_subjects=["r"] * 3)
    assert box.decrypt_column(note, made, records=[1, 2, 3], subjects=["r"] * 3) == ["a", "b", "c"]
    assert store.merged_from("acme", "r") == ["p", "q"]
    assert set(box.shred("q").subjects) == {"p", "q", "r"}


def test_records_know_their_owner(ring):
    box = ring.box([EMAIL])
    row = box.seal({"id": 1, "email": "ana@example.com", "owner_id": 7})
    assert box.open(row)["email"] == "ana@example.com"
    with pytest.raises(DecryptionError):
        box.open({**row, "owner_id": 8})
    for call in (box.seal, box.open, box.for_principal(_Reader()).open):
        with pytest.raises(SchemaError, match="owner_id"):
            call({"id": 1, "email": row["email"]})
    guarded = box.for_principal(_Reader())
    assert guarded.open(row)["email"] == "ana@example.com"
    own = {"owner_id": [7]}
    assert guarded.decrypt(EMAIL, row["email"], record=1, bound={"owner_id": 7}) == "ana@example.com"
    assert guarded.decrypt_column(EMAIL, [row["email"]], records=[1], bound=own) == ["ana@example.com"]
    with pytest.raises(DecryptionError):
        guarded.open({**row, "owner_id": 8})


class _Reader:
    def level(self, resource, field, record):
        return "read"


def test_a_rotation_reads_the_owner_of_each_row(ring, tmp_path):
    box, place = ring.box([EMAIL]), tmp_path / "crm.db"
    tokens = box.encrypt_column(EMAIL, ["a@x.com", "b@x.com"], records=[1, 2], bound={"owner_id": [7, None]})
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("create table contacts (id integer primary key, email text, owner_id integer)")
        database.executemany("insert into contacts values (?, ?, ?)", [(1, tokens[0], 7), (2, tokens[1], None)])
    ring.rotate("data")
    with pytest.raises(SchemaError, match="owner_id"):
        Rotator(box, EMAIL, SQLiteTokenTable(place, "contacts", "email")).run()
    assert Rotator(box, EMAIL, SQLiteTokenTable(place, "contacts", "email", others=["owner_id"])).run().rewritten == 2
    with closing(sqlite3.connect(place)) as database:
        found = database.execute("select id, email, owner_id from contacts").fetchall()
    assert [box.decrypt(EMAIL, token, record=row, bound={"owner_id": own}) for row, token, own in found] == [
        "a@x.com",
        "b@x.com",
    ]


@pytest.fixture
def model(ring, tmp_path):
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    orm = pytest.importorskip("sqlalchemy.orm", reason="needs SQLAlchemy")
    field = Field("contacts.email", normalizer="email-v1", bound=("owner_id",), indexes=[Index.unique()])
    loose = Field("contacts.loose", bind_record=False)
    filled = Field("contacts.filled", bound=("state",))
    computed = Field("contacts.computed", bound=("made",))
    box = ring.box([field, loose, filled, computed])

    class Base(orm.DeclarativeBase):
        pass

    class Contact(Base):
        __tablename__ = "contacts"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        owner_id: orm.Mapped[int | None] = orm.mapped_column(default=5)
        state: orm.Mapped[str | None] = orm.mapped_column(sa.String(9), server_default="new")
        made: orm.Mapped[str | None] = orm.mapped_column(sa.String(9), default=sa.func.lower("A"))
        email: orm.Mapped[str | None] = orm.mapped_column(encrypted_type("contacts.email", box))
        email_unique: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
        loose: orm.Mapped[str | None] = orm.mapped_column(encrypted_type("contacts.loose", box))
        filled: orm.Mapped[str | None] = orm.mapped_column(encrypted_type("contacts.filled", box))
        computed: orm.Mapped[str | None] = orm.mapped_column(encrypted_type("contacts.computed", box))

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        yield sa, session, Contact
    engine.dispose()


def test_objects_are_bound_to_their_owner(model):
    sa, session, contact = model
    one, other = contact(email="ana@example.com", owner_id=7), contact(email="bo@example.com")
    session.add_all([one, other])
    session.commit()
    assert (one.email, other.email, other.owner_id) == ("ana@example.com", "bo@example.com", 5)
    assert one.email == "ana@example.com"
    one.owner_id = 8
    session.commit()
    assert one.email == "ana@example.com"
    session.expunge_all()
    session.execute(sa.text("update contacts set owner_id = 9 where owner_id = 8"))
    with pytest.raises(DecryptionError):
        session.scalars(sa.select(contact).where(contact.email == "ana@example.com")).all()


def test_a_change_of_owner_that_would_lose_the_value_is_refused(model):
    _, session, contact = model
    one = contact(email="ana@example.com", loose="x")
    session.add(one)
    session.commit()
    one.owner_id = 8  # the value has expired and is not loaded: its token would stay bound to the old owner
    with pytest.raises(RefusedError, match="read it before id, owner_id is set"):
        session.commit()
    session.rollback()
    assert (one.owner_id, one.email) == (5, "ana@example.com")
    key = one.id
    session.expire(one, ["email", "loose"])
    one.id = uuid.uuid4()
    with pytest.raises(RefusedError, match="read it before id, owner_id"):
        session.commit()
    session.rollback()
    assert session.get(contact, key).email == "ana@example.com"


def test_an_owner_that_a_query_leaves_out_is_read(model):
    sa, session, contact = model
    session.add(contact(email="ana@example.com", owner_id=7))
    session.commit()
    session.expunge_all()
    from sqlalchemy.orm import load_only

    (found,) = session.scalars(sa.select(contact).options(load_only(contact.email)))
    assert found.email == "ana@example.com"


def test_an_owner_that_is_set_by_a_relationship_is_known_in_time(ring, tmp_path):
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    orm = pytest.importorskip("sqlalchemy.orm", reason="needs SQLAlchemy")
    box = ring.box([EMAIL])

    class Base(orm.DeclarativeBase):
        pass

    class Owner(Base):
        __tablename__ = "owners"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    class Contact(Base):
        __tablename__ = "contacts"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        owner_id = orm.mapped_column(sa.Integer, sa.ForeignKey("owners.id"))
        owner = orm.relationship(Owner)
        email = orm.mapped_column(encrypted_type(EMAIL, box))

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        one = Contact(email="ana@example.com", owner=Owner())
        session.add(one)
        session.commit()
        for owner in (Owner(), None, Owner()):
            assert one.email == "ana@example.com"
            one.owner = owner
            session.commit()
        one.owner = None  # the value is not loaded: its token would stay bound to the old owner
        with pytest.raises(RefusedError, match="read it before"):
            session.commit()
        session.rollback()
        assert one.email == "ana@example.com"
    engine.dispose()


def test_an_owner_that_the_database_fills_in_is_refused(model):
    _, session, contact = model
    for odd in ({"filled": "x"}, {"computed": "x"}):
        session.add(contact(**odd))
        with pytest.raises(RefusedError, match="database would fill in"):
            session.commit()
        session.rollback()
    one = contact(filled="x", state="old", computed="y", made="b")
    session.add(one)
    session.commit()
    assert (one.filled, one.computed) == ("x", "y")
    one.state = None  # an update fills nothing in
    session.commit()
    assert one.filled == "x"


def test_a_field_that_is_bound_to_no_record_survives_a_new_key(model):
    _, session, contact = model
    one = contact(loose="x")
    session.add(one)
    session.commit()
    assert one.loose == "x"


def test_one_person_for_two_values_is_a_shape_error(ring, store):
    note = Field("contacts.note", subject=True)
    box = ring.box([note], subjects=store)
    with pytest.raises(ShapeError):
        box.encrypt_column(note, ["a", "b"], records=[1, 2], subjects=["p"])
    with pytest.raises(ShapeError):
        box.engine._by_subject(note, ["p"], 2)
