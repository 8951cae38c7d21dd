"""The syntax of e-mail addresses, what providers say of theirs, and slips in domains."""
