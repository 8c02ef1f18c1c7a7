"""Whether two contents of a file mean the same; in doubt they do not."""

from workflow.semantics.neutral.meaning import Meaning, is_read, is_same, meaning

__all__ = ["Meaning", "is_read", "is_same", "meaning"]
