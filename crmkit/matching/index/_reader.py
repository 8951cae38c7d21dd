"""From one record as the caller has it to the normalized values that its comparisons read."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from crmkit import frames
from crmkit.errors import NotFoundError, SchemaError
from crmkit.matching._kinds._channels import company_domain, normalize_phone
from crmkit.matching._kinds._people import last_generation
from crmkit.matching._reading._encode import bounded
from crmkit.matching._reading._sources import Reading, read_date
from crmkit.matching._reading._worlds import script_of
from crmkit.matching.comparisons import KINDS
from crmkit.normalize import countries, dates, names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.matching._kinds._fields import Comparison
    from crmkit.matching._reading._sources import Source

    Values = list[tuple[str | None, ...]]

__all__ = ["RecordReader", "Way"]

_REMEMBERED = 1 << 13
"""Texts of a column that are kept with what was read: countries come again and again."""

_ONE_SCRIPT = ("name", "given", "family")
_PLAIN = frozenset({str, type(None)})


class Way(NamedTuple):
    """How a column is read.

    Attributes:
        column: Its name where nothing else is read with it.
        of_text: Reads its text; ``None`` where more than that is read.
        read: Reads a record.
    """

    column: str | None
    of_text: Callable[[str], str | None] | None
    read: Callable[[Mapping[str, str]], str | None]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RecordReader:
    """Reads records with the columns of one table.

    Attributes:
        columns: Every column of the table.
        aliases: Canonical field to its column.
        comparisons: What is compared.
        readings: For each comparison what it reads, in order; none for the domain of the e-mail address.
        orders: For each reading of a date the order of day and month that its column showed.
        country: Country in which national phone numbers of records without a country are read.
        country_column: Column with the country of a record.
        world_names: Countries that are worlds of their own, by number; ``None``: worlds are scripts.
    """

    columns: tuple[str, ...]
    aliases: dict[str, str]
    comparisons: tuple[Comparison, ...]
    readings: tuple[tuple[Reading, ...], ...]
    orders: tuple[tuple[Any, ...], ...]
    country: str | None
    country_column: str | None
    world_names: tuple[str | None, ...] | None
    ways: tuple[tuple[Way, ...], ...] = attrs.field(init=False)
    """For each comparison how each of its columns is read; none for the domain of the e-mail address."""
    named: tuple[int, ...] = attrs.field(init=False)
    """Comparisons whose script is that of the record, where worlds are scripts; the last one with a value says it."""
    email: int = attrs.field(init=False)
    country_world: Callable[[str], int] = attrs.field(init=False)
    """Number of the world of a country as it is written."""
    _accepted: frozenset[str] = attrs.field(init=False)
    _country: Callable[[str], str | None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        put = partial(object.__setattr__, self)
        put("_country", lru_cache(maxsize=_REMEMBERED)(countries.normalize))
        put("country_world", lru_cache(maxsize=_REMEMBERED)(self._world_of_country))
        ways = []
        for comparison, readings, orders in zip(self.comparisons, self.readings, self.orders, strict=True):
            ways.append(
                tuple(self._way(comparison.kind, one, order) for one, order in zip(readings, orders, strict=True))
            )
        put("ways", tuple(ways))
        put("_accepted", frozenset([*self.columns, *self.aliases]))
        place = {one.name: k for k, one in enumerate(self.comparisons)}
        put("email", place.get("email", -1))
        put("named", tuple(place[name] for name in _ONE_SCRIPT if name in place))

    @classmethod
    def of(cls, source: Source, comparisons: Sequence[Comparison]) -> RecordReader:
        """Read single records as ``source`` was read."""
        readings, orders = [], []
        for comparison in comparisons:
            of_domain = comparison.fields == ("email_domain",) and not comparison.columns
            found = () if of_domain else source.columns.get(comparison.name, ())
            readings.append(found)
            orders.append(
                tuple(
                    dates.infer_order(source.texts(one).values) if comparison.kind == "date" else None for one in found
                )
            )
        names_, _ = source.countries()
        aliases = {field: column for column, field in source.map.fields.items() if field not in source.table.columns}
        return cls(
            columns=tuple(source.table.columns),
            aliases=aliases,
            comparisons=tuple(comparisons),
            readings=tuple(readings),
            orders=tuple(orders),
            country=source.country,
            country_column=next((name for name, field in source.map.fields.items() if field == "country"), None),
            world_names=tuple(names_) or None,
        )

    def to_dict(self) -> dict[str, object]:
        """Return the reader as plain data, without its comparisons, which belong to the model."""
        return {
            "columns": list(self.columns),
            "aliases": dict(self.aliases),
            "readings": [[attrs.asdict(one) for one in several] for several in self.readings],
            "orders": [list(several) for several in self.orders],
            "country": self.country,
            "country_column": self.country_column,
            "world_names": None if self.world_names is None else list(self.world_names),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], comparisons: Sequence[Comparison]) -> RecordReader:
        """Read what ``to_dict`` wrote."""

        def reading(one: Mapping[str, Any]) -> Reading:
            instead = one["instead"]
            return Reading(**{**one, "instead": None if instead is None else reading(instead)})

        world_names = document["world_names"]
        return cls(
            columns=tuple(document["columns"]),
            aliases=dict(document["aliases"]),
            comparisons=tuple(comparisons),
            readings=tuple(tuple(reading(one) for one in several) for several in document["readings"]),
            orders=tuple(tuple(several) for several in document["orders"]),
            country=document["country"],
            country_column=document["country_column"],
            world_names=None if world_names is None else tuple(world_names),
        )

    def read(self, record: Mapping[str, object]) -> tuple[Values, int]:
        """Return the normalized values of every comparison, and the number of the record's world, -1 for none.

        Raises:
            SchemaError: The record is no mapping.
            NotFoundError: A field that the table of the index has not.
        """
        texts = self.texts(record)
        values: Values = [tuple([one.read(texts) for one in ways]) for ways in self.ways]
        for k, ways in enumerate(self.ways):
            if not ways:  # the employer's domain, read off the first address
                address = values[self.email][0]
                values[k] = (None if address is None else company_domain(address),)
        if self.world_names is not None:
            return values, self.world(texts)
        world = -1
        for k in self.named:
            first = values[k][0]
            if first:
                world = script_of(ord(first[0]))
        return values, world

    def texts(self, record: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the values of a record as texts, by column; it may be the record itself.

        Raises:
            SchemaError: The record is no mapping.
            NotFoundError: A field that the table of the index has not.
        """
        if (
            type(record) is dict
            and record.keys() <= self._accepted
            and self.aliases.keys().isdisjoint(record)
            and _PLAIN.issuperset(map(type, record.values()))
        ):
            return record
        return self._texts(record)

    def _texts(self, record: Mapping[str, object]) -> dict[str, str]:
        try:
            items = record.items()
        except AttributeError:
            raise SchemaError("a record is a mapping of fields to values") from None
        texts = {}
        for name, value in items:
            if name not in self._accepted:
                raise NotFoundError.of("field", name, sorted(self._accepted))
            if value is None:
                continue
            if isinstance(value, str):
                texts[self.aliases.get(name, name)] = value
            elif not frames.is_missing(value):
                texts[self.aliases.get(name, name)] = _typed(value)
        return texts

    def world(self, texts: Mapping[str, str]) -> int:
        """Return the number of a record's world where worlds are countries, -1 where it has none."""
        raw = None if self.country_column is None else texts.get(self.country_column)
        return -1 if raw is None else self.country_world(raw)

    def _world_of_country(self, raw: str) -> int:
        found = self._country(raw)
        if found is None or self.world_names is None:
            return -1
        return self.world_names.index(found) if found in self.world_names else len(self.world_names)

    def _way(self, kind: str, reading: Reading, order: Any) -> Way:
        """Return how one column of a comparison is read."""
        column, country = reading.column, self.country
        if kind == "phone":
            return Way(None, None, partial(self._phone, column))
        normalize = KINDS[kind].normalize
        of_text: Callable[[str], str | None] = partial(_bounded, normalize)
        if kind == "date":
            of_text = partial(read_date, order=order, digits=normalize)

        def read(texts: Mapping[str, str]) -> str | None:
            raw = _source_text(reading, country, texts)
            return None if raw is None else of_text(raw)

        is_plain = reading.part == "whole" and reading.instead is None
        return Way(column if is_plain else None, of_text if is_plain else None, read)

    def _phone(self, column: str, texts: Mapping[str, str]) -> str | None:
        raw = texts.get(column)
        if raw is None:
            return None
        country = None
        if self.country_column is not None and (written := texts.get(self.country_column)) is not None:
            country = self._country(written)
        found = normalize_phone(raw, country or self.country)
        return None if found is None else bounded(found)


def _bounded(normalize: Callable[[str], str | None], raw: str) -> str | None:
    found = normalize(raw)
    return None if found is None else bounded(found)


def _typed(value: object) -> str:
    """Read a value that is no text as its column would be."""
    return str(frames.read({"value": [value]}).texts("value").values[0])


@lru_cache(maxsize=_REMEMBERED)
def _name_part(raw: str, part: str, country: str | None) -> str:
    found = names.split(raw, country=country)
    return (found.given if part == "given" else found.family) or ""


def _source_text(reading: Reading, country: str | None, texts: Mapping[str, str]) -> str | None:
    """Return the text of a reading, before it is normalized; ``None`` is missing."""
    raw = texts.get(reading.column)
    if raw is None:
        return None if reading.instead is None else _source_text(reading.instead, country, texts)
    if reading.part in {"given", "family"}:
        return _name_part(raw, reading.part, country)
    if reading.part == "generation":
        return last_generation(raw)
    if reading.part == "numbered" and reading.number is not None and (number := texts.get(reading.number)):
        return f"{number} {raw}"
    return raw
