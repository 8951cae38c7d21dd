"""The only door to dataframes: any frame in, columns to work on, results back in the caller's own kind.

Nothing else in crmkit imports pandas, polars, pyarrow, duckdb or narwhals, and nothing else turns ``NaN``, ``NaT`` and
``pd.NA`` into ``None``. A library is looked for where its frames came from (``sys.modules``), and never imported to
find out.
"""

from ._bare import bare as bare
from ._cells import decode_cell as decode_cell
from ._cells import encode_cell as encode_cell
from ._distinct import Distinct, as_text
from ._distinct import identity as identity
from ._expressions import expressions as expressions
from ._expressions import keep as keep
from ._expressions import select as select
from ._expressions import types as types
from ._fit import identical as identical
from ._fit import same as same
from ._hashes import Compared as Compared
from ._hashes import row_hashes as row_hashes
from ._marks import ABSENT as ABSENT
from ._marks import is_missing
from ._marks import plain as plain
from ._read import build, read, read_two
from ._series import Column, read_column
from ._source import StoredRow as StoredRow
from ._source import StoredRows as StoredRows
from ._spool import spool as spool
from ._table import Table

# What is renamed to itself, or left out below, is for crmkit's own areas.
__all__ = ["Column", "Distinct", "Table", "as_text", "build", "is_missing", "read", "read_column", "read_two"]
