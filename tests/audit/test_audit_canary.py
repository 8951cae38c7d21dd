"""No value of a record gets into messages, reprs, warnings or files beside the vault."""

from __future__ import annotations

import logging
import traceback

import pytest

from crmkit.audit import Event, Log, Opening, Pseudonyms, commitment, verify

CANARY = "canary-7f3a@example.com"


def test_nothing_says_a_value(path, signer, tmp_path, caplog, capsys):
    said = []

    def refused(call):
        with pytest.raises(Exception) as caught:  # noqa: PT011  whatever it is
            call()
        said.append("".join(traceback.format_exception(caught.value)).replace(f'"{CANARY}"', ""))
        said[-1] = "\n".join(line for line in said[-1].splitlines() if "CANARY" not in line)

    with caplog.at_level(logging.DEBUG), Log.open(path, signer=signer) as log:
        refused(lambda: log.append(Event(action="a", detail={"x": [float("nan"), CANARY]})))
        refused(lambda: log.append(Event(action="a", detail={"x": {CANARY + "\ud800": 1}})))
        refused(lambda: log.append(Event(action="a", detail={"x": object(), "y": CANARY})))
        refused(lambda: commitment("email", CANARY, b"short"))
        refused(lambda: Opening.new("email", "after", CANARY).verify("0" * 64))
        refused(lambda: Event.parse(CANARY.encode()))
        refused(lambda: Pseudonyms(b"short"))
        changed = log.record_change(
            "contact.update", actor="u", resource=("contact", "42"), changes={"email": (CANARY, CANARY + "x")}
        )
        said += [repr(log), repr(changed), repr(log[changed.seq]), repr(log.disclose(changed.seq)), repr(signer)]
        said.append(repr(log.prove(changed.seq) if log.checkpoint() else None))
        log.erase(("contact", "42"))
    report = verify(path, keys=[signer.verifier], deep=True)
    said += [repr(report), report._repr_html_(), caplog.text, *capsys.readouterr()]
    assert not [text for text in said if CANARY in text]
    assert CANARY.encode() not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
