"""Checks of numbers that somebody issued: to people, companies, accounts and cards."""
