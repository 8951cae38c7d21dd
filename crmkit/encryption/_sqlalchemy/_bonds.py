"""Statements that would change what tokens are bound to, and leave the tokens as they are, are refused.

The mapper's listeners encrypt anew what is changed on loaded objects. A bulk update has no objects: it would hand a
row to another owner, and nobody could read the row again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy.sql import dml
from sqlalchemy.sql.elements import BindParameter, ClauseElement, ColumnClause, Null

from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_GIVEN = object()  # a value that stands among the parameters


@attrs.frozen
class _Bond:
    """An encrypted column, and what its tokens are bound to in one table; a name is that of a column or attribute.

    Of a column of another table, as where a model inherits by a join, there are no names: no statement sets both.
    """

    field: str
    names: frozenset[str]
    to: tuple[frozenset[str], ...]

    def value(self, values: Mapping[str, Any]) -> Any:
        """Return what a statement writes into the encrypted column, or ``...`` if nothing."""
        return next((value for name, value in values.items() if name in self.names), ...)


_learned: WeakKeyDictionary[Any, list[_Bond]] = WeakKeyDictionary()
_moving: WeakKeyDictionary[Any, set[int]] = WeakKeyDictionary()


def learn(mapper: Any, _class: Any) -> None:
    """Note which columns the encrypted columns of a model are bound to; attributes may have names of their own."""
    for attribute in mapper.column_attrs:
        for column in attribute.columns:
            if not _is_encrypted(column) or not _is_of_a_table(column):
                continue
            to: dict[Any, list[frozenset[str]]] = {}
            for name in bound_to(column.type):
                columns = mapper.column_attrs[name].columns if name in mapper.column_attrs else ()
                for one in filter(_is_of_a_table, columns):
                    to.setdefault(one.table, []).append(frozenset({name, one.key}))
            for table, names in to.items():
                own = frozenset({attribute.key, column.key}) if table is column.table else frozenset()
                _learned.setdefault(table, []).append(_Bond(column.type.field.name, own, tuple(names)))


def _is_of_a_table(column: Any) -> bool:
    return getattr(column, "table", None) is not None


def bound_to(kind: Any) -> tuple[str, ...]:
    """Return the names of what the tokens of a column type are bound to: the record, and what the field says."""
    own = () if kind.field.deterministic or not kind.field.bind_record else (kind.record,)
    return (*own, *kind.field.bound)


def move(connection: Any, target: object) -> None:
    """Note that an object is flushed whose tokens are made anew: its statements change what they are bound to."""
    _moving.setdefault(connection, set()).add(id(target))


def moved(target: object) -> None:
    """Note that the flush of an object is over."""
    for targets in list(_moving.values()):
        targets.discard(id(target))


def check(connection: Any, statement: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Refuse an update or upsert after which tokens would not open any more.

    Raises:
        RefusedError: It changes what they are bound to, or takes them over from a row with other bonds.
    """
    if isinstance(statement, dml.Update) and not (connection is not None and _moving.get(connection)):
        for table, values in _changes(statement, rows).items():
            for bond in _bonds(table):
                _check_update(bond, table, values)
    elif isinstance(statement, dml.Insert):
        conflict = getattr(statement, "_post_values_clause", None)
        sets = [dict(getattr(conflict, name, None) or ()) for name in ("update_values_to_set", "update")]
        values = {_key(column): value for one in sets for column, value in one.items()}
        target = _target(statement.table, conflict) if values else set()
        for bond in _bonds(statement.table) if values else ():
            _check_upsert(bond, statement.table, values, target)


def _check_update(bond: _Bond, table: Any, values: Mapping[str, Any]) -> None:
    changed = [name for names in bond.to for name in names & values.keys() if not _is_own(table, name, values[name])]
    if changed and not _is_fresh(bond.value(values)):
        raise _refused(bond, changed[0])


def _check_upsert(bond: _Bond, table: Any, values: Mapping[str, Any], target: set[str]) -> None:
    new = bond.value(values)
    if _is_fresh(new):
        return
    for names in bond.to:
        given = names & values.keys()
        taken = all(_is_of_the_new_row(table, name, values[name]) for name in given)
        same = bool(names & target) and taken  # the row that is there has the same, or there would be no conflict
        if _is_of_the_new_row(table, "", new):
            if not same and not (given and taken):
                name = min(names)
                raise RefusedError(
                    f"{bond.field}: the token of the row that was not inserted is bound to its own {name}, and the row "
                    f"that is there may have another; name {name} in index_elements, or set it too",
                    rule="bound",
                )
        elif given and not same and not all(_is_own(table, name, values[name]) for name in given):
            raise _refused(bond, min(given))


def _refused(bond: _Bond, name: str) -> RefusedError:
    return RefusedError(
        f"{bond.field} is bound to {name}, which this statement changes: its tokens would not open any more; change "
        "loaded objects in a session, or set the encrypted column too, row by row, to what box.rebind gives",
        rule="bound",
    )


def _changes(statement: Any, rows: Iterable[Mapping[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return what an update sets, by table."""
    found: dict[Any, dict[str, Any]] = {statement.table: {}}
    for given in (statement._values, getattr(statement, "_ordered_values", None)):
        for column, value in dict(given or {}).items():
            table = getattr(column, "table", None)
            table = statement.table if table is None else table
            found.setdefault(table, {})[_key(column)] = value
    columns = statement.table.c
    for row in rows:
        found[statement.table] |= {name: _GIVEN for name in row if name in columns}
    return found


def _bonds(table: Any) -> Iterator[_Bond]:
    known = _learned.get(table)
    if known is not None:
        yield from known
        return
    for column in table.c:  # of no model
        if _is_encrypted(column):
            names = bound_to(column.type)
            keys = [[name] if name in table.c else [one.key for one in table.primary_key] for name in names]
            to = tuple(frozenset({one}) for several in keys for one in several)
            yield _Bond(column.type.field.name, frozenset({column.key}), to)


def _target(table: Any, conflict: Any) -> set[str]:
    """Return the columns in which the row that is there and the one that was not inserted are the same."""
    name = getattr(conflict, "constraint_target", None)
    if name is None:
        return {_key(one) for one in getattr(conflict, "inferred_target_elements", None) or ()}
    own = {f"{table.name}_pkey": table.primary_key}  # as PostgreSQL calls it where nobody else does
    own |= {one.name: one for one in (*table.indexes, *table.constraints) if one.name is not None}
    return {one.key for one in getattr(own.get(name), "columns", ())}


def _is_fresh(value: Any) -> bool:
    """Say whether it is a parameter, a token or NULL: not missing, nor computed from what stands in the table."""
    return value is not ... and (not isinstance(value, ClauseElement) or isinstance(value, BindParameter | Null))


def _is_own(table: Any, name: str, value: Any) -> bool:
    return isinstance(value, ColumnClause) and value.table is not None and value.table == table and value.key == name


def _is_of_the_new_row(table: Any, name: str, value: Any) -> bool:
    """Say whether it is ``excluded.name``, or any column of it for no name."""
    if not isinstance(value, ColumnClause) or getattr(value.table, "element", None) is None:
        return False
    return value.table.element == table and name in {"", value.key}  # type: ignore[union-attr]


def _key(column: Any) -> str:
    return str(column if isinstance(column, str) else getattr(column, "key", column))


def _is_encrypted(column: Any) -> bool:
    return getattr(column.type, "crmkit_encrypted", False)
