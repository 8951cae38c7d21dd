"""One record through a box: dict, attrs or pydantic object in, columns of a database row out, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit import frames
from crmkit.encryption._values._engine import bound_of
from crmkit.errors import SchemaError

from ._sensitive import Sensitive, asked_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._box import Box


def _columns(record: Any, key: str) -> dict[str, Any]:
    table = frames.read([record])
    found = {name: table.column(name)[0] for name in table.columns}
    if key not in found:
        said = "'id'" if key == "id" else "of that name"  # what was given may be the id itself
        raise SchemaError(f"key= takes the name of the column that names the record, and it has none {said}")
    return found


def seal(box: Box, record: Any, *, key: str, subject: str | None) -> dict[str, Any]:
    """Return the columns of a record with fields encrypted and index columns added."""
    columns = _columns(record, key)
    sealed = dict(columns)
    for field in box.fields:
        if field.column in columns:
            value = columns[field.column]
            person = subject if field.subject else None
            sealed[field.column] = None
            if value is not None or field.hide_null:
                sealed[field.column] = box.encrypt(
                    field, value, record=columns[key], subject=person, bound=bound_of(field, columns)
                )
            terms = box.index_values(field, value, columns)
            sealed.update({field.index_columns[name]: term for name, term in terms.items()})
    if box.row_seal is not None:
        sealed[box.row_seal.column] = box.row_seal.make(box.ring.keyset, columns, columns[key], box.record_type)
    return sealed


def _check_row(box: Box, plain: dict[str, Any], stored: dict[str, Any], key: str) -> None:
    if box.row_seal is not None:
        if box.row_seal.column not in plain:
            raise SchemaError(f"the row has no column {box.row_seal.column!r} with its seal")
        seal = plain.pop(box.row_seal.column)
        box.row_seal.check(box.ring.keyset, plain, seal, stored[key], box.record_type)


def open_(
    box: Box, row: Any, *, key: str, subject: str | None, into: Callable[..., Any], sensitive: bool | None
) -> Any:
    """Return the columns of a row with fields decrypted and index columns left out."""
    columns = _columns(row, key)
    stored = dict(columns)
    wrapped = asked_by(into) if sensitive is None else {field.column for field in box.fields if sensitive}
    for field in box.fields:
        for name in field.index_columns.values():
            columns.pop(name, None)
    for field in box.fields:
        token = columns.get(field.column)
        if token is not None:
            person = subject if field.subject else None
            columns[field.column] = box.decrypt(
                field, token, record=stored[key], subject=person, bound=bound_of(field, stored)
            )
    _check_row(box, columns, stored, key)
    for name in wrapped.intersection(columns):
        if columns[name] is not None:
            columns[name] = Sensitive(columns[name])
    return into(**columns)
