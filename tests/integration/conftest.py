"""Settings that make a proposal cheap, for tests of what comes before or after its evidence."""

from __future__ import annotations

import pytest


@pytest.fixture
def unshrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no gate be run again to find parts that a patch does not need."""
    monkeypatch.setenv("WORKFLOW_SHRINK__BUDGET_S", "0")


@pytest.fixture
def quick(unshrunk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `unshrunk`; besides, nginx's configuration is checked, and no server is asked."""
    del unshrunk
    monkeypatch.setenv("WORKFLOW_GATES__NGINX__PROBE", "false")
