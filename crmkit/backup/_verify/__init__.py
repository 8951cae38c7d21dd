"""Holding a backup against its manifest, level by level, and what is said about it."""
