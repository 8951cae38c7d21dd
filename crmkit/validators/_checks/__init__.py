"""What a check is: its verdict, the conditions and columns it reads, and how checks are combined."""
