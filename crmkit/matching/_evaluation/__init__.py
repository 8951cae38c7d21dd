"""How good a result is where the truth is known, and what changed between two runs."""
