"""One column by itself: read as crmkit works with it, and given back as what it was."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from crmkit import frames
from crmkit.errors import SchemaError, ShapeError


def test_lists_tuples_arrays_and_other_sequences_are_columns() -> None:
    for data, wanted in [
        ([1, None, float("nan")], [1, None, None]),
        (("a", "b"), ["a", "b"]),
        (range(3), [0, 1, 2]),
        (np.array([1, 2]), [1, 2]),
        (np.array(["2026-01-02", "NaT"], dtype="datetime64[D]"), [dt.datetime(2026, 1, 2), None]),
    ]:
        column = frames.read_column(data)
        assert column.values == wanted
        assert len(column) == len(wanted)
    assert repr(frames.read_column(["secret"])) == "Column(kind='list')"


def test_what_is_no_column_is_refused_without_showing_it() -> None:
    for data in ("secret", b"secret", 7, None, np.zeros((2, 2)), {"secret": [1]}):
        with pytest.raises(SchemaError, match="records") as caught:
            frames.read_column(data, what="records")
        assert "secret" not in str(caught.value)


def test_results_have_the_callers_kind() -> None:
    assert frames.read_column([1, 2]).like(["x", None]) == ["x", None]
    assert frames.read_column((1, 2)).like(["x", None]) == ("x", None)
    made = frames.read_column(np.array([1, 2])).like(["x", None])
    assert isinstance(made, np.ndarray)
    assert made.tolist() == ["x", None]
    with pytest.raises(ShapeError):
        frames.read_column([1, 2]).like(["x"])


def test_pandas_keeps_index_and_name() -> None:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    series = pd.Series(["a", None], index=[5, 7], name="email")
    column = frames.read_column(series)
    assert column.values == ["a", None]
    made = column.like(["x", None])
    assert (list(made.index), made.name, made.tolist()[0], bool(made.isna()[7])) == ([5, 7], "email", "x", True)
    assert str(column.like([1, None]).dtype) == "Int64"
    assert str(column.like([1, 2]).dtype) == "int64"
    assert column.like([Decimal(1), None]).tolist() == [Decimal(1), None]
    assert frames.read_column(pd.Index([1, 2])).like(["x", "y"]).tolist() == ["x", "y"]
    assert frames.read_column(pd.Series([True, None], dtype="boolean")).values == [True, None]


def test_polars_and_arrow_keep_their_kind() -> None:
    pl = pytest.importorskip("polars", reason="needs polars")
    column = frames.read_column(pl.Series("email", ["a", None]))
    assert column.values == ["a", None]
    assert column.like([1, None]).equals(pl.Series("email", [1, None]))
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    for array in (pa.array([1, None]), pa.chunked_array([[1], [None]])):
        column = frames.read_column(array)
        assert column.values == [1, None]
        assert column.like(["x", None]).equals(pa.array(["x", None]))
