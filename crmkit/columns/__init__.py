"""Recognise a table: which system it comes from, which kind of record it holds, which column is which field."""

from __future__ import annotations

from crmkit.columns._map import ColumnMap, Evidence
from crmkit.columns._names import read_header
from crmkit.columns._recognize import recognize

__all__ = ["ColumnMap", "Evidence", "read_header", "recognize"]
