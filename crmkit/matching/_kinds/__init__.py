"""Kinds of field: how each is compared, on vocabularies of distinct values."""
