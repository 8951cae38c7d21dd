"""One module for each kind of frame, and one for the types of its columns where they need it."""
