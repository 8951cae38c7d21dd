"""Names of persons by script, how they sound, and the tables behind both."""
