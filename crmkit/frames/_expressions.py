"""Filters on a caller's own frame: narwhals for those who build expressions, and a frame without some of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._kinds._pandas import is_text
from ._read import build, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Frame

_LIBRARIES = ("pandas", "polars", "arrow")


def expressions() -> Any:
    """Return narwhals, to build expressions with; nothing else in crmkit imports it.

    Example:
        >>> expressions().col("stage").is_null()
        col(stage).is_null()

    .. versionadded:: 0.1.0
    """
    import narwhals

    return narwhals


def types(data: Frame) -> dict[str, Any] | None:
    """Return narwhals' type of each column, or ``None`` where the frame is not of a library that has types.

    Of pandas' object columns narwhals looks at the first hundred cells; here such a column is of text only if every
    cell that is not missing is.

    Example:
        >>> types([{"stage": "won"}]) is None
        True

    .. versionadded:: 0.1.0
    """
    table = read(data)
    if table.kind not in _LIBRARIES:
        return None
    narwhals = expressions()
    found = dict(narwhals.from_native(table.native, eager_only=True).schema)
    if table.kind == "pandas":
        for name, place in zip(found, range(len(table.columns)), strict=True):
            if found[name] == narwhals.String and not is_text(table.native.iloc[:, place]):
                found[name] = narwhals.Object()
    return found


def keep(data: Frame, expression: Any) -> Frame:
    """Return the rows of a pandas, polars or pyarrow frame where a narwhals expression is true.

    Example:
        >>> import polars
        >>> frame = polars.DataFrame({"stage": ["won", None]})
        >>> keep(frame, expressions().col("stage").is_null()).height
        1

    .. versionadded:: 0.1.0
    """
    return expressions().from_native(read(data).native, eager_only=True).filter(expression).to_native()


def select(data: Frame, names: Sequence[str]) -> Frame:
    """Return the frame with these columns only, in this order, in the caller's kind.

    Example:
        >>> select([{"id": 1, "stage": "won"}], ["stage"])
        [{'stage': 'won'}]

    Raises:
        SchemaError: There is no such column.

    .. versionadded:: 0.1.0
    """
    table = read(data)
    if table.kind == "pandas":
        return table.native.iloc[:, [table.columns.index(name) for name in names]]
    if table.kind in _LIBRARIES:
        return table.native.select(list(names))
    return build({name: table.column(name) for name in names}, like=table)
