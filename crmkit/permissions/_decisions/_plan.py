"""What is left to ask of records, as something that records, dataframes and databases can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit import _notebook
from crmkit.errors import SchemaError
from crmkit.permissions._conditions._normal import asks_caller, fields_of
from crmkit.permissions._conditions._tree import FALSE, TRUE, Condition, Const
from crmkit.permissions._filters._frame import expression, fits_frame, kept
from crmkit.permissions._filters._sql import check_columns, sql

from ._decision import Outcome
from ._known import as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from crmkit.permissions._conditions._generate import Predicate
    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._filters._sql import Dialect, ParamStyle
    from crmkit.typing import Frame

__all__ = ["Plan"]


class Plan:
    """Which records of a resource an action is allowed on; made by ``View.filter``.

    What is handed to a database or dataframe is written to the audit log, where the engine has one and the action is
    to be written, when it is handed out: with a count of 0, because nobody comes back to say how many were found.

    A plan is of one principal and one moment: keep it for a request, not for a day. Like the view that made it, it
    raises :class:`~crmkit.errors.ViewExpiredError` once a grant of the principal began or ended.

    Attributes:
        outcome: ``ALWAYS``, ``NEVER`` or ``DEPENDS``.
        condition: What is asked of a record; every value in it is known.
        action: For what.
        resource: On what kind of record.
        fields: The fields that are read.
        policy_digest: Of which policy.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Field, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", fields={"stage": Field()}, actions=["read"], owner="owner_id")
        >>> policy = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> plan = Engine(policy, [Assignment("ann", "sales")]).view("ann").filter("read", "deal")
        >>> plan.to_sql()
        ("(typeof(`owner_id`) = 'text' AND `owner_id` COLLATE BINARY = ?)", ['ann'])
        >>> plan.apply([{"owner_id": "ann"}, {"owner_id": "bob"}, {"owner_id": None}])
        [{'owner_id': 'ann'}]

    .. versionadded:: 0.1.0
    """

    __slots__ = (
        "_alive",
        "_check",
        "_count",
        "_resource",
        "action",
        "condition",
        "fields",
        "outcome",
        "policy_digest",
        "resource",
    )

    def __init__(
        self,
        condition: Condition,
        resource: Resource,
        *,
        action: str,
        check: Callable[[], Predicate],
        policy_digest: str,
        count: Callable[..., None],
        alive: Callable[[], None],
    ) -> None:
        self.condition = condition
        self.outcome = (
            Outcome.DEPENDS
            if not isinstance(condition, Const)
            else Outcome.ALWAYS
            if condition.value
            else Outcome.NEVER
        )
        self.action = action
        self.resource = resource.name
        self.fields = fields_of(condition)
        self.policy_digest = policy_digest
        self._resource = resource
        self._check = check
        self._count = count
        self._alive = alive

    def __repr__(self) -> str:
        return f"<Plan {self.outcome.name}: {self.action} on {self.resource}>"

    def _repr_html_(self) -> str:
        facts = {"records": self.outcome.value, "of which": str(self.condition), "reads": sorted(self.fields)}
        if self.outcome is not Outcome.DEPENDS:
            facts = {"records": self.outcome.value}
        return _notebook.sheet(f"{self.action} on {self.resource}", "", _notebook.facts(facts))

    def allows(self, record: Mapping[str, object]) -> bool:
        """Say whether one record is among them."""
        self._alive()
        return self._check()(as_mapping(record))

    def select(self, records: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
        """Return the records that are among them, in their order."""
        self._alive()
        check = self._check()
        found = [record for record in records if check(record if type(record) is dict else as_mapping(record))]
        self._count(len(found))
        return found

    def apply(self, frame: Frame, *, columns: Mapping[str, str] | None = None) -> Frame:
        """Return the rows of a frame that are among them, in their order, in the caller's kind.

        Args:
            frame: Any frame that :mod:`crmkit.frames` reads.
            columns: Field -> column, where they have other names.

        Raises:
            SchemaError: The frame lacks a column that is asked for.

        Note:
            Categories that only other rows hold are left out of what comes back. Columns that have the type that their
            field declares are asked at once, others cell by cell, and a cell of another type allows nothing. Of ``int``
            fields a whole number in a column of floats is taken as the integer, because pandas makes floats of integers
            as soon as one is missing. A predicate of the caller is given every column of the frame.
        """
        from crmkit import frames

        self._alive()
        table = frames.read(frame)
        names = dict(columns or {})
        check_columns(names, self._resource)
        for name in self.fields:
            column = names.get(name, name)
            if column not in table.columns:
                from crmkit.errors import NotFoundError

                raise SchemaError(str(NotFoundError.of("column", column, table.columns)))
        if self.condition == TRUE:
            rows: Sequence[int] = range(len(table))
        elif self.condition == FALSE:
            rows = []
        else:
            types = None if asks_caller(self.condition) else frames.types(table)
            pandas = type(frame).__module__.startswith("pandas")
            if types is not None and fits_frame(types, self._resource, self.condition, names, pandas=pandas):
                result = frames.bare(frames.keep(table, expression(self.condition, self._resource, names)))
                self._count(len(frames.read(result)))
                return result
            rows = kept(table, self.condition, self._resource, self._check(), names)
        self._count(len(rows))
        return table.take(rows) if self.condition == TRUE else frames.bare(table.take(rows))

    def to_narwhals(self, columns: Mapping[str, str] | None = None) -> Any:
        """Return a narwhals expression that is true or false of every row, and never null.

        Args:
            columns: Field -> column, where they have other names.

        Raises:
            NotTranslatableError: A decimal, a list or a predicate of the caller is asked for.

        Note:
            The columns must have the types that their fields declare, floats of 64 bits, moments in UTC and in
            microseconds; :meth:`apply` looks, and asks cell by cell where they have not.
        """
        self._alive()
        check_columns(columns or {}, self._resource)
        made = expression(self.condition, self._resource, columns or {})
        self._count(0, "narwhals")
        return made

    def to_sql(
        self,
        *,
        dialect: Dialect = "sqlite",
        paramstyle: ParamStyle = "qmark",
        columns: Mapping[str, str | Sequence[str]] | None = None,
    ) -> tuple[str, list[object] | dict[str, object]]:
        """Return SQL for a ``WHERE``, and its parameters.

        Args:
            dialect: ``"sqlite"``, ``"postgres"`` or ``"duckdb"``.
            paramstyle: How parameters are written; ``"named"`` and ``"pyformat"`` give a dict.
            columns: Field -> column, or -> ``("alias", "column")``; the field's own name otherwise.

        Raises:
            NotTranslatableError: The database could not answer exactly as a record does; nothing is left out.
            NotFoundError: ``columns`` names a field that the resource has not.

        Note:
            Join it to other conditions with ``AND`` only. Columns must have the types that their fields declare, which
            text cannot look for: naive timestamps and ``char(n)`` have not. Of SQLite, whose columns hold anything,
            each cell is asked for its type.
        """
        self._alive()
        made = sql(self.condition, self._resource, dialect=dialect, paramstyle=paramstyle, columns=columns or {})
        self._count(0, "sql")
        return made

    def to_sqlalchemy(self, table: Any, *, columns: Mapping[str, str] | None = None) -> ColumnElement[bool]:
        """Return an SQLAlchemy expression over the columns of a table, select or mapped class.

        Args:
            table: What has ``.c``, or a mapped class.
            columns: Field -> name of the column, where they differ.

        Raises:
            NotTranslatableError: As for :meth:`to_sql`, and where a column's type cannot hold the declared type of its
                field, so that SQL could answer otherwise than a record; what depends on the database is raised when it
                is compiled.
            SchemaError: The table lacks a column that is asked for.
            MissingDependencyError: SQLAlchemy is not installed.
        """
        from crmkit.permissions._filters._sqlalchemy import clause

        self._alive()
        found: ColumnElement[bool] = clause(self.condition, self._resource, table, columns or {})
        self._count(0, "sqlalchemy")
        return found
