"""Copies of a backup that nobody described: what most of them hold, and where there is no saying.

A majority is no proof: it only says which copies agree.  Nothing is healed by a vote.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit.backup._findings._findings import Finding, NotChecked
from crmkit.backup._tree._paths import shown
from crmkit.backup._verify._report import ordered
from crmkit.errors import SchemaError
from crmkit.issues import Report

from ._stores import require_distinct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Frame, JSONValue

    from ._stores import Store

_BLOCK = 1 << 20
_FEWEST = 3


@attrs.frozen(kw_only=True, repr=False, eq=False)
class CopiesVote(Report):
    """What copies without a manifest say of one another.

    Attributes:
        copies: Their names.
        files: Number of names that any copy has.
        agreed: How many files are the same in every copy.
        outvoted: Copy to the number of files in which it differs from a majority of all copies.
        findings: ``COPY_DIVERGES`` for a file on which a majority agrees, ``UNDECIDABLE`` for one on which none does,
            and ``UNREADABLE`` for what a copy could not give.
        not_checked: What a vote cannot say.

    .. versionadded:: 0.1.0
    """

    copies: tuple[str, ...]
    files: int
    agreed: int
    outvoted: Mapping[str, int]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def ok(self) -> bool:
        """Whether all copies are the same; that they are right only a manifest can say."""
        return not self.findings

    def counts(self) -> dict[str, int]:
        """Return the figures."""
        undecided = sum(finding.code == "UNDECIDABLE" for finding in self.findings)
        return {"files": self.files, "agreed": self.agreed, "undecidable": undecided}

    def to_dict(self) -> dict[str, JSONValue]:
        """Return everything as plain data."""
        return {
            "ok": self.ok,
            "copies": list(self.copies),
            **self.counts(),
            "outvoted": dict(self.outvoted),
            "findings": [finding.to_dict() for finding in self.findings],
            "not_checked": [item.to_dict() for item in self.not_checked],
        }

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each finding."""
        columns = {name: [getattr(finding, name) for finding in self.findings] for name in ("path", "code", "detail")}
        return frames.build(columns, like=like)

    def _repr_html_(self) -> str:
        from crmkit.backup._findings._page import Section, fragment

        rows = [(str(found.path), found.code, found.detail or "") for found in self.findings[:20]]
        return fragment(
            "Copies", repr(self)[1:-1], [Section(None, ("file", "finding", ""), rows, empty="all the same")]
        )

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {count}" for name, count in self.counts().items())
        return f"<CopiesVote {len(self.copies)} copies; {figures}>"


def vote_copies(copies: Mapping[str, Store]) -> CopiesVote:
    """Compare copies that have no manifest: what more than half of at least three hold is what most hold, no more.

    With a signed manifest use `compare_copies`, where one good copy outweighs any number of bad ones.

    Args:
        copies: Name to place.  A copy that lacks a file votes for its absence; one that cannot be read does not vote,
            and still counts among all of whom a majority is more than half.

    Raises:
        SchemaError: Fewer than two copies, or one and the same place under two names.
        OSError: A copy cannot be listed.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import LocalStore
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> for name, text in (("one", "a"), ("two", "a"), ("three", "b")):
        ...     (place / name).mkdir()
        ...     _ = (place / name / "a.csv").write_text(text)
        >>> stores = {name: LocalStore(place / name) for name in ("one", "two", "three")}
        >>> found = vote_copies(stores)
        >>> found.outvoted, [finding.code for finding in found.findings]
        ({'three': 1}, ['COPY_DIVERGES'])
        >>> del stores["two"]
        >>> [finding.code for finding in vote_copies(stores).findings]
        ['UNDECIDABLE']

    .. versionadded:: 0.1.0
    """
    if len(copies) < 2:
        raise SchemaError("one copy cannot be compared with itself")
    require_distinct(copies)
    paths = {path for store in copies.values() for path in store.paths()}
    findings: list[Finding] = []
    outvoted: Counter[str] = Counter()
    agreed = 0
    for path in sorted(paths):
        ballots: dict[str, bytes | None] = {}
        for name, store in copies.items():
            try:
                ballots[name] = _ballot(store, path)
            except (OSError, SchemaError) as error:
                reason = f"copy {name}: {type(error).__name__}"
                findings.append(Finding(code="UNREADABLE", path=shown(path), detail=reason))
        votes = Counter(ballots.values())
        [(most, count)] = votes.most_common(1) or [(None, 0)]
        if count == len(copies):
            agreed += 1
        elif len(copies) >= _FEWEST and count * 2 > len(copies):
            losers = [name for name, ballot in ballots.items() if ballot != most]
            outvoted.update(losers)
            if losers:
                what = "is not in most copies" if most is None else f"differs or is missing in {', '.join(losers)}"
                findings.append(
                    Finding(code="COPY_DIVERGES", path=shown(path), expected=len(copies), actual=count, detail=what)
                )
        else:
            findings.append(
                Finding(code="UNDECIDABLE", path=shown(path), detail=f"{len(votes)} versions in {len(copies)} copies")
            )
    return CopiesVote(
        copies=tuple(copies),
        files=len(paths),
        agreed=agreed,
        outvoted=dict(outvoted),
        findings=ordered(findings),
        not_checked=(
            NotChecked(what="whether any copy is right", reason="no manifest says; copies that agree may all be bad"),
            NotChecked(what="folders, links, modes", reason="copies are compared by their files"),
        ),
    )


def _ballot(store: Store, path: bytes) -> bytes | None:
    """Return a file's digest; ``None`` where the copy has no such file."""
    size = store.size(path)
    if size is None:
        return None
    digest, total = hashlib.sha256(), 0
    for block in store.read(path, _BLOCK):
        digest.update(block)
        total += len(block)
    if total != size:
        raise OSError("it changed while it was read")
    return digest.digest()
