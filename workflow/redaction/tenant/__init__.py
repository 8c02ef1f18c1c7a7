"""Finds tenant data: the names that a policy lists, and what is known by its form."""
