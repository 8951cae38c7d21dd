"""What a run gives back: reports, explanations, diagnostics and charts."""
