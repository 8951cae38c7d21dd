"""Places to restore into that cannot be the source: each makes its own, marks it, and takes down only what it made."""

from __future__ import annotations

import abc
import contextlib
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import attrs

from crmkit._optional import require
from crmkit._run_id import new_run_id
from crmkit.errors import RefusedError

if TYPE_CHECKING:
    import os
    from types import TracebackType

_PREFIX: Final = "crmkit_drill_"
_MARK: Final = ".crmkit-drill"


@attrs.frozen
class SourceIdentity:
    """What tells the system that was backed up from every other.

    Attributes:
        system_identifier: PostgreSQL's, the same for a server and all its replicas.
        database: Name of the database.

    Example:
        >>> str(SourceIdentity("7429", "crm"))
        '7429@crm'

    .. versionadded:: 0.1.0
    """

    system_identifier: str
    database: str

    def __str__(self) -> str:
        return f"{self.system_identifier}@{self.database}"


def postgres_identity(connection: Any) -> SourceIdentity:
    """Ask a PostgreSQL connection where it leads; give the answer to ``Header(source=...)`` and to the scratch place.

    Note:
        :doc:`/how-to/run-a-restore-drill` shows it.

    .. versionadded:: 0.1.0
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier::text, current_database() FROM pg_control_system()")
        identifier, database = cursor.fetchone()
    return SourceIdentity(identifier, database)


class Scratch(abc.ABC):
    """A place for one restore.

    .. versionadded:: 0.1.0
    """

    kind: str

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the place.

        Raises:
            RefusedError: It would touch the source, or is not empty.
        """

    @abc.abstractmethod
    def guard(self) -> None:
        """Check once more that this is the place that `prepare` made.

        Raises:
            RefusedError: It is not.
        """

    @abc.abstractmethod
    def teardown(self) -> None:
        """Take down what `prepare` made, and only that."""

    def keep_out_of(self, *folders: Path) -> None:  # noqa: B027  most places are no folders, and need no more
        """Refuse a place that lies in the backup itself.

        Raises:
            RefusedError: It would.
        """

    def __enter__(self) -> Self:
        self.prepare()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.teardown()


class ScratchPostgres(Scratch):
    """A database of its own in another PostgreSQL cluster than the source's.

    A cluster with the source's system identifier is refused, whatever the database: a replica of the source is the
    source.  The database gets a name and a mark that nobody can guess, and only a database with both is dropped.

    Args:
        url: Of a maintenance database in the scratch cluster, ``postgresql://...``.
        source: Where the backup came from.

    Raises:
        MissingDependencyError: psycopg is not installed.

    Example:
        >>> ScratchPostgres("postgresql://drill@scratch.example.com/postgres", source=SourceIdentity("7429", "crm"))
        ScratchPostgres(not the source 7429@crm)

    .. versionadded:: 0.1.0
    """

    kind = "postgresql"

    def __init__(self, url: str, *, source: SourceIdentity) -> None:
        if not source.system_identifier:
            raise RefusedError("a drill needs to know its source; see postgres_identity", rule="source_unknown")
        self._admin_url = url
        self._source = source
        self._name: str | None = None
        self._mark = ""
        self._identifier = ""

    @property
    def url(self) -> str:
        """URL of the scratch database.

        Raises:
            RefusedError: `prepare` has not made one.
        """
        if self._name is None:
            raise RefusedError("there is no scratch database", rule="scratch_not_prepared")
        parts = urlsplit(self._admin_url)
        # A database named in the query would win over the path.
        pairs = [pair for pair in parse_qsl(parts.query) if pair[0] not in ("dbname", "service", "options")]
        return urlunsplit(parts._replace(path=f"/{quote(self._name)}", query=urlencode(pairs, quote_via=quote)))

    def connect(self, url: str | None = None, *, autocommit: bool = True) -> Any:
        """Connect to the scratch database."""
        psycopg = require("psycopg", extra=None, what="ScratchPostgres")
        return psycopg.connect(url or self.url, autocommit=autocommit)

    def prepare(self) -> None:
        """Make the database."""
        with self.connect(self._admin_url) as admin:
            identity = postgres_identity(admin)
            if identity.system_identifier == self._source.system_identifier:
                raise RefusedError("this cluster is the source, or a replica of it", rule="scratch_is_source")
            name = _PREFIX + new_run_id().lower()
            mark = f"crmkit drill {secrets.token_hex(16)}"
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
            self._name, self._mark, self._identifier = name, mark, identity.system_identifier
            admin.execute(f"COMMENT ON DATABASE \"{name}\" IS '{mark}'")
        self.guard()
        with self.connect() as database:
            tables = database.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()[0]
        if tables:  # pragma: no cover  template0 has none; a server that was tampered with might
            raise RefusedError("the scratch database is not empty", rule="scratch_not_empty")

    def guard(self) -> None:
        """Check where the URL leads, on the server itself."""
        with self.connect() as database:
            identity = postgres_identity(database)
            mark = database.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            ).fetchone()[0]
        expected = (self._identifier, self._name, self._mark)
        if (identity.system_identifier, identity.database, mark) != expected:
            raise RefusedError("this is not the database that the drill made", rule="scratch_mark_missing")
        if identity.system_identifier == self._source.system_identifier:
            raise RefusedError("this cluster is the source, or a replica of it", rule="scratch_is_source")

    def teardown(self) -> None:
        """Drop the database, if it still has its mark."""
        if self._name is None:
            return
        self.guard()
        with self.connect(self._admin_url) as admin:
            admin.execute(f'DROP DATABASE "{self._name}" WITH (FORCE)')
        self._name = None

    def __repr__(self) -> str:
        return f"ScratchPostgres(not the source {self._source})"


class ScratchFolder(Scratch):
    """A new folder of its own, for files and SQLite databases.

    Args:
        parent: Where to make it; the system's place for temporary files where ``None``. Customer data will lie there.
        source: Folder or file that was backed up, which must not be there.

    Example:
        >>> with ScratchFolder() as scratch:
        ...     list(scratch.folder.iterdir()) == []
        True

    .. versionadded:: 0.1.0
    """

    kind = "folder"

    def __init__(
        self, parent: str | os.PathLike[str] | None = None, *, source: str | os.PathLike[str] | None = None
    ) -> None:
        self._parent = None if parent is None else Path(parent)
        self._source = None if source is None else Path(source)
        self._place: Path | None = None
        self._mark = ""

    @property
    def folder(self) -> Path:
        """The folder to restore into.

        Raises:
            RefusedError: `prepare` has not made one.
        """
        if self._place is None:
            raise RefusedError("there is no scratch folder", rule="scratch_not_prepared")
        return self._place / "restored"

    def keep_out_of(self, *folders: Path) -> None:
        """Refuse a place that lies in the backup itself."""
        parent = self._where()
        if any(parent.is_relative_to(folder.resolve()) for folder in folders):
            raise RefusedError("the scratch folder would lie in the backup", rule="scratch_in_backup")

    def _where(self) -> Path:
        return Path(self._parent if self._parent is not None else tempfile.gettempdir()).resolve()

    def prepare(self) -> None:
        """Make the folder, readable for its owner only."""
        parent = self._where()
        if self._source is not None and parent.is_relative_to(self._source.resolve()):
            raise RefusedError("the scratch folder would lie in the source", rule="scratch_is_source")
        place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._place, self._mark = place, secrets.token_hex(16)
        (place / _MARK).write_text(self._mark)
        (place / "restored").mkdir()

    def guard(self) -> None:
        """Check that the folder is no link and has its mark."""
        place = self._place
        found = None
        if place is not None and not place.is_symlink() and not (place / "restored").is_symlink():
            with contextlib.suppress(OSError):
                found = (place / _MARK).read_text()
        if found != self._mark:
            raise RefusedError("this is not the folder that the drill made", rule="scratch_mark_missing")

    def teardown(self) -> None:
        """Remove the folder, if it still has its mark."""
        if self._place is None:
            return
        self.guard()
        shutil.rmtree(self._place)
        self._place = None

    def __repr__(self) -> str:
        return "ScratchFolder()"
