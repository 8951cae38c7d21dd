"""What every table gives, wherever it is."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Final

from crmkit._canonical import RowSchema, keyed_digests
from crmkit.backup._rows._buckets import index
from crmkit.errors import InvalidValueError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.backup._rows._buckets import Index, Pairs

BLOCK: Final = 50_000
"""Rows that are read at once."""


class Source(abc.ABC):
    """A table somewhere; the classes below say where.

    Attributes:
        name: What the table is called.
        key: Columns that tell rows apart.

    .. versionadded:: 0.1.0
    """

    def __init__(self, name: str, key: str | Sequence[str]) -> None:
        self.name = name
        self.key: tuple[str, ...] = (key,) if isinstance(key, str) else tuple(key)

    @abc.abstractmethod
    def schema(self) -> RowSchema:
        """Return the names and types of the columns."""

    @abc.abstractmethod
    def digests(self, schema: RowSchema) -> Iterable[Pairs]:
        """Yield blocks of key digests and row digests."""

    def index(self, schema: RowSchema, buckets: int | None) -> Index:
        """Return the leaves of the table's buckets; a server that can makes them itself, and sends no rows."""
        return index(self.digests(schema), buckets)

    @abc.abstractmethod
    def blocks(self, schema: RowSchema) -> Iterable[Mapping[str, Sequence[object]]]:
        """Yield blocks of columns, as Python values that fit the schema."""

    def bounds(self, columns: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        """Return the least and greatest value of columns as text; missing ones do not count."""
        found: dict[str, tuple[Any, Any]] = {}
        for block in self.blocks(self.schema()):
            for name in columns:
                values: list[Any] = [value for value in block[name] if value is not None]
                if values:
                    low, high = min(values), max(values)
                    if name in found:
                        low, high = min(low, found[name][0]), max(high, found[name][1])
                    found[name] = low, high
        return {name: (str(low), str(high)) for name, (low, high) in found.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class ClientSource(Source):
    """A table whose rows Python reads and digests."""

    def digests(self, schema: RowSchema) -> Iterator[Pairs]:
        """Yield digests block by block."""
        done = 0
        for block in self.blocks(schema):
            try:
                yield keyed_digests(schema, self.key, block)
            except InvalidValueError as error:
                raise InvalidValueError(f"{self.name}, rows from {done}: {error}") from None
            done += len(next(iter(block.values()), ()))


def check_source(given: object) -> None:
    """Raise unless it is a table of a kind that says where it is.

    Raises:
        SchemaError: It is a frame, a path or something else.
    """
    if not isinstance(given, Source):
        raise SchemaError(
            f"a table is a Source, such as FrameSource(frame, key='id') or SqliteSource(connection, 'contacts', "
            f"key='id'), not {type(given).__name__}"
        )
