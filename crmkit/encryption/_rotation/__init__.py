"""Columns written anew: under a new key, or out of another kind of storage."""
