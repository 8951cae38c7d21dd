"""Rewriting a column, a batch at a time: under a new key, or out of another kind of storage."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit._called import check_called
from crmkit.encryption._octets import _token
from crmkit.encryption._octets._frame import CODECS
from crmkit.encryption._values import _search
from crmkit.encryption._values._engine import bound_of
from crmkit.errors import CrmkitError, PlaintextFoundError, RefusedError

from ._table import Checkpoint, Rewrite, RotationReport, TokenCount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.encryption._boxes._box import Box
    from crmkit.encryption._fields._field import Field
    from crmkit.typing import Progress

    from ._readers import Reader
    from ._table import StoredToken, TokenTable

_log = logging.getLogger("crmkit.encryption")
MAX_KEPT_ERRORS: Final = 100


class Rotator:
    """Rewrites a column under the key that writes now, while the application goes on.

    Rows are written only where they still hold what was read, in one transaction with the checkpoint. So a rotation may
    be killed at any moment and started again, and two may run at once: nothing is lost and nothing encrypted twice.

    Args:
        box: Reads old and writes new.
        field: Which field.
        table: Where its column is.
        reader: For a migration: reads what is not yet a token. Without one, such a value is an error.
        reindex: Rewrite every row, those of the key that writes now too, so that each gets its index columns anew:
            after a rotation of the index key, or where a normalizer's own data have changed, as those of phones do.
        name: Of the checkpoint; the default names field and keys, so the next rotation starts from the first row.
        max_errors: Stop once so many rows could not be opened; 0 stops at the first.
        rows_per_s: Go no faster; ``None``: as fast as it goes.

    Example:
        >>> import sqlite3, tempfile
        >>> from pathlib import Path
        >>> from crmkit.encryption import Field, Keyring, LocalKeyFile, Rotator, SQLiteTokenTable
        >>> folder = Path(tempfile.mkdtemp())
        >>> ring = Keyring.create(folder / "acme.keyset", wrapper=LocalKeyFile.create(folder / "kek.key"))
        >>> email = Field("contacts.email")
        >>> box = ring.box([email])
        >>> database = sqlite3.connect(folder / "crm.db")
        >>> _ = database.execute("create table contacts (id integer primary key, email text)")
        >>> token = box.encrypt(email, "ana@example.com", record=1)
        >>> _ = database.execute("insert into contacts values (1, ?)", [token])
        >>> database.commit()
        >>> ring.rotate("data")
        2
        >>> rotator = Rotator(box, email, SQLiteTokenTable(folder / "crm.db", "contacts", "email"))
        >>> rotator.run().rewritten, rotator.verify().ok
        (1, True)

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        box: Box,
        field: Field | str,
        table: TokenTable,
        *,
        reader: Reader | None = None,
        reindex: bool = False,
        name: str | None = None,
        max_errors: int = 0,
        rows_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.field = box.field(field)
        if self.field.subject and reader is None and not reindex:
            raise RefusedError(
                "a field under the keys of persons needs no rotation: rotate the subject key and call "
                "Box.rewrap_subjects",
                rule="subject_rotation",
            )
        if rows_per_s is not None and rows_per_s <= 0:
            raise RefusedError("rows_per_s is above 0", rule="rate")
        self._box = box
        self._table = table
        self._reader = reader
        self._reindex = reindex
        self._name = name
        self._max_errors = max_errors
        self._rows_per_s = rows_per_s
        self._clock = clock
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The name of the checkpoint."""
        if self._name is not None:
            return self._name
        key = "subjects" if self.field.subject else self._box.engine.cipher(self.field, None, create=False).key_tag
        index = f", index key {self._box.ring.keyset.active('index').version}" if self._reindex else ""
        return f"{self.field.name} to {key}{index}"

    def run(
        self, *, batch: int = 10_000, batches: int | None = None, progress: Progress | None = None
    ) -> RotationReport:
        """Walk through the column from where the last run stopped, and once more if rows are left after its end.

        Args:
            batch: Rows a transaction.
            batches: Stop after so many; ``None``: at the end.
            progress: Wraps the walk; a step is a batch.

        Raises:
            CrmkitError: What the first row says that cannot be opened, once there are more than ``max_errors``; the
                message names the row's key. What was done before stays done.
        """
        check_called(progress=progress)
        if batch < 1:
            raise RefusedError("a batch has one row at least", rule="batch")
        name = self.name
        state = self._table.load(name) or Checkpoint(name)
        if state.done and not self._reindex and not self.verify().ok:
            # Somebody wrote under an older key behind the walk, or what could not be opened has been mended.
            state = attrs.evolve(state, after=None, done=False, current=0, failed=0)
        errors: list[tuple[Any, str]] = []
        walk = self._walk(state, batch, batches, errors)
        for state in walk if progress is None else progress(walk, total=batches, desc=f"rotate {self.field.name}"):
            _log.debug("%s: %d rewritten, %d current", name, state.rewritten, state.current)
        _log.info("%s: %d rewritten, %d conflicts, done: %s", name, state.rewritten, state.conflicts, state.done)
        counts = {what: getattr(state, what) for what in ("rewritten", "current", "conflicts", "failed", "done")}
        self._box.auditor.tell("rotate", [self.field.name], count=state.rewritten, detail={"done": state.done})
        return RotationReport(**counts, errors=tuple(errors))

    def _walk(self, state: Checkpoint, batch: int, batches: int | None, errors: list[tuple[Any, str]]) -> Any:
        number = 0
        while not state.done and (batches is None or number < batches):
            started = self._clock()
            rows = self._table.batch(state.after, batch)
            rewrites, failures = self._rewrites(rows)
            if len(errors) + len(failures) > self._max_errors:
                raise self._stopped(failures[self._max_errors - len(errors)])
            errors += [(key, type(error).__name__) for key, error in failures][: MAX_KEPT_ERRORS - len(errors)]
            state = self._write(state, rows, rewrites, len(failures), done=len(rows) < batch)
            number += 1
            yield state
            if self._rows_per_s is not None and not state.done:
                self._sleep(max(0.0, len(rows) / self._rows_per_s - (self._clock() - started)))

    def _write(
        self, before: Checkpoint, rows: Sequence[StoredToken], rewrites: Sequence[Rewrite], failed: int, *, done: bool
    ) -> Checkpoint:
        def after(written: int) -> Checkpoint:
            return attrs.evolve(
                before,
                after=rows[-1].key if rows else before.after,
                rewritten=before.rewritten + written,
                conflicts=before.conflicts + len(rewrites) - written,
                current=before.current + len(rows) - len(rewrites) - failed,
                failed=before.failed + failed,
                done=done,
            )

        return after(self._table.write(rewrites, after))

    def _stopped(self, failure: tuple[Any, CrmkitError]) -> CrmkitError:
        key, error = failure
        error.args = (f"{self.field.name}, row with key {key!r}: {error.args[0]}",)
        return error

    def _rewrites(self, rows: Sequence[StoredToken]) -> tuple[list[Rewrite], list[tuple[Any, CrmkitError]]]:
        """Return what to write, and the rows that cannot be opened."""
        field, engine = self.field, self._box.engine
        wanted = [row for row in rows if self._is_stale(row)]
        failures: list[tuple[Any, CrmkitError]] = []
        values: list[object] = []
        kept: list[StoredToken] = []
        for row, value in zip(wanted, self._values(wanted, failures), strict=True):
            if value is not None or field.hide_null:
                values.append(value)
                kept.append(row)
        if self._reader is not None:
            _search.judge(engine, field, values)
        records = [engine.record(field, row.key, bound_of(field, row.others)) for row in kept]
        subjects = [row.subject for row in kept] if field.subject else None
        tokens = engine.seal_many(field, values, records, subjects)
        terms = _search.rows(engine, field, values, [row.others for row in kept])
        columns = [field.index_columns[name] for name in terms]
        cells = zip(*terms.values(), strict=True) if terms else ((),) * len(kept)
        made = [
            Rewrite(row.key, row.token, token, dict(zip(columns, own, strict=True)))
            for row, token, own in zip(kept, tokens, cells, strict=True)
        ]
        return made, failures

    def _is_stale(self, row: StoredToken) -> bool:
        if self._reindex:
            return True
        if self.field.subject:  # a migration into the keys of persons: tokens are what it has done already
            return not (isinstance(row.token, str) and row.token.startswith(_token.MARKER))
        return self._box.needs_rewrite(self.field, row.token)

    def _values(self, rows: Sequence[StoredToken], failures: list[tuple[Any, CrmkitError]]) -> list[object]:
        """Open old tokens by the column, and read what is none one by one; ``None`` for what failed."""
        engine, field = self._box.engine, self.field
        found: list[object] = [None] * len(rows)
        tokens = [place for place, row in enumerate(rows) if self._is_token(row.token)]
        failed: dict[int, CrmkitError] = {}
        records = [engine.record(field, rows[place].key, bound_of(field, rows[place].others)) for place in tokens]
        persons = [rows[place].subject for place in tokens] if field.subject else None
        old = [rows[place].token for place in tokens]
        opened = engine.open_many(field, old, records, persons, failed) if tokens else ()
        for place, value in zip(tokens, opened, strict=True):
            found[place] = value
        errors = {tokens[at]: error for at, error in failed.items()}
        for place in sorted(set(range(len(rows))) - set(tokens)):
            try:
                found[place] = self._read(rows[place].token)
            except CrmkitError as error:
                errors[place] = error.with_traceback(None)  # whose frames hold values
        failures += [(rows[place].key, errors[place]) for place in sorted(errors)]
        return found

    def _is_token(self, stored: object) -> bool:
        if isinstance(stored, str):
            return stored.startswith(_token.MARKER)
        # Octets have no marker: those of a field that stores raw tokens are tokens, unless a migration reads them.
        return self._reader is None and self.field.encoding == "raw"

    def _read(self, stored: object) -> object:
        if self._reader is None:
            raise PlaintextFoundError("not a token; to migrate what is there, give the Rotator a reader")
        value = self._reader(stored)
        CODECS[self.field.type].encode(value)
        return value

    def verify(self) -> TokenCount:
        """Count the column's tokens by key, in the database and without decrypting."""
        current = b"" if self.field.subject else _token.header_of(self._box.prefix(self.field))
        tags: dict[str, int] = {}
        foreign = here = 0
        for prefix, count in self._table.prefixes().items():
            header = self._header(prefix)
            if header is None:
                foreign += count
                continue
            if self.field.subject:  # whose tokens have a key for each person, and are never stale
                here += count
                continue
            tag = header[2:].hex()
            tags[tag] = tags.get(tag, 0) + count
            here += count if header == current else 0
        stale = sum(count for tag, count in tags.items() if tag != current[2:].hex())
        return TokenCount(self.field, tags, here, stale, foreign)

    def _header(self, prefix: str) -> bytes | None:
        """Return the header that a value begins with; ``None`` if it is no token."""
        if self.field.encoding == "raw":
            try:
                header = bytes.fromhex(prefix)
            except ValueError:
                return None
        else:
            header = _token.header_of(prefix) if prefix.startswith(_token.MARKER) else b""
        return header if len(header) == _token.HEADER_BYTES and header[0] == _token.VERSION else None
