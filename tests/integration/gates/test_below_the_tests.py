"""What a patch puts below the tests is said with the verdict that comes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow.environments import Installed, Pair
from workflow.gates.pytest import PytestGate
from workflow.gates.service import ServiceGate
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.integration.gates.conftest import MakeCase
    from workflow.environments import Read
    from workflow.gates import Gate
    from workflow.types import RepoPath

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
TEST = "import main\n\n\ndef test_it() -> None:\n    assert main.app\n"


class Changed(Installed):
    """Our own interpreter for both trees, as if the patch had changed its packages."""

    def pair(
        self,
        base: Read,
        patched: Read,
        root: str = "",
        changed: Collection[RepoPath] | None = None,
    ) -> Pair:
        """Return it with a note and a doubt."""
        pair = Installed.pair(self, base, patched, root, changed)
        return replace(pair, notes=("a note on it",), doubts=("evil runs with the tests",))


@pytest.mark.parametrize(
    "gate", [PytestGate(environments=Changed()), ServiceGate(environments=Changed())]
)
def test_doubts_of_environments_are_those_of_the_verdict(make_case: MakeCase, gate: Gate) -> None:
    """A verdict that rests on other packages than the base's passes with that doubt."""
    files = {"main.py": APP, "tests/test_main.py": TEST}
    verdict = gate.judge(make_case(files, {**files, "main.py": APP + "X = 1\n"}))
    assert verdict.outcome is Outcome.PASS
    assert verdict.doubts[0] == "evil runs with the tests"
    assert isinstance(gate, ServiceGate) or "a note on it" in verdict.notes
