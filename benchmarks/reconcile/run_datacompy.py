"""datacompy as its documentation uses it: a comparison with a tolerance, and the mismatching rows of every column."""

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import datacompy
from measure import measured


def load(tool, left, right):
    if tool == "datacompy-pandas":
        import pandas as pd

        return pd.read_parquet(left), pd.read_parquet(right)
    import polars as pl

    return pl.read_parquet(left), pl.read_parquet(right)


def compare(tool, left, right):
    kind = datacompy.PandasCompare if tool == "datacompy-pandas" else datacompy.PolarsCompare
    kind = getattr(datacompy, "Compare", kind) if not hasattr(datacompy, kind.__name__) else kind
    done = kind(left, right, join_columns="id", abs_tol=1e-6, rel_tol=0)
    differing = {}
    for column in [name for name in left.columns if name != "id"]:
        rows = done.sample_mismatch(column, sample_count=len(left))
        if rows is not None and len(rows):
            differing[column] = rows["id"]
    only_left, only_right = len(done.df1_unq_rows), len(done.df2_unq_rows)

    def listed():
        return {f"{key}\t{column}": "" for column, keys in differing.items() for key in keys}

    return only_left, only_right, listed


measured(load, compare, version=version("datacompy"))
