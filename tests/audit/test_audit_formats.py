"""The vectors of the page about formats, computed anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from crmkit.audit import Checkpoint, Event, Log, Pseudonyms, commitment

AT = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
OCTETS = bytes(range(32))
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"


def test_the_page_shows_what_is_written(folder, signer):
    shown = re.findall(
        r"^```text\n(.*?)^```$",
        PAGE.read_text(encoding="utf-8").split("\n## crmkit-audit/1\n")[1].split("\n## ")[0],
        re.MULTILINE | re.DOTALL,
    )
    said = {"actor": "u-17", "resource": ("contact", "42"), "at": AT}
    with Log.open(folder, signer=signer, now=lambda: AT) as log:
        log.append(Event(action="contact.read", fields=["email"], id="01KJQ8N1R00000000000000000", **said))
        log.append(Event(action="contact.delete", outcome="denied", id="01KJQ8N1R00000000000000001", **said))
        note = log.checkpoint()
    segment = (folder / "events" / f"{0:020d}.jsonl").read_text(encoding="utf-8")
    assert shown == [segment, f"{signer.verifier}\n", note.decode()]
    assert Checkpoint.open(note, [signer.verifier]).size == 2


def test_commitments_and_pseudonyms_are_those_of_the_page():
    page = PAGE.read_text(encoding="utf-8")
    assert f"`{commitment('email', 'ann@example.com', OCTETS)}`" in page
    assert f"`{Pseudonyms(OCTETS).name('contact', '42')}`" in page
