from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.gates.nginx.binaries import find
from workflow.types import Outcome, RepoPath

# The bare `pytest` command does not put the repository on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.integration.gates import nginx_trees as trees
from tests.integration.gates.hermetic_gate import Hermetic

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Verdict

BASE = {"nginx.conf": trees.SELF_CONTAINED}
PATCHED = {"nginx.conf": trees.SELF_CONTAINED.replace("204", "200")}


def judged(make_case: MakeCase, gate: Hermetic, base: dict[str, str] = BASE) -> Verdict:
    """Return the gate's verdict on a change that nginx itself accepts."""
    return gate.judge(make_case(base, PATCHED))


def test_configured_file_that_is_nowhere_is_an_error(make_case: MakeCase) -> None:
    """A main file of the settings that neither tree has is named, and nothing passes."""
    verdict = judged(make_case, Hermetic(config=RepoPath("ops/other.conf")))
    assert verdict.outcome is Outcome.ERROR
    assert "ops/other.conf" in verdict.summary
    assert "[gates.nginx] config" in verdict.hint


@pytest.mark.parametrize("binary", ["/bin/true", "/bin/false", "/etc/hostname"])
@pytest.mark.parametrize("base", [BASE, {"README.md": "x"}], ids=["changed", "new"])
def test_other_program_is_an_error(binary: str, base: dict[str, str], make_case: MakeCase) -> None:
    """A program that does not say what nginx says proves nothing, whatever its status."""
    verdict = judged(make_case, Hermetic(binary=binary), base)
    assert verdict.outcome is Outcome.ERROR
    assert "did not behave as nginx" in verdict.summary
    assert "[gates.nginx] binary" in verdict.hint


@pytest.mark.parametrize("binary", ["/usr/../bin/true", "/proc/self/exe"])
def test_binary_that_cannot_be_inside_is_an_error(binary: str, make_case: MakeCase) -> None:
    """A path that the sandbox cannot show is an error that says which setting to correct."""
    verdict = judged(make_case, Hermetic(binary=binary))
    assert verdict.outcome is Outcome.ERROR
    assert binary in verdict.summary
    assert "[gates.nginx] binary" in verdict.hint


@pytest.mark.skipif(find("system") is not None, reason="this system has an nginx")
def test_lacking_system_nginx_is_not_answered_with_itself(make_case: MakeCase) -> None:
    """The hint for a system without nginx names the other choices."""
    verdict = judged(make_case, Hermetic(binary="system"))
    assert verdict.outcome is Outcome.ERROR
    assert '"system"' not in verdict.hint
    assert "wheel" in verdict.hint
