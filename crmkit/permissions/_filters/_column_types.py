"""Which column types of SQLAlchemy hold a field exactly, so that SQL says of a column what a record says of the value.

A record is asked as Python sees it and a database as it keeps it, so a type is exact where the two cannot differ: what
comes back is of the declared type, and what is kept compares as it does.

| field | exact everywhere | on SQLite only | on PostgreSQL only |
|---|---|---|---|
| str | String, Text, Unicode, CITEXT; Enum of texts | CHAR, NCHAR | UUID(as_uuid=False) |
| int | Integer, SmallInteger, BigInteger | | |
| float | Double, Float(53), Float; Integer, SmallInteger | REAL, Float(24), BigInteger | |
| decimal | Numeric and all of int (SQLite has no decimals) | | |
| bool | Boolean | | |
| date | Date | | |
| datetime | DateTime(timezone=True) (SQLite has none) | | |
| list | ARRAY (SQLite has none) | | |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crmkit.errors import NotTranslatableError

if TYPE_CHECKING:
    from crmkit.permissions._conditions._types import Type

__all__ = ["check_column_type", "check_column_type_on"]

_WANTED: Final[dict[Type, str]] = {
    "str": "String or Text", "int": "Integer or BigInteger", "float": "Double", "decimal": "Numeric",
    "bool": "Boolean", "date": "Date", "datetime": "DateTime(timezone=True)", "list": "ARRAY",
}  # fmt: skip
_HOOKS: Final = (
    "process_bind_param", "process_result_value", "bind_processor", "result_processor", "bind_expression",
    "column_expression",
)  # fmt: skip
_TESTED: Final = ("sqlite", "postgresql")
_BITS_OF_REAL: Final = 24
"""PostgreSQL keeps floats of at most so many binary digits in 32 bits."""


def check_column_type(column: Any, kind: Type, field: str, *, nulls_only: bool) -> None:
    """Raise unless the type of a column can hold a field exactly in a database that is tested.

    Args:
        column: The column.
        kind: What the field declares.
        field: Its name, for the message.
        nulls_only: Whether only presence is asked for, which also a column that crmkit encrypts can tell.

    Raises:
        NotTranslatableError: It cannot; the message names column, type and field.
    """
    encrypted = getattr(column.type, "crmkit_encrypted", False)
    if encrypted and nulls_only and kind == "str":
        return
    if encrypted:
        raise NotTranslatableError(f"column {column.name!r} of field {field!r} is encrypted, so it cannot be compared")
    variants: Any = getattr(column.type, "_variant_mapping", {})
    for found in [column.type, *(variants[name] for name in _TESTED if name in variants)]:
        if not any(_is_exact(found, kind, dialect) for dialect in _TESTED):
            raise _refused(column, found, kind, field)


def check_column_type_on(dialect: Any, column: Any, kind: Type) -> None:
    """Raise unless the type of a column can hold a field exactly in this database.

    Args:
        dialect: As the compiler has it.
        column: The column.
        kind: What its field declares.

    Raises:
        NotTranslatableError: It cannot.
    """
    if getattr(column.type, "crmkit_encrypted", False):
        return  # only its presence is asked for
    found = getattr(column.type, "_variant_mapping", {}).get(dialect.name, column.type)
    if _is_decorator(found):
        found = found.load_dialect_impl(dialect)
    if not _is_exact(found, kind, dialect.name):
        raise _refused(column, found, kind, column.name, f" on {dialect.name}")


def _refused(column: Any, found: Any, kind: Type, field: str, where: str = "") -> NotTranslatableError:
    said = "of no known type" if _is_unknown(found) else f"{found!r}"
    changes = ", which changes values on their way" if _is_decorator(found) else ""
    return NotTranslatableError(
        f"column {column.name!r} is {said}{changes}, and field {field!r} is {kind}: SQL could answer otherwise than a "
        f"record{where}; declare the column as {_WANTED[kind]}, or the field as what the column holds"
    )


def _is_unknown(found: Any) -> bool:
    from sqlalchemy.types import NullType

    return isinstance(found, NullType)


def _is_decorator(found: Any) -> bool:
    from sqlalchemy.types import TypeDecorator

    return isinstance(found, TypeDecorator)


def _is_exact(found: Any, kind: Type, dialect: str) -> bool:
    if _is_decorator(found):
        return not _changes_values(found) and _is_exact(found.impl_instance, kind, dialect)
    if _is_unknown(found):
        return dialect == "sqlite"  # each cell is asked for its type there
    domain = getattr(found, "data_type", None)  # of PostgreSQL, over a type of which it takes less
    if domain is not None:
        return _is_exact(domain, kind, dialect)
    return bool(_EXACT[kind](found, dialect))


def _changes_values(found: Any) -> bool:
    """Say whether a type of the caller has code between Python and database, which nobody can look through."""
    from sqlalchemy.types import TypeDecorator

    return any(getattr(type(found), hook) is not getattr(TypeDecorator, hook) for hook in _HOOKS)


def _holds_text(found: Any, dialect: str) -> bool:
    import sqlalchemy as sa

    if isinstance(found, sa.Enum):
        # Members of a class are kept by name; only where names and values are the same text do both sides agree.
        members: Any = found.enum_class
        return members is None or (
            issubclass(members, str) and list(found.enums) == [member.value for member in members]
        )
    if isinstance(found, sa.Uuid):
        return dialect == "postgresql" and not found.as_uuid and found.native_uuid
    padded = isinstance(found, (sa.CHAR, sa.NCHAR))
    return isinstance(found, sa.String) and (not padded or dialect == "sqlite")


def _holds_float(found: Any, dialect: str) -> bool:
    import sqlalchemy as sa

    if isinstance(found, sa.Integer):  # beyond 53 bits there are integers that are no float
        return dialect == "sqlite" or not isinstance(found, sa.BigInteger)
    if not isinstance(found, sa.Float) or found.asdecimal:
        return False
    narrow = isinstance(found, sa.REAL) or (found.precision is not None and found.precision <= _BITS_OF_REAL)
    return dialect == "sqlite" or isinstance(found, sa.Double) or not narrow


def _holds_decimal(found: Any, dialect: str) -> bool:
    import sqlalchemy as sa

    del dialect
    numeric = isinstance(found, sa.Numeric) and not isinstance(found, sa.Float)
    return isinstance(found, sa.Integer) or (numeric and bool(found.asdecimal))


def _holds_others(kind: Type) -> Any:
    def holds(found: Any, dialect: str) -> bool:
        import sqlalchemy as sa

        del dialect
        wanted: dict[Type, Any] = {
            "int": sa.Integer,
            "bool": sa.Boolean,
            "date": sa.Date,
            "datetime": sa.DateTime,
            "list": sa.ARRAY,
        }
        return isinstance(found, wanted[kind]) and (kind != "datetime" or bool(found.timezone))

    return holds


_EXACT: Final[dict[Type, Any]] = {
    "str": _holds_text, "float": _holds_float, "decimal": _holds_decimal,
    **{kind: _holds_others(kind) for kind in ("int", "bool", "date", "datetime", "list")},
}  # fmt: skip
