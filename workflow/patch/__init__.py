"""From a draft's text to proven bytes: read edits, locate them, and derive the canonical patch."""

from workflow.patch.canonical import canonical
from workflow.patch.interface import (
    Content,
    Dialect,
    Files,
    Fit,
    ManyFiles,
    PatchError,
    Place,
    Placement,
    Reading,
    Reason,
    Refusal,
    Repair,
)
from workflow.patch.place import place
from workflow.patch.read import read
from workflow.patch.tree import TreeFiles, write
from workflow.patch.words import mended

__all__ = [
    "Content",
    "Dialect",
    "Files",
    "Fit",
    "ManyFiles",
    "PatchError",
    "Place",
    "Placement",
    "Reading",
    "Reason",
    "Refusal",
    "Repair",
    "TreeFiles",
    "canonical",
    "mended",
    "place",
    "read",
    "write",
]
