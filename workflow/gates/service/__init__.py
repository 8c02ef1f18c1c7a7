"""The service gate: the changed app is started and asked, and held against the base's answers."""

from workflow.gates.service.checks import Check, Expect
from workflow.gates.service.exchange import Service, Target
from workflow.gates.service.gate import ServiceGate, service_gate
from workflow.gates.service.standing import Standing, standing

__all__ = [
    "Check",
    "Expect",
    "Service",
    "ServiceGate",
    "Standing",
    "Target",
    "service_gate",
    "standing",
]
