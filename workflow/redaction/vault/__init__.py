"""Seals and restores: placeholders made from a key, and what each of them stands for."""
