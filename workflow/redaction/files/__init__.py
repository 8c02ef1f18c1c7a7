"""Looks through files of any size and number, in windows."""
