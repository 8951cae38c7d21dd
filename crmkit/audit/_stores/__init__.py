"""Where a log stands: segments in a folder or a database, and the vault beside it."""
