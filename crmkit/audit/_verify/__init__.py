"""A log verified from outside: nothing is believed but what a known key has signed."""
