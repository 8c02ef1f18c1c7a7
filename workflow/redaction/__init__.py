"""Keeps secrets and tenant data here: finds them, seals them, restores them, guards the door."""
