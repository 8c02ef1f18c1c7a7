"""Confined runs: the protocol, its values, and the bubblewrap implementation."""

from workflow.process import Ran
from workflow.sandbox.interface import (
    REPORT_FD_VARIABLE,
    TREE,
    Command,
    Laid,
    Limits,
    Network,
    Sandbox,
    Scratch,
    Wall,
)

__all__ = [
    "REPORT_FD_VARIABLE",
    "TREE",
    "Command",
    "Laid",
    "Limits",
    "Network",
    "Ran",
    "Sandbox",
    "Scratch",
    "Wall",
]
