"""Keys: suites, derivation, keysets, and who holds the wrapping key."""
