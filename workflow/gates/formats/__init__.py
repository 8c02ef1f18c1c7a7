"""The formats gate: whether configuration files parse, fit their schema and name what is there."""

from workflow.gates.formats.gate import FormatsGate

__all__ = ["FormatsGate"]
