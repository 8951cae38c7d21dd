"""The log: append, read, checkpoint, prove, erase."""
