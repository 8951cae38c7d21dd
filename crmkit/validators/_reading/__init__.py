"""How cells are read: columns as texts, moments, patterns, and functions known by name."""
