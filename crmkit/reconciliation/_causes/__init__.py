"""Why two cells differ: told from the pair of texts, from its column, from its row."""
