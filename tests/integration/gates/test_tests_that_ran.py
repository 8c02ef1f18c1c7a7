"""The pytest gate keeps which tests ran on the patched tree, for forecasts to be held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow import forecast
from workflow.gates.pytest import PytestGate
from workflow.types import Forecast, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest, Verdict

# The plugins of our own environment would cost every run a second.
CONFIG = """\
[tool.pytest.ini_options]
testpaths = ['tests']
addopts = '-p no:hypothesispytest -p no:anyio'
"""
TEST = """\
import pytest
from app import add

@pytest.mark.parametrize("n", [1, 2])
def test_add(n):
    assert add(n, 1) == n + 1

@pytest.mark.skip
def test_skipped():
    pass
"""
APP = "def add(a, b):\n    return a + b\n"
BASE = {
    "backend/pyproject.toml": CONFIG,
    "backend/app.py": APP,
    "backend/tests/test_app.py": TEST,
}


def test_what_ran_is_kept(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """By the names from the repository's top, one a line: passed and failed, new and old."""
    new = "def test_new():\n    assert False\n\ndef test_odd():\n    pass\n"
    case = make_case(BASE, {**BASE, "backend/tests/test_new.py": new})
    verdict = PytestGate(timeout_s=20.0).judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.ran is not None
    assert kept[verdict.ran].decode().splitlines() == [
        "backend/tests/test_app.py::test_add[1]",
        "backend/tests/test_app.py::test_add[2]",
        "backend/tests/test_new.py::test_new",
        "backend/tests/test_new.py::test_odd",
    ]

    def ran(judged: Verdict) -> Collection[str]:
        return forecast.tests(kept[judged.ran]) if judged.ran else ()

    expected = ("test_add", "tests/test_app.py::test_skipped", "test_new.py::test_odd")
    said = [Forecast("pytest", Outcome.FAIL, "because", 80, expected)]
    (one,) = forecast.compare(said, [verdict], ran)
    assert one.missing_tests == ("tests/test_app.py::test_skipped",)
    assert one.is_right is False


def test_a_run_that_comes_to_no_test_has_kept_that(
    make_case: MakeCase, kept: dict[Digest, bytes]
) -> None:
    """Where nothing can be collected, nothing ran: that is known, and not unknown."""
    case = make_case(BASE, {**BASE, "backend/app.py": "def add(\n"})
    verdict = PytestGate(timeout_s=20.0).judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.ran is not None
    assert kept[verdict.ran] == b""
