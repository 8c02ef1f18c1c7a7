"""What a person reads and what a model would be sent, word for word; a change shows in review."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from tests.conftest import GitRepo, WorkflowCommand

# What differs from run to run: object names, digests, times, durations, the new temp folders.
_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "<object>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<fence>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<short digest>"),
    (re.compile(r"\b[0-9a-f]{10}\b"), "<short object>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<time>"),
)


def _steady(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def test_a_proposal_as_shown(
    approved: GitRepo, workflow: WorkflowCommand, snapshot: SnapshotAssertion
) -> None:
    """`show` prints these words for the seeded request."""
    shown = workflow("show", "1", cwd=approved.path)
    assert _steady(shown.stdout) == snapshot


def test_the_prompt_as_sent(
    approved: GitRepo, workflow: WorkflowCommand, snapshot: SnapshotAssertion
) -> None:
    """A remote surgeon would be given exactly this text for the seeded request."""
    assert _steady(workflow("show", "1", "--prompt", cwd=approved.path).stdout) == snapshot
