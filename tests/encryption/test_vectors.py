"""Vectors that others published, through the very functions that crmkit encrypts with."""

import json

import pytest
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm

from crmkit.backup import VerifyingKey
from crmkit.encryption._keys import _aead
from crmkit.encryption._keys._derive import hkdf
from crmkit.errors import CrmkitError, DecryptionError, RefusedError


def cases(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))["cases"]


def test_aes_siv_gives_what_the_rfc_prints(conformance):
    seen = 0
    for case in cases(conformance, "aes_siv/siv.json"):
        key, plain, output = (bytes.fromhex(case[name]) for name in ("key", "plaintext", "output"))
        ad = [bytes.fromhex(one) for one in case["ad"]]
        box = _aead.siv(key)
        assert box.encrypt(plain, ad) == output
        assert box.decrypt(output, ad) == plain
        for bit in range(len(output) * 8):
            changed = bytearray(output)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(InvalidTag):
                box.decrypt(bytes(changed), ad)
        seen += 1
    assert seen >= 10


def test_the_random_suite_is_aes_siv_with_record_and_nonce_as_components(conformance):
    seen = 0
    for case in cases(conformance, "aes_siv/siv_nonce.json"):
        key, nonce, plain, output = (bytes.fromhex(case[name]) for name in ("key", "nonce", "plaintext", "output"))
        assert _aead.siv(key).encrypt(plain, [bytes.fromhex(case["ad"]), nonce]) == output
        seen += 1
    assert seen >= 3
    suite = _aead.RandomSuite(bytes(range(64)))
    nonce = bytes(range(16))
    body = suite.seal(b"frame", b"about", b"record", nonce)
    assert body == nonce + _aead.siv(bytes(range(64))).encrypt(b"frame", [b"about", b"record", nonce])
    assert suite.open(body, b"about", b"record") == b"frame"
    for about, record in ((b"aboutr", b"ecord"), (b"abou", b"trecord"), (b"record", b"about")):
        with pytest.raises(DecryptionError):
            suite.open(body, about, record)


def test_hkdf_gives_what_others_computed(conformance):
    seen = 0
    for case in cases(conformance, "hkdf_hmac_rfc/hkdf.json"):
        if case["hash"] != "SHA-512":
            continue
        ikm, salt, info, okm = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info", "okm"))
        assert hkdf(ikm, info, case["length"], salt=salt) == okm
        seen += 1
    assert seen >= 5


def test_a_build_without_aes_siv_says_what_to_do(monkeypatch):
    def absent(key):
        raise UnsupportedAlgorithm("no")

    with pytest.raises(RefusedError, match="suite=3"):
        _aead.check_siv(absent)

    class Wrong:
        def __init__(self, key):
            pass

        def encrypt(self, data, ad):
            return b"wrong"

    with pytest.raises(RefusedError, match="RFC 5297"):
        _aead.check_siv(Wrong)
    monkeypatch.setattr(_aead, "_checked", False)
    _aead.siv(bytes(64))
    assert _aead._checked


def test_the_committing_suite_opens_under_one_key_and_context_only():
    suite = _aead.CommittingSuite(bytes(range(32)))
    body = suite.seal(b"frame", b"about", b"record", b"")
    assert suite.open(body, b"about", b"record") == b"frame"
    for key, about, record in (
        (bytes(range(1, 33)), b"about", b"record"),
        (bytes(range(32)), b"abou", b"trecord"),
        (bytes(range(32)), b"about", b""),
    ):
        with pytest.raises(DecryptionError):
            _aead.CommittingSuite(key).open(body, about, record)


def test_signatures_are_judged_as_others_judge_them(conformance):
    """Those of erasure receipts, through the class that a receipt's reader uses."""
    said = json.loads((conformance / "wycheproof/ed25519_test.json").read_text(encoding="utf-8"))
    seen = {"valid": 0, "invalid": 0}
    for group in said["testGroups"]:
        key = VerifyingKey(bytes.fromhex(group["publicKey"]["pk"]))
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            seen[case["result"]] += 1
            if case["result"] == "valid":
                key.verify(message, signature)
                continue
            with pytest.raises(CrmkitError):
                key.verify(message, signature)
    assert sum(seen.values()) == said["numberOfTests"]
    assert min(seen.values()) > 50
