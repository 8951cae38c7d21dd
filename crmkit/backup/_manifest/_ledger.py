"""What was accepted before: the memory that tells a rollback or a fork from a good backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from crmkit import _journal as journal
from crmkit._canonical import json_bytes
from crmkit.backup._findings._findings import Finding

from ._statement import moment_text

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterable

    from ._statement import Statement

_KIND = "backup-trust"


@attrs.frozen(kw_only=True)
class Accepted:
    """The newest statement of one set and key that passed every check.

    Attributes:
        set: The series of backups.
        key: Id of the key that signed it; empty where signatures were not asked for.
        seq: Its number.
        digest: SHA-256 of the statement, hexadecimal.
        at: When it was accepted, ISO 8601 in UTC.

    .. versionadded:: 0.1.0
    """

    set: str
    key: str
    seq: int
    digest: str
    at: str


class TrustLedger:
    """A small chained file that remembers, for each set and key, the newest statement that was accepted.

    Keep it on another machine than the backups: who can put an old backup back must not be able to put the old
    ledger back too.  There is one ratchet a key, so a stolen key that signed a huge number is recovered from by
    trusting a new one.

    Args:
        path: The file; it is made with the first entry.

    Example:
        >>> import tempfile
        >>> ledger = TrustLedger(tempfile.mkdtemp() + "/trust.jsonl")
        >>> ledger.head("crm-prod") is None, ledger.next_seq("crm-prod")
        (True, 1)

    Source:
        The Update Framework, section 5: versions are stored only after every check passed (CVE-2025-2888 is the
        other order), and recovery from fast-forward attacks.

    .. versionadded:: 0.1.0
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def entries(self) -> list[Accepted]:
        """Return everything that was accepted, oldest first.

        Raises:
            TamperedLogError: The ledger itself was edited.
        """
        if not self.path.exists() or not self.path.stat().st_size:  # a crash before its first line leaves it empty
            return []
        return [Accepted(**line.body) for line in journal.read(self.path, kind=_KIND, torn="skip")]

    def head(self, set_name: str, key: str | None = None) -> Accepted | None:
        """Return the newest that was accepted of a set, by one key or by any."""
        fitting = [entry for entry in self.entries() if entry.set == set_name and key in (None, entry.key)]
        return max(fitting, key=lambda entry: entry.seq, default=None)

    def next_seq(self, set_name: str) -> int:
        """Return the number for the next backup of a set."""
        head = self.head(set_name)
        return 1 if head is None else head.seq + 1

    def judge(self, statement: Statement, keys: Iterable[str]) -> list[Finding]:
        """Compare a statement with what its keys' ratchets know.

        Args:
            statement: What was read.
            keys: Ids of the trusted keys whose signatures are good.
        """
        findings: list[Finding] = []
        accepted = self.entries()
        for key in keys:
            known = [entry for entry in accepted if entry.set == statement.set and entry.key == key]
            if not known:
                continue
            head = max(known, key=lambda entry: entry.seq)
            same = [entry for entry in known if entry.seq == statement.seq]
            if any(entry.digest != statement.digest for entry in same):
                findings.append(
                    Finding(code="FORK", expected=same[-1].digest, actual=statement.digest, detail=f"seq {head.seq}")
                )
            elif statement.seq < head.seq:
                findings.append(
                    Finding(code="ROLLBACK", expected=head.seq, actual=statement.seq, detail=f"accepted at {head.at}")
                )
            elif statement.seq == head.seq + 1 and statement.prev != head.digest:
                findings.append(Finding(code="CHAIN_GAP", expected=head.digest, actual=statement.prev))
            elif statement.seq > head.seq + 1:
                findings.append(
                    Finding(
                        code="CHAIN_GAP",
                        severity="warning",
                        expected=head.seq + 1,
                        actual=statement.seq,
                        detail="numbers between them were never verified here",
                    )
                )
        return findings

    def accept(self, statement: Statement, keys: Iterable[str], *, at: dt.datetime) -> None:
        """Remember a statement that passed every check; what is known already is not written again.

        Raises:
            LockedError: Another process writes the ledger, for longer than ten seconds.
        """
        with journal.Journal.open(self.path, kind=_KIND, durability="each", wait_s=10.0) as writer:
            heads = {(entry.set, entry.key): entry.seq for entry in self.entries()}  # under the lock: ours is last
            for key in keys or ("",):
                if heads.get((statement.set, key), -1) < statement.seq:
                    said = {
                        "set": statement.set,
                        "key": key,
                        "seq": statement.seq,
                        "digest": statement.digest,
                        "at": moment_text(at),
                    }
                    writer.append(json_bytes(said))

    def __repr__(self) -> str:
        return f"TrustLedger({self.path.name!r})"
