"""The log of merges: where records went and values came from, and the way back."""
