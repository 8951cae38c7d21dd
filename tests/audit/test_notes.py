"""Signed notes and checkpoints, against the vectors that Go's own tests have."""

from __future__ import annotations

import base64
import json

import pytest

from crmkit.audit import Checkpoint, NoteSignature, NoteSigner, NoteVerifier, open_note, parse_note, sign_note
from crmkit.errors import FormatError, IntegrityError, InvalidValueError
from crmkit.typing import Signer, Verifier


def vectors(conformance, name):
    return json.loads((conformance / "sumdb_note" / name).read_text(encoding="utf-8"))


def as_dicts(signatures):
    return [{"name": item.name, "hash": item.hash, "base64": item.base64} for item in signatures]


def test_keys_of_go_are_read_and_bad_ones_refused(conformance):
    keys = vectors(conformance, "keys.json")
    for text in keys["good_verifiers"]:
        assert str(NoteVerifier.parse(text)) == text
    signer = NoteSigner.parse(keys["good_signer"])
    assert signer.secret() == keys["good_signer"]
    for text in keys["bad_verifiers"]:
        with pytest.raises(FormatError):
            NoteVerifier.parse(text)
    for text in keys["bad_signers"]:
        with pytest.raises(FormatError):
            NoteSigner.parse(text)
    for text in keys["every_proper_substring"]:
        read = NoteSigner.parse if text.startswith("PRIVATE") else NoteVerifier.parse
        for start in range(len(text)):
            for stop in range(start + 1, len(text) + 1):
                if (start, stop) != (0, len(text)):
                    with pytest.raises(FormatError):
                        read(text[start:stop])


def test_notes_of_go_open_as_go_opens_them(conformance):
    for case in vectors(conformance, "open.json")["cases"]:
        message = base64.b64decode(case["message_b64"])
        verifiers = [NoteVerifier.parse(text) for text in case["verifiers"]]
        if case["error"] is None:
            note = open_note(message, verifiers)
            assert note.text == case["text"], case["desc"]
            assert as_dicts(note.signatures) == case["sigs"], case["desc"]
            assert as_dicts(note.unverified) == case["unverified"], case["desc"]
            continue
        with pytest.raises((FormatError, IntegrityError)) as caught:
            open_note(message, verifiers)
        if "no verifiable" in case["error"]:
            assert str(caught.value) == "no signature of a known key"
            assert as_dicts(dict.fromkeys(parse_note(message)[1])) == case["unverified"], case["desc"]
        elif "malformed" in case["error"]:
            assert "not a signed note" in str(caught.value), case["desc"]
        elif "invalid signature" in case["error"]:
            assert "bad signature" in str(caught.value), case["desc"]


def test_notes_are_signed_byte_for_byte_as_go_signs_them(conformance):
    told = vectors(conformance, "sign.json")
    for case in told["cases"]:
        existing = [NoteSignature(item["name"], item["hash"], item["base64"]) for item in case["existing"]]
        if case["signer"] is not None and case["signer"].startswith("("):
            with pytest.raises(InvalidValueError):
                NoteVerifier("bad name", bytes(32))
            continue
        signers = [] if case["signer"] is None else [NoteSigner.parse(case["signer"])]
        if case["error"] is None:
            assert sign_note(case["text"], signers, existing=existing).decode() == case["message"]
        else:
            with pytest.raises(FormatError):
                sign_note(case["text"], signers, existing=existing)


def test_checkpoints_of_go_are_read(conformance):
    told = vectors(conformance, "tree.json")
    for case in told["cases"]:
        text = base64.b64decode(case["input_b64"]).decode()
        if case["desc"] == "wrong header":  # there a first line of its own; here whatever the log's name is
            assert Checkpoint.parse(text).origin == "not-go.sum database tree"
        elif case["ok"]:
            found = Checkpoint.parse(text)
            assert (found.origin, found.size) == ("go.sum database tree", told["size"])
            assert base64.b64encode(found.root).decode() == told["hash"]
        else:
            with pytest.raises(FormatError):
                Checkpoint.parse(text)


def test_a_key_satisfies_the_protocols_and_hides_its_secret(signer):
    assert isinstance(signer, Signer)
    assert isinstance(signer.verifier, Verifier)
    assert signer.secret() not in repr(signer)
    assert "PRIVATE" not in repr(signer)
    again = NoteSigner.parse(signer.secret())
    assert again.sign(b"x") == signer.sign(b"x")
    signer.verifier.verify(b"x", signer.sign(b"x"))


def test_a_key_in_a_machine_signs_without_showing_itself(signer):
    machine = NoteSigner(signer.verifier, signer.sign)
    note = sign_note("hello\n", [machine])
    assert open_note(note, [signer.verifier]).text == "hello\n"
    with pytest.raises(InvalidValueError, match="cannot be shown"):
        machine.secret()


def test_keys_that_are_none_are_refused(signer):
    with pytest.raises(InvalidValueError):
        NoteVerifier("name", b"short")
    with pytest.raises(FormatError, match="not a private note key"):
        NoteSigner.parse(str(signer.verifier))
    other = NoteSigner.generate(signer.verifier.name)
    parts = other.secret().split("+")
    parts[3] = signer.verifier.hash
    with pytest.raises(FormatError, match="another one's"):
        NoteSigner.parse("+".join(parts))
    assert NoteSigner.generate("x").secret() != NoteSigner.generate("x").secret()


def test_every_flipped_bit_of_a_note_is_noticed(signer):
    note = Checkpoint("example.com/log", 3, bytes(32)).sign([signer])
    for at in range(len(note)):
        with pytest.raises((FormatError, IntegrityError)):
            Checkpoint.open(note[:at] + bytes([note[at] ^ 1 << at % 8]) + note[at + 1 :], [signer.verifier])


def test_a_note_beyond_all_measure_is_refused(signer):
    with pytest.raises(FormatError):
        parse_note(b"x" * 1_000_001)
    many = sign_note("hello\n", [NoteSigner.generate(f"key{number}") for number in range(101)])
    with pytest.raises(FormatError):
        parse_note(many)
    assert len(parse_note(sign_note("hello\n", [signer] * 2))[1]) == 2


@pytest.mark.parametrize(
    "text", ["", "a\n", "a\n1\n", "a\n1\nxx\n", "a\n01\n" + "A" * 43 + "=\n", "\n1\n" + "A" * 43 + "=\n"]
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(FormatError):
        Checkpoint.parse(text)


def test_a_checkpoint_survives_its_text(signer):
    checkpoint = Checkpoint("example.com/log", 0, bytes(32))
    assert Checkpoint.parse(checkpoint.text()) == Checkpoint.peek(checkpoint.sign([signer])) == checkpoint


def test_signatures_that_are_there_are_kept_or_refused(signer):
    first = sign_note("hello\n", [NoteSigner.generate("first")])
    existing = parse_note(first)[1]
    both = sign_note("hello\n", [signer], existing=existing)
    assert [item.name for item in parse_note(both)[1]] == ["first", signer.verifier.name]
    with pytest.raises(FormatError, match="malformed"):
        sign_note("hello\n", [signer], existing=[NoteSignature("a b", "00000000", "AAAAAAAA")])
