"""Probes: what is asked of the live machine after a landing, to keep it or to take it back."""

from workflow.probes.decide import (
    FailingProbeError,
    NotTakenBackError,
    TakenBackError,
    after,
    before,
    log_of,
    not_taken_back,
    now,
    reason,
    taken_back,
)
from workflow.probes.interface import (
    Check,
    CommandCheck,
    HttpCheck,
    Means,
    Moment,
    Probe,
    ProbeResult,
    configured,
)
from workflow.probes.record import Health, Seen, health, of_landing, seen
from workflow.probes.run import run

__all__ = [
    "Check",
    "CommandCheck",
    "FailingProbeError",
    "Health",
    "HttpCheck",
    "Means",
    "Moment",
    "NotTakenBackError",
    "Probe",
    "ProbeResult",
    "Seen",
    "TakenBackError",
    "after",
    "before",
    "configured",
    "health",
    "log_of",
    "not_taken_back",
    "now",
    "of_landing",
    "reason",
    "run",
    "seen",
    "taken_back",
]
