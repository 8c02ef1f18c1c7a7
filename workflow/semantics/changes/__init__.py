"""What a change really does, in the terms of each file's language; layout is nothing."""

from workflow.semantics.changes.files import changes, is_readable, of_files
from workflow.semantics.changes.interface import Effect, SemanticChange

__all__ = ["Effect", "SemanticChange", "changes", "is_readable", "of_files"]
