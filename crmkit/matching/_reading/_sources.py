"""Which columns feed which comparison, and how a column is read when it holds more than one thing.

Columns come from the recognized canonical fields, never from an identity trap (an owner, an assistant's phone, a parent
account): their contents belong to another record.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, cast

import attrs
import numpy as np

from crmkit.errors import NotFoundError, SchemaError
from crmkit.matching._kinds._people import last_generation
from crmkit.matching._sorting import distinct_keys
from crmkit.normalize import countries, dates, names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from crmkit.columns import ColumnMap
    from crmkit.frames import Table
    from crmkit.matching._kinds._fields import Comparison
    from crmkit.normalize.dates import DateOrder

__all__ = ["Reading", "Source", "Texts", "find_sources", "read_date"]


@attrs.frozen
class Reading:
    """How a comparison reads a column: whole, or one part of what it holds."""

    column: str
    part: Literal["whole", "given", "family", "domain", "numbered", "generation"] = "whole"
    number: str | None = None
    instead: Reading | None = None
    """What is read in the rows where this reading has nothing: the whole name, where its parts are missing."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        own = (self.column,) if self.number is None else (self.column, self.number)
        return own if self.instead is None else (*own, *self.instead.columns)

    def __str__(self) -> str:
        if self.instead is not None:
            return f"{attrs.evolve(self, instead=None)}, else {self.instead}"
        if self.part == "numbered":
            return f"{self.number} + {self.column}"
        return self.column if self.part == "whole" else f"{self.column} ({self.part})"


@attrs.frozen(eq=False)
class Texts:
    """Texts of a column, perhaps repeating, and for each row which of them it holds; -1 is missing."""

    values: Sequence[str]
    codes: NDArray[np.int32]


@attrs.define(eq=False)
class Source:
    """One table with the readings of each comparison.

    Attributes:
        table: The table.
        map: Its recognized columns.
        columns: Readings by comparison name; several where a record may hold several values.
        country: Country that national phone numbers without a country of their own are read in.
    """

    table: Table
    map: ColumnMap
    columns: dict[str, tuple[Reading, ...]]
    country: str | None = None
    _country_codes: tuple[list[str | None], NDArray[np.int32]] | None = None

    def texts(self, reading: Reading) -> Texts:
        """Return the texts of a reading."""
        if reading.instead is not None:
            return _filled(self.texts(attrs.evolve(reading, instead=None)), self.texts(reading.instead))
        distinct = _texts_of(self.table, reading.column)
        values = distinct.values
        if reading.part in {"given", "family"}:
            parts = [names.split(value, country=self.country) for value in values]
            chosen = [part.given if reading.part == "given" else part.family for part in parts]
            return Texts([value or "" for value in chosen], distinct.codes)
        if reading.part == "generation":
            return Texts([last_generation(value) for value in values], distinct.codes)
        if reading.part == "numbered" and reading.number is not None:
            return _numbered(values, distinct.codes, _texts_of(self.table, reading.number))
        return distinct

    def countries(self) -> tuple[list[str | None], NDArray[np.int32]]:
        """Return the countries of the table's country column as codes; empty where there is none."""
        if self._country_codes is None:
            column = next((name for name, field in self.map.fields.items() if field == "country"), None)
            if column is None:
                self._country_codes = ([], np.empty(0, dtype=np.int32))
            else:
                distinct = _texts_of(self.table, column)
                found = [countries.normalize(value) for value in distinct.values]
                known: list[str | None] = list(dict.fromkeys(code for code in found if code is not None))
                table = np.array(
                    [known.index(code) if code is not None else -1 for code in found] + [-1], dtype=np.int32
                )
                self._country_codes = (known, table[distinct.codes])
        return self._country_codes

    def date_reader(self, reading: Reading, digits: Callable[[str], str | None]) -> Callable[[str], str | None]:
        """Return a reader of the column's dates, in the order of day and month that the column itself shows."""
        order = dates.infer_order(self.texts(reading).values)

        return partial(read_date, order=order, digits=digits)

    def used(self) -> dict[str, list[str]]:
        """Return for each comparison the columns it reads, for people."""
        return {name: [str(reading) for reading in readings] for name, readings in self.columns.items()}


def read_date(raw: str, *, order: DateOrder | None, digits: Callable[[str], str | None]) -> str | None:
    """Read one date; eight digits that stand there as they are come first.

    What stands for no date does so however it is written, as 31/12/9999.
    """
    found = digits(raw)
    if found is not None and "1850" <= found[:4] <= "2150":
        return found
    parsed = dates.parse(raw, order=order)
    return found if parsed is None else digits(parsed.strftime("%Y%m%d").zfill(8))


def _texts_of(table: Table, column: str) -> Texts:
    distinct = table.texts(column)
    return Texts(cast("list[str]", distinct.values), distinct.codes)


def _filled(texts: Texts, others: Texts) -> Texts:
    """Take the other text in rows without one."""
    shifted = np.where(others.codes < 0, -1, others.codes + len(texts.values))
    return Texts(
        [*texts.values, *others.values], np.where(texts.codes < 0, shifted, texts.codes).astype(np.int32, copy=False)
    )


def _numbered(values: Sequence[str], codes: NDArray[np.int32], numbers: Texts) -> Texts:
    """Put the house number of its own column in front of the street."""
    width = len(numbers.values) + 1
    joined = codes.astype(np.int64) * width + (numbers.codes + 1)
    joined[codes < 0] = -1
    present = np.flatnonzero(joined >= 0)
    distinct, back = distinct_keys(joined[present])
    texts = [
        f"{numbers.values[key % width - 1]} {values[key // width]}" if key % width else values[key // width]
        for key in distinct.tolist()
    ]
    result = np.full(len(codes), -1, dtype=np.int32)
    result[present] = back
    return Texts(texts, result)


def find_sources(tables: Sequence[Table], maps: Sequence[ColumnMap], comparisons: Sequence[Comparison]) -> list[Source]:
    """Find the columns of every comparison in every table.

    Raises:
        SchemaError: A column that the caller named is not there, or no comparison found any column.
    """
    sources = []
    for table, columns in zip(tables, maps, strict=True):
        readings = {one.name: _readings(table, columns, one) for one in comparisons}
        sources.append(Source(table, columns, {name: found for name, found in readings.items() if found}))
    if not any(source.columns for source in sources):
        wanted = ", ".join(dict.fromkeys(field for one in comparisons for field in (one.fields or one.columns)))
        raise SchemaError(f"no column to match on; looked for {wanted}; name columns with comparisons=[...]")
    return sources


def _readings(table: Table, columns: ColumnMap, comparison: Comparison) -> tuple[Reading, ...]:
    if comparison.columns:
        for name in comparison.columns:
            if name not in table.columns:
                raise SchemaError(str(NotFoundError.of("column", name, table.columns)))
        return tuple(Reading(name) for name in comparison.columns)
    by_field: dict[str, list[str]] = {}
    for column, field in columns.fields.items():
        if columns.is_matchable(column):
            by_field.setdefault(field, []).append(column)
    return tuple(reading for field in comparison.fields for reading in _of_field(by_field, field, comparison.kind))


def _of_field(by_field: dict[str, list[str]], field: str, kind: str) -> list[Reading]:
    if field == "email_domain":
        return [Reading(column, "domain") for column in by_field.get("email", [])[:1]]
    found = by_field.get(field, [])
    if kind == "generation":
        return [Reading(column, "whole" if field == "suffix" else "generation") for column in found[:1]]
    if field in {"given_name", "family_name"}:
        part: Literal["given", "family"] = "given" if field == "given_name" else "family"
        whole = [Reading(column, part) for column in by_field.get("full_name", [])[:1]]
        return [Reading(found[0], instead=whole[0] if whole else None)] if found else whole
    if field == "street" and found:
        number = by_field.get("house_number", [None])[0]
        return [Reading(found[0]) if number is None else Reading(found[0], "numbered", number)]
    several = kind in {"phone", "email", "web"}
    return [Reading(column) for column in (found if several else found[:1])]
