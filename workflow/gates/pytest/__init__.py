"""The pytest gate: the project's own tests, on both trees, in a process that may lie."""

from workflow.gates.pytest.gate import PytestGate

__all__ = ["PytestGate"]
