"""Keys, signers, witnesses and notes in each other's places: said in a sentence, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmkit.audit import AuditPlan, Checkpoint, Evidence, FileWitness, Log, NoteSigner, open_note, verify
from crmkit.errors import InvalidValueError

SIGNER = NoteSigner.generate("example.com/log")
KEY = SIGNER.verifier

MISTAKES: dict[str, tuple[Any, str]] = {
    "signer as key": (lambda path: verify(path, keys=[SIGNER]), "keys= takes public keys, and one is a NoteSigner"),
    "text as key": (lambda path: verify(path, keys=[str(KEY)]), "one is a str: signer.verifier, or NoteVerifier.parse"),
    "text as keys": (lambda path: verify(path, keys=str(KEY)), "keys= takes a list of NoteVerifier, even of one"),
    "one key": (lambda path: verify(path, keys=KEY), "keys= takes a list of NoteVerifier, even of one"),
    "path as witness": (lambda path: verify(path, keys=[KEY], witnesses=[path]), "witnesses= takes witnesses"),
    "one witness": (lambda path: verify(path, keys=[KEY], witnesses=FileWitness(path)), "list of Witness, even of one"),
    "path as note": (lambda path: verify(path, keys=[KEY], trusted=["kept"]), "as bytes, and one is a str"),
    "one note": (lambda path: verify(path, keys=[KEY], trusted=b"note"), "trusted= takes a list of bytes, even of one"),
    "secret as signer": (lambda path: Log.open(path, signer=SIGNER.secret()), "signer= takes a NoteSigner, not a str"),
    "key as signer": (lambda path: Log.open(path, signer=KEY), "signer= takes a NoteSigner, not a NoteVerifier"),
    "former signer": (lambda path: Log.open(path, signer=SIGNER, former_keys=[SIGNER]), "former_keys= takes public"),
    "path for writer": (lambda path: Log.open(path, signer=SIGNER, witnesses=["kept"]), "witnesses= takes witnesses"),
    "keys first": (lambda path: open_note([KEY], b"note"), "the note comes first, as bytes, not as a list"),
    "text as checkpoint": (lambda path: Checkpoint.open("note", [KEY]), "the note comes first, as bytes, not as a str"),
    "signer of evidence": (lambda path: Evidence.load(path / "e.zip").verify([SIGNER]), "keys= takes public keys"),
    "zip first": (lambda path: plan().collect(path / "e.zip", Log.open(path, read_only=True)), "the log comes first"),
}


def plan() -> AuditPlan:
    from datetime import UTC, datetime

    return AuditPlan(
        name="spring", auditor="a", since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2999, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(("call", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_likely_mistake_is_named(tmp_path: Path, call: Any, said: str) -> None:
    path = tmp_path / "log"
    with Log.open(path, signer=SIGNER) as log:
        log.record("contact.read", actor="u-1", resource=("contact", "1"))
        plan().collect(log, path / "e.zip")
    with pytest.raises(InvalidValueError) as caught:
        call(path)
    assert said in str(caught.value)
    assert SIGNER.secret() not in str(caught.value)
    assert verify(path, keys=[KEY, KEY]).ok
