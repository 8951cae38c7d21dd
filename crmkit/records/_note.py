"""What reading a file found, before anybody judged the data."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue, Severity


def _frozen(params: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
    return MappingProxyType(dict(params))


@attrs.frozen(kw_only=True)
class Note:
    """One thing that a reader met and settled: a short row, a renamed column, a guessed encoding.

    Notes say what was done so that nothing was lost; they become issues when the table is checked.

    Attributes:
        code: Stable machine word; the list is in the reference of `crmkit.files`.
        severity: ``error``, ``warning`` or ``info``.
        row: 0-based row of the table, ``None`` for the whole file.
        column: Name of the column as the table has it, ``None`` for the whole row or file.
        params: Facts for the message, such as counts and line numbers; never a value out of a record.

    Example:
        >>> Note(code="short_row", severity="warning", row=3, params={"cells": 4, "columns": 5})
        Note(code='short_row', severity='warning', row=3, column=None, params={'cells': 4, 'columns': 5})

    .. versionadded:: 0.1.0
    """

    code: str
    severity: Severity = "warning"
    row: int | None = None
    column: str | None = None
    params: Mapping[str, JSONValue] = attrs.field(
        factory=dict, converter=_frozen, repr=lambda params: repr(dict(params)), hash=False
    )

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.code, self.severity, self.row, self.column, dict(self.params))


def _restore(
    code: str, severity: Severity, row: int | None, column: str | None, params: Mapping[str, JSONValue]
) -> Note:
    return Note(code=code, severity=severity, row=row, column=column, params=params)
