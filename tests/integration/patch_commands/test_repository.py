"""`workflow patch` inside a git repository: its policy, its names, nothing of git moved."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.patch_commands.samples import CHANGED, DIFF, PYTHON, wrote_nothing

if TYPE_CHECKING:
    from tests.conftest import GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked


def test_in_a_repository_index_and_branches_stay(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Only the file changes; what is staged and committed does not."""
    repo = git_repo({"app/x.py": PYTHON})
    before = repo.snapshot()
    assert workflow("patch", "apply", cwd=repo.path, stdin=DIFF).exit_status == 0
    after = repo.snapshot()
    assert (after.head, after.refs, after.index) == (before.head, before.refs, before.index)
    assert repo.git("status", "--porcelain") == " M app/x.py"
    assert (repo.path / "app/x.py").read_text() == CHANGED


def test_in_a_subfolder_its_own_files_are_meant(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Names start from the current folder, and the canonical patch from the repository's top."""
    repo = git_repo({"app/x.py": PYTHON})
    here = repo.path / "app"
    local = DIFF.replace("app/", "")
    shown = workflow("patch", "normalize", cwd=here, stdin=local)
    assert "--- a/app/x.py\n+++ b/app/x.py\n" in shown.stdout
    subprocess.run(["git", "apply", "--check"], cwd=here, input=shown.stdout.encode(), check=True)
    away = workflow("patch", "apply", cwd=here, stdin=DIFF)
    assert away.exit_status == 3
    assert f"cd {repo.path}" in away.stdout
    assert workflow("patch", "apply", cwd=here, stdin=local).exit_status == 0
    assert (here / "x.py").read_text() == CHANGED


def test_the_last_file_of_the_callers_folder_can_go(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """The folder that the command was called in stays, though it is empty."""
    repo = git_repo({"app/old.txt": "one\n"})
    gone = "--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"
    done = workflow("patch", "apply", "--allow", "deleted-file", cwd=repo.path / "app", stdin=gone)
    assert done.exit_status == 0, done.stdout
    assert list((repo.path / "app").iterdir()) == []


def test_the_policy_is_the_one_of_head(
    git_repo: GitRepoFactory, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """The committed policy judges, also from a subfolder; one on the command line comes first."""
    built_in = (Path(__file__).parents[3] / "policies/default.yaml").read_text()
    assert "protected:\n" in built_in
    strict = built_in.replace("protected:\n", "protected:\n  - paths: [app/**]\n", 1)
    repo = git_repo(
        {
            "app/x.py": PYTHON,
            "workflow.toml": 'policy = "mine.yaml"\n',
            "mine.yaml": strict,
        }
    )
    # What is not committed does not count.
    repo.write({"mine.yaml": built_in})
    local = DIFF.replace("app/", "")
    done = workflow("patch", "apply", "--json", cwd=repo.path / "app", stdin=local)
    assert done.exit_status == 3
    assert done.json["policy"]["source"] == "mine.yaml"
    assert [(each["rule"], each["path"]) for each in done.json["findings"]] == [
        ("protected-path", "app/x.py")
    ]
    other = tmp_path / "other.yaml"
    other.write_text(built_in)
    words = ("patch", "apply", "--policy", str(other))
    assert workflow(*words, cwd=repo.path / "app", stdin=local).exit_status == 0


def test_a_file_with_approvers_is_not_for_apply(
    place: Path, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """Where named people must approve, the patch is refused and says who they are."""
    built_in = (Path(__file__).parents[3] / "policies/default.yaml").read_text()
    entry = "protected:\n  - paths: [app/**]\n    approvers: [ann@example.test]\n"
    rules = tmp_path / "rules.yaml"
    rules.write_text(built_in.replace("protected:\n", entry, 1))
    words = ("--policy", str(rules))
    done = workflow("patch", "apply", *words, "--json", cwd=place, stdin=DIFF)
    assert done.exit_status == 3
    (need,) = done.json["requirements"]
    assert (need["path"], need["approvers"]) == ("app/x.py", ["ann@example.test"])
    shown = workflow("patch", "normalize", *words, cwd=place, stdin=DIFF)
    assert (shown.exit_status, shown.stdout) == (3, "")
    assert "app/x.py needs the approval of ann@example.test" in shown.stderr
    assert wrote_nothing(place)


def test_a_repository_without_a_commit_has_the_built_in_policy(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Before the first commit there is no policy to read, and a note says what judges."""
    repo = git_repo()
    repo.write({"app/x.py": PYTHON})
    done = workflow("patch", "apply", cwd=repo.path, stdin=DIFF)
    assert done.exit_status == 0
    assert "there is no commit yet: the built-in policy judges" in done.stderr


def test_a_repository_that_git_distrusts_is_an_error(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Where there is a repository whose policy cannot be read, no other policy stands in."""
    repo = git_repo({"app/x.py": PYTHON})
    (repo.path / ".git").rename(repo.path / "elsewhere")
    (repo.path / ".git").write_text("gitdir: /nowhere\n")
    done = workflow("patch", "apply", cwd=repo.path, stdin=DIFF)
    assert done.exit_status == 1
    assert "not a git repository: /nowhere" in done.stderr
    assert (repo.path / "app/x.py").read_text() == PYTHON


def test_another_repository_below_is_left_alone(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """A repository in the folder has a policy of its own, and is not patched from outside."""
    repo = git_repo({"app/x.py": PYTHON}, name="inner")
    outer = repo.path.parent
    done = workflow("patch", "apply", "--json", cwd=outer, stdin=DIFF.replace("app/", "inner/app/"))
    assert done.exit_status == 3
    assert done.json["refusals"][0]["reason"] == "not-a-file"
