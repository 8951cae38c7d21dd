"""Copies of one backup: where they differ, and how they heal one another."""
