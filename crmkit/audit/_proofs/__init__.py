"""What proves events: signed notes, checkpoints, proofs, and witnesses who keep them elsewhere."""
