"""Encrypted columns of SQLAlchemy models: tokens in the database, plaintext on the objects, searches by the index.

A token is bound to its record, which a column type alone cannot know. So the type encrypts nothing by itself: listeners
of the mapper do, when an object is flushed and when it is loaded, with the object's own key. What goes round the mapper
(bulk inserts and updates with plaintext) is refused, never written in the clear.

Imported on first use, because SQLAlchemy is optional.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, LargeBinary, String, event, inspect
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmkit.encryption._octets import _token
from crmkit.errors import NotFoundError, PlaintextFoundError, RefusedError

from . import _bonds
from . import _guard as _sqlalchemy_guard
from ._sealed import Sealed

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from crmkit.encryption._boxes._box import Box
    from crmkit.encryption._fields._field import Field


_PENDING = "crmkit_pending"


class _Sealing:
    """Stands in an object's attribute while it is flushed: the token for the database, the value for afterwards."""

    __slots__ = ("token", "value")

    def __init__(self, value: object, token: object) -> None:
        self.value = value
        self.token = token

    def __repr__(self) -> str:
        return "<value being encrypted>"


class _Comparator(TypeEngine.Comparator[Any]):
    """Rewrites ``==`` and ``in_`` to the unique index; everything that ciphertext cannot answer raises."""

    def operate(self, op: Any, *other: Any, **_kwargs: Any) -> Any:
        encrypted: EncryptedType = self.type  # type: ignore[assignment]  # whose comparator this is
        if op in {operators.eq, operators.is_} and (other[0] is None or _is_null(other[0])):
            return super().operate(operators.is_, None)
        if op in {operators.ne, operators.is_not} and (other[0] is None or _is_null(other[0])):
            return super().operate(operators.is_not, None)
        if op is operators.eq and isinstance(other[0], ColumnClause):
            # SQLAlchemy itself looks for columns in lists and dictionaries. Whoever builds a statement with the
            # outcome is refused when it runs.
            return super().operate(op, other[0])
        if op is operators.eq:
            return encrypted.search(self.expr, [other[0]])
        if op is operators.in_op and isinstance(other[0], Iterable) and not isinstance(other[0], str | bytes):
            return encrypted.search(self.expr, list(other[0]))
        raise RefusedError(
            f"{encrypted.field.name} is encrypted: the database can compare it for equality through a unique index, "
            f"and nothing else ({getattr(op, '__name__', op)})",
            rule="operator",
        )

    def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
        return self.operate(op, other, **kwargs)


class EncryptedType(TypeDecorator[Any]):
    """Column type of an encrypted field.

    Made by ``encrypted_type``, which describes it.
    """

    impl = String
    cache_ok = False
    crmkit_encrypted = True
    comparator_factory = _Comparator

    def __init__(
        self, field: Field | str, box: Box | Callable[[], Box], *, record: str = "id", index_prefix: str | None = None
    ) -> None:
        super().__init__()
        self._box = box
        self.field = _known(field, box)
        if self.field.subject:
            raise RefusedError(
                f"{self.field.name} is under the keys of persons; a column type cannot know whose: encrypt it with "
                "the box",
                rule="subjects",
            )
        if any(index.others or index.kind == "tokens" for index in self.field.indexes):
            raise RefusedError(
                f"{self.field.name} has an index of several columns or words, which a column type cannot keep up to "
                "date; write it with box.index_values",
                rule="index_kind",
            )
        self.record = record
        self.index_prefix = self.field.column if index_prefix is None else index_prefix
        _listen()

    def __repr__(self) -> str:
        return f"EncryptedType({self.field.name!r})"

    @property
    def box(self) -> Box:
        """The box, or the one of this moment; it must have just this field."""
        if not callable(self._box):
            return self._box
        box = self._box()
        box.field(self.field)
        return box

    def load_dialect_impl(self, dialect: Any) -> Any:
        """Store text, or octets for ``encoding="raw"``."""
        return dialect.type_descriptor(String() if self.field.encoding == "text" else LargeBinary())

    def process_bind_param(self, value: Any, dialect: Any) -> Any:  # noqa: ARG002 - SQLAlchemy calls it so
        """Let tokens through and nothing else."""
        return self.stored(value)

    def stored(self, value: Any) -> Any:
        """Return what the database gets for a parameter: a token, or `RefusedError`."""
        if value is None:
            return None
        if isinstance(value, _Sealing | Sealed):
            return value.token
        if isinstance(value, str) and self.field.encoding == "text" and _token.looks_like_token(value):
            return value
        if self.field.encoding == "raw" and self.box.engine.cipher(self.field, None, create=False).made(value):
            return value
        raise RefusedError(
            f"{self.field.name} is bound to its record, which this statement does not name: add or change objects in a "
            "session, or encrypt with the box and write the token",
            rule="record_missing",
        )

    def process_result_value(self, value: Any, dialect: Any) -> Any:  # noqa: ARG002 - SQLAlchemy calls it so
        """Hand tokens on as such; the mapper's listeners open those of whole objects."""
        if value is None:
            return None
        if self.field.encoding == "text" and not str(value).startswith(_token.MARKER):
            raise PlaintextFoundError(
                f"{self.field.name}: the column holds a value that is no token; migrate it with a Rotator"
            )
        return Sealed(value if isinstance(value, str) else bytes(value))

    def column_name(self, index: str) -> str:
        """Return the column of one index."""
        return f"{self.index_prefix}_{self.field.index(index).name}"

    def search(self, expression: Any, values: list[Any]) -> Any:
        """Return the condition that a row holds one of these values, by the unique index."""
        unique = next((index for index in self.field.indexes if index.kind == "unique"), None)
        if unique is None:
            raise RefusedError(
                f"{self.field.name} has no unique index, so == would find other rows too; use candidates() and compare",
                rule="operator",
            )
        return self.candidates(expression, values, unique.name)

    def candidates(self, expression: Any, values: list[Any], index: str) -> Any:
        """Return the condition for rows that may hold one of these values, by any index."""
        if any(isinstance(value, Sealed) or hasattr(value, "__clause_element__") for value in values):
            raise RefusedError("an encrypted column is compared with values, not with columns", rule="operator")
        terms = [term for value in values for term in self.box.terms(self.field, value, index)]
        return _sibling(expression, self.column_name(index)).in_(terms)


def _known(field: Field | str, box: Box | Callable[[], Box]) -> Field:
    if not callable(box):
        return box.field(field)
    if isinstance(field, str):
        raise RefusedError(
            f"the box is not there yet, so {field!r} says too little: give the Field itself", rule="name"
        )
    return field


def condition(attribute: Any, value: object, index: str) -> ColumnElement[bool]:
    """Return the condition for rows that may hold a value."""
    expression = attribute.__clause_element__()
    if not isinstance(expression.type, EncryptedType):
        raise RefusedError("candidates takes an encrypted column", rule="operator")
    found: ColumnElement[bool] = expression.type.candidates(expression, [value], index)
    return found


def _is_null(other: Any) -> bool:
    from sqlalchemy.sql.elements import Null

    return isinstance(other, Null)


def _sibling(expression: Any, name: str) -> Any:
    table = getattr(expression, "table", None)
    if table is None:
        raise RefusedError(
            "an expression over an encrypted column has no index beside it; compare the column itself", rule="operator"
        )
    columns = table.c
    if name not in columns:
        raise NotFoundError.of("index column", name, columns.keys())
    return columns[name]


_listening = False


def _listen() -> None:
    """Attach to every mapper with an encrypted column, those that are there and those to come; once a process."""
    global _listening  # noqa: PLW0603 - once a process
    if not _listening:
        _listening = True
        event.listen(Mapper, "before_insert", _before_flush)
        event.listen(Mapper, "before_update", _before_flush)
        event.listen(Mapper, "after_insert", _after_flush)
        event.listen(Mapper, "after_update", _after_flush)
        # What a value is bound to may have to be read first, where a query left it out.
        event.listen(Mapper, "load", _loaded, restore_load_context=True)
        event.listen(Mapper, "refresh", _refreshed, restore_load_context=True)
        event.listen(Session, "after_soft_rollback", _rolled_back)
        event.listen(Mapper, "mapper_configured", _bonds.learn)
        event.listen(Engine, "before_execute", _sqlalchemy_guard.check)


def _encrypted(mapper: Any) -> list[tuple[str, EncryptedType]]:
    return [
        (attribute.key, column.type)
        for attribute in mapper.column_attrs
        for column in attribute.columns
        if isinstance(column.type, EncryptedType)
    ]


def _before_flush(mapper: Any, connection: Any, target: Any) -> None:
    state = inspect(target)
    for key, kind in _encrypted(mapper):
        bonds = _bonds.bound_to(kind)
        moved = state.persistent and _has_changed(state, *bonds)
        if moved and key not in state.dict:
            raise RefusedError(
                f"{kind.field.name} is bound to what was changed here and has not been loaded: read it before "
                f"{', '.join(bonds)} is set, or its token would not open any more",
                rule="bound",
            )
        if moved:
            _bonds.move(connection, target)
            _session(target).info.setdefault(_PENDING, {})[id(target)] = target
        # A new row gets a token even for what was never set, where the field hides missing values.
        if state.persistent and not moved and not (key in state.dict and _has_changed(state, key)):
            continue
        value = state.dict.get(key)
        for index in kind.field.indexes:
            setattr(target, _attribute(mapper, kind.column_name(index.name)), _term(kind, index.name, value))
        if value is None and not kind.field.hide_null:
            continue
        record = _record(mapper, target, kind)
        token = kind.box.encrypt(kind.field, value, record=record, bound=_bound(mapper, target, kind))
        if state.persistent:
            flag_modified(target, key)
        state.dict[key] = _Sealing(value, token)
        _session(target).info.setdefault(_PENDING, {})[id(target)] = target


def _has_changed(state: Any, *keys: str) -> bool:
    """Say whether the value is another one, or the record that it is bound to has another name."""
    return any(state.attrs[key].history.has_changes() for key in keys)


def _session(target: Any) -> Any:
    return object_session(target)  # there is one: it is flushing


def _term(kind: EncryptedType, index: str, value: object) -> Any:
    return None if value is None else kind.box.engine.blind(kind.field, index).write(value)


def _attribute(mapper: Any, column: str) -> str:
    for attribute in mapper.column_attrs:
        if any(one.name == column for one in attribute.columns):
            return str(attribute.key)
    raise NotFoundError.of("index column", column, [attribute.key for attribute in mapper.column_attrs])


def _record(mapper: Any, target: Any, kind: EncryptedType) -> Any:
    record = _given(mapper, target, kind.record)
    if record is None and kind.field.bind_record and not kind.field.deterministic:
        raise RefusedError(
            f"{kind.field.name} is bound to {kind.record!r}, which has no value yet: give it a Python-side default "
            "such as uuid4, or set it before the object is added",
            rule="record_missing",
        )
    return record


def _bound(mapper: Any, target: Any, kind: EncryptedType) -> dict[str, Any]:
    """Return the values that a token is bound to besides the record; what the database would fill in is refused."""
    found = {}
    for name in kind.field.bound:
        found[name] = _given(mapper, target, name)
        column = mapper.column_attrs[name].columns[0]
        filled = column.server_default is not None or column.default is not None
        if found[name] is None and filled and not inspect(target).persistent:
            raise RefusedError(
                f"{kind.field.name} is bound to {name!r}, which the database would fill in: set it", rule="bound"
            )
    return found


def _given(mapper: Any, target: Any, name: str) -> Any:
    """Return an attribute of an object that is being flushed, set to its Python-side default if it has no value."""
    value = getattr(target, name)
    default = mapper.column_attrs[name].columns[0].default
    if value is not None or default is None or inspect(target).persistent:
        return value
    if default.is_callable or default.is_scalar:
        value = default.arg(None) if default.is_callable else default.arg
        setattr(target, name, value)
    return value


def _restore(target: Any) -> None:
    values = inspect(target).dict
    for key, value in list(values.items()):
        if isinstance(value, _Sealing):
            values[key] = value.value


def _after_flush(mapper: Any, _connection: Any, target: Any) -> None:
    if _encrypted(mapper):
        _restore(target)
        _session(target).info.get(_PENDING, {}).pop(id(target), None)
        _bonds.moved(target)


def _rolled_back(session: Any, _transaction: Any) -> None:
    for target in session.info.pop(_PENDING, {}).values():
        _restore(target)
        _bonds.moved(target)


def _loaded(target: Any, _context: Any) -> None:
    _open(target)


def _refreshed(target: Any, _context: Any, _names: Any) -> None:
    _open(target)


def _open(target: Any) -> None:
    state = inspect(target)
    for key, kind in _encrypted(state.mapper):
        held = state.dict.get(key)
        # A bulk update leaves on the objects of a session what it wrote: text that is a token is no value.
        token = held.token if isinstance(held, Sealed) else held if _token.looks_like_token(held) else None
        if token is not None:
            bound = {name: getattr(target, name) for name in kind.field.bound}
            value = kind.box.decrypt(kind.field, token, record=getattr(target, kind.record), bound=bound)
            state.dict[key] = value
