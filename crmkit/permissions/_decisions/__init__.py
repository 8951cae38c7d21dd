"""Decisions and their reasons: the engine, what one person may, who may, which fields, which records."""
