"""The columns beside a token by which it is found, and the comparison that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit import frames
from crmkit.encryption._fields import _normalizers
from crmkit.encryption._fields._index import as_text
from crmkit.encryption._octets import _token
from crmkit.errors import DoubleEncryptionError, ShapeError

from ._engine import check_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._fields._index import Index
    from crmkit.typing import Frame

    from ._blind import BlindIndex
    from ._engine import Engine


def form(field: Field, value: object) -> str:
    """Return the form in which values of a field are compared."""
    return _normalizers.normalize(field.normalizer, as_text(value), field.country)


def values(engine: Engine, field: Field, value: object, others: Mapping[str, object]) -> dict[str, Any]:
    """Return what is written into each index column, by the index's name."""
    _check_plain(field, [value] if field.indexes else ())
    found = {}
    for index in field.indexes:
        whole: object = value
        if index.others:
            parts = [others.get(name) for name in index.others]
            whole = None if value is None or None in parts else (value, *parts)
        found[index.name] = engine.blind(field, index.name).write(whole)
    return found


def column(engine: Engine, field: Field, cells: Frame, index: str | None, others: Sequence[Frame]) -> Any:
    """Return the terms of one index for a column; each distinct value is normalized once."""
    wanted = field.index(index)
    own = frames.read_column(cells, what="column of values")
    whole: list[Any] = own.values
    _check_plain(field, whole)
    if wanted.others:
        if len(others) != len(wanted.others):
            raise ShapeError("one column for each of the others", expected=len(wanted.others), actual=len(others))
        check_rows(own, *others)
        more = [frames.read_column(other, what="other column").values for other in others]
        whole = [None if None in row else row for row in zip(own.values, *more, strict=True)]
    blind = engine.blind(field, wanted.name)
    keys, forms = _forms(blind, whole)
    _judge(engine, field, wanted, keys, forms)
    return own.like(blind.write_many(keys, forms))


def rows(
    engine: Engine, field: Field, cells: Sequence[object], others: Sequence[Mapping[str, object]]
) -> dict[str, list[Any]]:
    """Return what is written into each index column for many values, by the index's name; for a migration."""
    found: dict[str, list[Any]] = {}
    for index in field.indexes:
        if index.others:
            found[index.name] = [
                values(engine, field, cell, other)[index.name] for cell, other in zip(cells, others, strict=True)
            ]
        else:
            blind = engine.blind(field, index.name)
            found[index.name] = blind.write_many(*_forms(blind, cells))
    return found


def judge(engine: Engine, field: Field, cells: Sequence[object]) -> None:
    """Refuse to migrate a column into deterministic tokens or an index that would give it away."""
    judge_tokens(engine, field, cells)
    for index in field.indexes:
        if not index.others:
            _judge(engine, field, index, *_forms(engine.blind(field, index.name), cells))


def judge_tokens(engine: Engine, field: Field, cells: Sequence[Any]) -> None:
    """Refuse deterministic tokens of a column whose values can be guessed by how often each comes."""
    if field.deterministic and field.accept is None:
        hashable = cells if field.type is str else [_key(cell) for cell in cells]
        engine.judge(field, "", hashable, f"{field.name} cannot be deterministic")


def _judge(
    engine: Engine, field: Field, index: Index, keys: Sequence[Any], forms: Mapping[Any, list[list[str]]]
) -> None:
    if index.accept is None:
        judged = [None if key is None else str(forms[key]) for key in keys]
        engine.judge(field, index.name, judged, f"{field.name} cannot have index {index.name!r}")


def _check_plain(field: Field, cells: Iterable[object]) -> None:
    """Refuse to index tokens: no look-up by a value would find their rows."""
    for row, cell in enumerate(cells):
        if _token.looks_like_token(cell):
            raise DoubleEncryptionError(
                f"{field.name}, row {row}: a token where the plaintext to index was expected", rule="double_encryption"
            )


def _forms(blind: BlindIndex, whole: Sequence[Any]) -> tuple[Sequence[Any], dict[Any, list[list[str]]]]:
    """Return a key for each value, and the normal forms of each distinct one."""
    keys = whole if set(map(type, whole)) <= {str, type(None)} else [_key(value) for value in whole]
    forms: dict[Any, list[list[str]]] = {}
    for key, value in zip(keys, whole, strict=True):
        if key is not None and key not in forms:
            forms[key] = blind.forms(value)
    return keys, forms


def _key(value: object) -> Any:
    return None if value is None else frames.identity(value)
