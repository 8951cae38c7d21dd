"""A mapping at work on a frame, and the report of it."""
