"""Gates that a repository defines itself: a command, and what its exit status and report say."""

from workflow.gates.command.gate import CommandGate
from workflow.gates.command.standing import program
from workflow.gates.command.tools import checked

__all__ = ["CommandGate", "checked", "program"]
