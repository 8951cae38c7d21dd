"""How the issue table holds its columns: coded where few values repeat, references to texts elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.typing import JSONValue

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@attrs.frozen
class Coded:
    """A column with few distinct values: row ``i`` holds ``values[codes[i]]``.

    Attributes:
        codes: Positions in ``values``; ``int32``, shape ``(n_issues,)``.
        values: The distinct texts.

    .. versionadded:: 0.1.0
    """

    codes: Array
    values: tuple[str | None, ...]

    def texts(self) -> list[str | None]:
        return (
            cast("list[str | None]", np.array(self.values, dtype=object)[self.codes].tolist())
            if len(self.codes)
            else []
        )

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, at: Array) -> Coded:
        return Coded(self.codes[at], self.values)


def is_column(name: str, column: object) -> bool:
    if name in ("params", "related"):
        return isinstance(column, (list, tuple, Coded))
    return isinstance(column, (list, tuple, np.ndarray, range, Coded))


def encoder(name: str) -> Callable[[Any], str | None] | None:
    if name == "params":
        return params_text
    if name == "related":
        return related_text
    return None


def params_text(params: Mapping[str, JSONValue] | str | None) -> str:
    if params is None:
        return "{}"
    return params if isinstance(params, str) else json.dumps(params, ensure_ascii=False, sort_keys=True)


def related_text(related: Sequence[str] | None) -> str:
    return "[]" if not related else json.dumps(list(related), ensure_ascii=False)


def coded(column: object, n: int, encode: Callable[[Any], str | None] | None) -> Coded:
    if isinstance(column, Coded):
        return column
    if not isinstance(column, (list, tuple, np.ndarray)):
        only = cast("str | None", column) if encode is None else encode(column)
        return Coded(np.zeros(n, dtype=np.int32), (only,))
    values: dict[str | None, int] = {}
    texts = column if encode is None else map(encode, column)
    codes = np.fromiter((values.setdefault(text, len(values)) for text in texts), dtype=np.int32, count=n)
    return Coded(codes, tuple(values))


def join(pieces: list[Coded]) -> Coded:
    values: dict[str | None, int] = {}
    codes = []
    for piece in pieces:
        new = np.array([values.setdefault(value, len(values)) for value in piece.values], dtype=np.int32)
        codes.append(new[piece.codes])
    return Coded(np.concatenate(codes), tuple(values))


def numbers(column: object, n: int, *, dtype: type, missing: float) -> Array:
    if isinstance(column, np.ndarray):
        return column.astype(dtype, copy=False)
    if isinstance(column, (list, tuple, range)):
        return np.array([missing if number is None else number for number in column], dtype=dtype)
    return np.full(n, missing if column is None else cast("float", column), dtype=dtype)


def objects(column: object, n: int) -> Array:
    if isinstance(column, np.ndarray):
        return column
    array = np.empty(n, dtype=object)
    array[:] = column if not isinstance(column, (list, tuple)) else list(column)
    return array
