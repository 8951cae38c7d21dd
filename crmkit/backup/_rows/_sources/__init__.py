"""Where tables are: frames, files and databases; each gives digests of its rows and the rows themselves."""
