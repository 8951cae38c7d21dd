"""Holding a backup against its manifest, level by level."""
