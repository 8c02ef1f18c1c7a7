"""Finds values in encoded text: decoded views of it, with the way back to its own bytes."""
