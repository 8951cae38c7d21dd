"""From tables to columns of codes: which columns are compared, and their distinct normalized values."""
