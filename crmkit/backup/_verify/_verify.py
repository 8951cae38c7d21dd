"""Verify a backup: who says so, is everything there, is it unaltered, is it complete; and what was not looked at."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmkit._called import check_called
from crmkit.backup._findings._findings import LEVELS, Finding, Level, NotChecked
from crmkit.backup._findings._recorded import record_backup
from crmkit.backup._manifest._create import meta_folder, utc_now
from crmkit.backup._manifest._file import BUCKETS, CHUNKS, MANIFEST, STATEMENT, Scanned, scan
from crmkit.backup._manifest._keys import read_keys
from crmkit.backup._manifest._leaves import file_sha256
from crmkit.backup._manifest._statement import (
    CLOCK_SKEW,
    Envelope,
    Statement,
    moment_text,
    parse_statement,
    read_envelope,
)
from crmkit.errors import IntegrityError, InvalidValueError, ManifestError, NotFoundError

from ._content import Contents, Sample
from ._report import Coverage, VerifyReport, ordered

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Sequence

    from crmkit.backup._manifest._ledger import TrustLedger
    from crmkit.backup._manifest._lines import Limits
    from crmkit.typing import AuditSink, Progress, Verifier

    from ._content import Budget

_DEEPER: Final = {
    "statement": (
        ("names, sizes and types", "level statement reads no folder"),
        ("content", "level statement reads no content"),
    ),
    "inventory": (("content", "level inventory reads no content"),),
}


def verify(
    payload: str | os.PathLike[str],
    meta: str | os.PathLike[str] | None = None,
    *,
    keys: Sequence[Verifier] = (),
    level: Level = "content",
    expect_set: str | None = None,
    ledger: TrustLedger | None = None,
    max_age: dt.timedelta | None = None,
    require_signed: bool = True,
    min_signatures: int = 1,
    parents: Sequence[Statement] | None = None,
    history: Sequence[Statement] | None = None,
    max_shrink: float = 0.5,
    state: str | os.PathLike[str] | None = None,
    budget: Budget | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    audit: AuditSink | None = None,
    by: str | None = None,
    now: Callable[[], dt.datetime] = utc_now,
) -> VerifyReport:
    r"""Verify a backup as deeply as asked; every fault found is reported, not only the first.

    Args:
        payload: Folder with the files of the backup.
        meta: Folder with its manifest; ``<payload>.meta`` where ``None``.
        keys: Public keys that you trust.
        level: ``"statement"``: who signed it, is it fresh, not rolled back. ``"inventory"``: and every name, size,
            type and mode. ``"sample"``: and the content of the files that were read longest ago, within ``budget``.
            ``"content"``: and the content of every file. ``"probe"``: and each file is a complete one of its format,
            and encrypted if that was promised.
        expect_set: Which series the backup must belong to.
        ledger: Remembers what was accepted; after a verification without error it remembers this one too.
        max_age: How old the backup may be.
        require_signed: Whether a statement without a signature of one of ``keys`` is an error.
        min_signatures: How many of ``keys`` must have signed.
        parents: Statements of the backups that an incremental one may build on.
        history: Statements of earlier backups of the set, to see whether this one is suspiciously small.
        max_shrink: How much smaller than the median of ``history`` it may be, 0 to 1.
        state: File that remembers which files were read, for ``"sample"``.
        budget: How much ``"sample"`` reads.
        limits: How much of a manifest is read.
        progress: Progress bar over the manifest's entries.
        audit: Log that it is recorded in: ``crmkit.audit.Log``, or anything with its method.
        by: Who does it, for the log.
        now: The clock.

    Returns:
        The report. ``ok`` speaks of this level only; ``not_checked`` names what nobody looked at.

    Raises:
        NotFoundError: An unknown level.
        InvalidValueError: ``max_shrink`` or ``min_signatures`` outside of its range, or one of ``keys`` is no public
            key.
        TamperedLogError: The ledger itself was edited.
        OSError: The payload or the manifest's folder is not there or cannot be opened.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import Header, SigningKey, create, sign, verify
        >>> dump = pathlib.Path(tempfile.mkdtemp()) / "dump"
        >>> dump.mkdir()
        >>> _ = (dump / "contacts.csv").write_text("id,email\n1,ana@example.com\n")
        >>> key = SigningKey.generate()
        >>> statement = sign(create(dump, Header(set="crm-prod")), key, seq=1)
        >>> _ = (dump / "contacts.csv").write_text("id,email\n1,eva@example.com\n")
        >>> report = verify(dump, keys=[key.public])
        >>> report.codes(), report.ok
        (('MODIFIED',), False)

    .. versionadded:: 0.1.0
    """
    check_called(now=now, progress=progress)
    if level not in LEVELS:
        raise NotFoundError.of("level", level, LEVELS)
    if not 0 <= max_shrink <= 1 or min_signatures < 1:  # NaN is in no range, and would let everything pass
        raise InvalidValueError("max_shrink lies in 0 to 1, and min_signatures is 1 or more")
    keys = read_keys(keys)
    run = _Run(Path(payload), meta_folder(payload, meta), level, now())
    statement, trusted = run.signatures(keys, require_signed=require_signed, min_signatures=min_signatures)
    if statement is not None:
        run.freshness(statement, expect_set, max_age)
        run.lineage(statement, parents)
        run.size(statement, history, max_shrink)
        if ledger is None:
            run.skip("rollback", "no ledger was given")
        else:
            run.findings += ledger.judge(statement, trusted or ("",))
            if not any(ledger.head(statement.set, key) for key in trusted or ("",)):
                run.skip("rollback", "the ledger knows no earlier backup of this set and key")
    for what, reason in _DEEPER.get(level, ()):
        run.skip(what, reason)
    coverage = Coverage()
    if level != "statement":
        scanned = run.manifest(statement, limits)
        if scanned is not None:
            sample = Sample(state=state, budget=budget) if level == "sample" else None
            contents = Contents(run.payload, run.meta, scanned, level, sample, run.moment, leaves=run.chunks_good)
            contents.run(progress, limits)
            run.findings += contents.findings
            run.not_checked += contents.not_checked
            coverage = contents.coverage()
    if level != "probe":
        run.skip("completeness by format, promised encryption", f"level {level} decodes nothing")
    run.skip("restoring", "only a drill restores")
    report = VerifyReport(
        level=level,
        findings=ordered(run.findings),
        not_checked=tuple(run.not_checked),
        coverage=coverage,
        statement=statement,
        trusted_keys=trusted,
    )
    if ledger is not None and statement is not None and report.ok:
        ledger.accept(statement, trusted, at=run.moment)
    name = None if statement is None else statement.backup_id
    record_backup(audit, "verify", name, by=by, ok=report.ok, findings=report.findings, detail={"level": level})
    return report


class _Run:
    """One verification: gathers findings and what was left out."""

    def __init__(self, payload: Path, meta: Path, level: Level, moment: dt.datetime) -> None:
        self.payload, self.meta, self.level, self.moment = payload, meta, level, moment
        self.findings: list[Finding] = []
        self.not_checked: list[NotChecked] = []
        self.chunks_good = False
        if not meta.is_dir():
            raise FileNotFoundError(
                f"no manifest: looked for the folder {meta.name} in {meta.parent}; "
                "backup.create(payload, Header(set=...)) makes it, and only what it describes can be verified"
            )
        if not payload.is_dir():
            raise FileNotFoundError(2, "no such folder", str(payload))

    def skip(self, what: str, reason: str, count: int | None = None) -> None:
        """Say that something was not checked."""
        self.not_checked.append(NotChecked(what=what, reason=reason, count=count))

    def add(self, code: str, path: str | None = None, **more: object) -> None:
        """Add a finding."""
        self.findings.append(Finding(code=code, path=path, **more))  # type: ignore[arg-type]

    # -- the statement ------------------------------------------------------------------------------------------------

    def signatures(
        self, keys: Sequence[Verifier], *, require_signed: bool, min_signatures: int
    ) -> tuple[Statement | None, tuple[str, ...]]:
        """Read the statement and find out which of the trusted keys signed it."""
        try:
            envelope = read_envelope(self.meta / STATEMENT)
            statement = parse_statement(envelope.payload)
        except FileNotFoundError:
            self.add("INCOMPLETE", detail="there is no statement, which is written last")
        except OSError as error:
            self.add("UNREADABLE", STATEMENT, detail=f"errno {error.errno}: {error.strerror}")
        except ManifestError as error:
            self.add("MANIFEST_MALFORMED", STATEMENT, detail=str(error))
        else:
            return statement, self._trusted(
                envelope, keys, require_signed=require_signed, min_signatures=min_signatures
            )
        self.skip("signature, freshness, rollback", "there is no statement that could be read")
        return None, ()

    def _trusted(
        self, envelope: Envelope, keys: Sequence[Verifier], *, require_signed: bool, min_signatures: int
    ) -> tuple[str, ...]:
        severity = "error" if require_signed else "warning"
        if not envelope.signatures:
            self.add("UNSIGNED", severity=severity)
            self.skip("who made the backup", "the statement is not signed")
            return ()
        if not keys:
            if require_signed:
                self.add("UNKNOWN_KEY", detail="no key to trust was given as keys=")
            self.skip("signature", "no key to trust was given")
            return ()
        message = envelope.to_sign()
        trusted: list[str] = []
        bad = 0
        for key in keys:
            # A key id only says which signature to try; one without any is tried with every key.
            for key_id, signature in envelope.signatures:
                if key_id not in (key.key_id, ""):
                    continue
                try:
                    key.verify(message, signature)
                except IntegrityError:
                    bad += key_id != ""
                else:
                    if key.key_id not in trusted:
                        trusted.append(key.key_id)
        if bad:
            self.add("BAD_SIGNATURE", detail=f"{bad} of {len(envelope.signatures)} signatures")
        elif not trusted:
            ids: list[str] = sorted({key_id or "(unnamed)" for key_id, _ in envelope.signatures})
            self.add("UNKNOWN_KEY", severity=severity, actual=ids)
        elif len(trusted) < min_signatures:
            self.add("UNSIGNED", expected=min_signatures, actual=len(trusted), detail="too few trusted signatures")
        return tuple(trusted)

    def freshness(self, statement: Statement, expect_set: str | None, max_age: dt.timedelta | None) -> None:
        """Judge set and dates."""
        if expect_set is None:
            self.skip("set", "no expect_set was given")
        elif statement.set != expect_set:
            self.add("WRONG_SET", expected=expect_set, actual=statement.set)
        if statement.created > self.moment + CLOCK_SKEW:
            self.add("FUTURE_DATED", actual=moment_text(statement.created))
        if statement.expires is not None and statement.expires <= self.moment:
            self.add("EXPIRED", expected=moment_text(statement.expires))
        if max_age is None:
            self.skip("age", "no max_age was given")
        elif self.moment - statement.created > max_age:
            self.add("STALE", actual=moment_text(statement.created), detail=f"older than {max_age}")

    def lineage(self, statement: Statement, parents: Sequence[Statement] | None) -> None:
        """Judge whether the backup that this one builds on is there."""
        if statement.parent is None:
            return
        if parents is None:
            self.skip("parent", "no parents were given")
            return
        named = [parent for parent in parents if parent.backup_id == statement.parent]
        if not named:
            self.add("PARENT_MISSING", expected=statement.parent)
        elif statement.parent_statement not in (None, *(parent.digest for parent in named)):
            self.add("CHAIN_GAP", expected=statement.parent_statement, actual=named[0].digest, detail="another parent")

    def size(self, statement: Statement, history: Sequence[Statement] | None, max_shrink: float) -> None:
        """Judge the size against earlier backups."""
        earlier = [
            other.size_bytes
            for other in history or ()
            if other.backup_id != statement.backup_id and (other.set, other.kind) == (statement.set, statement.kind)
        ]
        if statement.kind == "full" and statement.size_bytes == 0:
            self.add("UNDERSIZED", actual=0, detail="a full backup without a byte")
        elif not earlier:
            self.skip("size against earlier backups", "no earlier backup of its kind was given as history=")
        else:
            usual = statistics.median(earlier)
            if statement.size_bytes < usual * (1 - max_shrink):
                self.add(
                    "UNDERSIZED", expected=int(usual), actual=statement.size_bytes, detail="median of the earlier ones"
                )

    # -- the manifest -------------------------------------------------------------------------------------------------

    def manifest(self, statement: Statement | None, limits: Limits | None) -> Scanned | None:
        """Read the manifest and hold it against the statement."""
        try:
            scanned = scan(self.meta / MANIFEST, limits)
        except FileNotFoundError:
            self.add("INCOMPLETE", MANIFEST, detail="there is no manifest")
        except ManifestError as error:
            self.add("MANIFEST_MALFORMED", MANIFEST, detail=str(error))
        except OSError as error:
            self.add("UNREADABLE", MANIFEST, detail=f"errno {error.errno}: {error.strerror}")
        else:
            self.findings += scanned.findings
            if statement is not None:
                self._fits(statement, scanned)
            self.chunks_good = self._leaf_file(CHUNKS, scanned.chunks)
            self._leaf_file(BUCKETS, scanned.buckets)
            return scanned
        self.skip("every file", "there is no manifest that could be read")
        return None

    def _fits(self, statement: Statement, scanned: Scanned) -> None:
        header = scanned.header
        tables = {table.name: table.root.hex() for table in scanned.tables}
        said = (
            *(
                statement.root,
                statement.lines,
                statement.files,
                statement.size_bytes,
                statement.chunks,
                statement.buckets,
            ),
            *(dict(statement.tables), statement.set, statement.backup_id, statement.kind, statement.parent),
            *(moment_text(statement.created), statement.parent_statement),
        )
        found = (
            *(scanned.root, scanned.lines, scanned.files, scanned.size_bytes, scanned.chunks, scanned.buckets),
            *(tables, header.set, header.backup_id, header.kind, header.parent),
            *(header.created, header.parent_statement),
        )
        if said != found:
            self.add("ROOT_MISMATCH", MANIFEST, expected=statement.root, actual=scanned.root)

    def _leaf_file(self, name: str, expected: str) -> bool:
        try:
            actual = file_sha256(self.meta / name)
        except FileNotFoundError:
            self.add("INCOMPLETE", name, detail="it is not there")
        except OSError as error:
            self.add("UNREADABLE", name, detail=f"errno {error.errno}: {error.strerror}")
        else:
            if actual == expected:
                return True
            self.add("ROOT_MISMATCH", name, expected=expected, actual=actual)
        return False
