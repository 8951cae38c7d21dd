"""Models with encrypted columns on real databases: plaintext on objects, tokens in tables, searches by the index."""

import importlib
import typing
import uuid
from functools import partial

import pytest

from crmkit.encryption import AcceptedLeak, Field, Index, Keyring, Sealed, candidates, encrypted_type
from crmkit.errors import DecryptionError, NotFoundError, PlaintextFoundError, RefusedError, UnknownKeyError

sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
orm = pytest.importorskip("sqlalchemy.orm", reason="needs SQLAlchemy")

KNOWN = AcceptedLeak("domains are public in these tests")
EMAIL = Field(
    "contacts.email",
    normalizer="email-v1",
    indexes=[Index.unique(), Index.domain(rows=1000, accept=KNOWN)],
)
NOTE = Field("contacts.note", encoding="raw")
AGE = Field("contacts.age", type=int, hide_null=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'crm.db'}"
    else:
        url = request.getfixturevalue("postgres_url").replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def model(ring, engine):
    box = ring.box([EMAIL, NOTE, AGE])

    class Base(orm.DeclarativeBase):
        pass

    class Contact(Base):
        __tablename__ = "contacts"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        email: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(EMAIL, box))
        email_unique: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), unique=True)
        email_domain: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger, index=True)
        note: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(NOTE, box))
        age: orm.Mapped[int | None] = orm.mapped_column(encrypted_type(AGE, box))
        plain: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))

    Base.metadata.create_all(engine)
    return Contact


def stored(engine, column="email"):
    with engine.connect() as connection:
        return [row[0] for row in connection.execute(sa.text(f"select {column} from contacts"))]


def test_objects_hold_plaintext_and_the_database_tokens(engine, model):
    with orm.Session(engine) as session:
        contact = model(email="Ana@Example.com", note="电话", age=41)
        session.add(contact)
        session.flush()
        assert (contact.email, contact.note, contact.age) == ("Ana@Example.com", "电话", 41)
        session.commit()
        assert contact.email == "Ana@Example.com"
    (token,) = stored(engine)
    assert token.startswith("crm1.")
    assert bytes(stored(engine, "note")[0])[:2] == b"\x01\x01"
    with orm.Session(engine) as session:
        loaded = session.scalars(sa.select(model)).one()
        assert (loaded.email, loaded.note, loaded.age) == ("Ana@Example.com", "电话", 41)
        assert loaded.email_unique is not None


def test_updates_encrypt_anew_and_move_the_index(engine, model):
    with orm.Session(engine) as session:
        contact = model(email="a@example.com")
        other = model(email="b@example.com", plain="x")
        session.add_all([contact, other])
        session.commit()
        before = stored(engine), contact.email_unique
        contact.plain = "y"  # nothing encrypted changes
        session.commit()
        assert sorted(stored(engine)) == sorted(before[0])
        contact.email = "c@example.com"
        session.commit()
        assert contact.email == "c@example.com"
        assert contact.email_unique != before[1]
        contact.email = None
        contact.age = None
        session.commit()
        assert (contact.email, contact.email_unique, contact.age) == (None, None, None)
    assert stored(engine).count(None) == 1
    assert None not in stored(engine, "age")


def test_equality_is_rewritten_to_the_unique_index(engine, model):
    with orm.Session(engine) as session:
        session.add_all([model(email=f"user{n}@example.com") for n in range(5)] + [model(email=None)])
        session.commit()
        find = lambda condition: [row.email for row in session.scalars(sa.select(model).where(condition))]  # noqa: E731
        assert find(model.email == "USER3@example.com") == ["user3@example.com"]
        assert find(model.email == "nobody@example.com") == []
        assert sorted(find(model.email.in_(["user1@example.com", "user2@example.com"]))) == [
            "user1@example.com",
            "user2@example.com",
        ]
        assert find(model.email.is_(None)) == find(model.email == None) == find(model.email == sa.null()) == [None]  # noqa: E711
        assert len(find(model.email.is_not(None))) == len(find(model.email != None)) == 5  # noqa: E711
        other = orm.aliased(model)
        query = sa.select(other).where(other.email == "user4@example.com")
        assert [row.email for row in session.scalars(query)] == ["user4@example.com"]
        assert find(candidates(model.email, "example.com", index="domain")) == [
            f"user{n}@example.com" for n in range(5)
        ]
        statement = str(sa.select(model).where(model.email == "user3@example.com"))
        assert "email_unique IN" in statement
        assert "user3" not in str(sa.select(model).where(model.email == "user3@example.com").compile().params)


def test_what_ciphertext_cannot_answer_raises_when_the_query_is_built(model):
    for build in (
        lambda: model.email < "x",
        lambda: model.email.like("a%"),
        lambda: model.email != "x",
        lambda: model.email.desc(),
        lambda: model.email.asc(),
        lambda: model.email.ilike("x"),
        lambda: model.email.startswith("x"),
        lambda: model.email + "x",
        lambda: model.email.between("a", "b"),
        lambda: model.email.not_in(["x"]),
        lambda: model.email.contains("x"),
        lambda: "x" > model.email,  # noqa: SIM300
        lambda: model.email.in_(sa.select(model.email)),
        lambda: model.email == model.plain,
        lambda: model.note == "x",
        lambda: candidates(model.plain, "x", index="unique"),
        lambda: "x" + model.email,
        lambda: "x" + model.__table__.c.email,
        lambda: model.email.op("||")("x"),
        lambda: model.email.collate("C"),
        lambda: model.email.label("x") == "x",
        lambda: sa.func.max(model.email) == "x",
    ):
        with pytest.raises(RefusedError):
            build()
    with pytest.raises(NotFoundError, match="domain"):
        candidates(model.email, "x", index="domian")


def test_what_a_comparator_does_not_see_is_refused_before_it_runs(engine, model):
    with orm.Session(engine) as session:
        session.add(model(email="ana@example.com", plain="x"))
        session.commit()
        other = orm.aliased(model)
        for statement in (
            sa.select(model).order_by(model.email),
            sa.select(model).order_by(model.plain, model.email),
            sa.select(model.email).order_by("email"),
            sa.select(model.email.label("x")).order_by("x"),
            sa.select(other).order_by(other.email),
            sa.select(model.__table__).order_by(model.__table__.c.email),
            sa.select(sa.func.count()).group_by(model.email),
            sa.select(sa.case((model.email.is_(None), "a"), else_=model.email)),
            sa.select(model.email).distinct(),
            sa.select(sa.func.max(model.email)),
            sa.select(sa.func.lower(model.email)),
            sa.select(model.id).where(sa.func.length(model.email) > 3),
            sa.select(sa.func.row_number().over(order_by=model.email)),
            sa.select(sa.func.row_number().over(partition_by=[model.plain, model.email])),
            sa.select(sa.func.percentile_disc(0.5).within_group(model.email)),
            sa.select(model).where(model.id.in_(sa.select(model.id).order_by(model.email).limit(1))),
            sa.union_all(sa.select(model.email), sa.select(model.email)).order_by("email"),
            distinct_on(sa.select(model.id), model.email),
            sa.select(model).where(sa.literal("ana@example.com") == model.email),
            sa.select(model).where(model.plain == model.email),
            sa.select(model).where(model.plain < model.email),
            sa.select(model).where(sa.literal("x").is_distinct_from(model.email)),
            sa.select(model).where(sa.literal("x").like(model.email)),
            sa.select(model).where(sa.literal("x").in_([model.email])),
            sa.select(model).where(sa.between(sa.literal("x"), model.email, model.email)),
            sa.select(model).where(sa.tuple_(model.email, model.plain).in_([("a", "b")])),
            sa.select(model).where(model.plain.in_(sa.select(model.email))),
            sa.select(model).where(model.email),
            sa.select(model).where(sa.or_(model.email, model.plain == "x")),
            sa.select(model).join(other, model.plain == other.email),
            sa.select(sa.literal("x") + model.email),
            sa.select(sa.func.count().filter(model.plain == model.email)),
            sa.select(model.email).union(sa.select(model.email)),
            sa.select(model.email).intersect(sa.select(model.email)),
            sa.select(model.email).except_(sa.select(model.email)),
            sa.delete(model.__table__).where(model.__table__.c.plain != model.__table__.c.email),
            sa.select(model).where(model.__table__.c.email == model.__table__.c.plain),
            sa.update(model).where(model.plain == model.email).values(plain="x"),
        ):
            with pytest.raises(RefusedError, match="cannot sort, group or compute") as caught:
                session.execute(statement)
            assert caught.value.rule == "operator"
        with pytest.raises(RefusedError, match="cannot sort"), engine.connect() as connection:
            connection.execute(sa.select(model.__table__).order_by(model.__table__.c.email))
        with pytest.raises(RefusedError, match="cannot sort"):
            session.query(model).order_by(model.email).all()


def test_doors_beside_the_comparisons_are_closed_too(engine, model):
    """Built in a function each: newer releases of SQLAlchemy let the comparator see some of them, older ones do not."""
    table = model.__table__
    with orm.Session(engine) as session:
        session.add(model(email="ana@example.com", plain="x"))
        session.commit()
        text, raw = sa.cast(model.email, sa.String), sa.type_coerce(model.email, sa.String)
        some = sa.select(model)
        for build in (
            lambda: some.where(model.plain == sa.any_(sa.select(model.email).scalar_subquery())),
            lambda: some.where(model.plain == sa.all_(sa.select(raw).scalar_subquery())),
            lambda: some.order_by(sa.desc("email")),
            lambda: some.order_by(sa.asc("email").nulls_last()),
            lambda: sa.select(model.id).order_by("email"),
            lambda: sa.select(model.id).order_by(sa.desc("email")),
            lambda: sa.select(model.email.label("q")).order_by(sa.desc("q")),
            lambda: sa.select(text.label("q")).order_by("q"),
            lambda: some.order_by(text),
            lambda: some.order_by(raw.desc()),
            lambda: some.order_by(raw.label("length")),
            lambda: some.order_by(sa.func.lower(raw)),
            lambda: sa.select(sa.func.count()).group_by(text),
            lambda: sa.select(sa.func.count(model.id)).group_by("email"),
            lambda: sa.select(raw).distinct(),
            lambda: sa.select(sa.func.max(raw)),
            lambda: sa.select(sa.func.row_number().over(order_by=raw)),
            lambda: some.where(text == "ana@example.com"),
            lambda: some.where(raw == "ana@example.com"),
            lambda: some.where(raw != model.plain),
            lambda: some.where(raw == sa.bindparam("later")),
            lambda: some.where(sa.literal("ana@example.com") == raw),
            lambda: some.where(raw.in_(["ana@example.com"])),
            lambda: some.where(text.in_(sa.select(model.plain))),
            lambda: some.where((raw == "ana@example.com") == sa.literal(True)),
            lambda: some.where(raw.like("ana%")),
            lambda: some.where(raw.between("a", "b")),
            lambda: some.where(sa.tuple_(raw, model.plain).in_([("a", "x")])),
            lambda: some.where(sa.cast(raw, sa.Text) == "ana@example.com"),
            lambda: some.where(sa.func.lower(raw) == "ana@example.com"),
            lambda: some.where(sa.func.substr(raw, 1, 3) == "ana"),
            lambda: some.where(raw.collate("C") == "ana@example.com"),
            lambda: sa.select(raw + "x"),
            lambda: sa.select(sa.func.concat(model.email, "x")),
            lambda: sa.select(sa.func.concat(raw, "x")),
            lambda: some.order_by(sa.text("email desc")),
            lambda: some.order_by(sa.text("lower(contacts.email)")),
            lambda: some.order_by(sa.literal_column("email")),
            lambda: some.order_by(sa.column("email").desc()),
            lambda: sa.select(model.email.label("q")).order_by(sa.text("q")),
            lambda: some.where(sa.text("email = 'ana@example.com'")),
            lambda: some.where(sa.text('"email" = :x')).params(x="ana@example.com"),
            lambda: some.where(sa.literal_column("contacts.email") == "ana@example.com"),
            lambda: sa.select(sa.func.max(sa.literal_column("email"))).select_from(model),
            lambda: sa.update(table).where(sa.text("email = 'x'")).values(plain="y"),
            lambda: sa.delete(table).where(sa.column("email") == "x"),
        ):
            with pytest.raises(RefusedError, match="is encrypted") as caught:
                session.execute(build())
            assert caught.value.rule == "operator"
        assert session.scalars(some).one().plain == "x"


def test_a_token_may_be_asked_for_as_such(engine, model):
    box = model.__table__.c.email.type.box
    with orm.Session(engine) as session:
        session.add_all([model(email="ana@example.com", plain="email"), model(plain="b")])
        session.commit()
        raw = sa.type_coerce(model.email, sa.String)
        (token,) = session.scalars(sa.select(raw).where(model.email.is_not(None)))
        assert token.startswith(box.prefix(EMAIL))
        count = sa.select(sa.func.count()).select_from(model)
        for condition in (
            raw == token,
            raw.in_([token]),
            sa.func.substr(raw, 1, 29) == box.prefix(EMAIL),
            sa.func.length(raw) > 50,
            sa.text("email is not null"),
            sa.text("contacts.email IS NOT NULL and plain = 'email'"),
            sa.text("plain = :email").bindparams(email="email"),
            sa.literal_column("plain") == "email",
        ):
            assert session.scalar(count.where(condition)) == 1, str(condition)
        by_key = sa.select(sa.func.substr(raw, 1, 29).label("head"), sa.func.count()).group_by("head")
        assert set(session.execute(by_key)) == {(None, 1), (box.prefix(EMAIL), 1)}
        assert session.scalars(sa.select(sa.literal_column("email")).select_from(model).where(raw == token)).all()
        assert session.scalars(sa.select(model).order_by(sa.text("plain"))).first().plain == "b"
        assert session.scalars(sa.select(model).order_by(sa.desc("plain"))).first().plain == "email"
        whole = sa.select(model).from_statement(sa.text("select * from contacts order by email"))
        assert len(session.scalars(whole).all()) == 2  # text as a whole, which nobody can check


def distinct_on(statement, column):
    try:
        from sqlalchemy.dialects import postgresql

        return statement.ext(postgresql.distinct_on(column))
    except (AttributeError, ImportError):  # SQLAlchemy 2.0
        return statement.distinct(column)


def test_what_a_database_can_do_with_tokens_still_works(engine, model):
    with orm.Session(engine) as session:
        session.add_all([model(email="ana@example.com", plain="b"), model(plain="a")])
        session.commit()
        by_presence = sa.select(model).order_by(model.email.is_(None), model.plain)
        assert [one.plain for one in session.scalars(by_presence)] == ["b", "a"]
        assert session.scalar(sa.select(sa.func.count(model.email))) == 1
        assert session.scalar(sa.select(sa.func.count()).where(model.email.is_not(None))) == 1
        assert len(session.scalars(sa.select(model).distinct()).all()) == 2
        assert [one.plain for one in session.scalars(sa.select(model).order_by("plain"))] == ["a", "b"]
        assert session.execute(sa.text("select 1")).scalar() == 1
        head = sa.func.substr(sa.type_coerce(model.email, sa.String), 1, 29)
        prefix = model.__table__.c.email.type.box.prefix(EMAIL)
        assert session.scalar(sa.select(sa.func.count()).where(head == prefix)) == 1  # stale rows are found so
        assert (
            len(session.execute(sa.select(model.id, model.email).union_all(sa.select(model.id, model.email))).all())
            == 4
        )
        assert len(session.execute(sa.select(model.id, model.email).union(sa.select(model.id, model.email))).all()) == 2
        with_mail = sa.select(model.email).where(model.plain == "b")
        assert session.scalar(sa.select(sa.func.count()).where(with_mail.exists())) == 1
        by_mail = sa.select(model.id).where(model.email == "ana@example.com")
        assert session.scalars(sa.select(model).where(model.id.in_(by_mail))).one().plain == "b"
        named = sa.case((model.email.is_(None), "none"), else_="some")
        assert sorted(session.scalars(sa.select(named))) == ["none", "some"]
        session.execute(sa.update(model).values(plain=sa.func.upper(model.plain)))
        assert session.scalars(sa.select(sa.func.max(model.plain))).one() == "B"


def test_what_is_no_expression_is_left_to_sqlalchemy(model):
    from crmkit.encryption._sqlalchemy import _guard as _sqlalchemy_guard

    assert _sqlalchemy_guard.check(None, object(), (), {}, {}) is None
    assert repr(model.__table__.c.email.type) == "EncryptedType('contacts.email')"
    moved = sa.update(model.__table__).values(email=sa.type_coerce(model.__table__.c.plain, model.email.type))
    assert _sqlalchemy_guard.check(None, moved, (), {}, {}) is None  # a column of the database, not plaintext


def test_what_goes_round_the_mapper_is_refused_and_never_written_in_the_clear(engine, model):
    table = model.__table__
    key = uuid.uuid4()
    for statement in (
        sa.insert(table).values(id=key, email="secret@example.com"),
        sa.insert(model).values(id=key, email="secret@example.com"),
        sa.update(model).values(email="secret@example.com"),
        sa.insert(table).values(id=key, note=b"secret"),
        sa.insert(table).values([{"id": key, "email": "secret@example.com"}]),
        sa.update(model).values(email=sa.bindparam("x", value="secret@example.com")),
    ):
        with orm.Session(engine) as session, pytest.raises(RefusedError, match="bound to its record") as caught:
            session.execute(statement)
        assert "secret" not in f"{caught.value} {caught.value.__context__!r}"
    assert stored(engine) == []


def test_what_the_database_would_write_itself_is_refused(engine, model):
    """An expression has no parameter that could be looked at: the database would put plaintext into the column."""
    table, key = model.__table__, uuid.uuid4()
    insert = importlib.import_module(f"sqlalchemy.dialects.{engine.dialect.name}").insert
    row = insert(table).values(id=key, plain="secret")
    with orm.Session(engine) as session:
        session.add(model(email="ana@example.com", plain="secret"))
        session.commit()
        before = stored(engine)
        for statement in (
            sa.update(table).values(email=table.c.plain),
            sa.update(model).values(email=model.plain).execution_options(synchronize_session=False),
            sa.update(table).values(email=sa.func.lower(table.c.plain)),
            sa.update(table).values(email=sa.text("'secret'")),
            sa.update(table).values(email=sa.select(table.c.plain).limit(1).scalar_subquery()),
            sa.update(table).values(note=table.c.email),
            sa.update(model).values(plain=model.email),
            sa.update(table).values(plain=table.c.email),
            sa.insert(table).from_select(["id", "email"], sa.select(table.c.id, table.c.plain)),
            row.on_conflict_do_update(index_elements=["id"], set_={"email": row.excluded.plain}),
            row.on_conflict_do_update(index_elements=["id"], set_={"email": "secret@example.com"}),
        ):
            with pytest.raises(RefusedError) as caught:
                session.execute(statement)
            assert caught.value.rule == "record_missing"
            assert "secret" not in f"{caught.value} {caught.value.__context__!r}"
            session.rollback()
        session.execute(sa.insert(table).from_select(["id", "email"], sa.select(sa.literal(key), table.c.email)))
        session.execute(sa.update(table).values(email=sa.null()).where(table.c.id == key))
        session.commit()
    assert stored(engine) == [*before, None]


def test_plaintext_among_parameters_is_refused_before_anybody_shows_them(engine, model):
    """SQLAlchemy puts parameters into the message of whatever a column type raises."""
    row = {"email": "secret@example.com"}
    with orm.Session(engine) as session:
        for attempt in (
            lambda: session.execute(sa.insert(model), [row, row]),
            lambda: session.execute(sa.insert(model.__table__), [{"id": uuid.uuid4(), **row}] * 2),
            lambda: session.execute(sa.update(model).values(email=sa.bindparam("z")), {"z": row["email"]}),
            lambda: session.bulk_save_objects([model(**row)]),
            lambda: session.bulk_insert_mappings(model, [row]),
            lambda: session.query(model).update(row),
        ):
            with pytest.raises(RefusedError, match="bound to its record") as caught:
                attempt()
            assert "secret" not in f"{caught.value} {caught.value.__context__!r}"
            session.rollback()
    assert stored(engine) == []


def test_tokens_of_the_box_are_let_through_and_come_back_sealed(engine, model):
    box = model.__table__.c.email.type.box
    key = uuid.uuid4()
    token = box.encrypt(EMAIL, "a@example.com", record=key)
    note = box.encrypt(NOTE, "x", record=key)
    age = box.encrypt(AGE, 7, record=key)
    with engine.begin() as connection:
        connection.execute(sa.insert(model.__table__).values(id=key, email=token, note=Sealed(note), age=age))
        row = connection.execute(sa.select(model.__table__.c.email, model.__table__.c.note)).one()
    assert row == (Sealed(token), Sealed(note))
    assert repr(row[0]) == "<Sealed token>"
    assert len({row[0], Sealed(token)}) == 1
    with orm.Session(engine) as session:
        assert session.get(model, key).email == "a@example.com"
        assert session.scalars(sa.select(model.age)).one() == Sealed(age)


def test_a_token_that_was_moved_in_the_database_does_not_open(engine, model):
    with orm.Session(engine) as session:
        session.add_all([model(email="a@example.com", plain="1"), model(email="b@example.com", plain="2")])
        session.commit()
    with engine.begin() as connection:
        connection.execute(
            sa.text("update contacts set email = (select email from contacts where plain = '2') where plain = '1'")
        )
    with orm.Session(engine) as session, pytest.raises(DecryptionError):
        session.scalars(sa.select(model).where(model.plain == "1")).all()


def test_plaintext_in_the_column_is_an_error_and_not_a_value(engine, model):
    with engine.begin() as connection:
        connection.execute(
            sa.text("insert into contacts (id, email, age) values (:id, 'secret@example.com', 'x')"),
            {"id": uuid.uuid4().hex},
        )
    with orm.Session(engine) as session, pytest.raises(PlaintextFoundError) as caught:
        session.scalars(sa.select(model.email)).all()
    assert "secret" not in str(caught.value)


def test_a_flush_that_fails_leaves_plaintext_on_the_objects(engine, model):
    with orm.Session(engine) as session:
        session.add(model(email="a@example.com"))
        session.commit()
        twin = model(email="A@example.com", note="x")
        session.add(twin)
        with pytest.raises(sa.exc.IntegrityError) as caught:
            session.commit()
        assert "A@example.com" not in str(caught.value)
        session.rollback()
        assert (twin.email, twin.note) == ("A@example.com", "x")
        twin.email = "b@example.com"
        session.add(twin)
        session.commit()
        assert len(stored(engine)) == 2


def test_the_record_must_have_a_name_before_the_row_is_there(ring, engine):
    field = Field("t.f")
    box = ring.box([field])

    class Base(orm.DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "rows"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        f: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(field, box))

    class Named(Base):
        __tablename__ = "named"
        id: orm.Mapped[str] = orm.mapped_column(sa.String(20), primary_key=True, default="only")
        f: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(field, box))

    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Row(f="x"))
        with pytest.raises(RefusedError, match="uuid4"):
            session.flush()
        session.rollback()
        session.add_all([Row(id=7, f="x"), Row(id=8), Named(f="y")])
        session.commit()
        assert session.get(Row, 7).f == "x"
        assert session.get(Row, 8).f is None
        assert session.get(Named, "only").f == "y"


def test_an_index_column_that_the_model_lacks_is_named(ring, engine):
    field = Field("t.f", indexes=[Index.unique()])
    box = ring.box([field])

    class Base(orm.DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "rows"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        f: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(field, box, index_prefix="g"))

    Base.metadata.create_all(engine)
    with pytest.raises(NotFoundError, match="g_unique"):
        _ = Row.f == "x"
    with orm.Session(engine) as session:
        session.add(Row(id=1, f="x"))
        with pytest.raises(NotFoundError, match="g_unique"):
            session.flush()


def test_a_row_that_gets_another_name_is_bound_to_it(engine, model):
    with orm.Session(engine) as session:
        contact = model(email="a@example.com", note="x")
        session.add(contact)
        session.commit()
        assert (contact.email, contact.note) == ("a@example.com", "x")
        contact.id = uuid.uuid4()
        session.commit()
        session.expire_all()
        assert (contact.email, contact.note) == ("a@example.com", "x")


def test_models_without_encrypted_columns_are_left_alone(ring, engine, model):
    class Other(model.__base__):
        __tablename__ = "others"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    Other.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Other(id=1))
        session.commit()
        assert session.get(Other, 1).id == 1


def test_indexes_that_a_column_type_cannot_keep_are_refused(ring):
    for index in (Index.compound("city", rows=1000), Index.tokens(rows=1000)):
        field = Field("t.f", indexes=[index])
        with pytest.raises(RefusedError, match="index_values"):
            encrypted_type(field, ring.box([field]))


def test_a_value_on_its_way_shows_nothing():
    from crmkit.encryption._sqlalchemy._type import _Sealing

    assert repr(_Sealing("canary", "crm1.x")) == "<value being encrypted>"


def test_fields_under_the_keys_of_persons_have_no_column_type(ring, store):
    field = Field("t.f", subject=True)
    with pytest.raises(RefusedError, match="persons"):
        encrypted_type(field, ring.box([field], subjects=store))


def test_old_rows_read_and_new_rows_write_under_the_new_key(engine, model, ring):
    with orm.Session(engine) as session:
        contact = model(email="a@example.com")
        session.add(contact)
        session.commit()
        before = stored(engine)[0][:29]
        ring.rotate("data")
        ring.rotate("index")
        assert session.scalars(sa.select(model).where(model.email == "a@example.com")).one().email == "a@example.com"
        contact.email = "b@example.com"
        session.commit()
        assert stored(engine)[0][:29] != before
        session.expire(contact, ["email"])
        assert contact.email == "b@example.com"


def test_bulk_statements_with_tokens_work_and_leave_values_on_the_objects(engine, model):
    box = model.__table__.c.email.type.box
    key = uuid.uuid4()
    made = box.encrypt(EMAIL, "new@example.com", record=key)
    with orm.Session(engine) as session:
        insert = sa.insert(model).returning(model)
        assert session.scalars(insert, [{"id": key, "email": made, "plain": "x"}]).one().email == "new@example.com"
        held = session.get(model, key)
        for way in ("auto", "fetch", "evaluate"):
            token = box.encrypt(EMAIL, f"{way}@example.com", record=key)
            change = sa.update(model).where(model.id == key).values(email=token)
            session.execute(change, execution_options={"synchronize_session": way})
            assert held.email == f"{way}@example.com"
        session.commit()
        assert session.get(model, key).email == "evaluate@example.com"


def test_raw_tokens_of_the_box_are_let_through_too(engine, model):
    box = model.__table__.c.note.type.box
    key = uuid.uuid4()
    made = box.encrypt(NOTE, "电话", record=key)
    with orm.Session(engine) as session:
        session.execute(sa.insert(model).values(id=key, note=made))
        session.commit()
        assert session.get(model, key).note == "电话"
        for forged in (made[:17], b"\x01\x01" + made[3:], made.hex()):
            with pytest.raises(RefusedError, match="bound to its record"):
                session.execute(sa.update(model).values(note=forged))


def test_a_subquery_stands_for_the_column_that_it_gives():
    from crmkit.encryption._sqlalchemy._guard import _operands

    column = sa.column("email")
    assert [one.name for one in _operands([sa.select(column), column])] == ["email", "email"]


def test_a_model_may_be_there_before_its_keys_and_have_a_box_for_each_tenant(tmp_path, wrapper, engine):
    rings = {one: Keyring.create(tmp_path / one, wrapper=wrapper, tenant=one) for one in ("acme", "globex")}
    boxes = {tenant: ring.box([EMAIL]) for tenant, ring in rings.items()}
    serving = []

    class Base(orm.DeclarativeBase):
        pass

    class Contact(Base):
        __tablename__ = "contacts"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        email: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(EMAIL, lambda: boxes[serving[-1]]))
        email_unique: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), unique=True)
        email_domain: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger, index=True)

    Base.metadata.create_all(engine)
    with pytest.raises(IndexError):  # no keys yet: the caller's own error, and nothing is written
        _ = Contact.email == "ana@example.com"
    for tenant in boxes:
        serving.append(tenant)
        with orm.Session(engine) as session:
            session.add(Contact(email="ana@example.com"))
            session.commit()
            found = session.scalars(sa.select(Contact).where(Contact.email == "ANA@example.com")).all()
            assert [one.email for one in found] == ["ana@example.com"]
    assert len(set(stored(engine, "email_unique"))) == 2
    with orm.Session(engine) as session, pytest.raises(UnknownKeyError):
        session.scalars(sa.select(Contact)).all()  # the other tenant's row is in the table, and its key is not here


def test_a_box_to_come_needs_the_field_itself_and_must_have_just_that(ring):
    with pytest.raises(RefusedError, match="give the Field itself"):
        encrypted_type("contacts.email", lambda: ring.box([EMAIL]))
    other = encrypted_type(Field("contacts.email"), lambda: ring.box([EMAIL]))
    with pytest.raises(NotFoundError, match="with other settings"):
        _ = other.box


OWNED = Field("deals.email", normalizer="email-v1", indexes=[Index.unique()], bound=("owner",))


@pytest.fixture
def owned(ring, engine):
    """A model whose tokens are bound to an attribute that its column calls otherwise."""
    box = ring.box([OWNED, NOTE])

    class Base(orm.DeclarativeBase):
        pass

    class Deal(Base):
        __tablename__ = "deals"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        email: orm.Mapped[str | None] = orm.mapped_column("mail", encrypted_type(OWNED, box, index_prefix="email"))
        email_unique: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), unique=True)
        note: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(NOTE, box))
        owner: orm.Mapped[str | None] = orm.mapped_column("owner_id", sa.String(20))
        plain: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))

    Base.metadata.create_all(engine)
    return Deal


def test_what_tokens_are_bound_to_is_not_changed_without_them(engine, owned):
    """A hand-over in one statement would leave every row of it unreadable."""
    table, key = owned.__table__, uuid.uuid4()
    insert = importlib.import_module(f"sqlalchemy.dialects.{engine.dialect.name}").insert
    row = insert(table).values(id=key, owner_id="z", plain="x")
    by_name = []
    if engine.dialect.name == "postgresql":  # it alone takes the name of a constraint
        for name, set_ in ((f"{table.name}_pkey", {"owner_id": "z"}), ("nobody_knows", {"mail": row.excluded.mail})):
            by_name.append(partial(row.on_conflict_do_update, constraint=name, set_=set_))
    with orm.Session(engine) as session:
        session.add(owned(id=key, email="ana@example.com", note="n", owner="a", plain="x"))
        session.commit()
        for attempt in (
            lambda: session.execute(sa.update(owned).where(owned.id == key).values(owner="z")),
            lambda: session.execute(sa.update(owned).values({owned.owner: "z"})),
            lambda: session.execute(sa.update(owned).values(owner=None)),
            lambda: session.execute(sa.update(owned).values(owner=owned.plain)),
            lambda: session.execute(sa.update(owned).values(owner=sa.func.upper(owned.owner))),
            lambda: session.execute(sa.update(owned).values(owner="z", email=owned.email)),
            lambda: session.execute(sa.update(owned).ordered_values((owned.plain, "y"), (owned.owner, "z"))),
            lambda: session.execute(sa.update(owned).values(owner=sa.bindparam("o")), {"o": "z"}),
            lambda: session.execute(sa.update(owned), [{"id": key, "owner": "z"}]),
            lambda: session.execute(sa.update(owned).values(id=uuid.uuid4())),
            lambda: session.execute(sa.update(table).values(owner_id="z")),
            lambda: session.execute(sa.update(table).where(table.c.id == key), {"owner_id": "z"}),
            lambda: session.execute(sa.update(table).values(id=uuid.uuid4())),
            lambda: session.connection().execute(
                sa.update(table).where(table.c.id == sa.bindparam("k")), [{"k": key, "owner_id": "z"}] * 2
            ),
            lambda: session.query(owned).filter(owned.id == key).update({"owner": "z"}),
            lambda: session.query(owned).update({owned.owner: "z"}, synchronize_session=False),
            lambda: session.bulk_update_mappings(owned, [{"id": key, "owner": "z"}]),
            lambda: session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"owner_id": "z"})),
            lambda: session.execute(
                row.on_conflict_do_update(index_elements=[table.c.id], set_={"owner_id": row.excluded.owner_id})
            ),
            lambda: session.execute(
                row.on_conflict_do_update(index_elements=["email_unique"], set_={"id": row.excluded.id})
            ),
            lambda: session.execute(
                row.on_conflict_do_update(index_elements=["email_unique"], set_={"mail": row.excluded.mail})
            ),
            lambda: session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"mail": row.excluded.mail})),
            *(lambda upsert=upsert: session.execute(upsert()) for upsert in by_name),
        ):
            with pytest.raises(RefusedError, match=r"is bound to (its own )?(owner|id)") as caught:
                attempt()
            assert caught.value.rule == "bound"
            session.rollback()
        assert (session.get(owned, key).email, session.get(owned, key).note) == ("ana@example.com", "n")


def test_what_tokens_are_bound_to_is_changed_together_with_them(engine, owned):
    table, key = owned.__table__, uuid.uuid4()
    box = table.c.mail.type.box
    insert = importlib.import_module(f"sqlalchemy.dialects.{engine.dialect.name}").insert
    with orm.Session(engine) as session:
        session.add(owned(id=key, email="ana@example.com", note="n", owner="a"))
        session.commit()

        def moved(owner):
            token = session.scalars(sa.select(table.c.mail)).one().token
            return box.rebind(OWNED, token, record=key, bound={"owner": last}, to_bound={"owner": owner})

        last = "a"
        made = insert(table).values(id=key, plain="x")
        ways = (
            lambda own, mail: session.execute(sa.update(owned).values(owner=own, email=mail)),
            lambda own, mail: session.execute(sa.update(table).values(owner_id=own, mail=mail)),
            lambda own, mail: session.query(owned).update({"owner": own, "email": mail}),
            lambda own, mail: session.bulk_update_mappings(owned, [{"id": key, "owner": own, "email": mail}]),
            lambda own, mail: session.execute(sa.update(owned), [{"id": key, "owner": own, "email": mail}]),
            lambda own, mail: session.execute(
                made.on_conflict_do_update(index_elements=["id"], set_={"owner_id": own, "mail": mail})
            ),
            lambda own, mail: session.execute(
                (new := insert(table).values(id=key, owner_id=own, mail=mail)).on_conflict_do_update(
                    index_elements=["id"], set_={name: new.excluded[name] for name in ("id", "owner_id", "mail")}
                )
            ),
        )
        for at, way in enumerate(ways):
            way(f"o{at}", moved(f"o{at}"))
            last = f"o{at}"
            session.commit()
            session.expire_all()
            found = session.get(owned, key)
            assert (found.email, found.note, found.owner) == ("ana@example.com", "n", last), at
        session.execute(sa.update(owned).values(owner=owned.owner, plain="unbound columns change freely"))
        session.execute(sa.update(owned).where(owned.owner == last).values(plain=sa.func.upper(owned.plain)))
        session.execute(made.on_conflict_do_update(index_elements=["id"], set_={"plain": made.excluded.plain}))
        session.execute(sa.update(owned).values(owner="nobody", email=None))
        session.commit()
        assert (found.email, found.note, found.owner) == (None, "n", "nobody")
        found.owner = "b"  # nothing to encrypt anew, and no statement that leaves a token behind
        session.commit()
        found.email, found.owner = "bo@example.com", "c"
        session.commit()
        assert found.email == "bo@example.com"
        found.owner = "d"
        session.flush()
        with pytest.raises(RefusedError, match="is bound to owner"):  # the flush is over
            session.execute(sa.update(owned).values(owner="z"))
        session.commit()
        assert (found.email, found.owner) == ("bo@example.com", "d")


def test_a_flush_that_failed_opens_no_door(engine, owned):
    with engine.connect() as connection, orm.Session(connection) as session:
        first, second = owned(email="a@example.com", owner="a"), owned(email="b@example.com", owner="b")
        session.add_all([first, second])
        session.commit()
        first.email, first.owner = "b@example.com", "c"
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
        session.rollback()
        with pytest.raises(RefusedError, match="is bound to owner"):
            connection.execute(sa.update(owned.__table__).values(owner_id="z"))


def test_bonds_of_another_table_are_kept_too(ring, engine):
    """A model that inherits by a join has its tokens in one table and their owner in another."""
    box = ring.box([OWNED])

    class Base(orm.DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "things"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        owner: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
        kind: orm.Mapped[str] = orm.mapped_column(sa.String(20))
        __mapper_args__: typing.ClassVar = {"polymorphic_on": "kind", "polymorphic_identity": "thing"}

    class Deal(Thing):
        __tablename__ = "joined_deals"
        id: orm.Mapped[uuid.UUID] = orm.mapped_column(sa.ForeignKey("things.id"), primary_key=True)
        email: orm.Mapped[str | None] = orm.mapped_column(encrypted_type(OWNED, box))
        email_unique: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
        __mapper_args__: typing.ClassVar = {"polymorphic_identity": "deal"}

    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        deal = Deal(id=uuid.uuid4(), email="ana@example.com", owner="a")
        session.add(deal)
        session.commit()
        for table in (Thing.__table__, Deal.__table__):
            with pytest.raises(RefusedError, match=r"is bound to (owner|id)"):
                session.execute(sa.update(table).values({"owner" if "owner" in table.c else "id": None}))
        assert deal.email == "ana@example.com"
        deal.owner = "b"
        session.commit()
        session.expire_all()
        assert (deal.email, deal.owner) == ("ana@example.com", "b")


def test_a_table_without_a_model_is_known_by_the_names_of_its_columns(ring, engine):
    table = sa.Table(
        "bare",
        sa.MetaData(),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("mail", encrypted_type(OWNED, ring.box([OWNED]))),
        sa.Column("owner", sa.String(20)),
        sa.Column("plain", sa.String(20)),
    )
    table.create(engine)
    with engine.begin() as connection:
        for values in ({"owner": "z"}, {"number": 2}):
            with pytest.raises(RefusedError, match="is bound to"):
                connection.execute(sa.update(table).values(values))
        connection.execute(sa.update(table).values(plain="z"))
