"""Policies looked after: linting, what a change changes, reviews, least privilege, leaving."""
