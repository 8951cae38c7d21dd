"""A folder as it lies on disk: names, types, contents, and files that are replaced as a whole."""
