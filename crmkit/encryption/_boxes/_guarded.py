"""A box for one principal: permissions are asked before anything is decrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit import frames, masking
from crmkit.encryption._fields._index import as_text
from crmkit.encryption._values._engine import bound_of, check_rows
from crmkit.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._octets._record_id import RecordId
    from crmkit.typing import FieldAccess, Frame

    from ._box import Box

_LEVELS = ("hidden", "masked", "read", "write")


class GuardedBox:
    """Shows one principal what that principal may see; made by ``Box.for_principal``.

    ``hidden`` gives ``None`` and ``masked`` the field's mask. A hidden value is never decrypted, and neither is one
    whose mask shows nothing of it (``"full"``). A level that is none of the four is an error, never a "yes".

    .. versionadded:: 0.1.0
    """

    def __init__(self, box: Box, access: FieldAccess) -> None:
        self._box = box
        self._access = access

    def level(self, field: Field | str, row: Mapping[str, object] | None = None) -> str:
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
        for field in self._box.fields:
            for name in field.index_columns.values():
                found.pop(name, None)
            if field.column in found:
                person = subject if field.subject else None
                found[field.column] = self.decrypt(
                    field, plain[field.column], record=plain.get(key), subject=person, bound=bound_of(field, plain),
                    row=plain,
                )  # fmt: skip
        return found

    def __repr__(self) -> str:
        return f"<GuardedBox of {self._box.tenant!r}>"
