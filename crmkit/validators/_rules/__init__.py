"""Rules about more than one cell: columns of a record, records of a table, tables among one another."""
