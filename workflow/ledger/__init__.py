"""What happened, one row for each fact, in a chain that shows when it was rewritten."""

from workflow.ledger.anchor import Anchor, anchor, is_anchored
from workflow.ledger.chain import (
    GENESIS,
    Head,
    Row,
    append,
    facts,
    head,
    in_words,
    now,
    parsed,
    rows,
)
from workflow.ledger.check import Checked, check, verify
from workflow.ledger.damage import Break
from workflow.ledger.events import EVENTS, Event, table
from workflow.ledger.export import lines, told

__all__ = [
    "EVENTS",
    "GENESIS",
    "Anchor",
    "Break",
    "Checked",
    "Event",
    "Head",
    "Row",
    "anchor",
    "append",
    "check",
    "facts",
    "head",
    "in_words",
    "is_anchored",
    "lines",
    "now",
    "parsed",
    "rows",
    "table",
    "told",
    "verify",
]
