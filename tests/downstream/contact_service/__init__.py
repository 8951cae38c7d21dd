"""A small service for contacts, built on crmkit: FastAPI in front, PostgreSQL behind."""
