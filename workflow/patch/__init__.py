"""From a draft's text to proven bytes: read edits, locate them, and derive the canonical patch."""

from workflow.patch.canonical import canonical
from workflow.patch.dialect import parse
from workflow.patch.interface import FileEdit, Hunk
from workflow.patch.locate import apply

__all__ = ["FileEdit", "Hunk", "apply", "canonical", "parse"]
