"""A box for one principal: permissions are asked before anything is decrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from crmkit import frames, masking
from crmkit.encryption._fields._index import as_text
from crmkit.encryption._values._engine import bound_of, check_rows
from crmkit.errors import AccessDeniedError
from crmkit.typing import FieldDisclosure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._octets._record_id import RecordId
    from crmkit.typing import FieldAccess, Frame

    from ._box import Box

_Level: TypeAlias = Literal["hidden", "masked", "read", "write"]
_LEVELS = ("hidden", "masked", "read", "write")


class GuardedBox:
    """Shows one principal what that principal may see; made by ``Box.for_principal``.

    ``hidden`` gives ``None`` and ``masked`` the field's mask. A hidden value is never decrypted, and neither is one
    whose mask shows nothing of it (``"full"``). A level that is none of the four is an error, never a "yes".

    Where the access is a :class:`~crmkit.typing.FieldDisclosure`, as a ``View`` is, it is told first what will be
    shown; what it raises leaves everything closed.

    .. versionadded:: 0.1.0
    """

    def __init__(self, box: Box, access: FieldAccess) -> None:
        self._box = box
        self._access = access
        self._told = access if isinstance(access, FieldDisclosure) else None

    def level(
        self, field: Field | str, row: Mapping[str, object] | None = None
    ) -> Literal["hidden", "masked", "read", "write"]:
        """Return what the principal may see of a field, in this row where it is given."""
        field = self._box.field(field)
        found = self._access.level(field.table, field.column, row)
        if found not in _LEVELS:
            raise AccessDeniedError(f"{field.name}: the permission check answered with no known level")
        return found

    def decrypt(
        self,
        field: Field | str,
        token: str | bytes | None,
        *,
        record: RecordId | None = None,
        subject: str | None = None,
        bound: Mapping[str, object] | None = None,
        row: Mapping[str, object] | None = None,
    ) -> Any:
        """Return the value, its mask, or ``None``, as the principal may see it.

        Args:
            field: Which field.
            token: The token.
            record: The record it belongs to.
            subject: The person, for fields with ``subject=True``.
            bound: What else the field is bound to, by column.
            row: The other columns of the row, which the permission check may look at.
        """
        field = self._box.field(field)
        level = self.level(field, row)
        self._disclose(field.table, {field.column: level}, row, key=record)
        return self._decrypt(field, level, token, record, subject, bound)

    def _disclose(
        self,
        table: str,
        levels: Mapping[str, _Level],
        row: Mapping[str, object] | None,
        *,
        key: object = None,
        count: int = 1,
    ) -> None:
        if self._told is not None:
            self._told.disclose(table, levels, row, key=key, count=count)

    def _decrypt(
        self,
        field: Field,
        level: _Level,
        token: str | bytes | None,
        record: RecordId | None,
        subject: str | None,
        bound: Mapping[str, object] | None,
    ) -> Any:
        if token is None or level == "hidden":
            if level == "hidden" and token is not None:
                self._box.auditor.tell("decrypt", [field.name], outcome="denied")
            return None
        if level == "masked" and field.mask == "full":
            return masking.mask("*", "full")
        value = self._box.decrypt(field, token, record=record, subject=subject, bound=bound)
        return value if level != "masked" or value is None else masking.mask(as_text(value), field.mask)

    def decrypt_column(
        self,
        field: Field | str,
        tokens: Frame,
        *,
        records: Frame | None = None,
        subjects: Frame | None = None,
        bound: Mapping[str, Frame] | None = None,
    ) -> Any:
        """Return a column as the principal may see it; the level is asked once, for the field as a whole."""
        field = self._box.field(field)
        level = self.level(field)
        column = frames.read_column(tokens, what="column of tokens")
        check_rows(column, records, subjects, *(bound or {}).values())
        self._disclose(field.table, {field.column: level}, None, count=len(column))
        if level == "hidden":
            self._box.auditor.tell("decrypt", [field.name], outcome="denied", count=len(column))
            return column.like([None] * len(column))
        if level == "masked" and field.mask == "full":
            return column.like([None if token is None else masking.mask("*", "full") for token in column.values])
        values = self._box.decrypt_column(field, column.values, records=records, subjects=subjects, bound=bound)
        if level == "masked":
            values = [None if value is None else masking.mask(as_text(value), field.mask) for value in values]
        return column.like(values)

    def open(self, row: Any, *, key: str = "id", subject: str | None = None) -> dict[str, Any]:
        """Return a row of the database as a dict, each field as the principal may see it, without index columns.

        Columns that are no fields of the box are handed through unasked. A row seal is not checked: that takes every
        value it covers, and what nobody may see is not decrypted.
        """
        table = frames.read([row])
        found: dict[str, Any] = {name: table.column(name)[0] for name in table.columns}
        plain = dict(found)
        if self._box.row_seal is not None:
            found.pop(self._box.row_seal.column, None)
        held = [field for field in self._box.fields if field.column in found]
        levels = {field: self.level(field, plain) for field in held}
        for name in dict.fromkeys(field.table for field in held):
            asked = {field.column: level for field, level in levels.items() if field.table == name}
            self._disclose(name, asked, plain, key=plain.get(key))
        for field in self._box.fields:
            for name in field.index_columns.values():
                found.pop(name, None)
        for field, level in levels.items():
            person = subject if field.subject else None
            bound = bound_of(field, plain)
            found[field.column] = self._decrypt(field, level, plain[field.column], plain.get(key), person, bound)
        return found

    def __repr__(self) -> str:
        return f"<GuardedBox of {self._box.tenant!r}>"
