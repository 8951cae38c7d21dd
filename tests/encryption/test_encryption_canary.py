"""A secret value and the keys are sent through everything, and looked for in all that is said about them."""

import copy
import gc
import io
import logging
import pickle
import sqlite3
import traceback
import warnings

import pytest

from crmkit.encryption import (
    AcceptedLeak,
    Field,
    Index,
    Keyring,
    LocalKeyFile,
    Rotator,
    RowSeal,
    Sensitive,
    SQLiteTokenTable,
    _files,
    from_fernet,
    from_plaintext,
    inspect,
    open_file,
    seal_file,
)
from crmkit.encryption._keys import _aead
from crmkit.encryption._values._subjects import _Entry

CANARY = "canary-7f3a"
VALUE = f"{CANARY}@example.com"


class Sink:
    def __init__(self):
        self.events = []

    def record(self, action, **event):
        self.events.append((action, event))


@pytest.fixture
def heard():
    """Everything that is logged, at every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("crmkit")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


def behind(error):
    """Every error behind one, those too that ``from None`` keeps out of a traceback: reporters may follow them."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        seen += [one for one in (error.__cause__,) if one is not None]
        error = error.__context__
    return seen


def test_neither_value_nor_key_is_in_anything_that_is_said(tmp_path, store, heard):
    wrapper = LocalKeyFile.create(tmp_path / "kek", passphrase=f"{CANARY} bicycle lantern")
    sink, said = Sink(), []
    ring = Keyring.create(tmp_path / "ring", wrapper=wrapper, tenant="acme")
    email = Field(
        "contacts.email",
        normalizer="email-v1",
        indexes=[Index.unique(), Index.domain(rows=1000, accept=AcceptedLeak("for the sake of this test"))],
    )
    raw, note = Field("contacts.raw", type=bytes, encoding="raw"), Field("contacts.note", subject=True)
    number, short = Field("contacts.n", type=int), Field("contacts.short", fixed=4)
    box = ring.box([email, raw, note, number, short], subjects=store, audit=sink)
    token = box.encrypt(email, VALUE, record=1)
    octets = box.encrypt(raw, VALUE.encode(), record=1)
    personal = box.encrypt(note, VALUE, record=1, subject="p:1")
    sealing = ring.box([], row_seal=RowSeal("t", "a"))
    owned = ring.box([mine := Field("contacts.mine", bound=("owner",))])
    belongs = owned.encrypt(mine, VALUE, record=1, bound={"owner": 7})
    (tmp_path / "export").write_text(VALUE)
    seal_file(ring, tmp_path / "export", tmp_path / "sealed", context={"kind": "x"})
    sealed = (tmp_path / "sealed").read_bytes()
    (tmp_path / "cut").write_bytes(sealed[:-3])
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("create table contacts (id integer primary key, email text, email_unique, email_domain)")
        database.executemany("insert into contacts (id, email) values (?, ?)", [(1, VALUE), (2, token)])
    table = SQLiteTokenTable(tmp_path / "crm.db", "contacts", "email")

    from cryptography.fernet import Fernet

    attempts = {
        "another record": lambda: box.decrypt(email, token, record=2),
        "a changed token": lambda: box.decrypt(email, token[:-4] + "AAAA", record=1),
        "plaintext for a token": lambda: box.decrypt(email, VALUE, record=1),
        "plaintext in a column": lambda: box.decrypt_column(email, [VALUE], records=[1]),
        "plaintext, inspected": lambda: inspect(VALUE),
        "a token for a value": lambda: box.encrypt(email, token, record=1),
        "another type": lambda: box.encrypt(number, VALUE, record=1),
        "another type in a column": lambda: box.encrypt_column(number, [VALUE], records=[1]),
        "bytes for text": lambda: box.encrypt(email, VALUE.encode(), record=1),
        "too long": lambda: box.encrypt(short, VALUE, record=1),
        "a lone surrogate": lambda: box.encrypt(email, VALUE + "\ud800", record=1),
        "an unassigned character": lambda: box.index(email, VALUE + "\U000effff"),
        "a value for a record": lambda: box.encrypt(email, "x", record=[VALUE]),
        "records of another type": lambda: ring.box([email], record_type=int).encrypt(email, "x", record=VALUE),
        "another person": lambda: box.decrypt(note, personal, record=1, subject="p:2"),
        "all of a column wrong": lambda: box.decrypt_column(email, [token] * 50, records=[2] * 50, on_error="collect"),
        "a leaky column": lambda: box.index_column(email, [VALUE] * 3000, "unique"),
        "raw cut": lambda: box.decrypt(raw, octets[:-1], record=1),
        "a cut file": lambda: open_file(ring, tmp_path / "cut", tmp_path / "out", context={"kind": "x"}),
        "a rotation over plaintext": lambda: Rotator(box, email, table).run(),
        "a reader of another format": lambda: from_fernet(Fernet(Fernet.generate_key()))(VALUE),
        "a reader of another type": lambda: from_plaintext(type=int)(VALUE),
        "another passphrase": lambda: Keyring.load(
            tmp_path / "ring", wrapper=LocalKeyFile(tmp_path / "kek", passphrase=f"{CANARY} lantern")
        ),
        "pickle of a box": lambda: pickle.dumps(box),
        "pickle of a ring": lambda: pickle.dumps(ring),
        "pickle of an engine": lambda: pickle.dumps(box.engine),
        "pickle of a cipher": lambda: pickle.dumps(box.engine.cipher(email, None, create=False)),
        "pickle of a suite": lambda: pickle.dumps(_aead.suite(3, ring.keyset.keys[0].reveal())),
        "copy of a suite": lambda: copy.deepcopy(_aead.suite(3, ring.keyset.keys[0].reveal())),
        "pickle of a person's key": lambda: pickle.dumps(box.engine.subjects._cache),
        "copy of a person's key": lambda: copy.deepcopy(_Entry(0.0, ring.keyset.keys[0].reveal(), b"")),
        "pickle of an index": lambda: pickle.dumps(box.engine.blind(email, "unique")),
        "pickle of a file key": lambda: pickle.dumps(_files._FileKey(b"", ring.keyset.keys[0].reveal())),
        "pickle of a wrapper": lambda: pickle.dumps(wrapper),
        "pickle of a value": lambda: pickle.dumps(Sensitive(VALUE)),
        "columns that do not fit": lambda: box.encrypt_column(email, [VALUE], records=[1, 2]),
        "a sealed row that was changed": lambda: sealing.open({**sealing.seal({"id": 1, "a": VALUE}), "a": "x"}),
        "a row seal over what has no form": lambda: sealing.seal({"id": 1, "a": {VALUE}}),
        "a row seal over a surrogate": lambda: sealing.seal({"id": 1, "a": VALUE + "\ud800"}),
        "an owner of no kind": lambda: owned.encrypt(mine, VALUE, record=1, bound={"owner": [VALUE]}),
        "another owner": lambda: owned.decrypt(mine, belongs, record=1, bound={"owner": VALUE}),
        "a rebind that fails": lambda: box.rebind_column(email, [token], records=[2], to_records=[3]),
        "pickle of a key": lambda: pickle.dumps(ring.keyset.keys[0].material),
        "pickle of a keyset": lambda: pickle.dumps(ring.keyset),
        "copy of a keyset": lambda: copy.deepcopy(ring.keyset),
        "a plan": lambda: Index.plan([VALUE] * 3000, rows=10_000).raise_for(),
    }
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for name, attempt in attempts.items():
            with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it must not tell
                attempt()
            said += [f"{name}: {caught.value!r}"]
            said += traceback.format_exception(caught.value)
            said += [f"{name}, pickled: {pickle.dumps(caught.value)!r}"]
            said += [f"{name}, behind it: {error!r} {vars(error)}" for error in behind(caught.value)]
        box.decrypt(email, token, record=1)
        outcome = box.decrypt_column(email, [token, "x"], records=[1, 1], on_error="collect")
        Rotator(box, email, table, reader=from_plaintext(), name="all").run()
        receipt = box.shred("p:1")
        things = [
            box,
            ring,
            ring.keyset,
            *ring.keyset.keys,
            ring.status(),
            wrapper,
            email,
            outcome,
            receipt,
            receipt.to_dict(),
            box.engine.cipher(email, None, create=False)._active,
            table,
            store,
            box.for_principal(None),
            Index.plan([VALUE, "x"], rows=1000),
            *store.page("acme", "", 10),
            *table.batch(None, 10),
            sealing,
            Sensitive(VALUE),
            box.engine.blind(email, "unique")._keys,
        ]
        said += [text for thing in things for text in (repr(thing), str(thing))]
    said += [str(one.message) for one in warned]
    said += [str(event) for event in sink.events]
    said.append(heard.getvalue())
    assert len(sink.events) > 5
    assert "rotate" in str(sink.events)
    assert "rewritten" in heard.getvalue()

    import base64

    secrets = [CANARY]
    for key in ring.keyset.keys:
        material = key.reveal()
        secrets += [material.hex(), repr(material)[2:-1], base64.b64encode(material).decode(), str(list(material))]
    text = "\n".join(said)
    for secret in secrets:
        assert secret not in text
    assert token[29:] not in text  # not even what stands behind the public part of a token


def test_a_destroyed_secret_is_not_left_among_the_objects():
    from crmkit.encryption import SecretKey

    material = bytearray(b"\x81" + CANARY.encode() * 4)
    with SecretKey(material) as key:
        inner = key._material
    material[:] = bytes(len(material))
    gc.collect()
    assert set(inner) == {0}
