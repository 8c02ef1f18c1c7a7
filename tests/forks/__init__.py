"""The `workflow` command without its start: forks of one process that has everything imported."""
