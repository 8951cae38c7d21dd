"""Rows of tables: digests that agree everywhere, which rows differ, and bringing single ones back."""
