"""Verifying a log from outside: nothing that is stored is believed but what a known key has signed."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crmkit._called import check_called
from crmkit._progress import steps
from crmkit.audit._proofs._checkpoint import Checkpoint
from crmkit.audit._proofs._given import read_keys, read_notes, read_witnesses
from crmkit.audit._proofs._rows import Rows, usable
from crmkit.audit._stores._vault import vault_beside
from crmkit.errors import FormatError, IntegrityError, InvalidValueError

from ._damage import Damage
from ._report import LogReport
from ._scan import UNREADABLE, Scan, scan
from ._settle import Claim, settle
from ._source import Part, Source, open_source
from ._values import check_values

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from crmkit.audit._proofs._note import NoteVerifier
    from crmkit.audit._proofs._witness import Witness
    from crmkit.typing import Progress

    from ._damage import DamageKind

__all__ = ["verify"]


def verify(
    path: str | os.PathLike[str],
    *,
    keys: Iterable[NoteVerifier] = (),
    witnesses: Iterable[Witness] = (),
    trusted: Iterable[bytes] = (),
    deep: bool = False,
    vault: str | os.PathLike[str] | Literal[False] | None = None,
    since: bytes | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> LogReport:
    """Verify a log: every event against the tree, the tree against every checkpoint, here and elsewhere.

    Args:
        path: The log; nothing is changed, and a writer may be at work.
        keys: Public keys that may have signed. Without any nothing can be proved.
        witnesses: Asked for the newest checkpoint that they have; one that has none of a log that has checkpoints is
            an error. One that only forwards (`Witness.answers`) is not asked.
        trusted: Signed checkpoints that were kept elsewhere.
        deep: Also read every event and write it again in canonical form; some ten times slower. Not needed for any
            proof, since what is signed are the stored bytes. And hold the vault against the events: a value that is
            not there must have gone by an erasure that the log tells of.
        vault: With ``deep``: where values and salts are; beside the log by default. ``False`` for a log that came
            without them, as an auditor's does.
        since: A checkpoint up to which the log was verified before; whole segments before it are not read again.
        workers: Processes to use. Several pay from some hundred thousand events on; as everywhere in Python, a script
            that asks for them needs ``if __name__ == "__main__":``.
        progress: Called with an iterable of segments, as ``tqdm`` is.

    Returns:
        The report. Damage is data, never an exception.

    Raises:
        FormatError: No log is there.
        InvalidValueError: Something else than public keys, witnesses and signed checkpoints was given.

    Example:
        >>> import tempfile
        >>> from crmkit.audit import Log, NoteSigner, verify
        >>> folder, signer = tempfile.mkdtemp(), NoteSigner.generate("example.com/log")
        >>> with Log.open(folder, signer=signer) as log:
        ...     receipt = log.record("contact.read", actor="u-17", resource=("contact", "42"))
        >>> verify(folder, keys=[signer.verifier])
        <LogReport 'example.com/log': 1 events, 1 proved; ok>

    .. versionadded:: 0.1.0
    """
    check_called(progress=progress)
    known, seen, kept_notes = read_keys(keys), read_witnesses(witnesses), read_notes(trusted)
    source = open_source(Path(path))
    damage: list[Damage] = []
    claims = _own_claims(source, known, damage)
    silent: list[str] = []
    claims += _claims_elsewhere(seen, kept_notes, known, damage, silent)
    try:
        with source.rows() as store:
            counts = store.counts()
        parts = source.parts()
        claims += _claims_of_headers(parts, claims, known, damage)
        if claims:  # it is no log that was just begun
            damage += [Damage(kind="unwitnessed", location=name) for name in silent]
        base = _resume(source, parts, since, known, damage)
        follows: list[Part | None] = [*parts[1:], None]
        todo = [(part, after) for part, after in zip(parts, follows, strict=True) if not after or after.first > base]
        sizes = {claim.checkpoint.size for claim in claims}
        scans = _scan_all(source, todo, sizes, counts, deep=deep, workers=workers, progress=progress)
        joined = _join(todo, scans, damage, base)
        proved = settle(source, scans, claims, joined, base, parts[0].origin, damage)
        foreign = min((found.differs for found in scans if found.differs is not None), default=None)
        damage += [
            Damage(kind="frame", seq=seq, location=place)
            for seq, place in source.loose(deep=deep)
            if seq is None or foreign is None or seq < foreign  # behind them there is nothing that was signed
        ]
    except UNREADABLE:
        damage.append(Damage(kind="unreadable", location=Path(path).name))
        return _report(None, 0, 0, claims, 0, damage, deep=deep)
    size = scans[-1].end
    if deep and vault is not False:
        kept = vault_beside(Path(path)) if vault is None else Path(vault)
        damage += check_values(source, [part for part, _ in todo], size, kept)
    pruned = sum((size if after is None else after.first) - part.first for part, after in todo if part.kind == "pruned")
    allowed = [before for found in scans for seq, before in found.pruned if seq < proved or not claims]
    _hold_pruned(todo, size, max(allowed, default=0), damage)
    if size and not proved and not damage:
        damage.append(Damage(kind="unproved", severity="warning"))
    return _report(parts[0].origin, size, proved, claims, pruned, damage, deep=deep)


def _hold_pruned(todo: list[tuple[Part, Part | None]], size: int, allowed: int, damage: list[Damage]) -> None:
    """Bodies may be missing before the event up to which the log says so, and nowhere else, however few they are."""
    for part, after in todo:
        end = size if after is None else after.first
        if part.kind == "pruned" and end > allowed:
            damage.append(Damage(kind="removed", seq=max(part.first, allowed), last=end - 1))
            return


def _report(
    origin: str | None, size: int, proved: int, claims: list[Claim], pruned: int, damage: list[Damage], *, deep: bool
) -> LogReport:
    good = [claim for claim in claims if claim.checkpoint.size == proved]
    elsewhere = [claim.checkpoint.size for claim in claims if claim.elsewhere and claim.checkpoint.size <= proved]
    return LogReport(
        origin=origin, size=size, proved=proved, witnessed=max(elsewhere, default=0), pruned=pruned,
        damage=tuple(sorted(damage, key=lambda item: (item.severity, size if item.seq is None else item.seq))),
        deep=deep, checkpoint=good[-1].note if good else None,
    )  # fmt: skip


def _own_claims(source: Source, known: tuple[NoteVerifier, ...], damage: list[Damage]) -> list[Claim]:
    """Read the log's own checkpoints; they must be signed and grow."""
    try:
        notes = source.notes()
    except FormatError as error:
        damage.append(Damage(kind="unreadable", location=error.location))
        return []
    except UNREADABLE:
        damage.append(Damage(kind="unreadable", location="checkpoints"))
        return []
    claims: list[Claim] = []
    for number, note in enumerate(notes, start=1):
        claim = _claim(note, known, f"checkpoint {number}", damage, elsewhere=False)
        if claim is not None:
            if claims and claims[-1].checkpoint.size > claim.checkpoint.size:
                damage.append(Damage(kind="forked", seq=claim.checkpoint.size, location=claim.kept))
            claims.append(claim)
    return claims


def _claims_of_headers(
    parts: Iterable[Part], claims: Iterable[Claim], known: tuple[NoteVerifier, ...], damage: list[Damage]
) -> list[Claim]:
    """Read the checkpoints that headers hold and that are not among the log's own any more."""
    there = {claim.note for claim in claims}
    notes = {part.checkpoint.encode(): part.name for part in parts if part.checkpoint is not None}
    found = [
        _claim(note, known, f"header of {name}", damage, elsewhere=False)
        for note, name in notes.items()
        if note not in there
    ]
    return [claim for claim in found if claim is not None]


def _claims_elsewhere(
    witnesses: Iterable[Witness], trusted: Iterable[bytes], known: tuple[NoteVerifier, ...], damage: list[Damage],
    silent: list[str],
) -> list[Claim]:  # fmt: skip
    """Read what others have kept, and note who has nothing: that witness was wiped, or is not the one meant."""
    kept = [(note, f"trusted checkpoint {number}") for number, note in enumerate(trusted, start=1)]
    for witness in witnesses:
        try:
            latest = witness.latest()
        except Exception:  # noqa: BLE001  witnesses are others' code
            damage.append(Damage(kind="unreadable", location=f"witness {witness.name}"))
            continue
        if latest is not None:
            kept.append((latest, f"witness {witness.name}"))
        elif witness.answers:
            silent.append(f"witness {witness.name}")
    claims = [_claim(note, known, name, damage, elsewhere=True) for note, name in kept]
    return [claim for claim in claims if claim is not None]


def _claim(
    note: bytes, known: tuple[NoteVerifier, ...], kept: str, damage: list[Damage], *, elsewhere: bool
) -> Claim | None:
    try:
        checkpoint = Checkpoint.open(note, known)
    except (FormatError, InvalidValueError, TypeError, AttributeError):  # a witness may give anything back
        kind: DamageKind = "unreadable"
    except IntegrityError as error:
        kind = "unknown_key" if error.location is None else "bad_signature"
    else:
        return Claim(checkpoint, note, kept, elsewhere)
    damage.append(Damage(kind=kind, location=kept))
    return None


def _resume(
    source: Source, parts: list[Part], since: bytes | None, known: tuple[NoteVerifier, ...], damage: list[Damage]
) -> int:
    """Return the event to go on from: the checkpoint's size, if the stored hashes are still those that it signed."""
    if since is None:
        return 0
    claim = _claim(since, known, "since", damage, elsewhere=True)
    if claim is None:
        return 0
    with source.rows() as store:
        whole = usable(store.counts())
        if claim.checkpoint.size <= whole and Rows(store).root(claim.checkpoint.size) == claim.checkpoint.root:
            firsts = [part.first for part in parts if part.first <= claim.checkpoint.size]
            return max(firsts, default=0)
    damage.append(Damage(kind="rewritten", seq=0, last=claim.checkpoint.size - 1, location="since"))
    return 0


def _scan_all(
    source: Source, todo: list[tuple[Part, Part | None]], sizes: set[int], counts: list[int], *, deep: bool,
    workers: int, progress: Progress | None,
) -> list[Scan]:  # fmt: skip
    ends = [None if following is None else following.first for _, following in todo]
    if workers == 1:
        pairs = list(zip(todo, ends, strict=True))
        return [
            scan(source, part, end, sizes, counts, deep=deep) for (part, _), end in steps(progress, pairs, "verify")
        ]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [
            pool.submit(scan, source, part, end, sizes, counts, deep=deep)
            for (part, _), end in zip(todo, ends, strict=True)
        ]
        return [future.result() for future in steps(progress, waiting, "verify")]


def _join(todo: list[tuple[Part, Part | None]], scans: Sequence[Scan], damage: list[Damage], base: int) -> int | None:
    """Hold the parts against each other: each must begin where and how the one before ended.

    Returns:
        The first event of the first part that does not; ``None`` if all do.
    """
    joined: int | None = None
    if todo[0][0].first > base:
        damage.append(Damage(kind="removed", seq=base, last=todo[0][0].first - 1))
        joined = base
    for place, ((part, following), found) in enumerate(zip(todo, scans, strict=True)):
        damage += found.found
        before = scans[place - 1] if place else None
        fits = part.edge is not None and part.origin == todo[0][0].origin
        if fits and before is not None and before.differs is None and before.end == part.first:
            fits = before.edge.nodes == part.edge.nodes  # type: ignore[union-attr]  # it is there if it fits
            fits = fits and (part.kind != "segment" or not before.stored_at or before.stored_at == part.stored_at)
        if not fits:
            damage.append(Damage(kind="frame", seq=part.first, location=part.name))
        if joined is None and before is not None and (not fits or before.edge.nodes != found.start.nodes):
            joined = part.first
        if following is not None and found.differs is None and found.end != following.first:
            kind: DamageKind = "removed" if found.end < following.first else "inserted"
            damage.append(Damage(kind=kind, seq=min(found.end, following.first), location=part.name))
    return joined
