"""The match model: rival explanations for why two records agree, and how they are learned from the file."""
