"""Rewriting columns: resumable, compare-and-set, two at once, killed at every step, and out of other storages."""

import sqlite3
import subprocess
import sys
import threading
import uuid
from datetime import date, datetime
from decimal import Decimal

import pytest

from crmkit.encryption import (
    Field,
    Index,
    Keyring,
    Rotator,
    SQLAlchemyTokenTable,
    SQLiteTokenTable,
    TokenTable,
    from_fernet,
    from_plaintext,
    from_sqlalchemy_utils,
)
from crmkit.encryption._rotation._table import RotationReport
from crmkit.errors import (
    CheckFailedError,
    DecryptionError,
    DoubleEncryptionError,
    InvalidValueError,
    PlaintextFoundError,
    RefusedError,
    TokenError,
)

EMAIL = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])


def fill(path, values):
    with sqlite3.connect(path) as database:
        database.execute("create table contacts (id integer primary key, email text, email_unique text, city text)")
        database.executemany("insert into contacts (id, email) values (?, ?)", values)


def column(path, name="email"):
    with sqlite3.connect(path) as database:
        return dict(database.execute(f"select id, {name} from contacts order by id").fetchall())


@pytest.fixture
def place(tmp_path):
    return tmp_path / "crm.db"


@pytest.fixture
def box(ring):
    return ring.box([EMAIL])


@pytest.fixture
def table(place, box):
    fill(place, [(n, box.encrypt(EMAIL, f"{n}@example.com", record=n) if n % 7 else None) for n in range(50)])
    return SQLiteTokenTable(place, "contacts", "email")


def opened(box, place):
    return {key: box.decrypt(EMAIL, token, record=key) for key, token in column(place).items() if token is not None}


WANTED = {n: f"{n}@example.com" for n in range(50) if n % 7}


def test_a_rotation_rewrites_every_row_once(ring, box, table, place):
    assert isinstance(table, TokenTable)
    ring.rotate()
    rotator = Rotator(box, EMAIL, table)
    before = rotator.verify()
    assert (before.current, before.stale, before.foreign, before.ok) == (0, 42, 0, False)
    with pytest.raises(CheckFailedError, match="42 tokens"):
        before.raise_for()
    steps = []
    report = rotator.run(
        batch=10, progress=lambda items, *, total, desc: (steps.append(item) or item for item in items)
    )
    assert (report.rewritten, report.current, report.conflicts, report.failed, report.done) == (42, 0, 0, 0, True)
    assert len(steps) == 5
    report.raise_for()
    assert opened(box, place) == WANTED
    after = rotator.verify()
    after.raise_for()
    assert (after.current, after.stale) == (42, 0)
    assert column(place, "email_unique")[1] == box.index_values(EMAIL, "1@example.com")["unique"]
    tokens = column(place)
    assert rotator.run() == report  # done is done
    assert Rotator(box, EMAIL, table, name="again").run().current == 42
    assert column(place) == tokens
    for thing in (report, after):
        with pytest.raises(TypeError, match=r"use \.ok"):
            bool(thing)


def test_a_rotation_goes_on_where_it_stopped(ring, box, table, place):
    ring.rotate()
    first = Rotator(box, EMAIL, table).run(batch=10, batches=2)
    assert (first.rewritten, first.done, first.ok) == (20, False, False)
    with pytest.raises(CheckFailedError, match="not at its end"):
        first.raise_for()
    second = Rotator(box, EMAIL, table).run(batch=10)
    assert (second.rewritten, second.current, second.done) == (42, 0, True)
    ring.rotate()
    assert Rotator(box, EMAIL, table).run().rewritten == 42  # the next rotation starts from the first row
    assert opened(box, place) == WANTED


def test_a_newer_value_of_somebody_else_stays(ring, box, table, place):
    ring.rotate()

    class Racing(SQLiteTokenTable):
        def write(self, rows, checkpoint):
            with sqlite3.connect(place) as database:
                token = box.encrypt(EMAIL, "newer@example.com", record=5)
                database.execute("update contacts set email = ? where id = 5", [token])
                database.execute("update contacts set email = null where id = 6")
            return super().write(rows, checkpoint)

    report = Rotator(box, EMAIL, Racing(place, "contacts", "email")).run()
    assert (report.rewritten, report.conflicts, report.done) == (40, 2, True)
    found = opened(box, place)
    assert found == {**{key: value for key, value in WANTED.items() if key != 6}, 5: "newer@example.com"}


def test_rows_written_behind_the_walk_are_found_by_the_next_run(ring, box, table, place):
    """A process that has not refreshed its keyring writes under the old key until it does."""
    late = box.encrypt(EMAIL, "late@example.com", record=3)
    broken = box.encrypt(EMAIL, "mended@example.com", record=5)
    ring.rotate()
    with sqlite3.connect(place) as database:
        database.execute("update contacts set email = 'plaintext' where id = 5")
    rotator = Rotator(box, EMAIL, table, max_errors=1)
    assert rotator.run().failed == 1
    with sqlite3.connect(place) as database:
        database.execute("update contacts set email = ? where id = 3", [late])
        database.execute("update contacts set email = ? where id = 5", [broken])
    report = rotator.run()
    assert report.ok
    assert (report.rewritten, report.current) == (43, 40)
    assert rotator.verify().ok
    assert opened(box, place) == {**WANTED, 3: "late@example.com", 5: "mended@example.com"}
    assert rotator.run() == report


def test_two_rotators_at_once_do_no_harm(ring, box, table, place):
    ring.rotate()
    reports = []
    work = lambda: reports.append(Rotator(box, EMAIL, SQLiteTokenTable(place, "contacts", "email")).run(batch=3))  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 3
    assert opened(box, place) == WANTED
    Rotator(box, EMAIL, table).verify().raise_for()


KILLED = """
import os, sys, sqlite3, warnings
warnings.simplefilter("ignore")
from crmkit.encryption import Field, Index, Keyring, Rotator, SQLiteTokenTable
from crmkit.encryption.hazmat import StaticKeyWrapper
path, ring_path, step, number = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])
ring = Keyring.load(ring_path, wrapper=StaticKeyWrapper(bytes(range(32))))
calls = 0
def die(at):
    global calls
    if at == step:
        calls += 1
        if calls == number:
            os._exit(9)
class Dying(SQLiteTokenTable):
    def batch(self, after, limit):
        die("read")
        found = super().batch(after, limit)
        die("have read")
        return found
    def write(self, rows, checkpoint):
        die("write")
        def dying(written):
            die("in transaction")
            return checkpoint(written)
        done = super().write(rows, dying)
        die("written")
        return done
Rotator(ring.box([email]), email, Dying(path, "contacts", "email")).run(batch=10)
"""


@pytest.mark.parametrize("step", ["read", "have read", "write", "in transaction", "written"])
def test_a_process_killed_at_any_step_loses_nothing(ring, box, table, place, tmp_path, step):
    ring.rotate()
    arguments = [sys.executable, "-c", KILLED, str(place), str(tmp_path / "acme.keyset"), step, "2"]
    assert subprocess.run(arguments, check=False).returncode == 9
    half = Rotator(box, EMAIL, table).verify()
    assert half.current in {10, 20}  # whole batches only
    assert opened(box, place) == WANTED
    report = Rotator(box, EMAIL, table).run(batch=10)
    assert (report.rewritten, report.conflicts, report.done) == (42, 0, True)
    assert opened(box, place) == WANTED
    Rotator(box, EMAIL, table).verify().raise_for()


def test_rows_that_cannot_be_opened_stop_it_or_are_counted(ring, box, table, place):
    with sqlite3.connect(place) as database:
        database.execute("update contacts set email = (select email from contacts where id = 2) where id in (1, 9)")
    ring.rotate()
    with pytest.raises(DecryptionError, match="row with key 1"):
        Rotator(box, EMAIL, table).run()
    assert Rotator(box, EMAIL, table).verify().current == 0
    with pytest.raises(DecryptionError, match="row with key 9"):
        Rotator(box, EMAIL, table, max_errors=1).run(batch=5)
    report = Rotator(box, EMAIL, table, max_errors=2, name="all").run(batch=5)
    assert (report.failed, report.errors, report.done, report.ok) == (
        2,
        ((1, "DecryptionError"), (9, "DecryptionError")),
        True,
        False,
    )
    assert Rotator(box, EMAIL, table).verify().stale == 2


def test_plaintext_in_the_column_stops_it_unless_a_reader_is_given(ring, box, table, place):
    with sqlite3.connect(place) as database:
        database.execute("update contacts set email = 'canary@example.com' where id = 3")
    with pytest.raises(PlaintextFoundError, match="row with key 3") as caught:
        Rotator(box, EMAIL, table).run()
    assert "canary" not in str(caught.value)
    count = Rotator(box, EMAIL, table).verify()
    assert count.foreign == 1
    with pytest.raises(CheckFailedError):
        count.raise_for()
    report = Rotator(box, EMAIL, table, reader=from_plaintext()).run()
    assert (report.rewritten, report.current) == (1, 41)
    assert box.decrypt(EMAIL, column(place)[3], record=3) == "canary@example.com"


def test_a_rotation_keeps_to_its_speed(ring, box, table):
    ring.rotate()
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    Rotator(box, EMAIL, table, rows_per_s=5, clock=lambda: now[0], sleep=sleep).run(batch=10)
    assert slept == [2.0, 2.0, 2.0, 2.0]


def test_wrong_use_of_a_rotator_is_told(ring, box, table, store, place):
    person = Field("contacts.note", subject=True)
    with pytest.raises(RefusedError, match="rewrap"):
        Rotator(ring.box([person], subjects=store), person, table)
    with pytest.raises(RefusedError, match="above 0"):
        Rotator(box, EMAIL, table, rows_per_s=0)
    with pytest.raises(RefusedError, match="one row"):
        Rotator(box, EMAIL, table).run(batch=0)
    for name in ("", "a\0b"):
        with pytest.raises(RefusedError):
            SQLiteTokenTable(place, name, "email")
    assert repr(table) == "SQLiteTokenTable('crm.db', 'contacts', 'email')"


def test_a_column_is_moved_under_the_keys_of_persons(ring, store, place):
    person = Field("contacts.email", subject=True, hide_null=True)
    box = ring.box([person], subjects=store)
    fill(place, [(n, f"{n}@example.com") for n in range(10)])
    with sqlite3.connect(place) as database:
        database.execute("update contacts set city = 'p' || (id % 3)")
    table = SQLiteTokenTable(place, "contacts", "email", subject="city")
    rotator = Rotator(box, person, table, reader=from_plaintext())
    assert rotator.name == "contacts.email to subjects"
    assert rotator.run(batch=4).rewritten == 10
    assert box.decrypt(person, column(place)[5], record=5, subject="p2") == "5@example.com"
    again = Rotator(box, person, table, reader=from_plaintext(), name="again")
    assert again.run().current == 10
    with sqlite3.connect(place) as database:
        database.execute("update contacts set email = 'plain' where id = 1")
    count = again.verify()
    assert (count.current, count.stale, count.foreign) == (9, 0, 1)


def test_indexes_are_computed_anew_under_a_new_index_key(ring, box, table, place, store):
    Rotator(box, EMAIL, table, reindex=True).run()
    old = column(place, "email_unique")
    ring.rotate("index")
    rotator = Rotator(box, EMAIL, table, reindex=True)
    assert rotator.name.endswith(", index key 2")
    assert rotator.run(batch=10).rewritten == 42
    new = column(place, "email_unique")
    assert new[1] == box.index_values(EMAIL, "1@example.com")["unique"] != old[1]
    ring.destroy("index", 1, backups_gone=True)
    assert box.terms(EMAIL, "1@example.com") == [new[1]]
    assert opened(box, place) == WANTED
    person = Field("contacts.email", subject=True, indexes=[Index.unique()])
    people = ring.box([person], subjects=store)
    with sqlite3.connect(place) as database:
        database.execute("delete from contacts where id > 1")
        database.execute("update contacts set city = 'p1'")
        token = people.encrypt(person, "b@example.com", record=1, subject="p1")
        database.execute("update contacts set email = ? where id = 1", [token])
    whose = SQLiteTokenTable(place, "contacts", "email", subject="city")
    assert Rotator(people, person, whose, reindex=True).run().rewritten == 1
    assert column(place, "email_unique")[1] == people.terms(person, "b@example.com")[0]


def test_compound_indexes_get_their_other_columns(ring, place):
    field = Field("contacts.email", indexes=[Index.compound("city", name="unique", rows=1000)])
    box = ring.box([field])
    fill(place, [(1, "ana@example.com")])
    with sqlite3.connect(place) as database:
        database.execute("update contacts set city = 'Oslo'")
    Rotator(box, field, SQLiteTokenTable(place, "contacts", "email", others=["city"]), reader=from_plaintext()).run()
    assert int(column(place, "email_unique")[1]) == box.terms(field, ("ana@example.com", "Oslo"))[0]


def test_raw_tokens_rotate_too(ring, place):
    raw = Field("contacts.email", encoding="raw")
    box = ring.box([raw])
    fill(place, [(n, box.encrypt(raw, str(n), record=n)) for n in range(5)])
    ring.rotate()
    table = SQLiteTokenTable(place, "contacts", "email")
    assert Rotator(box, raw, table).verify().stale == 5
    assert Rotator(box, raw, table).run().rewritten == 5
    Rotator(box, raw, table).verify().raise_for()
    with sqlite3.connect(place) as database:
        database.execute("update contacts set email = 'plain' where id = 1")
        database.execute("update contacts set email = x'0102' where id = 2")
    count = Rotator(box, raw, table).verify()
    assert (count.current, count.foreign) == (3, 2)


# -- what a migration reads


def test_fernet_columns_move_in(ring, place):
    from cryptography.fernet import Fernet, MultiFernet

    old, older = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    fill(place, [(1, old.encrypt(b"ana@example.com").decode()), (2, older.encrypt("张伟".encode()).decode())])
    box = ring.box([EMAIL])
    table = SQLiteTokenTable(place, "contacts", "email")
    with pytest.raises(DecryptionError, match="row with key 2"):
        Rotator(box, EMAIL, table, reader=from_fernet(old)).run()
    Rotator(box, EMAIL, table, reader=from_fernet(MultiFernet([old, older]))).run()
    assert opened(box, place) == {1: "ana@example.com", 2: "张伟"}
    assert from_fernet(old, type=bytes)(old.encrypt(b"\xff")) == b"\xff"
    assert from_fernet(old, type=int)(old.encrypt(b"7")) == 7
    with pytest.raises(InvalidValueError):
        from_fernet(old)(old.encrypt(b"\xff"))
    with pytest.raises(DecryptionError):
        from_fernet(old)(7)


def test_sqlalchemy_utils_columns_move_in(ring, place):
    utils = pytest.importorskip("sqlalchemy_utils", reason="needs SQLAlchemy-Utils")
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine

    for number, engine in enumerate((AesEngine, AesGcmEngine)):
        old = utils.StringEncryptedType(sa.String, "an old key", engine, *(["pkcs5"] if engine is AesEngine else []))
        cell = old.process_bind_param("ana@example.com", None)
        path = place.with_name(f"{number}.db")
        fill(path, [(1, cell)])
        box = ring.box([EMAIL])
        Rotator(box, EMAIL, SQLiteTokenTable(path, "contacts", "email"), reader=from_sqlalchemy_utils(old)).run()
        assert opened(box, path) == {1: "ana@example.com"}
        with pytest.raises(DecryptionError):
            from_sqlalchemy_utils(old)("canary")


def test_plaintext_is_read_as_the_fields_type():
    for kind, text, value in [
        (int, "17", 17),
        (Decimal, "1.50", Decimal("1.50")),
        (date, "2026-01-02", date(2026, 1, 2)),
        (datetime, "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        (str, "x", "x"),
        (int, 17, 17),
        (bytes, "x", "x"),
    ]:
        assert from_plaintext(type=kind)(text) == value
    for kind, text in [(int, "x"), (Decimal, "x"), (date, "x"), (datetime, "x")]:
        with pytest.raises(InvalidValueError) as caught:
            from_plaintext(type=kind)(text)
        assert "'x'" not in str(caught.value)
    token = "crm1.AQEAAAAAAAAAAAAAAAAAAAAA" + "A" * 86
    with pytest.raises(DoubleEncryptionError):
        from_plaintext()(token)


def test_a_cell_that_is_not_of_the_fields_type_is_an_error_of_its_row(ring, place):
    number = Field("contacts.email", type=int)
    box = ring.box([number])
    fill(place, [(1, "7"), (2, "seven")])
    with pytest.raises(InvalidValueError, match="row with key 2"):
        Rotator(box, number, SQLiteTokenTable(place, "contacts", "email"), reader=from_plaintext(type=int)).run()
    with pytest.raises(InvalidValueError, match="row with key 1"):
        Rotator(box, number, SQLiteTokenTable(place, "contacts", "email"), reader=from_plaintext()).run()


# -- through SQLAlchemy


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, place):
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    if request.param == "sqlite":
        url = f"sqlite:///{place}"
    else:
        url = request.getfixturevalue("postgres_url").replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("encoding", ["text", "raw"])
def test_rotation_on_real_databases(ring, engine, encoding):
    import sqlalchemy as sa

    field = Field("contacts.email", encoding=encoding, indexes=[Index.unique()])
    box = ring.box([field])
    kind = sa.Text if encoding == "text" else sa.LargeBinary
    rows = sa.Table(
        "contacts",
        sa.MetaData(),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("email", kind),
        sa.Column("email_unique", sa.String(32)),
        sa.Column("city", sa.Text),
    )
    rows.metadata.create_all(engine)
    keys = [uuid.uuid4() for _ in range(25)]
    engine.dialect.supports_sane_multi_rowcount = encoding == "text"  # some drivers cannot count many rows at once
    with engine.begin() as connection:
        connection.execute(
            sa.insert(rows),
            [{"id": key, "email": box.encrypt(field, str(key), record=key), "city": "Oslo"} for key in keys],
        )
    ring.rotate()
    table = SQLAlchemyTokenTable(engine, rows, "email", others=["city"])
    assert isinstance(table, TokenTable)
    rotator = Rotator(box, field, table)
    assert rotator.verify().stale == 25
    assert rotator.run(batch=10, batches=1).rewritten == 10
    report = Rotator(box, field, SQLAlchemyTokenTable(engine, rows, "email")).run(batch=10)
    assert (report.rewritten, report.conflicts, report.done) == (25, 0, True)
    rotator.verify().raise_for()
    ring.rotate()
    by_name = ring.box([field], record_type=uuid.UUID)
    report = Rotator(by_name, field, SQLAlchemyTokenTable(engine, "contacts", "email")).run(batch=10)
    assert (report.rewritten, report.conflicts, report.done) == (25, 0, True)
    with engine.connect() as connection:
        for row in connection.execute(sa.select(rows)):
            token = row.email if encoding == "text" else bytes(row.email)
            assert box.decrypt(field, token, record=row.id) == str(row.id)
            assert row.email_unique == box.index_values(field, str(row.id))["unique"]
    assert repr(table) == "SQLAlchemyTokenTable('contacts', 'email')"


def test_a_subject_column_and_a_checkpoint_of_somebody_else(ring, store, engine):
    import sqlalchemy as sa

    field = Field("contacts.email", subject=True)
    box = ring.box([field], subjects=store)
    rows = sa.Table(
        "contacts",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text),
        sa.Column("person", sa.Text),
    )
    rows.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(rows), [{"id": n, "email": str(n), "person": f"p{n}"} for n in range(5)])
    table = SQLAlchemyTokenTable(engine, "contacts", "email", subject="person")
    load = table.load
    seen = []

    def losing(name):
        """Another rotator keeps its checkpoint between our look and our first write."""
        state = load(name)
        if not seen:
            seen.append(name)
            Rotator(
                box, field, SQLAlchemyTokenTable(engine, "contacts", "email", subject="person"), reader=from_plaintext()
            ).run()
        return state

    table.load = losing
    report = Rotator(box, field, table, reader=from_plaintext()).run()
    assert (report.rewritten, report.current, report.done) == (0, 5, True)
    with engine.connect() as connection:
        for row in connection.execute(sa.select(rows)):
            assert box.decrypt(field, row.email, record=row.id, subject=row.person) == str(row.id)


def test_two_rotators_that_keep_their_first_checkpoint_at_once(postgres_url, ring):
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("create table contacts (id integer primary key, email text)"))
        connection.execute(sa.text("insert into contacts values (1, 'ana@example.com')"))
    field = Field("contacts.email")
    box = ring.box([field])
    first = []

    def race(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT INTO crmkit_checkpoints") and not first:
            first.append(statement)
            with engine.begin() as other:
                other.execute(
                    sa.text("insert into crmkit_checkpoints values (:name, '{}')"), {"name": parameters["name"]}
                )

    sa.event.listen(engine, "before_cursor_execute", race)
    report = Rotator(box, field, SQLAlchemyTokenTable(engine, "contacts", "email"), reader=from_plaintext()).run()
    assert (report.rewritten, report.done, len(first)) == (1, True, 1)
    assert SQLAlchemyTokenTable(engine, "contacts", "email").load("contacts.email to " + box.prefix(field)) is None
    engine.dispose()


def test_a_report_of_an_unfinished_walk_is_not_ok():
    assert not RotationReport(rewritten=0, current=0, conflicts=0, failed=1, errors=(), done=True).ok
    with pytest.raises(TokenError):
        raise PlaintextFoundError("x")


def test_a_missing_value_that_is_hidden_is_rotated_as_one(ring, place):
    field = Field("contacts.email", hide_null=True)
    box = ring.box([field])
    fill(place, [(1, box.encrypt(field, None, record=1))])
    ring.rotate()
    assert Rotator(box, field, SQLiteTokenTable(place, "contacts", "email")).run().rewritten == 1
    assert box.decrypt(field, column(place)[1], record=1) is None


def test_keyrings_are_what_boxes_say(ring):
    assert isinstance(ring, Keyring)


def test_a_migration_refuses_a_column_that_its_index_would_give_away(ring, place):
    """Row by row nobody can tell; a batch shows how the values are spread."""
    fill(place, [(n, "yes" if n % 3 else "no") for n in range(3000)])
    before = column(place)
    for answer in (Field("contacts.email", indexes=[Index.unique()]), Field("contacts.email", deterministic=True)):
        table = SQLiteTokenTable(place, "contacts", "email")
        with pytest.raises(RefusedError, match="2 different values") as caught:
            Rotator(ring.box([answer]), answer, table, reader=from_plaintext()).run()
        assert caught.value.rule == "low_entropy"
        assert column(place) == before


@pytest.mark.parametrize("kind", ["sqlite", "sqlalchemy"])
def test_a_rotation_over_keys_of_octets_goes_on_where_it_stopped(ring, place, kind):
    field = Field("contacts.email")
    box = ring.box([field])
    keys = [bytes([255 - n, n]) for n in range(5)]
    with sqlite3.connect(place) as database:
        database.execute("create table blobs (id blob primary key, email text)")
        database.executemany("insert into blobs values (?, ?)", [(k, box.encrypt(field, "x", record=k)) for k in keys])
    ring.rotate()
    if kind == "sqlite":
        table = SQLiteTokenTable(place, "blobs", "email")
    else:
        sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
        table = SQLAlchemyTokenTable(sa.create_engine(f"sqlite:///{place}"), "blobs", "email")
    for done in (2, 4, 5):
        assert Rotator(box, field, table).run(batch=2, batches=1).rewritten == done
