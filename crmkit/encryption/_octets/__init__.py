"""The octets: tokens, typed plaintext, record ids, and many of one length handled at once."""
