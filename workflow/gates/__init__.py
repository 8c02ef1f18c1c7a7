"""Gates: what is checked before a person is asked."""

from workflow.gates.interface import Case, Gate, Tree

__all__ = ["Case", "Gate", "Tree"]
