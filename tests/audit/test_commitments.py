"""Salted commitments, pseudonyms, and the vault."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from crmkit._canonical import encode_parts
from crmkit.audit import Opening, Pseudonyms, commitment
from crmkit.audit._stores._vault import Vault
from crmkit.errors import IntegrityError, InvalidValueError

SALT = bytes(range(32))


def test_a_commitment_is_the_hmac_of_the_specification():
    expected = hmac.new(SALT, encode_parts([b"email", b'"ann@example.com"']), hashlib.sha256).hexdigest()
    assert commitment("email", "ann@example.com", SALT) == expected


def test_field_value_and_salt_all_count():
    values = {
        commitment("email", "a", SALT), commitment("phone", "a", SALT), commitment("email", "b", SALT),
        commitment("email", "a", SALT[::-1]), commitment("email", None, SALT), commitment("email", "null", SALT),
    }  # fmt: skip
    assert len(values) == 6


def test_wrong_salts_and_values_are_refused():
    with pytest.raises(InvalidValueError, match="32 bytes"):
        commitment("email", "a", b"short")
    with pytest.raises(InvalidValueError):
        commitment("email", 1.5, SALT)


def test_an_opening_opens_its_own_commitment_only():
    opening = Opening.new("email", "after", "ann@example.com")
    opening.verify(opening.commitment())
    with pytest.raises(IntegrityError, match="email"):
        opening.verify(commitment("email", "bob@example.com", opening.salt))
    assert "ann@" not in repr(opening)
    assert Opening.new("email", "after", "x").salt != opening.salt


def test_pseudonyms_are_stable_and_keyed():
    names = Pseudonyms(SALT)
    one = names.name("contact", "42")
    assert names.name("contact", one) == one
    assert len({one, names.name("account", "42"), Pseudonyms(SALT[::-1]).name("contact", "42")}) == 3
    assert "42" not in one[:4]
    assert "key" not in repr(names)
    with pytest.raises(InvalidValueError):
        Pseudonyms(b"short")


def test_the_vault_keeps_destroys_and_forgets(tmp_path):
    vault = Vault(tmp_path / "vault.sqlite")
    openings = [Opening.new("email", "before", None), Opening.new("email", "after", "ann@secret.example")]
    vault.put("e1", "p-1", openings)
    vault.put("e2", "p-2", openings)
    assert vault.get("e1") == openings
    again = Vault(tmp_path / "vault.sqlite")
    assert again.pseudonyms.name("contact", "42") == vault.pseudonyms.name("contact", "42")
    assert (vault.erase("p-1"), vault.count("p-1"), vault.count("p-2")) == ((2, ["e1"]), 0, 2)
    assert vault.erase("p-1") == (0, ["e1"]), "nobody has said yet that the log tells of it"
    vault.said("p-1")
    assert vault.erase("p-1") == (0, [])
    vault.forget("e2")
    assert vault.get("e2") == vault.get("e1") == []


def test_what_is_destroyed_is_not_in_the_file_any_more(tmp_path):
    vault = Vault(tmp_path / "vault.sqlite")
    vault.put("e1", "p-1", [Opening.new("email", "after", "ann@secret.example")])
    assert b"ann@secret" in (tmp_path / "vault.sqlite").read_bytes()
    vault.erase("p-1")
    assert b"ann@secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
