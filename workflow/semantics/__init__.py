"""What really changed, by the meaning of a file and not by its text."""
