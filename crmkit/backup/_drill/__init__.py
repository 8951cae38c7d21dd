"""Restoring for practice: into a place of its own, timed and checked."""
