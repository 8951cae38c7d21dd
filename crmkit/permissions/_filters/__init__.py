"""Conditions asked of many records at once: dataframes, SQL, SQLAlchemy."""
