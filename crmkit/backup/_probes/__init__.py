"""Whether a file is a complete one of its format."""
