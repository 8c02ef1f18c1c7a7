"""Structural rules: values that are secret by where they stand or by the shape they have."""

from workflow.redaction.structural.engine import Structural

__all__ = ["Structural"]
