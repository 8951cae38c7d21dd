"""What the tests of changes share: frames are the same only if nothing at all differs."""

from __future__ import annotations

import importlib
from typing import Any

import attrs
import numpy as np
import pytest

from crmkit.records import RecordSet


@pytest.fixture(scope="session")
def assert_exactly() -> Any:
    """Compares two frames down to types, missing markers, dtypes and index."""
    return _assert_exactly


def _is(frame: Any, library: str, kind: str) -> Any:
    """Return the library if the frame is one of its, without importing what may not be installed."""
    if type(frame).__module__.partition(".")[0] != library or type(frame).__name__ != kind:
        return None
    return importlib.import_module(library)


def _assert_exactly(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    if pd := _is(left, "pandas", "DataFrame"):
        pd.testing.assert_frame_equal(left, right, check_exact=True, check_column_type=True, check_index_type=True)
        assert type(left.index) is type(right.index)
        assert left.dtypes.tolist() == right.dtypes.tolist()
        for name in left.columns:
            if left[name].dtype == object:
                assert list(map(exact, left[name])) == list(map(exact, right[name]))
    elif _is(left, "polars", "DataFrame"):
        from polars.testing import assert_frame_equal

        assert_frame_equal(left, right, check_exact=True, categorical_as_str=True)
        assert left.schema == right.schema
        for name in left.columns:
            assert list(map(exact, left[name].to_list())) == list(map(exact, right[name].to_list()))
    elif _is(left, "pyarrow", "Table"):
        assert left.schema.equals(right.schema, check_metadata=True)
        for name in left.column_names:
            assert list(map(exact, left[name].to_pylist())) == list(map(exact, right[name].to_pylist()))
    elif isinstance(left, RecordSet):
        _assert_exactly(
            dict(zip(left.columns, map(left.column, left.columns), strict=True)),
            dict(zip(right.columns, map(right.column, right.columns), strict=True)),
        )
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for name, column in left.items():
            if isinstance(column, np.ndarray):
                assert column.dtype == right[name].dtype
            assert type(column) is type(right[name])
            assert list(map(exact, column)) == list(map(exact, right[name]))
    else:
        assert list(map(exact, left)) == list(map(exact, right))


def exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: exact(cell) for name, cell in value.items()}
    if attrs.has(type(value)):
        return type(value), exact(attrs.asdict(value))
    return type(value), repr(value)
