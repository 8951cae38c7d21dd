"""Lists of dicts and of record objects (attrs, dataclasses, pydantic models, named tuples, SQLAlchemy's mapped)."""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from crmkit.errors import SchemaError
from crmkit.frames._marks import ABSENT, plain_list
from crmkit.frames._source import Source, column_names

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from crmkit.frames._source import StoredRow, StoredRows
    from crmkit.typing import Frame, JSONValue


class RecordsSource(Source):
    """An iterable of records. Columns are the keys of all records, in the order in which they first appear."""

    kind: ClassVar[str] = "records"

    def __init__(self, data: Iterable[object]) -> None:
        self._tuple = isinstance(data, tuple)
        self.native = data if isinstance(data, list | tuple) else list(data)
        self.length = len(self.native)
        self._all_dicts = _only_dicts(self.native)
        keys: dict[Hashable, None] = {}
        fields: dict[type, tuple[str, ...]] = {}
        for row, record in enumerate(self.native):
            if isinstance(record, Mapping):
                keys.update(dict.fromkeys(record))
                continue
            kind = type(record)
            if kind not in fields:
                found = field_names(record)
                if found is None:
                    raise SchemaError(
                        f"row {row} is a {kind.__name__}, not a record; crmkit reads dicts, attrs objects, "
                        "dataclasses, named tuples, pydantic models and mapped objects of SQLAlchemy"
                    )
                fields[kind] = found
                keys.update(dict.fromkeys(found))
        self.columns = column_names(keys)
        self._keys: dict[str, Any] = dict(zip(self.columns, keys, strict=True))

    def values(self, name: str) -> list[object]:
        key = self._keys[name]
        if self._all_dicts:
            return plain_list([record.get(key) for record in self.native])
        return plain_list([_get(record, key) for record in self.native])

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        key = self._keys[name]
        return [_get(self.native[row], key) for row in rows]

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        changed: dict[int, dict[Any, object]] = {}
        for name, rows in cells.items():
            for row, value in rows.items():
                changed.setdefault(row, {})[self._keys[name]] = value
        records = list(self.native)
        for row, values in changed.items():
            records[row] = with_values(records[row], values, row=row)
        return self._like(records)

    def take(self, rows: Sequence[int]) -> Frame:
        return self._like([self.native[row] for row in rows])

    def labels(self, rows: Sequence[int]) -> list[object] | None:
        if set(map(type, self.native)) <= {dict}:
            return None
        return [class_path(self.native[row]) for row in rows]

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:  # noqa: ARG002 - records have no column types
        return self.replace(cells)

    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:  # noqa: ARG002 - records have no index
        classes = {class_path(record): type(record) for record in self.native}
        if rows.labels is None and len(classes) == 1:  # out of a kind of frame that has no classes
            rows = attrs.evolve(rows, labels=[*classes] * len(rows))
        made = [*self.native, *(rebuilt(rows[place], self._keys, classes) for place in range(len(rows)))]
        return self._like([made[place] for place in order])

    def _like(self, records: list[object]) -> Frame:
        return tuple(records) if self._tuple else records


def class_path(record: object) -> str | None:
    """Name the class of a record object, ``None`` for a plain dict."""
    kind = type(record)
    return None if kind is dict else f"{kind.__module__}:{kind.__qualname__}"


def rebuilt(row: StoredRow, keys: Mapping[str, Any], classes: Mapping[str | None, type]) -> object:
    """Make a record again from its cells.

    Its class is looked for among the records that are there, then among the modules that are loaded; nothing is
    imported on the word of a file.
    """
    if row.label is None:
        return {keys.get(name, name): value for name, value in row.cells.items()}
    kind = classes.get(str(row.label)) or _loaded_class(str(row.label))
    if kind is None:
        raise SchemaError(f"the class {row.label} of a record is not loaded; import its module first")
    if issubclass(kind, Mapping):
        cells = {keys.get(name, name): value for name, value in row.cells.items()}
        if not issubclass(kind, MutableMapping):
            return kind(cells)  # type: ignore[call-arg]  # as a mapping that takes no changes does
        made: Any = kind()  # empty first: a defaultdict takes no cells
        made.update(cells)
        return made
    if hasattr(kind, "model_construct"):
        return kind.model_construct(**row.cells)
    if issubclass(kind, tuple):
        return kind(**row.cells)
    record = object.__new__(kind)  # past converters and validators: the values are as they were
    for name, value in row.cells.items():
        object.__setattr__(record, name, value)
    return record


def _loaded_class(path: str) -> type | None:
    module, _, name = path.partition(":")
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None


def _only_dicts(records: Sequence[object]) -> bool:
    return all(issubclass(kind, dict) for kind in set(map(type, records)))


def _get(record: object, key: Any) -> object:
    if isinstance(record, Mapping):
        return record.get(key, ABSENT)
    return getattr(record, key, ABSENT) if isinstance(key, str) else ABSENT


def field_names(record: object) -> tuple[str, ...] | None:
    """Return the field names of a record object, ``None`` for anything that is not one."""
    kind = type(record)
    if attrs.has(kind):
        return tuple(field.name for field in attrs.fields(kind))
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    mapper = getattr(kind, "__mapper__", None)
    if mapper is not None and hasattr(mapper, "column_attrs"):  # a mapped object of SQLAlchemy; relations stay behind
        return tuple(mapper.column_attrs.keys())
    models = getattr(kind, "model_fields", None)
    if isinstance(models, Mapping) and hasattr(kind, "model_copy"):
        extra = getattr(record, "model_extra", None) or {}
        return (*models, *extra)
    if isinstance(record, tuple) and hasattr(kind, "_fields"):
        return tuple(kind._fields)
    return None


def with_values(record: Any, values: Mapping[Any, object], *, row: int) -> object:
    """Return a copy of ``record`` with other values; :data:`ABSENT` takes a key out of a dict."""
    if isinstance(record, Mapping):
        made: MutableMapping[Any, object] = copy.copy(record) if isinstance(record, MutableMapping) else dict(record)
        for key, value in values.items():
            if value is ABSENT:
                made.pop(key, None)
            else:
                made[key] = value
        return made
    kind = type(record)
    names = field_names(record) or ()
    unknown = [key for key in values if key not in names]
    if unknown:
        raise SchemaError(f"row {row}: a {kind.__name__} has no field {unknown[0]!r}")
    try:
        if attrs.has(kind):
            alias = {field.name: field.alias or field.name for field in attrs.fields(kind)}
            return attrs.evolve(record, **{alias[key]: value for key, value in values.items()})
        if dataclasses.is_dataclass(kind):
            return dataclasses.replace(record, **values)
        if hasattr(kind, "model_copy"):
            return record.model_copy(update=dict(values))
        return record._replace(**values)
    except (TypeError, ValueError, AttributeError) as error:
        listed = ", ".join(repr(str(key)) for key in values)
        raise SchemaError(
            f"row {row}: {kind.__name__} does not take the new value of {listed} ({type(error).__name__})"
        ) from None
