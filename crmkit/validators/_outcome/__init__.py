"""What a run found and what can be done about it: the report, its scores, and the plan of fixes."""
