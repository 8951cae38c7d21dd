"""What street lines, postal codes and Chinese divisions are made of."""
