"""The only door to dataframes: any frame in, columns to work on, results back in the caller's own kind.

Nothing else in crmkit imports pandas, polars, pyarrow, duckdb or narwhals, and nothing else turns ``NaN``, ``NaT`` and
``pd.NA`` into ``None``. A library is looked for where its frames came from (``sys.modules``), and never imported to
find out.
"""

from ._distinct import Distinct
from ._marks import ABSENT
from ._read import build, read
from ._table import Table

__all__ = ["ABSENT", "Distinct", "Table", "build", "read"]
