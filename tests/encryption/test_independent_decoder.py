"""A reader of crmkit's formats that was written from ``docs/reference/formats.md`` alone and imports nothing of crmkit.

What it needs of HKDF is a dozen lines of RFC 5869, of AES-SIV a page of RFC 5297 over pyca's CMAC and CTR: so it
shares neither code nor derivation with what it checks.
"""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"
DATA, INDEX, SUBJECT, PERSON = (bytes(range(first, first + 32)) for first in (0x00, 0x80, 0xC0, 0xE0))


def parts(*items):
    out = len(items).to_bytes(8, "big")
    for item in items:
        octets = item if isinstance(item, bytes) else str(item).encode()
        out += len(octets).to_bytes(8, "big") + octets
    return out


def derived(root, octets, *names):
    pseudo_random = hmac.new(b"crmkit/v1", root, hashlib.sha512).digest()
    block, out, number = b"", b"", 0
    while len(out) < octets:
        number += 1
        block = hmac.new(pseudo_random, block + parts(*names) + bytes([number]), hashlib.sha512).digest()
        out += block
    return out[:octets]


def cmac(key, data):
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def doubled(block):
    number = int.from_bytes(block, "big") << 1
    return ((number ^ 0x87) & ((1 << 128) - 1) if number >> 128 else number).to_bytes(16, "big")


def siv_decrypt(key, sealed, components):
    """RFC 5297, section 2.7."""
    mac_key, ctr_key = key[: len(key) // 2], key[len(key) // 2 :]
    iv, body = sealed[:16], sealed[16:]
    counter = bytearray(iv)
    counter[8] &= 0x7F
    counter[12] &= 0x7F
    plain = Cipher(algorithms.AES(ctr_key), modes.CTR(bytes(counter))).decryptor().update(body)
    state = cmac(mac_key, bytes(16))
    for component in components:
        state = xor(doubled(state), cmac(mac_key, component))
    if len(plain) >= 16:
        last = plain[:-16] + xor(plain[-16:], state)
    else:
        last = xor(doubled(state), (plain + b"\x80").ljust(16, b"\0"))
    assert hmac.compare_digest(cmac(mac_key, last), iv)
    return plain


def unframed(frame, octet):
    value = frame.rstrip(b"\0")
    assert value[-1:] == b"\x80"
    assert value[:1] == octet
    return value[1:-1]


def octets_of(token):
    assert token.startswith("crm1.")
    body = token[5:]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def read(token, root, names, *, tenant, table, field, record, octet=b"s"):
    raw = octets_of(token)
    suite, tag, body = raw[1], raw[2:18], raw[18:]
    assert raw[0] == 1
    tag_root = derived(root, 32, "tag-root")
    assert derived(tag_root, 16, "tag", *names) == tag
    about = parts("crmkit/v1", raw[:18], tenant, table, field, octet)
    if suite == 1:
        frame = siv_decrypt(derived(root, 64, *names), body[16:], [about, record, body[:16]])
    elif suite == 2:
        frame = siv_decrypt(derived(root, 64, *names), body, [about])
    else:
        opener = Cobblestone256Decryptor(derived(root, 32, *names), parts("crmkit/v1", about, record))
        frame = opener.update(body) + opener.finalize()
    return unframed(frame, octet)


def term(root, names, forms, bits):
    digest = hmac.new(derived(root, 32, *names), parts("0", *forms), hashlib.sha256).digest()
    return digest[:16].hex() if bits == 128 else int.from_bytes(digest, "big") >> (256 - bits)


def vectors():
    """What the page's tables say: first cell -> last cell."""
    text = PAGE.read_text(encoding="utf-8").partition("## Token, version 1")[2]
    return dict(re.findall(r"^\| ([^|]+) \|(?: [^|]+ \|)? `?([^|`]+)`? \|$", text, re.MULTILINE))


PLACE = {"tenant": "acme", "table": "contacts", "field": "email", "record": b"i42"}


def test_the_vectors_of_the_page_are_read_by_the_page_alone():
    said = vectors()
    assert derived(DATA, 32, "tag-root").hex() == said["tag root"]
    names = ("field", 1, "acme", "contacts", "email")
    assert derived(derived(DATA, 32, "tag-root"), 16, "tag", *names).hex() == said["tag, suite 1"]
    wanted = b"Ana@example.com"
    assert read(said["token, suite 1"], DATA, names, **PLACE) == wanted
    assert read(said["token, suite 2"], DATA, ("det", 2, "acme", "contacts", "email"), **PLACE) == wanted
    assert read(said["a token, suite 3"], DATA, ("field", 3, "acme", "contacts", "email"), **PLACE) == wanted
    person = ("subject-field", 1, "acme", "person:42")
    assert read(said["token, suite 1, a person's"], PERSON, person, **PLACE) == wanted
    wrapped = re.search(r"is wrapped as `([0-9a-f]+)`", PAGE.read_text(encoding="utf-8"))[1]
    key = derived(SUBJECT, 64, "subject-wrap", "acme")
    assert siv_decrypt(key, bytes.fromhex(wrapped), [parts("subject", "acme", "person:42", 1)]) == PERSON


def test_the_index_terms_of_the_page():
    said = vectors()
    forms = {"unique": "ana@example.com", "filter": "ana@example.com", "domain": "example.com"}
    for name, bits, row in (
        ("unique", 128, "`unique`"),
        ("filter", 14, "`filter`, 14 bits"),
        ("domain", 14, "`domain`, 14 bits"),
    ):
        names = ("index", "acme", "contacts", "email", name, f"email-v1|{name}|L={bits}|P=1")
        assert str(term(INDEX, names, [forms[name]], bits)) == said[row]
    key = derived(INDEX, 32, "pseudonym", "acme", "2026-Q3", "email-v1")
    digest = hmac.new(key, b"ana@example.com", hashlib.sha256).digest()
    assert base64.b32encode(digest[:16]).decode().rstrip("=").lower() in PAGE.read_text(encoding="utf-8")


def sealed_row(root, tenant, table, record, cells):
    names = ("row-seal", tenant, table)
    tag = derived(derived(root, 32, "tag-root"), 16, "tag", *names)
    over = parts("crmkit-rowseal/1", tag, record, *(piece for cell in cells for piece in cell))
    mac = hmac.new(derived(root, 32, *names), over, hashlib.sha256).digest()
    return "crmr1." + base64.urlsafe_b64encode(tag + mac).decode()


def test_the_row_seal_of_the_page():
    cells = [("email", b"sAna@example.com"), ("phone", b"n"), ("version", b"i1")]
    assert sealed_row(DATA, "acme", "contacts", b"i42", cells) == vectors()["row seal"]


def test_the_stretched_term_of_the_page():
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    names = ("acme", "contacts", "email", "unique", "email-v1|unique|L=128|P=1|S=argon2id(4096,3)")
    salt = derived(INDEX, 16, "index-salt", *names)
    kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=4096)
    slow = kdf.derive(parts("ana@example.com"))
    assert term(INDEX, ("index", *names), [slow], 128) == vectors()["`unique`, stretched"]


def test_what_crmkit_writes_today_is_read_by_the_page_alone(tmp_path):
    from datetime import UTC, date, datetime, timedelta, timezone
    from decimal import Decimal
    from uuid import UUID

    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    from crmkit.encryption import Field, Index, Keyring, LocalKeyFile, RowSeal, SQLiteSubjectStore, seal_file

    wrapper = LocalKeyFile.create(tmp_path / "kek")
    ring = Keyring.create(tmp_path / "acme.keyset", wrapper=wrapper, tenant="acme")
    kek = (tmp_path / "kek").read_bytes()

    # The keyset: from the key file to the roots.
    said = json.loads((tmp_path / "acme.keyset").read_bytes())
    (one,) = said["wrapped"]
    assert one["uri"] == f"local:{derived(kek, 8, 'local-uri').hex()}"
    context = b'{"generation":"1","purpose":"crmkit-keyset","tenant":"acme"}'
    keyset_key = siv_decrypt(derived(kek, 64, "local-wrap"), base64.b64decode(one["key"]), [context])
    plain = siv_decrypt(
        derived(keyset_key, 64, "keyset", "acme", 1),
        base64.b64decode(said["sealed"]),
        [parts("crmkit-keyset/1", "acme", 1)],
    )
    roots = {key["purpose"]: base64.b64decode(key["material"]) for key in json.loads(plain)["keys"]}

    # Tokens of every type, suite and kind of record.
    uuid = UUID("12345678-1234-5678-1234-567812345678")
    cases = [
        (str, "张伟", b"s", "张伟".encode()),
        (bytes, b"\0x", b"b", b"\0x"),
        (int, -7, b"i", b"-7"),
        (Decimal, Decimal("1.50"), b"d", b"1.50"),
        (bool, True, b"?", b"1"),
        (date, date(2026, 1, 2), b"D", b"2026-01-02"),
        (datetime, datetime(2026, 1, 2, tzinfo=UTC), b"T", b"2026-01-02T00:00:00+00:00"),
        ("json", {"a": 1}, b"j", b'{"a":1}'),
    ]
    records = [
        (42, b"i42"),
        ("42", b"s42"),
        (uuid, b"u" + uuid.bytes),
        (b"\1", b"b\1"),
        ((1, "x"), b"t" + parts(b"i1", b"sx")),
    ]
    for kind, value, octet, wanted in cases:
        for suite in (1, 3):
            field = Field("crm.contacts.f", type=kind, suite=suite)
            box = ring.box([field])
            for record, octets in records:
                token = box.encrypt(field, value, record=record)
                names = ("field", suite, "acme", "crm.contacts", "f")
                place = {"tenant": "acme", "table": "crm.contacts", "field": "f", "record": octets}
                assert read(token, roots["data"], names, octet=octet, **place) == wanted

    # A field that is bound to its owner.
    field = Field("crm.contacts.f", bound=("owner", "team"))
    token = ring.box([field]).encrypt(field, "x", record=42, bound={"team": None, "owner": "ana"})
    raw = octets_of(token)
    about = parts("crmkit/v1", raw[:18], "acme", "crm.contacts", "f", "s", "owner", "team")
    record = b"o" + parts(b"i42", b"sana", b"-")
    key = derived(roots["data"], 64, "field", 1, "acme", "crm.contacts", "f")
    assert unframed(siv_decrypt(key, raw[34:], [about, record, raw[18:34]]), b"s") == b"x"

    # An index, a person's key, a file.
    email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()], subject=True)
    store = SQLiteSubjectStore(tmp_path / "subjects.db")
    box = ring.box([email], subjects=store)
    token = box.encrypt(email, "ana@example.com", record=42, subject="p:1")
    row = store.get_many("acme", ["p:1"])["p:1"]
    wrap = derived(roots["subject"], 64, "subject-wrap", "acme")
    person = siv_decrypt(wrap, row.sealed, [parts("subject", "acme", "p:1", 1)])
    assert read(token, person, ("subject-field", 1, "acme", "p:1"), **PLACE) == b"ana@example.com"
    names = ("index", "acme", "contacts", "email", "unique", "email-v1|unique|L=128|P=1")
    assert box.index_values(email, "Ana@example.com") == {
        "unique": term(roots["index"], names, ["ana@example.com"], 128)
    }
    stretched = Field("contacts.f", indexes=[Index.unique(stretch="argon2id")])
    scheme = "text-v1|unique|L=128|P=1|S=argon2id(4096,3)"
    places = ("acme", "contacts", "f", "unique", scheme)
    kdf = Argon2id(
        salt=derived(roots["index"], 16, "index-salt", *places), length=32, iterations=3, lanes=1, memory_cost=4096
    )
    slow = kdf.derive(parts("ana"))
    assert ring.box([stretched]).terms(stretched, "ANA") == [term(roots["index"], ("index", *places), [slow], 128)]

    # A row seal over every type of cell.
    row = {
        "id": 42, "a": "x", "b": None, "c": b"x", "d": -7, "e": True, "f": date(2026, 1, 2), "g": uuid, "h": {"a": [1]},
        "i": Decimal("1.50"), "j": Decimal("1E+3"), "k": datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))),
    }  # fmt: skip
    cells = [
        ("a", b"sx"), ("b", b"n"), ("c", b"bx"), ("d", b"i-7"), ("e", b"?1"), ("f", b"D2026-01-02"),
        ("g", b"u" + uuid.bytes), ("h", b'j{"a":[1]}'), ("i", b"d1.5"), ("j", b"d1000"),
        ("k", b"T2026-01-02T02:00:00+00:00"),
    ]  # fmt: skip
    seal = RowSeal("people", [name for name, _ in cells])
    made = ring.box([], row_seal=seal).seal(row)["row_seal"]
    assert made == sealed_row(roots["data"], "acme", "people", b"i42", cells)

    (tmp_path / "x").write_bytes(b"x" * 100_000)
    seal_file(ring, tmp_path / "x", tmp_path / "x.crm", context={"kind": "export", "day": "1"})
    sealed = (tmp_path / "x.crm").read_bytes()
    head = sealed[:30]
    assert head[:14] == b"crmkit-file/1\n"
    assert head[14:] == derived(derived(roots["data"], 32, "tag-root"), 16, "tag", "file", "acme")
    about = parts("crmkit-file/1", head, "acme", parts("day", "1", "kind", "export"))
    opener = Cobblestone256Decryptor(derived(roots["data"], 32, "file", "acme"), about)
    assert opener.update(sealed[30:]) + opener.finalize() == b"x" * 100_000


def test_crmkit_writes_the_vectors_of_the_page(monkeypatch):
    from crmkit.encryption import Field, RowSeal
    from crmkit.encryption._keys._derive import tag_root
    from crmkit.encryption._keys._keyset import Key, Keyset
    from crmkit.encryption._keys._secret import SecretKey
    from crmkit.encryption._values import _cipher

    said = vectors()
    monkeypatch.setattr(_cipher.os, "urandom", lambda size: bytes(range(size)))
    keyset = Keyset("acme", 1, (Key("data", 1, "active", "", tag_root(DATA), SecretKey(DATA)),))
    for field, row, record in (
        (Field("contacts.email"), "token, suite 1", b"i42"),
        (Field("contacts.email", deterministic=True), "token, suite 2", b"-"),
    ):
        cipher = _cipher.FieldCipher.of(field, keyset)
        assert cipher.seal("Ana@example.com", record) == said[row]
        monkeypatch.setattr(_cipher.os, "urandom", lambda size: bytes(range(16)) * (size // 16))
        for count in (1, 9):  # one by one, and as one column
            assert cipher.seal_many(["Ana@example.com"] * count, [record] * count) == [said[row]] * count
            found = {}
            assert cipher.open_many([said[row]] * count, [record] * count, found) == ["Ana@example.com"] * count
            assert not found
    seal = RowSeal("contacts", ["email", "phone", "version"])
    row = {"email": "Ana@example.com", "phone": None, "version": 1}
    assert seal.make(keyset, row, 42, None) == said["row seal"]
    committing = _cipher.FieldCipher.of(Field("contacts.email", suite=3), keyset)
    assert committing.open(said["a token, suite 3"], b"i42") == "Ana@example.com"


def test_the_reader_notices_what_is_changed():
    raw = bytearray(octets_of(vectors()["token, suite 1"]))
    raw[60] ^= 1
    changed = "crm1." + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    with pytest.raises(AssertionError):
        read(changed, DATA, ("field", 1, "acme", "contacts", "email"), **PLACE)
