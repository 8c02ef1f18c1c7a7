"""Fills the table: importing this enters every attempt."""

from __future__ import annotations

from tests.integration.sandbox.escapes.attempts import (
    kernel,
    network,
    privileges,
    processes,
    reading,
    writing,
)
from tests.integration.sandbox.escapes.attempts.table import CASES

MODULES = (reading, writing, network, processes, privileges, kernel)

__all__ = ["CASES", "MODULES"]
