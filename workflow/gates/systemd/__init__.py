"""The systemd gate: what `systemd-analyze` says of changed units, and what it never sees."""

from workflow.gates.systemd.gate import SystemdGate

__all__ = ["SystemdGate"]
