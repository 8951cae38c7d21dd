"""Checks of values that any table has: text, choices, numbers, money, days, names."""
