"""What a backup says of itself: manifest, statement, keys and the ledger of what was accepted."""
