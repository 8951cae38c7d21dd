"""A mapping proposed for a file of no known system."""
