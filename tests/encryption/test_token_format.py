"""The token: one spelling, and nothing else opens."""

import base64
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.encryption import Field, TokenInfo, inspect
from crmkit.encryption._octets import _token
from crmkit.errors import (
    DecryptionError,
    DoubleEncryptionError,
    PlaintextFoundError,
    TokenError,
    TokenFormatError,
    UnknownKeyError,
    UnsupportedTokenError,
)

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def raw_of(token: str) -> bytes:
    body = token[5:]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def text_of(raw: bytes) -> str:
    return "crm1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.fixture(params=["random", "deterministic", "committing", "raw"])
def sealed(request, ring):
    options = {
        "random": {},
        "deterministic": {"deterministic": True},
        "committing": {"suite": 3},
        "raw": {"encoding": "raw"},
    }[request.param]
    field = Field("contacts.note", **options)
    box = ring.box([field])
    return box, field, box.encrypt(field, "Grüße", record=7)


def test_every_flipped_bit_is_noticed(sealed):
    box, field, token = sealed
    raw = token if isinstance(token, bytes) else raw_of(token)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        bad = bytes(changed) if isinstance(token, bytes) else text_of(bytes(changed))
        with pytest.raises((TokenError, DecryptionError)) as caught:
            box.decrypt(field, bad, record=7)
        if bit >= 18 * 8:
            assert str(caught.value) == "this token cannot be opened here"
        # So many that the column is read as one, and the bad one has the length of the others.
        outcome = box.decrypt_column(field, [token] * 8 + [bad], records=[7] * 9, on_error="collect")
        assert [failure.row for failure in outcome.failures] == [8]
        assert outcome.values == ["Grüße"] * 8 + [None]
    assert box.decrypt(field, token, record=7) == "Grüße"


def test_every_truncation_and_extension_is_noticed(sealed):
    box, field, token = sealed
    for size in range(len(token)):
        bad = token[:size]
        with pytest.raises((TokenError, DecryptionError)):
            box.decrypt(field, bad, record=7)
        for many in ([bad], [bad] * 9):
            with pytest.raises((TokenError, DecryptionError)):
                box.decrypt_column(field, many, records=[7] * len(many))
    longer = token + ("A" if isinstance(token, str) else b"\0")
    with pytest.raises((TokenError, DecryptionError)):
        box.decrypt(field, longer, record=7)
    with pytest.raises((TokenError, DecryptionError)):
        box.decrypt_column(field, [longer], records=[7])


def test_every_other_spelling_of_base64_is_refused(box, email):
    token = box.encrypt(email, "ana@example.com", record=7)
    assert len(raw_of(token)) % 3 == 1
    spare = [ALPHABET[ALPHABET.index(token[-1]) | low] for low in range(1, 16)]
    others = [token[:-1] + char for char in spare]
    others += [token + "=", token + "==", token.replace("-", "+").replace("_", "/") + "\n", " " + token, token + " "]
    others += [token[:40] + char + token[40:] for char in "\n =.é+"]
    others += [token[:40] + char + token[41:] for char in "+/=%é\0"]
    others += [token.upper(), token.lower(), "CRM1." + token[5:]]
    for other in others:
        assert other != token
        with pytest.raises(TokenError):
            box.decrypt(email, other, record=7)
        for many in ([token, other], [token] * 9 + [other], [other] * 9):
            with pytest.raises(TokenError):
                box.decrypt_column(email, many, records=[7] * len(many))


@pytest.mark.parametrize("size", [0, 1, 2, 17, 18, 19, 50, 51])
def test_short_octets_are_no_token(size):
    raw = (b"\x01\x01" + bytes(60))[:size]
    with pytest.raises(TokenFormatError):
        inspect(raw)
    with pytest.raises(TokenFormatError):
        inspect(text_of(raw))


def test_versions_and_suites_that_nobody_knows_are_named():
    with pytest.raises(UnsupportedTokenError, match="version 2"):
        inspect(text_of(b"\x02\x01" + bytes(80)))
    for suite in (0, 4, 255):
        with pytest.raises(UnsupportedTokenError, match=f"suite {suite}"):
            inspect(text_of(bytes((1, suite)) + bytes(80)))


def test_plaintext_is_told_from_a_broken_token():
    for plain in ("", "ana@example.com", "crm", "crm2.AAAA"):
        with pytest.raises(PlaintextFoundError):
            inspect(plain)
    with pytest.raises(TokenFormatError) as caught:
        inspect("crm1.A")
    assert not isinstance(caught.value, PlaintextFoundError)


def test_inspect_shows_what_everybody_can_see(sealed):
    box, field, token = sealed
    info = inspect(token)
    assert info == TokenInfo(1, field.number, box.engine.cipher(field, None, create=False).key_tag, 32)
    assert len(token) == field.token_length(7)


def test_tokens_of_one_key_begin_alike_and_no_others_do(ring, email):
    other = Field("contacts.phone")
    box = ring.box([email, other])
    tokens = box.encrypt_column(email, ["a", "b", "c" * 300], records=[1, 2, 3])
    assert {token[:29] for token in tokens} == {box.prefix(email)}
    assert len(box.prefix(email)) == 29
    assert box.prefix(other) != box.prefix(email)


def test_an_unknown_key_is_named_by_its_tag(box, email):
    with pytest.raises(UnknownKeyError) as caught:
        box.decrypt(email, text_of(b"\x01\x01" + bytes(16) + bytes(64)), record=7)
    assert caught.value.key_tag == "00" * 16


def test_a_token_of_another_suite_does_not_open(ring):
    plain, committing = Field("t.f"), Field("t.f", suite=3)
    token = ring.box([committing]).encrypt(committing, "x", record=1)
    with pytest.raises(UnknownKeyError):
        ring.box([plain]).decrypt(plain, token, record=1)


def test_header_of_reads_prefixes_only():
    assert _token.header_of("crm1." + "A" * 24) == bytes(18)
    assert _token.header_of("crm1.é") == b""
    assert _token.header_of("crm1.A") == b""


@given(st.binary(max_size=200))
def test_spelling_octets_and_reading_them_is_exact(raw):
    text = _token.encode(raw)
    assert text == text_of(raw)
    try:
        back = _token.decode(text)
    except TokenError:  # short, or of another version
        assert len(raw) < 36 or raw[0] != 1 or raw[1] not in {1, 2, 3} or len(raw) < 92
    else:
        assert back == raw


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.text(max_size=70)), max_size=30))
def test_columns_and_single_values_read_each_others_tokens(values):
    import tempfile
    from pathlib import Path

    from crmkit.encryption import Keyring
    from crmkit.encryption.hazmat import StaticKeyWrapper

    values = [None if value is None else value.encode("utf-8", "replace").decode() for value in values]
    field = Field("t.f")
    with tempfile.TemporaryDirectory() as folder:
        box = Keyring.create(Path(folder) / "k", wrapper=StaticKeyWrapper(bytes(range(32)))).box([field])
    rows = list(range(len(values)))
    tokens = box.encrypt_column(field, values, records=rows)
    assert [box.decrypt(field, token, record=row) for row, token in zip(rows, tokens, strict=True)] == values
    alone = [box.encrypt(field, value, record=row) for row, value in zip(rows, values, strict=True)]
    assert box.decrypt_column(field, alone * 9, records=rows * 9) == values * 9
    assert [token and len(token) for token in tokens] == [token and len(token) for token in alone]


def test_no_error_of_python_with_the_whole_text_stays_behind_a_refusal(ring):
    field = Field("contacts.email")
    with pytest.raises(TokenFormatError) as caught:
        ring.box([field]).decrypt(field, "crm1.canary\N{BULLET}", record=1)
    assert caught.value.__context__ is None


def test_a_token_is_not_encrypted_again_as_bytes(ring):
    field, blob = Field("contacts.email"), Field("contacts.blob", type=bytes)
    box = ring.box([field, blob])
    with pytest.raises(DoubleEncryptionError):
        box.encrypt(blob, box.encrypt(field, "ana@example.com", record=1).encode(), record=1)
    for value in (b"crm1.", b"crm1.\xff", b"crm1.other"):
        assert box.decrypt(blob, box.encrypt(blob, value, record=1), record=1) == value
