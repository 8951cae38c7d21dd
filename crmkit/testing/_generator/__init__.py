"""Who there is, who repeats whom, what went wrong on the way, and how it is all written."""
