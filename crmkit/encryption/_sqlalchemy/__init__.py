"""Encrypted columns of SQLAlchemy models; SQLAlchemy is imported when they are used."""
