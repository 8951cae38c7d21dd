"""One key for each person: made once, rewrapped without touching values, destroyed for good."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from crmkit.encryption import (
    ErasureReceipt,
    Field,
    Index,
    Keyring,
    SQLAlchemySubjectStore,
    SQLiteSubjectStore,
    SubjectStore,
)
from crmkit.encryption._values import _subjects
from crmkit.encryption._values._subjects import SubjectKeys, SubjectRow
from crmkit.errors import (
    DecryptionError,
    IntegrityError,
    KeyDestroyedError,
    NotFoundError,
    RefusedError,
    ShapeError,
    SubjectShreddedError,
    UnknownKeyError,
)

NOTE = Field("contacts.note", subject=True, indexes=[Index.unique()])
PLAIN = Field("contacts.city")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "sqlalchemy-sqlite", "sqlalchemy-postgresql"])
def store(request, tmp_path):
    keep = timedelta(days=30)
    if request.param == "sqlite":
        yield SQLiteSubjectStore(tmp_path / "subjects.db", backup_retention=keep)
        return
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    if request.param == "sqlalchemy-sqlite":
        url = f"sqlite:///{tmp_path / 'subjects.db'}"
    else:
        url = request.getfixturevalue("postgres_url").replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url)
    yield SQLAlchemySubjectStore(engine, backup_retention=keep)
    engine.dispose()


@pytest.fixture
def box(ring, store):
    return ring.box([NOTE, PLAIN], subjects=store)


def test_values_open_for_their_person_only(box, store):
    assert isinstance(store, SubjectStore)
    token = box.encrypt(NOTE, "call back", record=1, subject="p:1")
    box.encrypt(NOTE, "x", record=2, subject="p:2")
    assert box.decrypt(NOTE, token, record=1, subject="p:1") == "call back"
    with pytest.raises(UnknownKeyError):
        box.decrypt(NOTE, token, record=1, subject="p:2")
    with pytest.raises(DecryptionError):
        box.decrypt(NOTE, token, record=2, subject="p:1")
    with pytest.raises(NotFoundError, match="the subject has no key"):
        box.decrypt(NOTE, token, record=1, subject="p:3")
    with pytest.raises(RefusedError, match="subject="):
        box.encrypt(NOTE, "x", record=1)
    for bad in ("", 7):
        with pytest.raises(RefusedError, match="as text"):
            box.encrypt(NOTE, "x", record=1, subject=bad)
    assert not box.needs_rewrite(NOTE, token)


def test_columns_of_many_persons(box):
    subjects = [f"p:{n % 5}" for n in range(40)]
    values = [f"note {n}" if n % 3 else None for n in range(40)]
    rows = list(range(40))
    tokens = box.encrypt_column(NOTE, values, records=rows, subjects=subjects)
    assert box.decrypt_column(NOTE, tokens, records=rows, subjects=subjects) == values
    box.shred("p:1")
    with pytest.raises(SubjectShreddedError, match="row 1"):
        box.decrypt_column(NOTE, tokens, records=rows, subjects=subjects)
    with pytest.raises(SubjectShreddedError):
        box.encrypt_column(NOTE, values, records=rows, subjects=subjects)
    swapped = ["p:2", *subjects[1:]]
    with pytest.raises(SubjectShreddedError):
        box.decrypt_column(NOTE, tokens, records=rows, subjects=swapped)
    keep = [row for row in rows if subjects[row] != "p:1"]
    pick = lambda column: [column[row] for row in keep]  # noqa: E731
    assert box.decrypt_column(NOTE, pick(tokens), records=keep, subjects=pick(subjects)) == pick(values)
    moved = pick(tokens)
    moved[1] = moved[3]
    failures = box.decrypt_column(NOTE, moved, records=keep, subjects=pick(subjects), on_error="collect").failures
    assert [failure.row for failure in failures] == [1]
    assert box.encrypt_column(NOTE, [None, "x"], records=[1, 2], subjects=[None, "p:9"])[0] is None
    assert box.decrypt_column(NOTE, [None], records=[1], subjects=["p:1"]) == [None]
    for bad, error in ((None, RefusedError), (["p:0"], ShapeError), ([7] * 40, RefusedError)):
        with pytest.raises(error):
            box.encrypt_column(NOTE, values, records=rows, subjects=bad)


def test_a_shredded_person_is_gone_and_never_made_again(ring, store, sink):
    box = ring.box([NOTE, PLAIN], subjects=store, audit=sink)
    token = box.encrypt(NOTE, "x", record=1, subject="p:1")
    receipt = box.shred("p:1", now=lambda: NOW)
    assert receipt == ErasureReceipt(
        tenant="acme",
        subjects=("p:1",),
        shredded_at="2026-11-28T12:00:00+00:00",
        destroyed=1,
        fields=("contacts.note",),
        still_to_null=("contacts.note_unique",),
        not_shredded=("contacts.city",),
        backups_expire_at="2026-12-28T12:00:00+00:00",
    )
    fresh = ring.box([NOTE, PLAIN], subjects=store)
    for one in (box, fresh):
        for call in (
            lambda: one.decrypt(NOTE, token, record=1, subject="p:1"),  # noqa: B023
            lambda: one.encrypt(NOTE, "x", record=1, subject="p:1"),  # noqa: B023
        ):
            with pytest.raises(SubjectShreddedError) as caught:
                call()
            assert caught.value.subject == "p:1"
    again = box.shred("p:1")
    assert again.destroyed == 0
    assert store.get_many("acme", ["p:1"])["p:1"].shredded_at == "2026-11-28T12:00:00+00:00"
    event = sink.events[0]
    assert (event["action"], event["resource"]) == ("encryption.shred", ("subject", "p:1"))


def test_the_file_does_not_hold_a_destroyed_key(ring, tmp_path):
    store = SQLiteSubjectStore(tmp_path / "own.db")
    box = ring.box([NOTE], subjects=store)
    for n in range(20):
        box.encrypt(NOTE, "x", record=n, subject=f"p:{n}")
    sealed = store.get_many("acme", ["p:7"])["p:7"].sealed
    files = lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("own.db"))  # noqa: E731
    assert sealed in files()
    assert box.shred("p:7").backups_expire_at is None
    assert sealed not in files()
    assert repr(store) == "SQLiteSubjectStore('own.db')"


def test_a_receipt_is_a_document_that_can_be_signed(box):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    class Signer:
        key_id = "test"

        def __init__(self):
            self.key = Ed25519PrivateKey.generate()

        def sign(self, message):
            return self.key.sign(message)

    signer = Signer()
    box.encrypt(NOTE, "x", record=1, subject="p:1")
    receipt = box.shred("p:1", now=lambda: NOW)
    document, signature = receipt.signed(signer)
    signer.key.public_key().verify(signature, document)
    assert document == receipt.to_bytes()
    assert b'"format":"crmkit-erasure/1"' in document
    assert receipt.to_dict()["not_covered"][0].startswith("plaintext in logs")


def test_two_persons_that_turn_out_to_be_one_are_erased_as_one(box, store):
    tokens = {one: box.encrypt(NOTE, "x", record=n, subject=one) for n, one in enumerate(["a", "b", "c", "d"])}
    box.rebind(NOTE, tokens["a"], record=0, to_record=1, subject="a", to_subject="b")
    moved = box.rebind(NOTE, tokens["b"], record=1, to_record=2, subject="b", to_subject="c")
    assert box.decrypt(NOTE, moved, record=2, subject="c") == "x"
    same = box.rebind(NOTE, moved, record=2, to_record=3, subject="c", to_subject="c")
    assert box.decrypt(NOTE, same, record=3, subject="c") == "x"
    receipt = box.shred("b")
    assert set(receipt.subjects) == {"a", "b", "c"}
    assert receipt.destroyed == 3
    assert box.decrypt(NOTE, tokens["d"], record=3, subject="d") == "x"
    store.merge("acme", "c", "a")  # a circle of pointers ends all the same
    assert set(box.shred("a").subjects) == {"a", "b", "c"}


def test_rotating_the_subject_key_rewraps_and_touches_no_value(ring, box, store, wrapper, tmp_path):
    tokens = {n: box.encrypt(NOTE, str(n), record=n, subject=f"p:{n}") for n in range(12)}
    box.shred("p:3")
    assert ring.rotate("subject") == 2
    fresh = box.encrypt(NOTE, "x", record=99, subject="p:99")
    assert store.get_many("acme", ["p:99"])["p:99"].generation == 2
    with pytest.raises(RefusedError, match="subjects="):
        ring.destroy("subject", 1, backups_gone=True)
    with pytest.raises(RefusedError, match="rewrap_subjects"):
        ring.destroy("subject", 1, subjects=store, backups_gone=True)
    assert box.engine.subjects.rewrap(batch=5) == 11
    assert box.rewrap_subjects() == 0
    ring.destroy("subject", 1, subjects=store, backups_gone=True)
    again = Keyring.load(tmp_path / "acme.keyset", wrapper=wrapper).box([NOTE, PLAIN], subjects=store)
    for n, token in tokens.items():
        if n != 3:
            assert again.decrypt(NOTE, token, record=n, subject=f"p:{n}") == str(n)
    assert again.decrypt(NOTE, fresh, record=99, subject="p:99") == "x"


def test_a_key_sealed_by_a_destroyed_subject_key_says_so(ring, store):
    box = ring.box([NOTE], subjects=store)
    token = box.encrypt(NOTE, "x", record=1, subject="p:1")
    ring.rotate("subject")
    ring._change(lambda keyset: keyset.without("subject", 1))  # what destroy refuses
    with pytest.raises(KeyDestroyedError, match="p:1"):
        ring.box([NOTE], subjects=store).decrypt(NOTE, token, record=1, subject="p:1")


def test_a_row_that_was_moved_or_changed_is_noticed(ring, store):
    box = ring.box([NOTE], subjects=store)
    box.encrypt(NOTE, "x", record=1, subject="p:1")
    row = store.get_many("acme", ["p:1"])["p:1"]
    store.put_many("acme", [attrs.evolve(row, subject="p:2")])
    with pytest.raises(IntegrityError, match="p:2"):
        box.encrypt(NOTE, "x", record=1, subject="p:2")
    assert store.rewrap("acme", [(row, attrs.evolve(row, sealed=b"changed"))]) == 1
    assert store.rewrap("acme", [(row, row)]) == 0  # it is not as it was any more
    with pytest.raises(IntegrityError, match="p:1"):
        ring.box([NOTE], subjects=store).encrypt(NOTE, "x", record=1, subject="p:1")


def test_keys_are_forgotten_in_time(ring, store):
    now = [0.0]
    keys = SubjectKeys(store, lambda: ring.keyset, ttl=timedelta(seconds=300), clock=lambda: now[0])
    cipher = keys.ciphers(NOTE, ["p:1"], create=True)["p:1"]
    assert keys.ciphers(NOTE, ["p:1"], create=False)["p:1"] is cipher
    store.tombstone("acme", ["p:1"], "2026-11-28T00:00:00+00:00")  # in another process
    now[0] = 299.0
    assert keys.ciphers(NOTE, ["p:1"], create=False)["p:1"] is cipher
    now[0] = 301.0
    with pytest.raises(SubjectShreddedError):
        keys.ciphers(NOTE, ["p:1"], create=False)


def test_the_cache_does_not_grow_without_end(ring, tmp_path, monkeypatch):
    monkeypatch.setattr(_subjects, "_MOST_CACHED", 10)
    keys = SubjectKeys(SQLiteSubjectStore(tmp_path / "s.db"), lambda: ring.keyset, ttl=timedelta(hours=1))
    for start in range(0, 40, 8):
        names = [f"p:{n}" for n in range(start, start + 8)]
        assert set(keys.ciphers(NOTE, names, create=True)) == set(names)
        assert len(keys._cache) <= 10


def test_a_key_is_made_once_whoever_asks_first(ring, store, tmp_path):
    tokens = []

    def work():
        box = ring.box([NOTE], subjects=store)
        tokens.append(box.encrypt(NOTE, "x", record=1, subject="p:1"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    box = ring.box([NOTE], subjects=store)
    assert [box.decrypt(NOTE, token, record=1, subject="p:1") for token in tokens] == ["x"] * 6


def test_stores_page_and_keep_tenants_apart(store):
    rows = [SubjectRow(f"p:{n}", 1, b"sealed", "2026-11-28") for n in range(7)]
    assert len(store.put_many("a", rows)) == 7
    assert store.put_many("b", rows[:1])["p:0"] == rows[0]
    assert store.get_many("b", ["p:0", "p:1"]) == {"p:0": rows[0]}
    assert [row.subject for row in store.page("a", "p:2", 3)] == ["p:3", "p:4", "p:5"]
    assert store.page("a", "p:6", 3) == []
    with pytest.raises(RefusedError):
        store.page("a", "", 0)
    store.merge("a", "p:1", "p:2")
    assert store.merged_from("a", "p:2") == ["p:1"]
    assert store.merged_from("b", "p:2") == []
    assert "sealed" not in repr(rows[0])
    assert repr(store) in {"SQLiteSubjectStore('subjects.db')", "SQLAlchemySubjectStore('crmkit_subjects')"}


def test_a_connection_that_cannot_be_set_up_is_closed(tmp_path, monkeypatch):
    import sqlite3

    from crmkit.encryption import SQLiteSubjectStore

    class Broken:
        closed = False

        def execute(self, _statement):
            raise sqlite3.OperationalError("disk I/O error")

        def close(self):
            self.closed = True

    broken = Broken()
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: broken)
    with pytest.raises(sqlite3.OperationalError):
        SQLiteSubjectStore(tmp_path / "s.db")
    assert broken.closed


def test_no_call_leaves_the_file_open(ring, tmp_path):
    """Not even one that fails: a store is kept for as long as an application runs."""
    import sqlite3
    from pathlib import Path

    from crmkit.encryption import SQLiteSubjectStore, SQLiteTokenTable

    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("needs /proc")
    kept = SQLiteSubjectStore(tmp_path / "s.db")
    people = ring.box([NOTE], subjects=kept)
    people.encrypt(NOTE, "x", record=1, subject="p:1")
    people.shred("p:1")
    (tmp_path / "no.db").write_bytes(b"no database at all" * 100)
    errors = []  # kept, and their frames with them
    table = SQLiteTokenTable(tmp_path / "no.db", "t", "f")
    for attempt in (
        lambda: SQLiteSubjectStore(tmp_path / "no.db"),
        lambda: kept.put_many("acme", [None]),
        lambda: kept.put_many("acme", [SubjectRow("p:9", 1, object(), "now")]),
        lambda: kept.rewrap("acme", [(None, None)]),
        lambda: kept.page("acme", object(), 1),
        lambda: table.batch(None, 1),
        lambda: table.prefixes(),
        lambda: table.load("x"),
        lambda: table.write([], None),
    ):
        try:
            attempt()
        except (sqlite3.Error, AttributeError) as error:
            errors.append(error)
    assert len(errors) == 9
    assert not [one for one in handles.iterdir() if one.is_symlink() and tmp_path in one.readlink().parents]
    assert kept.get_many("acme", ["p:9"]) == {}  # and what failed half-way was taken back


def test_missing_values_are_hidden_for_persons_who_have_nothing_else(ring, store):
    note = Field("contacts.note", subject=True, hide_null=True)
    box = ring.box([note], subjects=store)
    tokens = box.encrypt_column(note, ["a", None, None], records=[1, 2, 3], subjects=["p", "p", "q"])
    assert None not in tokens
    assert box.decrypt_column(note, tokens, records=[1, 2, 3], subjects=["p", "p", "q"]) == ["a", None, None]


def test_a_key_that_was_changed_in_the_store_costs_its_own_rows_only(ring, store):
    tokens = ring.box([NOTE], subjects=store).encrypt_column(NOTE, ["a", "b"], records=[1, 2], subjects=["p", "q"])
    row = store.get_many("acme", ["q"])["q"]
    store.rewrap("acme", [(row, attrs.evolve(row, sealed=b"x" * 48))])
    fresh = ring.box([NOTE], subjects=store)
    outcome = fresh.decrypt_column(NOTE, tokens, records=[1, 2], subjects=["p", "q"], on_error="collect")
    assert (outcome.values, outcome.counts()) == (["a", None], {"IntegrityError": 1})


def test_only_text_names_a_person_to_shred(box):
    box.encrypt(NOTE, "x", record=1, subject="5")
    for subject in (5, "", None):
        with pytest.raises(RefusedError, match="named by text"):
            box.shred(subject)


def test_a_key_that_became_text_is_noticed(ring, tmp_path):
    store = SQLiteSubjectStore(tmp_path / "odd.db")
    ring.box([NOTE], subjects=store).encrypt(NOTE, "x", record=1, subject="p")
    with sqlite3.connect(tmp_path / "odd.db") as database:
        database.execute("update crmkit_subjects set sealed = 'text'")
    with pytest.raises(IntegrityError, match="not what this keyring sealed"):
        ring.box([NOTE], subjects=store).encrypt(NOTE, "x", record=1, subject="p")


def test_a_person_who_was_never_known_is_not_shredded_and_the_name_stays_free(box, store):
    with pytest.raises(NotFoundError, match="nothing is barred") as caught:
        box.shred("ghost@a.example")
    assert "ghost" not in str(caught.value)
    assert store.get_many("acme", ["ghost@a.example"]) == {}
    assert box.encrypt(NOTE, "x", record=1, subject="ghost@a.example")
    assert box.shred("ghost@a.example").destroyed == 1


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u3000", "\u200b", "\u00a0 "])
def test_a_blank_name_is_no_person(box, blank):
    """Everybody without a name would share one key, and be erased together."""
    calls = (
        lambda: box.encrypt(NOTE, "x", record=1, subject=blank),
        lambda: box.encrypt_column(NOTE, ["x"], records=[1], subjects=[blank]),
        lambda: box.shred(blank),
        lambda: box.rebind(
            NOTE, box.encrypt(NOTE, "x", record=1, subject="p"), record=1, subject="p", to_subject=blank
        ),
    )
    for call in calls:
        with pytest.raises(RefusedError) as caught:
            call()
        assert caught.value.rule == "subject_missing"
