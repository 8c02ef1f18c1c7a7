"""Allowed signers made by hand, and the people and the moment of the tests."""

from __future__ import annotations

from datetime import UTC, datetime

from workflow.identity import Signers

NOW = datetime(2026, 1, 10, tzinfo=UTC)
FILE = "keys/approvers"
ADA, BOB = "ada@example.test", "bob@example.test"


def signers_of(*lines: str, revoked: bytes = b"") -> Signers:
    """Return a file of these lines."""
    return Signers(FILE, "\n".join((*lines, "")).encode(), revoked)
