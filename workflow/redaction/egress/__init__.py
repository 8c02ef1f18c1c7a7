"""The door: looks at the bytes of each request before it leaves, and stops those with a value."""
