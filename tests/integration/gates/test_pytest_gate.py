from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.environments import Installed
from workflow.gates.pytest import PytestGate
from workflow.types import Outcome, Side

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest, Verdict

# The plugins of our own environment would cost every run a second.
CONFIG = """\
[tool.pytest.ini_options]
testpaths = ['tests']
addopts = '-p no:hypothesispytest -p no:anyio'
"""
APP = "def add(a, b):\n    return a + b\n"
TEST = """\
import pytest
from app import add

@pytest.mark.parametrize("n", [1, 2])
def test_add(n):
    assert add(n, 1) == n + 1

def test_zero():
    assert add(0, 0) == 0
"""
BASE = {"pyproject.toml": CONFIG, "app.py": APP, "tests/test_app.py": TEST}


def judged(make_case: MakeCase, changes: dict[str, str], base: dict[str, str] = BASE) -> Verdict:
    """Return the verdict on `base` with some files replaced."""
    case = make_case(base, {**base, **changes})
    gate = PytestGate(timeout_s=20.0)
    assert gate.applies(case)
    return gate.judge(case)


def test_harmless_change_passes(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """What still does the same passes, with both runs as evidence before all others."""
    verdict = judged(make_case, {"app.py": "def add(a, b):\n    return b + a\n"})
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "3 passed on the patched tree (base: 3 passed)"
    first = verdict.evidence[:2]
    assert [run.side for run in first] == [Side.BASE, Side.PATCHED]
    assert [run.exit_status for run in first] == [0, 0]
    assert all(b"3 passed" in kept[run.log] for run in first)


def test_new_failure_fails_and_is_named(make_case: MakeCase) -> None:
    """A test that passed and fails now fails the gate, by its id."""
    verdict = judged(make_case, {"app.py": "def add(a, b):\n    return a - b\n"})
    assert verdict.outcome is Outcome.FAIL
    assert "2 test(s) fail" in verdict.summary
    assert "tests/test_app.py::test_add[1]" in verdict.summary


def test_fail_to_pass_is_noted(make_case: MakeCase) -> None:
    """A test that the patch makes pass is the proof that the patch does something."""
    base = {**BASE, "app.py": "def add(a, b):\n    return a + b if a else 1\n"}
    verdict = judged(make_case, {"app.py": APP}, base)
    assert verdict.outcome is Outcome.PASS
    assert "failed on the base, passes now: tests/test_app.py::test_zero" in verdict.notes


def test_failure_on_both_trees_is_noted_only(make_case: MakeCase) -> None:
    """A test that fails anyway does not hold up an innocent change."""
    broken = {**BASE, "tests/test_old.py": "def test_old():\n    assert 0\n"}
    verdict = judged(make_case, {"app.py": APP + "\n"}, broken)
    assert verdict.outcome is Outcome.PASS
    assert "fails on both trees: tests/test_old.py::test_old" in verdict.notes


def test_deleted_test_fails(make_case: MakeCase) -> None:
    """A test that passed and is gone fails the gate."""
    text = TEST[: TEST.index("def test_zero")]
    verdict = judged(make_case, {"tests/test_app.py": text})
    assert verdict.outcome is Outcome.FAIL
    assert "gone: tests/test_app.py::test_zero" in verdict.summary


def test_all_tests_deleted_fails(make_case: MakeCase) -> None:
    """Deleting the whole suite is losing every test."""
    patched = {"pyproject.toml": CONFIG, "app.py": APP}
    verdict = PytestGate(timeout_s=20.0).judge(make_case(BASE, patched))
    assert verdict.outcome is Outcome.FAIL
    assert "3 test(s) passed on the base and are gone" in verdict.summary


def test_skipping_a_passing_test_fails(make_case: MakeCase) -> None:
    """A skip mark is no way round a test."""
    text = TEST.replace("def test_zero", "@pytest.mark.skip\ndef test_zero")
    verdict = judged(make_case, {"tests/test_app.py": text})
    assert verdict.outcome is Outcome.FAIL
    assert "do not run any more: tests/test_app.py::test_zero" in verdict.summary


def test_new_tests_are_noted(make_case: MakeCase) -> None:
    """New tests count and are named."""
    text = TEST + "\ndef test_new():\n    assert add(2, 2) == 4\n"
    verdict = judged(make_case, {"tests/test_app.py": text})
    assert verdict.outcome is Outcome.PASS
    assert "new, passes: tests/test_app.py::test_new" in verdict.notes


def test_new_failing_test_fails(make_case: MakeCase) -> None:
    """A test that comes with the patch has to pass, too."""
    text = TEST + "\ndef test_new():\n    assert add(2, 2) == 5\n"
    verdict = judged(make_case, {"tests/test_app.py": text})
    assert verdict.outcome is Outcome.FAIL
    assert "test_new" in verdict.summary


def test_collection_error_fails_with_the_cause(make_case: MakeCase) -> None:
    """A patch that cannot be imported fails, and the summary has the reason."""
    verdict = judged(make_case, {"app.py": "def add(a, b)\n    return a + b\n"})
    assert verdict.outcome is Outcome.FAIL
    assert "cannot be collected: tests/test_app.py" in verdict.summary
    assert "SyntaxError" in verdict.summary


def test_broken_configuration_fails(make_case: MakeCase) -> None:
    """A patch that damages pytest's own configuration fails."""
    verdict = judged(make_case, {"pyproject.toml": CONFIG.replace("]\n", "\n", 1)})
    assert verdict.outcome is Outcome.FAIL
    assert "status 4" in verdict.summary


def test_missing_dependency_is_an_error_with_a_hint(make_case: MakeCase) -> None:
    """A base that cannot be collected here says which module lacks and which setting helps."""
    base = {**BASE, "app.py": "import no_such_module_here\n" + APP}
    verdict = judged(make_case, {"app.py": base["app.py"] + "\n"}, base)
    assert verdict.outcome is Outcome.ERROR
    assert "No module named 'no_such_module_here'" in verdict.summary
    assert "[gates.pytest] python" in verdict.hint


def test_repaired_collection_passes(make_case: MakeCase) -> None:
    """A patch that makes an uncollectable base work is judged by its own tests."""
    base = {**BASE, "app.py": "def add(a, b)\n    return a + b\n"}
    verdict = judged(make_case, {"app.py": APP}, base)
    assert verdict.outcome is Outcome.PASS
    assert "base: cannot be collected" in verdict.summary


@pytest.mark.parametrize("status", [0, 1])
def test_leaving_early_is_no_pass(make_case: MakeCase, status: int) -> None:
    """`os._exit` in the middle of the tests never passes, whatever status it leaves."""
    verdict = judged(make_case, {"app.py": f"import os\ndef add(a, b):\n    os._exit({status})\n"})
    assert verdict.outcome in {Outcome.ERROR, Outcome.FAIL}
    assert f"status {status}" in verdict.summary


def test_contradicting_the_report_is_an_error(make_case: MakeCase) -> None:
    """An exit status of 0 after reported failures is not believed."""
    conftest = "import atexit, os\natexit.register(lambda: os._exit(0))\n"
    broken = "def add(a, b):\n    return 7\n"
    verdict = judged(make_case, {"tests/conftest.py": conftest, "app.py": broken})
    assert verdict.outcome is Outcome.ERROR
    assert "pytest said status 1, but the process ended with 0" in verdict.summary


def test_hanging_test_fails_on_the_patched_tree(make_case: MakeCase) -> None:
    """A patch that never ends fails at the limit, which the summary names."""
    case = make_case(BASE, {**BASE, "app.py": "import time\ntime.sleep(60)\n" + APP})
    verdict = PytestGate(timeout_s=1.5).judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "did not end within 2 s" in verdict.summary
    assert "raise `[gates.pytest] timeout_s`" in verdict.hint
    assert [run.exit_status for run in verdict.evidence] == [0, None]


def test_hanging_base_is_an_error(make_case: MakeCase) -> None:
    """A base that never ends cannot be judged, whatever the patched tree does."""
    base = {**BASE, "app.py": "import time\ntime.sleep(60)\n" + APP}
    verdict = PytestGate(timeout_s=1.0).judge(make_case(base, {**base, "app.py": APP}))
    assert verdict.outcome is Outcome.ERROR
    assert verdict.summary.startswith("on the base: the tests did not end")
    assert "raise `[gates.pytest] timeout_s`" in verdict.hint
    assert verdict.evidence[0].exit_status is None


def test_only_the_nearest_project_is_run(make_case: MakeCase) -> None:
    """A change in a project inside the repository never runs the outer repository's tests."""
    inner = {f"inner/{name}": text for name, text in BASE.items()}
    outer = {
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--no-such-option'\n",
        "conftest.py": "raise SystemExit(3)\n",
        "tests/test_outer.py": "def test_outer():\n    assert 0\n",
    }
    base = {**inner, **outer, "inner/nginx/x.conf": "events {}\n"}
    verdict = judged(make_case, {"inner/nginx/x.conf": "events { }\n"}, base)
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "3 passed on the patched tree in inner (base: 3 passed)"


def test_two_projects_are_both_run(make_case: MakeCase) -> None:
    """A change in two projects runs both, without one's configuration in the other."""
    one = {f"one/{name}": text for name, text in BASE.items()}
    two = {f"two/{name}": text for name, text in BASE.items() if name != "pyproject.toml"}
    two["two/pytest.ini"] = "[pytest]\naddopts = -p no:hypothesispytest -p no:anyio\n"
    base = {**one, **two}
    changes = {"one/app.py": APP + "\n", "two/app.py": "def add(a, b):\n    return 0\n"}
    verdict = judged(make_case, changes, base)
    assert verdict.outcome is Outcome.FAIL
    assert "in two" in verdict.summary
    assert [run.command for run in verdict.evidence] == [
        *["pytest -q in one"] * 2,
        *["pytest -q in two"] * 2,
        *["pytest -q in two, 2 test(s) again"] * 2,
    ]


def test_source_layout_is_importable(make_case: MakeCase) -> None:
    """A package below `src`, as an editable install would show it, is found."""
    base = {"pyproject.toml": CONFIG, "src/app.py": APP, "tests/test_app.py": TEST}
    verdict = judged(make_case, {"src/app.py": APP + "\n"}, base)
    assert verdict.outcome is Outcome.PASS


def test_gate_without_tests_does_not_apply(make_case: MakeCase) -> None:
    """A tree without tests is not this gate's business."""
    base = {"app.py": APP, "pyproject.toml": CONFIG}
    assert not PytestGate().applies(make_case(base, {**base, "app.py": APP + "\n"}))


def test_missing_interpreter_is_an_error(make_case: MakeCase) -> None:
    """A configured interpreter that is not there is an error that names it."""
    case = make_case(BASE, {**BASE, "app.py": APP + "\n"})
    verdict = PytestGate(environments=Installed("/nowhere/bin/python")).judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "/nowhere/bin/python" in verdict.summary


def test_interpreter_without_pytest_is_an_error(make_case: MakeCase, tmp_path: Path) -> None:
    """An interpreter that lacks pytest is an error that says so."""
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    case = make_case(BASE, {**BASE, "app.py": APP + "\n"})
    verdict = PytestGate(environments=Installed(str(bare / "bin" / "python"))).judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "No module named 'pytest'" in verdict.summary
    assert "[gates.pytest] python" in verdict.hint


def test_relative_interpreter_is_an_error_with_a_hint(make_case: MakeCase) -> None:
    """A relative path in the settings is an error that asks for a full one."""
    case = make_case(BASE, {**BASE, "app.py": APP + "\n"})
    verdict = PytestGate(environments=Installed(".venv/bin/python")).judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "must be absolute" in verdict.summary
    assert "full path" in verdict.hint


@pytest.mark.parametrize(
    "test", ["def test_a():\n    assert 0\n", "raise ValueError\n", "def test_a(:\n"]
)
def test_what_only_the_log_explains_points_to_the_log(make_case: MakeCase, test: str) -> None:
    """Where no import is missing, the hint is the log and not another interpreter."""
    base = {"pyproject.toml": CONFIG, "app.py": APP, "tests/test_app.py": test}
    verdict = judged(make_case, {"app.py": APP + "\n"}, base)
    assert verdict.outcome is Outcome.ERROR
    assert "--log pytest" in verdict.hint
    assert "[gates.pytest] python" not in verdict.hint


def test_summary_is_printable(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """What a test prints cannot drive the terminal of who reads the verdict; the log is exact."""
    text = "def test_evil():\n    print('\\x1b[2J')\n    raise SystemError('\\x1b]0;owned\\x07')\n"
    verdict = judged(make_case, {"tests/test_evil.py": text + "raise OSError('\\x1b[31m')\n"})
    assert verdict.outcome is Outcome.FAIL
    shown = [verdict.summary, verdict.hint, *verdict.notes]
    assert all(line.isprintable() for line in shown)
    assert any(b"\x1b[31m" in log for log in kept.values())


def test_tree_of_the_host_stays_as_it_was(make_case: MakeCase) -> None:
    """Tests that write into their own tree write into a copy."""
    text = "import pathlib\npathlib.Path('left').write_text('x')\npathlib.Path('app.py').unlink()\n"
    case = make_case(BASE, {**BASE, "tests/test_app.py": TEST + text})
    PytestGate(timeout_s=20.0).judge(case)
    assert not (case.patched.scratch.folder / "left").exists()
    assert (case.patched.scratch.folder / "app.py").read_text() == APP
    assert not list(case.patched.scratch.folder.rglob("*.pyc"))
