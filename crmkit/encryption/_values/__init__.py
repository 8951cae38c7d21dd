"""Values under their keys: encrypted, found, sealed, pseudonymous, and bound to persons."""
