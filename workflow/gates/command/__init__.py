"""Gates that a repository defines itself: a command, and what its exit status and report say."""

from workflow.gates.command.gate import CommandGate

__all__ = ["CommandGate"]
