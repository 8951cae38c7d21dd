"""The keyring: one tenant's keys in a file, in memory, and over time."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import _notebook
from crmkit._called import check_called
from crmkit._disk import replacing
from crmkit._journal import FileLock
from crmkit.encryption._fields._field import Field, field_items
from crmkit.encryption._keys import _keyset
from crmkit.encryption._keys._derive import key_tag
from crmkit.encryption._keys._keyset import Envelope, Keyset, KeyState, Purpose
from crmkit.encryption._keys._wrappers import KEYSET_KEY_BYTES, unwrap_any, wrap_all, wrapping_context
from crmkit.errors import (
    ConflictError,
    FormatError,
    InvalidValueError,
    KeysetRollbackError,
    KMSRefusedError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmkit.encryption._rotation._table import TokenCount
    from crmkit.encryption._values._subjects import SubjectStore
    from crmkit.typing import KeyWrapper

    from ._box import Box

SINGLE_TENANT: Final = "-"
_MOST_BYTES: Final = 16 * 1024 * 1024
_log = logging.getLogger("crmkit.encryption")


@attrs.frozen
class KeyStatus:
    """One key in ``Keyring.status``, without its octets.

    .. versionadded:: 0.1.0
    """

    purpose: Purpose
    version: int
    state: KeyState
    created_at: str


@attrs.frozen
class KeyringStatus:
    """What a keyring holds, without any key; made by ``Keyring.status``.

    Attributes:
        tenant: Whose keys.
        generation: Grows with each change; keep the highest that you saw outside of the database.
        wrapped_by: Uris of the wrapping keys.
        keys: Each key's purpose, version, state and age.

    .. versionadded:: 0.1.0
    """

    tenant: str
    generation: int
    wrapped_by: tuple[str, ...]
    keys: tuple[KeyStatus, ...]

    def __repr__(self) -> str:
        return f"<KeyringStatus of {self.tenant!r}: generation {self.generation}, {len(self.keys)} keys>"

    def _repr_html_(self) -> str:
        rows = [(key.purpose, key.version, key.state, datetime.fromisoformat(key.created_at)) for key in self.keys]
        lead = f"generation {self.generation}, wrapped by {', '.join(self.wrapped_by)}"
        table = _notebook.table(("key for", "version", "state", "made"), rows)
        return _notebook.sheet(f"Keyring of {self.tenant}", lead, table)


class Keyring:
    """One tenant's keys; made by ``create`` and ``load``.

    The file holds them sealed under a key that only the wrapper can unwrap. The wrapper is asked when a keyring is
    created, loaded, refreshed or changed; encrypting and decrypting never ask anybody.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> folder = Path(tempfile.mkdtemp())
        >>> from crmkit.encryption import Keyring, LocalKeyFile
        >>> wrapper = LocalKeyFile.create(folder / "kek.key")
        >>> ring = Keyring.create(folder / "acme.keyset", wrapper=wrapper, tenant="acme")
        >>> ring
        <Keyring of 'acme', generation 1>
        >>> ring.rotate("data")
        2
        >>> [(key.version, key.state) for key in ring.status().keys if key.purpose == "data"]
        [(1, 'read-only'), (2, 'active')]

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, path: Path, wrapper: KeyWrapper, keyset: Keyset, wrapped_by: tuple[str, ...], floor: int
    ) -> None:
        self._path = path
        self._wrapper = wrapper
        self._keyset = keyset
        self._wrapped_by = wrapped_by
        self._floor = floor
        self._changing = threading.Lock()

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        wrapper: KeyWrapper,
        tenant: str = SINGLE_TENANT,
        now: Callable[[], datetime] | None = None,
    ) -> Keyring:
        """Make a new keyring and its file.

        Args:
            path: Where; nothing may be there yet.
            wrapper: Holds the wrapping key.
            tenant: Whose keys these are; goes into every key and token.
            now: The clock.

        Raises:
            FileExistsError: A file is there. Overwriting a keyset could lose every value for good.
            KeyWrapperError: The wrapper did not answer, or said no.
        """
        path = _in_order(path, wrapper)
        keyset = Keyset.new(tenant, _now(now))
        with _locked(path):
            if path.exists():
                raise FileExistsError(f"{path.name} is there already; load it, or choose another name")
            wrapped_by = _write(path, keyset, wrapper)
        return cls(path, wrapper, keyset, wrapped_by, 1)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        wrapper: KeyWrapper,
        tenant: str | None = None,
        min_generation: int = 1,
    ) -> Keyring:
        """Read a keyring.

        Args:
            path: The file.
            wrapper: Holds the wrapping key, or one of them.
            tenant: Whose keys they must be; ``None`` takes whosever they are.
            min_generation: The highest generation that was seen, remembered outside of the database and its backups.

        Raises:
            KeysetRollbackError: The file is older than that.
            RefusedError: It is another tenant's.
            FormatError: It is no keyset.
            InvalidValueError: The wrapper is none, such as the path of a key file.
            IntegrityError: It was changed.
            KeyWrapperError: The wrapper did not answer, or said no.
        """
        path = _in_order(path, wrapper)
        keyset, wrapped_by = _read(path, wrapper, min_generation, tenant)
        return cls(path, wrapper, keyset, wrapped_by, keyset.generation)

    @property
    def tenant(self) -> str:
        """Whose keys."""
        return self._keyset.tenant

    @property
    def generation(self) -> int:
        """Grows with each change."""
        return self._keyset.generation

    @property
    def keyset(self) -> Keyset:
        """The keys of this moment, for the box."""
        return self._keyset

    def box(self, fields: Iterable[Field], *, tenant: str | None = None, **options: Any) -> Box:
        """Return a :class:`Box` that encrypts these fields.

        Args:
            fields: What is encrypted; names and columns must differ.
            tenant: Must be the keyring's own, where it is given.
            options: ``subjects``, ``audit``, ``record_type``, ``row_seal``, ``require_purpose``: see :class:`Box`.

        Raises:
            RefusedError: The keyring is another tenant's.
        """
        from ._box import Box

        given: object = fields
        if isinstance(given, str | Field):
            raise InvalidValueError("a box takes a list of fields, even of one: ring.box([field])")
        if tenant is not None and tenant != self.tenant:
            raise RefusedError(f"this keyring is of tenant {self.tenant!r}, not {tenant!r}", rule="tenant")
        return Box(self, fields, **options)

    def status(self) -> KeyringStatus:
        """Say what keys there are, without any of their octets."""
        keys = (KeyStatus(key.purpose, key.version, key.state, key.created_at) for key in self._keyset.keys)
        return KeyringStatus(self.tenant, self.generation, self._wrapped_by, tuple(keys))

    def refresh(self) -> bool:
        """Read the file again; return whether it had changed.

        Raises:
            KeysetRollbackError: It is older than what is in memory, which stays.
        """
        with self._changing:
            if Envelope.read(_load(self._path), self._path.name).generation == self.generation:
                return False
            self._take(*_read(self._path, self._wrapper, self._floor, self.tenant))
            return True

    def rotate(self, purpose: Purpose = "data", *, now: Callable[[], datetime] | None = None) -> int:
        """Add a key that writes from now on; the one before still reads. Return the new version.

        No value changes: a :class:`Rotator` rewrites columns at its own pace. Other processes go on with the keys that
        they have until they call :meth:`refresh`; give them time before anything is written under the new key that
        they must read.

        Raises:
            ConflictError: Somebody changed the file since; refresh, and look whether it still needs a rotation.
        """
        self._change(lambda keyset: keyset.rotated(purpose, _now(now)))
        return self._keyset.active(purpose).version

    def rewrap(self, wrapper: KeyWrapper | None = None) -> None:
        """Wrap the keys anew: under another wrapping key, or under a new version of the same.

        Raises:
            ConflictError: Somebody changed the file since.
        """
        self._change(Keyset.next, wrapper)

    def destroy(
        self,
        purpose: Purpose,
        version: int,
        *,
        counts: Iterable[TokenCount] = (),
        subjects: SubjectStore | None = None,
        backups_gone: bool,
    ) -> None:
        """Destroy a read-only key for good: what it encrypted can never be read again.

        Nothing counts the sealed files and row seals of a data key, nor the rows with terms of an index key: they are
        lost, and those rows not found any more. Seal and ``Rotator(..., reindex=True)`` first.

        Args:
            purpose: ``"data"``, ``"index"`` or ``"subject"``.
            version: Which key.
            counts: For a data key: what :meth:`Rotator.verify` found in every column that may hold its tokens.
            subjects: For a subject key: the store, which is looked through for persons' keys that it still seals.
            backups_gone: Your word that no backup from before the rotation is wanted any more.

        Raises:
            RefusedError: Something is still under the key, nobody looked, or backups are still wanted.
        """
        counts = list(counts)
        if purpose == "data" and not counts:
            raise RefusedError("give what Rotator.verify() counted in every column of this key", rule="key_in_use")
        if purpose == "subject":
            _check_rewrapped(subjects, self.tenant, version)
        if not backups_gone:
            raise RefusedError(
                "backups from before the rotation could not be read any more; say backups_gone=True when they may go",
                rule="backups_wanted",
            )
        gone = self._keyset.key(purpose, version)
        for count in counts:
            left = count.tags.get(key_tag(gone.tags, field_items(count.field, self.tenant)).hex(), 0)
            if left:
                raise RefusedError(f"{count.field.name} still has {left} tokens of that key", rule="key_in_use")
        self._change(lambda keyset: keyset.without(purpose, version))

    def _change(self, change: Callable[[Keyset], Keyset], wrapper: KeyWrapper | None = None) -> None:
        wrapper = self._wrapper if wrapper is None else wrapper
        with self._changing, _locked(self._path):
            there = Envelope.read(_load(self._path), self._path.name).generation
            if there != self.generation:
                raise ConflictError(
                    f"the keyset has generation {there} on disk and {self.generation} here: call refresh() first"
                )
            keyset = change(self._keyset)
            self._take(keyset, _write(self._path, keyset, wrapper))
            self._wrapper = wrapper
        _log.info("keyring of %r has generation %d", self.tenant, self.generation)

    def _take(self, keyset: Keyset, wrapped_by: tuple[str, ...]) -> None:
        self._keyset, self._wrapped_by, self._floor = keyset, wrapped_by, keyset.generation

    def __repr__(self) -> str:
        return f"<Keyring of {self.tenant!r}, generation {self.generation}>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("a Keyring is not pickled; load it in the other process")


def _check_rewrapped(subjects: SubjectStore | None, tenant: str, version: int) -> None:
    """Refuse to destroy a subject key that still seals somebody's key."""
    if subjects is None:
        raise RefusedError("give subjects=, the store with the keys of persons", rule="key_in_use")
    after = ""
    while rows := subjects.page(tenant, after, 1000):
        after = rows[-1].subject
        if any(row.sealed is not None and row.generation == version for row in rows):
            raise RefusedError(
                "keys of persons are still sealed by that key; call Box.rewrap_subjects() first", rule="key_in_use"
            )


def _in_order(path: str | os.PathLike[str], wrapper: KeyWrapper) -> Path:
    """Return the path, unless one of the two stands in the place of the other."""
    if hasattr(path, "unwrap") or not (hasattr(wrapper, "wrap") and hasattr(wrapper, "unwrap")):
        raise InvalidValueError(
            "a keyring is given its path, then wrapper= that unwraps it: "
            "Keyring.load(path, wrapper=LocalKeyFile(key_path))"
        )
    return Path(path)


def _now(now: Callable[[], datetime] | None) -> datetime:
    check_called(now=now)
    return datetime.now(UTC) if now is None else now()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_name(path.name + ".lock"), wait_s=10)
    try:
        yield
    finally:
        lock.release()


def _load(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(_MOST_BYTES)
    if len(data) == _MOST_BYTES:
        raise FormatError(f"too large for a {_keyset.FORMAT} file", location=path.name)
    return data


def _read(path: Path, wrapper: KeyWrapper, floor: int, tenant: str | None) -> tuple[Keyset, tuple[str, ...]]:
    envelope = Envelope.read(_load(path), path.name)
    if envelope.generation < floor:
        raise KeysetRollbackError(
            f"generation {envelope.generation} is older than {floor}, which was in use: an old file was put back",
            generation=envelope.generation,
            expected=floor,
            location=path.name,
        )
    if tenant is not None and envelope.tenant != tenant:
        raise RefusedError(f"{path.name} is the keyset of {envelope.tenant!r}, not of {tenant!r}", rule="tenant")
    context = wrapping_context(envelope.tenant, envelope.generation)
    keyset_key = unwrap_any(wrapper, envelope.wrapped, context)
    if len(keyset_key) != KEYSET_KEY_BYTES:
        raise KMSRefusedError("the wrapper gave back something that is no key", uri=wrapper.uri)
    keyset = Keyset.open(
        envelope.sealed, keyset_key, tenant=envelope.tenant, generation=envelope.generation, place=path.name
    )
    return keyset, tuple(uri for uri, _ in envelope.wrapped)


def _write(path: Path, keyset: Keyset, wrapper: KeyWrapper) -> tuple[str, ...]:
    """Put the file into place in one step, complete and on disk."""
    keyset_key = os.urandom(KEYSET_KEY_BYTES)
    wrapped = wrap_all(wrapper, keyset_key, wrapping_context(keyset.tenant, keyset.generation))
    data = Envelope(keyset.tenant, keyset.generation, tuple(wrapped), keyset.seal(keyset_key)).to_bytes()
    with replacing(path, private=True) as stream:
        stream.write(data)
    return tuple(uri for uri, _ in wrapped)
