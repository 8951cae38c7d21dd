"""Mappings as values: turned round, put together, compared, kept as JSON, ready-made for each system."""
