"""Holding what a log is against what was signed: up to where is it proved, and what does a contradiction mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit._merkle import EMPTY_ROOT
from crmkit.audit._proofs._rows import Rows

from ._damage import Damage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.audit._proofs._checkpoint import Checkpoint

    from ._damage import DamageKind
    from ._scan import Scan
    from ._source import Source

__all__ = ["Claim", "settle"]


@attrs.frozen
class Claim:
    """What a good checkpoint says, and where it was kept."""

    checkpoint: Checkpoint
    note: bytes
    kept: str
    elsewhere: bool


def settle(
    source: Source, scans: Sequence[Scan], claims: Sequence[Claim], joined: int | None, base: int, origin: str | None,
    damage: list[Damage],
) -> int:  # fmt: skip
    """Hold events and stored hashes against every claim.

    Args:
        source: The log.
        scans: What going through its parts gave.
        claims: Good checkpoints.
        joined: First event of the first part that does not fit the one before; ``None`` if all do.
        base: Event up to which the log was verified before.
        origin: What the log says it is.
        damage: What is found is added here.

    Returns:
        The number of events that a checkpoint proves.
    """
    roots = {0: EMPTY_ROOT}
    for found in scans:
        if joined is None or found.start.size < joined:
            roots |= found.roots
    by_events: list[Claim] = []
    by_hashes: list[Claim] = []
    held: set[int] = set()
    with source.rows() as store:
        rows = Rows(store)
        for number, claim in enumerate(claims):
            size, root = claim.checkpoint.size, claim.checkpoint.root
            if origin is not None and claim.checkpoint.origin != origin:
                damage.append(Damage(kind="forked", location=claim.kept))
                continue
            stored = size <= rows.size and rows.root(size) == root
            if stored:
                by_hashes.append(claim)
            if roots.get(size) == root or (size <= base and stored):
                by_events.append(claim)
                held.add(number)
    proved = max((claim.checkpoint.size for claim in by_events), default=0)
    signed = max((claim.checkpoint.size for claim in by_hashes), default=0)
    differing = [found for found in scans if found.differs is not None]
    differs: int | None = None
    if differing:
        differs = differing[0].differs or 0
        damage.append(Damage(kind="hashes" if proved > differs else differing[0].kind, seq=differs))
    for number, claim in sorted(enumerate(claims), key=lambda item: item[1].checkpoint.size):
        explained = differs is not None and differs < claim.checkpoint.size and (signed > differs or proved > differs)
        if claim.checkpoint.origin == origin and number not in held and not explained:
            damage.append(_blame(claim, claims, by_events, scans[-1].end))
            break
    return proved


def _blame(claim: Claim, claims: Sequence[Claim], good: Sequence[Claim], size: int) -> Damage:
    """Say what it means that the events contradict a checkpoint."""
    first = max((other.checkpoint.size for other in good if other.checkpoint.size <= claim.checkpoint.size), default=0)
    kind: DamageKind = "rewritten"
    if claim.checkpoint.size > size:
        kind, first = ("rolled_back" if claim.elsewhere else "truncated"), size
    elif claim.elsewhere and any(not other.elsewhere and other in good for other in claims):
        kind = "forked"
    return Damage(kind=kind, seq=first, last=claim.checkpoint.size - 1, location=claim.kept)
