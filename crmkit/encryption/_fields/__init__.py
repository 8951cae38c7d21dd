"""What is encrypted, and where it may be searched: fields, indexes, and what those give away."""
