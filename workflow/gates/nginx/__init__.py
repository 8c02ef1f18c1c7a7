"""The nginx gate: what the real nginx, the effective configuration and live answers show."""

from workflow.gates.nginx.gate import NginxGate

__all__ = ["NginxGate"]
