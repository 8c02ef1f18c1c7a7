"""Readers of configuration formats: bounded, with the line of each thing, and run by nothing."""

from workflow.semantics.formats.kinds import Format, format_of
from workflow.semantics.formats.tree import (
    Entry,
    FormatError,
    Items,
    Node,
    Problem,
    Read,
    Scalar,
    Table,
)

__all__ = [
    "Entry",
    "Format",
    "FormatError",
    "Items",
    "Node",
    "Problem",
    "Read",
    "Scalar",
    "Table",
    "format_of",
]
