"""Rule sets that nobody had to write: ready-made, of a system, of a class, of a table."""
