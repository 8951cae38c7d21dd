"""CSV and Excel in and out: encodings by evidence, formula cells made harmless, nothing lost.

Readers return a `crmkit.records.RecordSet` of text, so leading zeros and long ids survive; what they had to settle
(a short row, a doubled column name, a guessed encoding) is in its ``notes``.
"""

from __future__ import annotations

from crmkit._delimited import Escaped

from ._csv import Source, read_csv, write_csv
from ._excel import read_excel

__all__ = ["Escaped", "Source", "read_csv", "read_excel", "write_csv"]
