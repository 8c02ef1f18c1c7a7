"""The small process that starts sandboxes: see `serve` for its life, `stage` for what it builds.

It imports nothing of the product but this folder and `cgroup`, so that it starts in no time and
each of its forks is cheap.
"""
