"""Policies, people and assignments: checked as a whole, read from files and written back."""
