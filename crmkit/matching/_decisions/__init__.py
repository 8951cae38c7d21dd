"""From a model to clusters and links: scores, the cut, and what belongs together."""
