"""crmkit on polars, pandas or pyarrow input: cells with causes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measure import measured

import crmkit as ck
import crmkit.reconciliation  # the peers are loaded before the clock starts, too


def load(tool, left, right):
    if tool == "crmkit-files":
        return left, right
    if tool == "crmkit-csv":
        return left.with_suffix(".csv"), right.with_suffix(".csv")
    if tool == "crmkit-arrow":
        import pyarrow.parquet as pq

        return pq.read_table(left), pq.read_table(right)
    if tool == "crmkit-pandas":
        import pandas as pd

        return pd.read_parquet(left), pd.read_parquet(right)
    import polars as pl

    return pl.read_parquet(left), pl.read_parquet(right)


def compare(tool, left, right):
    compared = crmkit.reconciliation.reconcile_files if tool in ("crmkit-files", "crmkit-csv") else ck.reconcile
    report = compared(left, right, key="id", tolerance={"amount": 1e-6})
    cells = report.cells
    counts = report.counts()

    def listed():
        keys = zip(cells.column("record_id"), cells.column("column"), strict=True)
        return {f"{key}\t{column}": cause for (key, column), cause in zip(keys, cells.column("cause"), strict=True)}

    return counts["missing"], counts["unexpected"], listed


measured(load, compare, version=ck.__version__)
