"""Events: who did what to which thing, the commitments to values in them, and what they are to others."""
