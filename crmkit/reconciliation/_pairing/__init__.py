"""What is held against what: tables, columns, keys, rows; and what has no partner."""
