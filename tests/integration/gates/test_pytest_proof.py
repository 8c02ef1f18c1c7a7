"""What a pytest verdict shows: what needs the patch, what is flaky, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow.environments import Installed
from workflow.gates.pytest import PytestGate
from workflow.types import Outcome, Side, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest, Tally, Verdict

CONFIG = "[tool.pytest.ini_options]\ntestpaths = ['tests']\n"
APP = "def add(a, b):\n    return a + b\n"
TEST = """\
from app import add

def test_add():
    assert add(1, 2) == 3

def test_zero():
    assert add(0, 0) == 0
"""
BASE = {"pyproject.toml": CONFIG, "app.py": APP, "tests/test_app.py": TEST}
TWICE = APP + "\n\ndef twice(a):\n    return add(a, a)\n"
NEW_TEST = "import app\n\ndef test_twice():\n    assert app.twice(2) == 4\n"
NOTHING = "nothing shows that this does anything"
DECLARED = frozenset({"weakened-test"})


def judged(
    make_case: MakeCase, changes: Mapping[str, str], base: Mapping[str, str] = BASE
) -> Verdict:
    """Return the verdict on `base` with some files replaced."""
    return PytestGate(timeout_s=20.0).judge(make_case(base, {**base, **changes}))


def turns(verdict: Verdict) -> dict[Turn, Tally]:
    """Return the tallies by their turns."""
    return {one.turn: one for one in verdict.tallies}


def commands(verdict: Verdict) -> list[str]:
    """Return the words for each run."""
    return [run.command for run in verdict.evidence]


def test_cure_is_proof_by_a_test_of_the_base(make_case: MakeCase) -> None:
    """A test that was there, failed, and passes now: run again on both trees, and no doubt left."""
    base = {**BASE, "app.py": "def add(a, b):\n    return a + b if a else 1\n"}
    verdict = judged(make_case, {"app.py": APP}, base)
    assert verdict.outcome is Outcome.PASS
    assert turns(verdict)[Turn.FAIL_TO_PASS].names == ("tests/test_app.py::test_zero",)
    assert turns(verdict)[Turn.PASS_TO_PASS].count == 1
    assert verdict.proofs == ("pytest: tests/test_app.py::test_zero",)
    assert not any(NOTHING in doubt for doubt in verdict.doubts)
    again = [run for run in verdict.evidence if "again" in run.command]
    assert [run.side for run in again] == [Side.BASE, Side.PATCHED]


def test_harmless_change_shows_nothing_and_says_so(make_case: MakeCase) -> None:
    """Where every test passes without the patch, too, a reviewer is told in plain words."""
    verdict = judged(make_case, {"app.py": "def add(a, b):\n    return b + a\n"})
    assert verdict.outcome is Outcome.PASS
    assert any(doubt.startswith(NOTHING) for doubt in verdict.doubts)
    assert turns(verdict)[Turn.PASS_TO_PASS].count == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"app.py": "# A sum.\n" + APP},
        {"README.md": "new\n"},
        {"tests/test_app.py": TEST + "\n\ndef test_one():\n    assert add(1, 0)\n"},
    ],
)
def test_no_source_changes_its_meaning_no_proof_is_missed(
    make_case: MakeCase, changes: dict[str, str]
) -> None:
    """A comment, a text or a test alone has nothing to show."""
    verdict = judged(make_case, {**changes})
    assert verdict.outcome is Outcome.PASS
    assert not any(NOTHING in doubt for doubt in verdict.doubts)


def test_a_new_test_is_held_against_the_sources_of_the_base(make_case: MakeCase) -> None:
    """One that fails without the patch is proof; one that passes there is only new."""
    idle = "\n\ndef test_idle():\n    assert True\n"
    verdict = judged(make_case, {"app.py": TWICE, "tests/test_twice.py": NEW_TEST + idle})
    assert verdict.outcome is Outcome.PASS
    assert turns(verdict)[Turn.FAIL_TO_PASS].names == ("tests/test_twice.py::test_twice",)
    assert turns(verdict)[Turn.NEW_PASS].names == ("tests/test_twice.py::test_idle",)
    assert "fails without the patch, passes with it: tests/test_twice.py::test_twice" in (
        verdict.notes
    )
    assert "pytest -q, the patch's tests on the base's sources" in commands(verdict)
    assert not any(NOTHING in doubt for doubt in verdict.doubts)


def test_a_new_test_that_passes_anyway_proves_nothing(make_case: MakeCase) -> None:
    """A test that comes along and does not need the sources leaves the doubt."""
    idle = "def test_idle():\n    assert True\n"
    verdict = judged(make_case, {"app.py": TWICE, "tests/test_idle.py": idle})
    assert verdict.outcome is Outcome.PASS
    assert Turn.FAIL_TO_PASS not in turns(verdict)
    assert any(doubt.startswith(NOTHING) for doubt in verdict.doubts)


def test_a_rewritten_test_is_proof_and_a_doubt(make_case: MakeCase) -> None:
    """What a test asks for changes with the sources: it needs the patch, and a person reads it."""
    changes = {
        "app.py": "def add(a, b):\n    return a + b + 1\n",
        "tests/test_app.py": TEST.replace("== 3", "== 4").replace("0) == 0", "0) == 1"),
    }
    verdict = judged(make_case, changes)
    assert verdict.outcome is Outcome.PASS
    assert turns(verdict)[Turn.FAIL_TO_PASS].count == 2
    assert any("only as the patch rewrites them" in doubt for doubt in verdict.doubts)
    assert "pytest -q, the base's tests and settings on the patch's sources" in commands(verdict)


SHIELD = """\
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    result = yield
    if pyfuncitem.name == "test_zero":
        result.force_result(True)
"""


def test_a_test_that_needs_the_patchs_own_settings_fails(make_case: MakeCase) -> None:
    """A hook swallows a failure: under the base's own settings the test fails, and that counts."""
    broken = "def add(a, b):\n    return a + b if a else 1\n"
    case = make_case(BASE, {**BASE, "app.py": broken, "conftest.py": SHIELD})
    verdict = PytestGate(timeout_s=20.0).judge(case)
    assert verdict.outcome in {Outcome.FAIL, Outcome.ERROR}
    assert "test_zero" in verdict.summary
    assert "conftest.py" in verdict.summary
    assert "--allow weakened-test" in verdict.hint
    declared = PytestGate(timeout_s=20.0).judge(replace(case, declared=DECLARED))
    assert declared.outcome is Outcome.PASS
    assert any("test_zero" in doubt for doubt in declared.doubts)


def test_declared_losses_are_doubts(make_case: MakeCase) -> None:
    """Who says that a test is meant to go gets a pass that says so."""
    fewer = TEST[: TEST.index("def test_zero")]
    case = make_case(BASE, {**BASE, "tests/test_app.py": fewer})
    assert PytestGate(timeout_s=20.0).judge(case).outcome is Outcome.FAIL
    verdict = PytestGate(timeout_s=20.0).judge(replace(case, declared=DECLARED))
    assert verdict.outcome is Outcome.PASS
    assert turns(verdict)[Turn.REMOVED].names == ("tests/test_app.py::test_zero",)
    assert any("are gone: tests/test_app.py::test_zero" in doubt for doubt in verdict.doubts)


@pytest.mark.parametrize("mark", ["skip", "xfail", "skipif(True, reason='x')"])
def test_a_mark_is_no_way_round_a_test(make_case: MakeCase, mark: str) -> None:
    """A test that passed has to pass, whatever is put before it."""
    marked = "import pytest\n" + TEST.replace(
        "def test_zero", f"@pytest.mark.{mark}\ndef test_zero"
    )
    broken = "def add(a, b):\n    return a + b if a else 1\n"
    verdict = judged(make_case, {"app.py": broken, "tests/test_app.py": marked})
    assert verdict.outcome is Outcome.FAIL
    assert "do not run any more: tests/test_app.py::test_zero" in verdict.summary
    assert turns(verdict)[Turn.SKIPPED].count == 1


def test_a_deselected_test_is_missed(make_case: MakeCase) -> None:
    """Settings that leave a test out lose it."""
    config = CONFIG + "addopts = '--deselect tests/test_app.py::test_zero'\n"
    verdict = judged(make_case, {"pyproject.toml": config})
    assert verdict.outcome is Outcome.FAIL
    assert "do not run any more: tests/test_app.py::test_zero" in verdict.summary


# A test that fails in its first run on a tree, and in no later one, would need a memory that the
# sandbox does not have: the attempt shows in what is run, the whole suite or the test alone.
ALONE = """\
import sys
from app import add

def test_other():
    assert add(1, 1) == 2

def test_shaky():
    is_alone = any("::" in word for word in sys.argv)
    assert {condition}
"""


def test_what_is_unsteady_on_the_base_decides_nothing(make_case: MakeCase) -> None:
    """A test that fails on either tree now and then is told, and holds up nobody."""
    base = {**BASE, "tests/test_shaky.py": ALONE.format(condition="add.first is not is_alone")}
    base["app.py"] = APP + "\n\nadd.first = False\n"
    verdict = judged(make_case, {"app.py": APP + "\n\nadd.first = True\n"}, base)
    assert turns(verdict)[Turn.FLAKY].names == ("tests/test_shaky.py::test_shaky",)
    assert verdict.outcome is Outcome.PASS
    assert verdict.proofs == ()
    assert "flaky, decides nothing: tests/test_shaky.py::test_shaky" in verdict.notes


def test_what_is_unsteady_on_the_patched_tree_alone_is_no_pass(make_case: MakeCase) -> None:
    """A test that passes when it is run again is not let pass: the base shows nothing like it."""
    condition = "add.steady or is_alone"
    base = {**BASE, "tests/test_shaky.py": ALONE.format(condition=condition)}
    base["app.py"] = APP + "\n\nadd.steady = True\n"
    verdict = judged(make_case, {"app.py": APP + "\n\nadd.steady = False\n"}, base)
    assert verdict.outcome is Outcome.ERROR
    assert "pass in some runs of the patched tree and fail in others" in verdict.summary
    assert turns(verdict)[Turn.FLAKY].count == 1
    again = [run for run in verdict.evidence if "again" in run.command]
    assert [run.side for run in again] == [Side.BASE, Side.PATCHED] * 2


def test_a_steady_failure_is_run_again_and_fails(make_case: MakeCase) -> None:
    """Once more on each tree is enough when both agree with themselves."""
    verdict = judged(make_case, {"app.py": "def add(a, b):\n    return a + b if a else 1\n"})
    assert verdict.outcome is Outcome.FAIL
    assert commands(verdict) == [*["pytest -q"] * 2, *["pytest -q, 1 test(s) again"] * 2]
    assert turns(verdict)[Turn.PASS_TO_FAIL].names == ("tests/test_app.py::test_zero",)


def many(**changes: str) -> dict[str, str]:
    """Return a project of many test files, of which one uses the changed module."""
    files = {f"tests/test_n{n:02}.py": f"def test_n():\n    assert {n} + 1\n" for n in range(44)}
    return {**BASE, **files, **changes}


def test_of_many_tests_those_that_use_the_change_come_first(make_case: MakeCase) -> None:
    """When they break the others need not run; what ran is then not said to be all."""
    changes = {"app.py": "def add(a, b):\n    return 7\n"}
    verdict = judged(make_case, changes, many())
    assert verdict.outcome is Outcome.FAIL
    assert "2 test(s) fail" in verdict.summary
    assert commands(verdict)[:2] == ["pytest -q, 1 file(s) that use what changed"] * 2
    assert "pytest -q" not in commands(verdict)
    assert verdict.ran is None
    assert sum(one.count for one in verdict.tallies) == 2


def test_of_many_tests_all_run_before_anything_passes(
    make_case: MakeCase, kept: dict[Digest, bytes]
) -> None:
    """What comes first only says no: a pass is of the whole suite."""
    verdict = judged(make_case, {"app.py": APP.replace("a + b", "b + a")}, many())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "46 passed on the patched tree (base: 46 passed)"
    assert verdict.ran is not None
    assert len(kept[verdict.ran].splitlines()) == 46


CHATTY = """\
def pytest_runtest_setup(item):
    with item.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("runs", item.nodeid)
"""


def test_no_name_of_a_canary_is_told(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """What a person or a model gets to read has no unforeseeable name in it, nor counts one."""
    base = {**BASE, "conftest.py": CHATTY}
    case = make_case(base, {**base, "app.py": "def add(a, b):\n    return a - b\n"})
    made: list[str] = []

    def token(text: str) -> str:
        found = case.token(text)
        made.append(found)
        return found

    verdict = PytestGate(timeout_s=20.0).judge(replace(case, token=token))
    assert made
    said = [verdict.summary, verdict.hint, *verdict.notes, *verdict.doubts, *commands(verdict)]
    said += [name for one in verdict.tallies for name in one.names]
    texts = ["\n".join(said), *(log.decode("utf-8", "replace") for log in kept.values())]
    assert not [one for one in made if any(one[:12] in text for text in texts)]
    assert any(b"1 failed, 1 passed" in log for log in kept.values())
    assert any(b"runs tests/test_app.py::test_zero" in log for log in kept.values())


def test_the_same_case_is_the_same_commands(make_case: MakeCase) -> None:
    """What was run before can be known again: nothing in a run is left to chance."""
    case = make_case(BASE, {**BASE, "app.py": TWICE, "tests/test_twice.py": NEW_TEST})
    seen: list[list[object]] = []

    class Listening:
        def run(self, command: object) -> object:
            seen[-1].append(command)
            return case.sandbox.run(command)  # type: ignore[arg-type]  # passed on as it came

        def walls(self) -> tuple[()]:
            return ()

    for _ in range(2):
        seen.append([])
        PytestGate(timeout_s=20.0).judge(replace(case, sandbox=Listening()))  # type: ignore[arg-type]  # as above
    assert sorted(map(repr, seen[0])) == sorted(map(repr, seen[1]))
    assert len(seen[0]) >= 4


WITH_PLUGIN = "def test_snapshot(snapshot):\n    assert snapshot is not None\n"


@pytest.mark.parametrize(
    ("base", "plugins", "outcome"),
    [
        ({"requirements.txt": "syrupy>=1\n"}, (), Outcome.PASS),
        ({}, ("syrupy",), Outcome.PASS),
        ({}, (), Outcome.ERROR),
        ({"pytest.ini": "[pytest]\naddopts = -p syrupy\n"}, (), Outcome.PASS),
    ],
)
def test_a_plugin_is_loaded_when_the_base_or_the_settings_name_it(
    make_case: MakeCase, base: dict[str, str], plugins: tuple[str, ...], outcome: Outcome
) -> None:
    """Installed is not enough; where one is missing a note says how to name it."""
    tree = {"tests/test_it.py": WITH_PLUGIN, "app.py": APP, **base}
    case = make_case(tree, {**tree, "app.py": APP + "# more\n"})
    verdict = PytestGate(timeout_s=20.0, plugins=plugins).judge(case)
    assert verdict.outcome is outcome
    told = [note for note in verdict.notes if "[gates.pytest] plugins" in note]
    assert ["no fixture snapshot" in note for note in told] == [True] * (outcome is Outcome.ERROR)


def test_a_patch_names_no_plugin(make_case: MakeCase) -> None:
    """What is loaded is what the base names: requirements of the patch bring nothing in."""
    tree = {"tests/test_it.py": WITH_PLUGIN, "app.py": APP}
    case = make_case(tree, {**tree, "requirements.txt": "syrupy>=1\n"})
    assert PytestGate(timeout_s=20.0).judge(case).outcome is Outcome.ERROR


def test_one_root_that_fails_spares_the_other_its_proof(make_case: MakeCase) -> None:
    """Nothing is to be proven of a patch that is not going to pass."""
    base = {f"{top}/{name}": text for top in ("one", "two") for name, text in BASE.items()}
    changes = {"one/app.py": APP.replace("a + b", "b + a"), "two/app.py": "def add(a, b):\n    1\n"}
    verdict = judged(make_case, changes, base)
    assert verdict.outcome is Outcome.FAIL
    assert [one for one in commands(verdict) if "in one" in one] == ["pytest -q in one"] * 2


def test_identity_is_that_of_settings_and_python(make_case: MakeCase) -> None:
    """Another setting is another gate; without its Python nothing is to be remembered."""
    case = make_case(BASE, {**BASE, "app.py": TWICE})
    known = PytestGate().identity(case)
    assert known
    assert PytestGate().identity(case) == known
    assert PytestGate(timeout_s=7.0).identity(case) != known
    assert PytestGate(plugins=("x",)).identity(case) != known
    assert PytestGate(environments=Installed("/nowhere/python")).identity(case) == ""


def test_a_comment_in_a_test_file_does_not_make_its_tests_the_patchs_own(
    make_case: MakeCase,
) -> None:
    """What a file means has to change before its tests may ask for something else."""
    broken = "def add(a, b):\n    return a + b if a else 1\n"
    changes = {"app.py": broken, "conftest.py": SHIELD, "tests/test_app.py": "# Sums.\n" + TEST}
    verdict = judged(make_case, changes)
    assert verdict.outcome in {Outcome.FAIL, Outcome.ERROR}
    assert "pass only with what the patch does to" in verdict.summary


def test_a_patch_of_tests_alone_is_run_on_no_other_tree(make_case: MakeCase) -> None:
    """Where no source changes, the base's sources are the patch's."""
    verdict = judged(make_case, {"tests/test_new.py": "def test_new():\n    assert True\n"})
    assert verdict.outcome is Outcome.PASS
    assert commands(verdict) == ["pytest -q"] * 2


def test_old_tests_that_hang_on_the_new_sources_are_not_passed_over(make_case: MakeCase) -> None:
    """The base's tests do not end there: an error, or a doubt where tests are meant to go."""
    slow = "import time\n\ndef add(a, b):\n    time.sleep(60 if a == 1 else 0)\n    return a + b\n"
    changes = {"app.py": slow, "tests/test_app.py": TEST.replace("add(1, 2)", "add(2, 1)")}
    case = make_case(BASE, {**BASE, **changes})
    verdict = PytestGate(timeout_s=4.0).judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "the base's tests and settings on the patch's sources: the tests did not end" in (
        verdict.summary
    )
    verdict = PytestGate(timeout_s=4.0).judge(replace(case, declared=DECLARED))
    assert verdict.outcome is Outcome.PASS
    assert any("the tests did not end" in doubt for doubt in verdict.doubts)
