"""Python as it is written: what a file of tests holds, read and never executed."""

from workflow.semantics.python.assertions import unguarded
from workflow.semantics.python.counts import Counts, count
from workflow.semantics.python.inventory import (
    CONDITION,
    Function,
    Inventory,
    fingerprint,
    take_inventory,
    weight,
)
from workflow.semantics.python.settings import is_settings_file, pytest_settings
from workflow.semantics.python.source import UnreadableError, parse_text

__all__ = [
    "CONDITION",
    "Counts",
    "Function",
    "Inventory",
    "UnreadableError",
    "count",
    "fingerprint",
    "is_settings_file",
    "parse_text",
    "pytest_settings",
    "take_inventory",
    "unguarded",
    "weight",
]
