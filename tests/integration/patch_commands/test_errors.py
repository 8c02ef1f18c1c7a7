"""What `workflow patch` cannot do it says, with the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.patch_commands.samples import DIFF, PYTHON, wrote_nothing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand


def _fails(done: CommandResult, status: int, words: str) -> None:
    assert done.exit_status == status
    assert words in done.stderr
    assert "try: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_patch_must_be_there(place: Path, workflow: WorkflowCommand) -> None:
    """A missing file, a folder, an endless device: each is said, with what to do."""
    for verb in ("apply", "check", "normalize", "explain"):
        run = workflow("patch", verb, "none.diff", cwd=place)
        _fails(run, 2, "none.diff: No such file or directory")
    _fails(workflow("patch", "apply", "app", cwd=place), 2, "app is a folder")
    _fails(workflow("patch", "apply", "/dev/zero", cwd=place), 2, "over 64 MiB")
    _fails(workflow("patch", "apply", "--policy", "no", cwd=place, stdin=DIFF), 2, "the policy")
    _fails(workflow("patch", "aply", cwd=place), 2, "No such command")
    done = workflow("patch", "apply", "none.diff", "--json", cwd=place)
    assert done.json["exit_code"] == 2


def test_a_rule_that_does_not_exist_cannot_be_allowed(
    place: Path, workflow: WorkflowCommand
) -> None:
    """A mistyped rule is said, and not silently of no use."""
    done = workflow("patch", "apply", "--allow", "excutable-bit", cwd=place, stdin=DIFF)
    _fails(done, 2, "excutable-bit")
    assert wrote_nothing(place)


def test_without_a_command_it_teaches(place: Path, workflow: WorkflowCommand) -> None:
    """`workflow patch` alone prints its help."""
    done = workflow("patch", cwd=place)
    assert done.exit_status == 2
    assert "normalize" in done.stdout


def test_hidden_characters_in_a_repository_are_refused(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """The default policy judges a patch by hand as it judges a model's."""
    repo: GitRepo = git_repo({"app/x.py": PYTHON})
    done = workflow(
        "patch", "apply", "--json", cwd=repo.path, stdin=DIFF.replace("a = 10", "a = '\u202e'")
    )
    assert done.exit_status == 3
    assert "hidden-character" in {each["rule"] for each in done.json["findings"]}
    assert repo.git("status", "--porcelain") == ""
