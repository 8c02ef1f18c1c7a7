"""The gates that the documentation shows load as they stand; ruff and mypy are run for real."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.config import load
from workflow.environments import Installed
from workflow.gates.command import CommandGate
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from workflow.config import CommandSettings

PAGE = Path(__file__).resolve().parents[4] / "docs/gates.md"
BLOCK = re.compile(r"^```toml[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def documented() -> dict[str, CommandSettings]:
    """Return the gates of the page, by their names; every block of settings loads."""
    read = [load(text, {}, "docs/gates.md") for text in BLOCK.findall(PAGE.read_text())]
    return {gate.name: gate for settings in read for gate in settings.gates.command}


def test_every_documented_gate_loads() -> None:
    """The page shows a linter, a type checker and two checkers of configuration."""
    assert list(documented()) == ["ruff", "mypy", "promtool", "terraform"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ruff", "import os\n\nprint(os)\n", "import os\n"),
        ("mypy", "x: int = 1\n", "x: int = ''\n"),
    ],
)
def test_documented_gates_judge(make_case: MakeCase, name: str, good: str, bad: str) -> None:
    """As they stand on the page they fail what is new and bad, and pass it where it was there."""
    gate = CommandGate(documented()[name], Installed())
    case = make_case({"app/x.py": good}, {"app/x.py": bad})
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert verdict.summary.startswith("1 new finding(s)")
