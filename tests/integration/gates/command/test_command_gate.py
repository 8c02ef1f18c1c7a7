"""Gates that a repository defines, with real tools in the real sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflow.config import CommandSettings
from workflow.environments import Installed
from workflow.gates.command import CommandGate
from workflow.types import Outcome, Side, Turn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest

RUFF = ("ruff", "check", "--isolated", "--no-cache")
CLEAN = "import os\n\nprint(os.sep)\n"
UNUSED = "import os\n"
JUNIT = '<testsuite><testcase name="one"/>{}</testsuite>'
BAD = '<testcase name="two"><failure/></testcase>'


def gate(argv: tuple[str, ...], **settings: Any) -> CommandGate:
    """Return a gate with the interpreter that runs the tests."""
    made = CommandSettings(name="check", argv=argv, timeout_s=20.0, **settings)
    return CommandGate(made, Installed())


def shell(script: str) -> tuple[str, ...]:
    """Return the words that run a script."""
    return ("sh", "-c", script)


def test_ruff_passes_and_fails(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """A clean patched tree passes; an unused import that is new fails, and the log says where."""
    case = make_case({"app.py": CLEAN}, {"app.py": UNUSED})
    verdict = gate((*RUFF, ".")).judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "status 1" in verdict.summary
    assert any(b"F401" in kept[run.log] for run in verdict.evidence)


def test_findings_that_were_there_do_not_count(make_case: MakeCase) -> None:
    """With a parser, an old finding on another line passes, and a new one fails by its name."""
    sarif = gate((*RUFF, "--output-format=sarif", "."), parser="sarif")
    moved = sarif.judge(make_case({"app.py": UNUSED}, {"app.py": "# moved\n" + UNUSED}))
    assert moved.outcome is Outcome.PASS
    assert moved.summary == "nothing new (1 finding(s))"
    assert moved.notes == ("1 finding(s) were there before",)


def test_a_new_finding_is_named(make_case: MakeCase) -> None:
    """Beside an old finding, the new one alone is told."""
    sarif = gate((*RUFF, "--output-format=sarif", "."), parser="sarif")
    verdict = sarif.judge(make_case({"app.py": UNUSED}, {"app.py": UNUSED + "import sys\n"}))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary.startswith("1 new finding(s): app.py: F401: `sys`")
    turns = {tally.turn: tally.count for tally in verdict.tallies}
    assert turns == {Turn.NEW_FAIL: 1, Turn.FAIL_TO_FAIL: 1}


def test_plain_failure_on_both_trees_fails(make_case: MakeCase) -> None:
    """Without a report nobody can tell what is new, so a failure is one."""
    case = make_case({"x": "1"}, {"x": "2"})
    verdict = gate(("false",)).judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "as on the base" in verdict.summary


def test_statuses_that_pass(make_case: MakeCase) -> None:
    """A status that the settings name passes."""
    verdict = gate(shell("exit 3"), exit=(0, 3)).judge(make_case({"x": "1"}, {"x": "2"}))
    assert verdict.outcome is Outcome.PASS


def test_junit_from_a_file(make_case: MakeCase) -> None:
    """A test that fails on the patched tree alone fails; what the tool prints is no report."""
    base, patched = JUNIT.format(""), JUNIT.format(BAD)
    case = make_case({"in": base}, {"in": patched})
    script = "echo '<testsuite/>'; cp in out.xml; ! grep -q failure in"
    verdict = gate(shell(script), parser="junit", report="out.xml").judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 new finding(s): two"


def test_a_report_that_the_patch_brings_is_none(make_case: MakeCase) -> None:
    """A file that stands where the tool would write says nothing of this run."""
    case = make_case({"x": "1"}, {"x": "1", "out.xml": JUNIT.format("")})
    verdict = gate(("true",), parser="junit", report="out.xml").judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "there is no report" in verdict.summary


def test_a_test_that_is_gone_fails(make_case: MakeCase) -> None:
    """A tool that is content does not hide that a test of the base does not pass any more."""
    case = make_case({"in": JUNIT.format("")}, {"in": "<testsuite/>"})
    verdict = gate(("cat", "in"), parser="junit").judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "do not any more: one" in verdict.summary


@pytest.mark.parametrize("script", ["ln -s /etc/passwd out", "mkdir out", "true"])
def test_a_report_that_is_no_file_is_none(make_case: MakeCase, script: str) -> None:
    """A link, a folder or nothing in the report's place is no report, whatever they lead to."""
    case = make_case({"x": "1"}, {"x": "2"})
    verdict = gate(shell(script), parser="junit", report="out").judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.summary == "on the patched tree: there is no report"


def test_a_missing_tool_is_an_error(make_case: MakeCase) -> None:
    """A tool that is not there is the machine's fault, and the hint says how to show one."""
    verdict = gate(("no-such-tool",)).judge(make_case({"x": "1"}, {"x": "2"}))
    assert verdict.outcome is Outcome.ERROR
    assert "WORKFLOW_GATES__TOOLS" in verdict.hint


def test_a_tool_of_the_host_is_shown(make_case: MakeCase, tmp_path: Path) -> None:
    """A folder that the environment names is looked through for programs, also for its `bin`."""
    tool = tmp_path / "tool/bin/mine"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\ntest -e x\n")
    tool.chmod(0o755)
    for path in (tool, tool.parent, tool.parent.parent):
        path.chmod(0o755)
    made = CommandGate(
        CommandSettings(name="mine", argv=("mine",)), Installed(), (tmp_path / "tool",)
    )
    case = make_case({"x": "1"}, {"x": "2"})
    assert made.judge(case).outcome is Outcome.PASS


def test_hanging_on_the_patched_tree_alone_fails(make_case: MakeCase) -> None:
    """A run that does not end says something of the patch only if the base's does end."""
    script = "grep -q 2 x && sleep 30; true"
    settings = CommandSettings(name="check", argv=shell(script), timeout_s=1.0)
    hanging = CommandGate(settings, Installed())
    assert hanging.judge(make_case({"x": "1"}, {"x": "2"})).outcome is Outcome.FAIL


def test_paths_decide_whether_it_applies(make_case: MakeCase) -> None:
    """A gate is run for changes of files that match its patterns."""
    case = make_case({"a/x.py": "1"}, {"a/x.py": "2"})
    assert gate(("true",), paths=("**/*.py",)).applies(case)
    assert gate(("true",), paths=("a/**",)).applies(case)
    assert not gate(("true",), paths=("*.tf", "b/**")).applies(case)


def test_a_folder_that_the_patch_brings_has_no_base(make_case: MakeCase) -> None:
    """Where only the patched tree has the folder it is judged alone, and all it has is new."""
    sarif = gate((*RUFF, "--output-format=sarif", "."), parser="sarif", folder="infra")
    verdict = sarif.judge(make_case({"x": "1"}, {"x": "1", "infra/app.py": UNUSED}))
    assert verdict.outcome is Outcome.FAIL
    assert [run.side for run in verdict.evidence] == [Side.PATCHED]


def test_a_folder_that_is_nowhere_is_an_error(make_case: MakeCase) -> None:
    """A folder that the patched tree does not have cannot be judged in."""
    verdict = gate(("true",), folder="infra").judge(make_case({"x": "1"}, {"x": "2"}))
    assert verdict.outcome is Outcome.ERROR
    assert "no folder infra" in verdict.summary
