"""Whole columns of distinct values at once: which of them need no second look."""
