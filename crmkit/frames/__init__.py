"""The only door to dataframes: any frame in, columns to work on, results back in the caller's own kind.

Nothing else in crmkit imports pandas, polars, pyarrow, duckdb or narwhals, and nothing else turns ``NaN``, ``NaT`` and
``pd.NA`` into ``None``. A library is looked for where its frames came from (``sys.modules``), and never imported to
find out.
"""

from ._bare import bare
from ._cells import decode as decode_cell
from ._cells import encode as encode_cell
from ._distinct import Distinct, as_text, identity
from ._expressions import expressions, keep, select, types
from ._fit import identical, same
from ._hashes import Compared, row_hashes
from ._marks import ABSENT, is_missing, plain
from ._read import build, read, read_two
from ._series import Column, read_column
from ._source import StoredRow, StoredRows
from ._spool import spool
from ._table import Table

__all__ = [
    "ABSENT",
    "Column",
    "Compared",
    "Distinct",
    "StoredRow",
    "StoredRows",
    "Table",
    "as_text",
    "bare",
    "build",
    "decode_cell",
    "encode_cell",
    "expressions",
    "identical",
    "identity",
    "is_missing",
    "keep",
    "plain",
    "read",
    "read_column",
    "read_two",
    "row_hashes",
    "same",
    "select",
    "spool",
    "types",
]
