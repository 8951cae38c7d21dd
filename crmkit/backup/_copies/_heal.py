"""Making damaged copies whole from the others, chunk by chunk: planned first, and verified before it is written."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import attrs

from crmkit import _notebook, frames
from crmkit.backup._findings._recorded import record_backup
from crmkit.backup._tree._paths import shown
from crmkit.errors import FixityError

from ._compare import chunk_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.typing import AuditSink, Frame, JSONValue

    from ._compare import CopiesReport, FileStates
    from ._stores import Store

KEPT: Final = ".damaged"


@attrs.frozen(kw_only=True)
class HealAction:
    """One file in one copy that can be made whole.

    Attributes:
        path: The file.
        copy: Which copy gets it.
        sources: For each chunk, the copy it comes from.

    .. versionadded:: 0.1.0
    """

    path: str
    copy: str
    sources: tuple[str, ...]


@attrs.frozen(kw_only=True, repr=False)
class HealPlan:
    """What would make every copy whole; nothing happens before `apply`.

    Attributes:
        actions: One for each file and copy.
        hopeless: Files that no copy can give back, not even in parts.

    .. versionadded:: 0.1.0
    """

    actions: tuple[HealAction, ...]
    hopeless: tuple[str, ...]
    _files: tuple[FileStates, ...]
    _stores: Mapping[str, Store]
    _chunk: int

    def _repr_html_(self) -> str:
        rows = [(one.path, one.copy, one.sources) for one in self.actions[:20]]
        lead = f"{len(self.actions):,} files to write, {len(self.hopeless):,} hopeless"
        table = _notebook.table(("file", "in copy", "out of"), rows) if rows else ""
        rest = _notebook.more(len(rows), len(self.actions), "files")
        return _notebook.sheet("Healing", lead, table, rest, notes=[f"hopeless: {one}" for one in self.hopeless[:20]])

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return what would be written (path, copy, sources) as a frame of the kind of ``like``."""
        columns: dict[str, list[object]] = {
            "path": [one.path for one in self.actions], "copy": [one.copy for one in self.actions],
            "sources": [", ".join(dict.fromkeys(one.sources)) for one in self.actions],
        }  # fmt: skip
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the plan as plain data."""
        return {"actions": [attrs.asdict(one) for one in self.actions], "hopeless": list(self.hopeless)}

    def check(self) -> None:
        """Read and verify every chunk that `apply` would write, and write nothing.

        Raises:
            FixityError: A source is not what it was when the plan was made.
        """
        for action, file in zip(self.actions, self._files, strict=True):
            for _ in self._content(file, action.sources):
                pass

    def apply(self, *, audit: AuditSink | None = None, by: str | None = None) -> tuple[HealAction, ...]:
        """Write every file that can be made whole, verified chunk by chunk and as a whole before it takes its place.

        Args:
            audit: Log that what was written is recorded in.
            by: Who does it, for the log.

        Returns:
            The actions that were done.

        Raises:
            FixityError: A source is not what it was when the plan was made; that file is left as it was.
            FileExistsError: A damaged original of an earlier healing is still there.
        """
        done = 0
        try:
            for action, file in zip(self.actions, self._files, strict=True):
                content = self._content(file, action.sources)
                self._stores[action.copy].replace(file.entry.path, content, keep=KEPT, mode=file.entry.mode)
                done += 1
        finally:
            record_backup(audit, "heal", None, by=by, ok=done == len(self.actions), count=done)
        return self.actions

    def _content(self, file: FileStates, sources: Sequence[str]) -> Iterator[bytes]:
        entry, chunk = file.entry, self._chunk
        for number, name in enumerate(sources):
            start = number * chunk
            data = self._stores[name].part(entry.path, start, min(chunk, entry.size - start)) if entry.size else b""
            good = file.leaves[number] if file.leaves else entry.digest
            leaf = hashlib.sha256((b"\x00" if file.leaves else b"") + data).digest()
            if leaf != good:
                raise FixityError(f"chunk {number} in copy {name!r} changed meanwhile", location=shown(entry.path))
            yield data

    def __repr__(self) -> str:
        return f"<HealPlan {len(self.actions)} files to write, {len(self.hopeless)} hopeless>"


def plan_heal(report: CopiesReport) -> HealPlan:
    """Plan how to make damaged copies whole from the others, by chunk: two copies damaged in different places will do.

    Args:
        report: What `compare_copies` said.

    Example:
        >>> import pathlib, shutil, tempfile
        >>> from crmkit.backup import Header, LocalStore, SigningKey, compare_copies, create, sign
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> (place / "one").mkdir()
        >>> _ = (place / "one" / "a.csv").write_text("a")
        >>> key = SigningKey.generate()
        >>> _ = sign(create(place / "one", Header(set="crm")), key, seq=1)
        >>> (place / "two").mkdir()
        >>> stores = {name: LocalStore(place / name) for name in ("one", "two")}
        >>> plan = plan_heal(compare_copies(place / "one.meta", stores, keys=[key.public]))
        >>> plan.apply()
        (HealAction(path='a.csv', copy='two', sources=('one',)),)

    .. versionadded:: 0.1.0
    """
    actions: list[HealAction] = []
    files: list[FileStates] = []
    hopeless: list[str] = []
    for file in report._bad:
        path = shown(file.entry.path)
        sources = chunk_sources(file, report._stores)
        if sources is None:
            hopeless.append(path)
            continue
        for name, state in file.states.items():
            if state.state != "good":
                actions.append(HealAction(path=path, copy=name, sources=sources))
                files.append(file)
    return HealPlan(
        actions=tuple(actions),
        hopeless=tuple(hopeless),
        files=tuple(files),
        stores=report._stores,
        chunk=report._chunk,
    )
