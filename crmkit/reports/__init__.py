"""Results for people: one self-contained HTML page with tables and charts."""

from ._page import Page

__all__ = ["Page"]
