"""Policies of other systems in, and out to them."""
