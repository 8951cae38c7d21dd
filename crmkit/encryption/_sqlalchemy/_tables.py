"""Subject keys and columns of tokens in any database that SQLAlchemy speaks to, which is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit._optional import require
from crmkit.encryption._rotation._table import Checkpoint, Rewrite, StoredToken
from crmkit.encryption._values._subjects import SubjectRow
from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    import sqlalchemy as sa

_CHUNK: Final = 500
_COLUMNS: Final = ("subject", "generation", "sealed", "created_at", "shredded_at", "merged_into")


class SQLAlchemySubjectStore:
    """Subject keys in a table of a database, best in one of its own, whose backups are kept for a short time.

    Args:
        engine: Of the database.
        table: Name of the table; made if missing.
        backup_retention: How long backups of the database are kept; goes into every erasure receipt.

    Example:
        >>> import sqlalchemy
        >>> from crmkit.encryption import SQLAlchemySubjectStore
        >>> SQLAlchemySubjectStore(sqlalchemy.create_engine("sqlite://")).get_many("acme", ["person:1"])
        {}

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, engine: sa.Engine, *, table: str = "crmkit_subjects", backup_retention: timedelta | None = None
    ) -> None:
        sa = self._sa = require("sqlalchemy", extra="sql", what="SQLAlchemySubjectStore")
        self._engine = engine
        self.backup_retention = backup_retention
        self._table = sa.Table(
            table,
            sa.MetaData(),
            sa.Column("tenant", sa.String(255), primary_key=True),
            sa.Column("subject", sa.String(255), primary_key=True),
            sa.Column("generation", sa.Integer, nullable=False),
            sa.Column("sealed", sa.LargeBinary),
            sa.Column("created_at", sa.String(40), nullable=False),
            sa.Column("shredded_at", sa.String(40)),
            sa.Column("merged_into", sa.String(255), index=True),
        )
        self._table.metadata.create_all(engine, checkfirst=True)

    def get_many(self, tenant: str, subjects: Sequence[str]) -> dict[str, SubjectRow]:
        """Return the rows of those that have one."""
        with self._engine.connect() as connection:
            return self._rows(connection, tenant, subjects)

    def put_many(self, tenant: str, rows: Sequence[SubjectRow]) -> dict[str, SubjectRow]:
        """Add rows for those that have none; return those that are there now."""
        with self._engine.begin() as connection:
            for row in rows:
                self._insert(connection, tenant, row)
        return self.get_many(tenant, [row.subject for row in rows])

    def rewrap(self, tenant: str, rows: Sequence[tuple[SubjectRow, SubjectRow]]) -> int:
        """Replace rows that are still as the first of each pair; return how many were."""
        table = self._table
        with self._engine.begin() as connection:
            return sum(
                connection.execute(
                    self._sa.update(table)
                    .where(table.c.tenant == tenant, table.c.subject == old.subject, table.c.sealed == old.sealed)
                    .values(generation=new.generation, sealed=new.sealed)
                ).rowcount
                for old, new in rows
            )

    def tombstone(self, tenant: str, subjects: Sequence[str], at: str) -> dict[str, SubjectRow]:
        """Destroy keys in one step; return the rows as they were."""
        table = self._table
        with self._engine.begin() as connection:
            for subject in subjects:  # a row for everybody first, so that nobody can be made anew meanwhile
                self._insert(connection, tenant, SubjectRow(subject, 0, None, at, at))
            before = self._rows(connection, tenant, subjects, lock=True)
            connection.execute(
                self._sa.update(table)
                .where(table.c.tenant == tenant, table.c.subject.in_(list(subjects)))
                .values(sealed=None, shredded_at=self._sa.func.coalesce(table.c.shredded_at, at))
            )
        return before

    def merge(self, tenant: str, subject: str, into: str) -> None:
        """Note that one person turned out to be another."""
        table = self._table
        with self._engine.begin() as connection:
            connection.execute(
                self._sa.update(table)
                .where(table.c.tenant == tenant, table.c.subject == subject)
                .values(merged_into=into)
            )

    def merged_from(self, tenant: str, subject: str) -> list[str]:
        """Return those that were merged straight into this one."""
        table = self._table
        query = self._sa.select(table.c.subject).where(table.c.tenant == tenant, table.c.merged_into == subject)
        with self._engine.connect() as connection:
            return [row[0] for row in connection.execute(query.order_by(table.c.subject))]

    def page(self, tenant: str, after: str, limit: int) -> list[SubjectRow]:
        """Return rows in the order of their subjects, behind ``after``."""
        if limit < 1:
            raise RefusedError("a page has one row at least", rule="batch")
        table = self._table
        query = self._sa.select(*(table.c[name] for name in _COLUMNS)).where(
            table.c.tenant == tenant, table.c.subject > after
        )
        with self._engine.connect() as connection:
            return [_row(row) for row in connection.execute(query.order_by(table.c.subject).limit(limit))]

    def _insert(self, connection: sa.Connection, tenant: str, row: SubjectRow) -> None:
        try:
            with connection.begin_nested():
                connection.execute(self._sa.insert(self._table).values(tenant=tenant, **attrs.asdict(row)))
        except self._sa.exc.IntegrityError:
            pass  # somebody has put one: theirs stays

    def _rows(
        self, connection: sa.Connection, tenant: str, subjects: Sequence[str], *, lock: bool = False
    ) -> dict[str, SubjectRow]:
        table = self._table
        found = {}
        for start in range(0, len(subjects), _CHUNK):
            query = self._sa.select(*(table.c[name] for name in _COLUMNS)).where(
                table.c.tenant == tenant, table.c.subject.in_(list(subjects[start : start + _CHUNK]))
            )
            for row in connection.execute(query.with_for_update() if lock else query):
                found[row.subject] = _row(row)
        return found

    def __repr__(self) -> str:
        return f"SQLAlchemySubjectStore({self._table.name!r})"


def _row(row: Any) -> SubjectRow:
    subject, generation, sealed, *rest = row
    return SubjectRow(subject, generation, None if sealed is None else bytes(sealed), *rest)


def _plain(kind: Any, engine: Any, sa: Any) -> Any:
    return kind.load_dialect_impl(engine.dialect) if isinstance(kind, sa.types.TypeDecorator) else kind


class SQLAlchemyTokenTable:
    """A column of tokens in any database that SQLAlchemy speaks to, for a :class:`Rotator`.

    Checkpoints are kept in a table ``crmkit_checkpoints`` of the same database.

    Args:
        engine: Of the database.
        table: The table as the model knows it (``Contact.__table__``), or its name: then keys are what the database
            gives, which for UUIDs may be text; tell the box with ``record_type=UUID``.
        column: The column with the tokens.
        key: The primary key: one column.
        subject: The column that names the person, for fields with ``subject=True``.
        others: Columns for compound indexes, and those that the field is bound to.

    Example:
        >>> import sqlalchemy
        >>> from crmkit.encryption import SQLAlchemyTokenTable
        >>> engine = sqlalchemy.create_engine("sqlite://")
        >>> with engine.begin() as connection:
        ...     _ = connection.execute(sqlalchemy.text("create table contacts (id integer primary key, email text)"))
        >>> SQLAlchemyTokenTable(engine, "contacts", "email").batch(None, 10)
        []

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        engine: sa.Engine,
        table: sa.Table | str,
        column: str,
        *,
        key: str = "id",
        subject: str | None = None,
        others: Sequence[str] = (),
    ) -> None:
        sa = self._sa = require("sqlalchemy", extra="sql", what="SQLAlchemyTokenTable")
        self._engine = engine
        known = sa.Table(table, sa.MetaData(), autoload_with=engine) if isinstance(table, str) else table
        # The model's own types, because keys must be what records are named by; but a type that encrypts would open
        # the tokens, so of it only what the database stores is left.
        columns = (sa.Column(one.name, _plain(one.type, engine, sa)) for one in known.c)
        self._table = sa.Table(known.name, sa.MetaData(), *columns, schema=known.schema)
        self._column, self._key = self._table.c[column], self._table.c[key]
        self._subject = subject
        self._others = tuple(others)
        self._checkpoints = sa.Table(
            "crmkit_checkpoints",
            sa.MetaData(),
            sa.Column("name", sa.String(255), primary_key=True),
            sa.Column("state", sa.Text, nullable=False),
        )
        self._checkpoints.metadata.create_all(engine, checkfirst=True)

    def load(self, name: str) -> Checkpoint | None:
        """Return the checkpoint of that name."""
        table = self._checkpoints
        with self._engine.connect() as connection:
            state = connection.execute(self._sa.select(table.c.state).where(table.c.name == name)).scalar()
        if state is None:
            return None
        said = Checkpoint.from_json(state)
        return attrs.evolve(said, after=self._from_text(said.after))

    def batch(self, after: Any, limit: int) -> list[StoredToken]:
        """Return rows with a value, behind a key, in the order of keys."""
        more = ([self._subject] if self._subject else []) + list(self._others)
        query = self._sa.select(self._key, self._column, *(self._table.c[name] for name in more))
        query = query.where(self._column.is_not(None)).order_by(self._key).limit(limit)
        if after is not None:
            query = query.where(self._key > after)
        found = []
        with self._engine.connect() as connection:
            for key, token, *rest in connection.execute(query):
                person = rest.pop(0) if self._subject else None
                plain = bytes(token) if isinstance(token, memoryview) else token
                found.append(StoredToken(key, plain, person, dict(zip(self._others, rest, strict=True))))
        return found

    def write(self, rows: Sequence[Rewrite], checkpoint: Callable[[int], Checkpoint]) -> int:
        """Write rows that still hold what was read, and the checkpoint, in one transaction."""
        with self._engine.begin() as connection:
            written = self._update(connection, rows) if rows else 0
            self._keep(connection, checkpoint(written))
        return written

    def _update(self, connection: sa.Connection, rows: Sequence[Rewrite]) -> int:
        bind = self._sa.bindparam
        names = [self._column.name, *rows[0].indexes]
        statement = (
            self._sa.update(self._table)
            .where(self._key == bind("own_key"), self._column == bind("own_old"))
            .values({name: bind(f"new_{number}") for number, name in enumerate(names)})
        )
        changes: list[dict[str, Any]] = [
            {
                "own_key": row.key,
                "own_old": row.old,
                **{f"new_{number}": value for number, value in enumerate([row.new, *row.indexes.values()])},
            }
            for row in rows
        ]
        if connection.dialect.supports_sane_multi_rowcount:
            return connection.execute(statement, changes).rowcount
        return sum(connection.execute(statement, change).rowcount for change in changes)

    def _keep(self, connection: sa.Connection, state: Checkpoint) -> None:
        table = self._checkpoints
        text = attrs.evolve(state, after=self._to_text(state.after)).to_json()
        where = table.c.name == state.name
        if not connection.execute(self._sa.update(table).where(where).values(state=text)).rowcount:
            try:
                with connection.begin_nested():
                    connection.execute(self._sa.insert(table).values(name=state.name, state=text))
            except self._sa.exc.IntegrityError:  # another rotator was first; the later of the two checkpoints stays
                connection.execute(self._sa.update(table).where(where).values(state=text))

    def _to_text(self, key: Any) -> Any:
        return key if key is None or type(key) in {int, str, bytes} else str(key)

    def _from_text(self, key: Any) -> Any:
        kind = self._key.type.python_type
        return key if key is None or isinstance(key, kind) else kind(key)

    def prefixes(self) -> Mapping[str, int]:
        """Return how many values begin with each header."""
        raw = isinstance(self._column.type, self._sa.LargeBinary)
        size = 18 if raw else 29
        head = self._sa.func.substr(self._column, 1, size)
        query = self._sa.select(head, self._sa.func.count()).where(self._column.is_not(None)).group_by(head)
        with self._engine.connect() as connection:
            return {bytes(one).hex() if raw else str(one): count for one, count in connection.execute(query)}

    def __repr__(self) -> str:
        return f"SQLAlchemyTokenTable({self._table.name!r}, {self._column.name!r})"
