"""What a mapping is made of: its two ends, the links between them, and how either end writes values."""
