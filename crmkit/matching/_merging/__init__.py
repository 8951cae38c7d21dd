"""The stage after the match: which value survives, golden records, the log that undoes them."""
