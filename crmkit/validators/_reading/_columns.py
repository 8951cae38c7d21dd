"""The columns of a table as rules see them: distinct texts, blank and missing as one, normal forms cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from crmkit.errors import NotFoundError, SchemaError

from ._named import normalizer, within_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.frames import Table

__all__ = ["Columns", "Texts"]


@attrs.frozen(eq=False)
class Texts:
    """Distinct texts without blank ones, and for each row which of them it holds (-1: missing or blank)."""

    values: list[str] = attrs.field(repr=False)
    codes: np.ndarray[Any, np.dtype[np.int32]] = attrs.field(repr=False)

    def rows_where(self, flags: Sequence[bool]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each row the flag of its text; missing is false."""
        known: np.ndarray[Any, np.dtype[np.bool_]] = np.array([*flags, False], dtype=bool)  # last: missing
        spread: np.ndarray[Any, np.dtype[np.bool_]] = known[self.codes]
        return spread


class Columns:
    """The columns of one table, read as texts.

    Args:
        table: The table.
        optional: Columns that may be absent; they read as missing in every row.
    """

    def __init__(self, table: Table, *, optional: frozenset[str] = frozenset()) -> None:
        self.table = table
        self.n_rows = len(table)
        self._optional = optional
        self._known = frozenset(table.columns)
        self._texts: dict[str, Texts] = {}
        self._normalized: dict[tuple[str, str | None], Texts] = {}

    def has(self, name: str) -> bool:
        """Return whether the table has the column."""
        return name in self._known

    def require(self, name: str, wanted_by: str) -> None:
        """Raise if the table lacks a column that it must have.

        Raises:
            SchemaError: With the nearest name that exists.
        """
        if name not in self._known and name not in self._optional:
            error = NotFoundError.of("column", name, self.table.columns)
            raise SchemaError(f"{wanted_by}: {error}")

    def texts(self, name: str) -> Texts:
        """Return the distinct texts of a column; of an absent one, that every row lacks it."""
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = self._read(name)
        return found

    def _read(self, name: str) -> Texts:
        if name not in self._known:
            return Texts([], np.full(self.n_rows, -1, dtype=np.int32))
        distinct = self.table.texts(name)
        values = cast("list[str]", distinct.values)
        if not any(map(str.isspace, values)) and "" not in values:
            return Texts(values, distinct.codes)
        blank = np.fromiter((not value or value.isspace() for value in values), dtype=bool, count=len(values))
        kept = np.flatnonzero(~blank)
        renumbered = np.full(len(values) + 1, -1, dtype=np.int32)
        renumbered[kept] = np.arange(len(kept), dtype=np.int32)
        return Texts([values[i] for i in kept.tolist()], renumbered[distinct.codes])

    def forget(self, name: str) -> None:
        """Let go of what is cached for a column that no later rule reads."""
        self._texts.pop(name, None)
        if name in self._known:
            self.table.forget(name)

    def holds_text(self, name: str) -> bool:
        """Return whether any cell of the column is text, so that its form is a matter of how somebody wrote it."""
        return any(isinstance(value, str) for value in self.table.distinct(name).values)

    def normalized(self, name: str, form: str | Callable[[str], str | None] | None) -> Texts:
        """Return the column in a normal form; a text that has none reads as ``""``, missing stays missing."""
        if form is None:
            return self.texts(name)
        key = (name, form) if isinstance(form, str) else None
        if key is not None and key in self._normalized:
            return self._normalized[key]
        texts = self.texts(name)
        normalize = within_limit(form) if callable(form) else normalizer(form)
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(normalize(text) or "", len(numbers)) for text in texts.values]
        found = Texts(list(numbers), np.append(np.array(codes, dtype=np.int32), np.int32(-1))[texts.codes])
        if key is not None:
            self._normalized[key] = found
        return found

    def present(self, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each row whether the column is filled in."""
        return self.texts(name).codes >= 0

    def where(self, name: str, holds: Callable[[str], bool]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each row whether ``holds`` is true of its text; missing is false."""
        texts = self.texts(name)
        return texts.rows_where([holds(text) for text in texts.values])
