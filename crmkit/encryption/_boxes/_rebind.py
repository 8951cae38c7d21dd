"""Moving values between records, persons and owners, one at a time or by the column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from crmkit import frames
from crmkit.encryption._values._engine import check_rows

from ._columns import first_error

if TYPE_CHECKING:
    from crmkit.encryption._fields._field import Field
    from crmkit.errors import CrmkitError
    from crmkit.typing import Frame

    from ._box import Box


@attrs.frozen
class Place:
    """What tokens are bound to: of one value, or columns of it; ``None`` where nothing is said."""

    record: Any = attrs.field(repr=False)
    subject: Any
    bound: Any = attrs.field(repr=False)

    def over(self, before: Place) -> Place:
        """Return this place, with what it does not say as it was before."""
        return Place(
            before.record if self.record is None else self.record,
            before.subject if self.subject is None else self.subject,
            before.bound if self.bound is None else self.bound,
        )


def one(box: Box, field: Field, token: Any, before: Place, to: Place) -> Any:
    """Return the token of one value at its new place."""
    engine, after = box.engine, to.over(before)
    where = engine.record(field, before.record, before.bound)
    value = engine.cipher(field, before.subject, create=False).open(token, where)
    there = engine.record(field, after.record, after.bound)
    made = None if token is None else engine.cipher(field, after.subject, create=True).seal(value, there)
    if field.subject and after.subject != before.subject:
        engine.subjects.store.merge(box.tenant, before.subject, after.subject)
    box.auditor.tell(
        "rebind", [field.name], resource=(field.table, _named(before.record)), detail={"to": _named(after.record)}
    )
    return made


def many(box: Box, field: Field, tokens: Frame, before: Place, to: Place) -> Any:
    """Return the tokens of a column at their new places."""
    engine, after = box.engine, to.over(before)
    column = frames.read_column(tokens, what="column of tokens")
    total = len(column)
    check_rows(column, before.record, before.subject, *(before.bound or {}).values())
    check_rows(column, to.record, to.subject, *(to.bound or {}).values())
    here = engine.records(field, before.record, total, before.bound)
    there = engine.records(field, after.record, total, after.bound)
    failed: dict[int, CrmkitError] = {}
    values = engine.open_many(field, column.values, here, before.subject, failed)
    count = total - column.values.count(None)
    if failed:
        box.auditor.tell("rebind", [field.name], count=count, outcome="failed", detail={"failed": len(failed)})
        raise first_error(field.name, failed)
    made = engine.seal_many(field, values, there, after.subject)
    if field.subject and to.subject is not None:
        _note_merges(box, before.subject, after.subject)
    box.auditor.tell("rebind", [field.name], count=count)
    return column.like([None if token is None else new for token, new in zip(column.values, made, strict=True)])


def _note_merges(box: Box, before: Frame, after: Frame) -> None:
    old: list[Any] = frames.read_column(before, what="column of subjects").values
    new: list[Any] = frames.read_column(after, what="column of subjects").values
    for one_person, other in dict.fromkeys(zip(old, new, strict=True)):
        if one_person is not None and other is not None and one_person != other:
            box.engine.subjects.store.merge(box.tenant, one_person, other)


def _named(record: object) -> str:
    return "" if record is None else str(record)
