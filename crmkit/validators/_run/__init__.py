"""One run of a rule set: over a whole table, or over its pieces."""
