"""What a patch does not need, from the proposal to the smaller one that lands, by the commands."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from workflow import wiring
from workflow.engine import Inline
from workflow.pipeline import propose
from workflow.types import ChangeRequest, Draft, Identity, RepoPath, Role, Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand
    from workflow.types import Brief

pytestmark = pytest.mark.forked

ADA = Identity("Ada Author", "ada@example.test")
CONFIG = "[tool.pytest.ini_options]\naddopts = '-p no:hypothesispytest -p no:anyio'\n"
APP = "LANDS = {\n    'de': 19,\n    'fr': 20,\n}\n\n\ndef net(gross):\n    return gross / 2\n"
TEST = "from app import net\n\n\ndef test_net():\n    assert net(4) == 2\n"
ANSWER = """\
--- a/app.py
+++ b/app.py
@@
-LANDS = {
-    'de': 19,
-    'fr': 20,
-}
+LANDS = {'de': 19, 'fr': 20}


 def net(gross):
-    return gross / 2
+    return gross // 2
--- a/test_app.py
+++ b/test_app.py
@@
 def test_net():
     assert net(4) == 2
+
+
+def test_whole():
+    assert net(5) == 2
"""


@dataclass(frozen=True)
class Scripted:
    """A provider that gives one answer."""

    text: str
    destination: str = "nowhere"
    name: str = "scripted"
    model: str = "none"
    can_repair: bool = False

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Answer any brief."""
        del brief, tell
        return Draft(self.text, (), (), self.name, "none")


class Silent:
    """An observer that hears nothing."""

    def began(self, stage: str) -> None:
        """Hear nothing."""

    def detail(self, text: str) -> None:
        """Hear nothing."""

    def ended(self, stage: str, seconds: float) -> None:
        """Hear nothing."""


@pytest.fixture(scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the proposed project is kept, once a test has made it."""
    return tmp_path_factory.mktemp("spare") / "repo"


@pytest.fixture
def repo(git_repo: GitRepoFactory, _kept: Path) -> GitRepo:
    """Return a small project with a proposal of a scripted surgeon, judged by the real gates."""
    made = git_repo({"pyproject.toml": CONFIG, "app.py": APP, "test_app.py": TEST})
    if not _kept.exists():
        _propose(made.path)
        shutil.copytree(made.path, _kept, symlinks=True)
    shutil.rmtree(made.path)
    shutil.copytree(_kept, made.path, symlinks=True)
    made.git("update-index", "-q", "--refresh")
    return made


def _propose(top: Path) -> None:
    place = wiring.open_repository(top)
    with closing(place.store):
        parts = wiring.build(place, place.git.snapshot())
        parts = replace(parts, providers=dict.fromkeys(Role, Scripted(ANSWER)))
        named = (RepoPath("app.py"), RepoPath("test_app.py"))
        with place.journal.running("a test") as run:
            propose(
                ChangeRequest("whole numbers", named, ADA, Way.SURGEON),
                parts,
                Inline(run, Silent()),
            )


def test_a_smaller_proposal_is_shown_made_and_applied(
    repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """`show` names the lines, `shrink` leaves them out, and the first proposal stays as it was."""
    shown = workflow("show", "1", cwd=repo.path).stdout
    assert "5 of 11 changed lines change nothing that app.py means (lines 1-4)" in shown
    assert "workflow shrink 1" in shown
    told = workflow("show", "1", "--json", cwd=repo.path).json
    assert told["state"] == "awaiting-approval"
    assert (told["excess"]["changed"], told["excess"]["needed"]) == (11, 6)
    assert told["excess"]["tried"] is True
    assert [part["why"] for part in told["excess"]["parts"]] == ["neutral"]
    smaller = workflow("shrink", "1", "--json", cwd=repo.path).json
    assert (smaller["id"], smaller["state"]) == (2, "awaiting-approval")
    assert smaller["shrunk_from"] == told["digest"]
    assert smaller["excess"]["parts"] == []
    assert workflow("show", "1", "--json", cwd=repo.path).json == told
    assert "smaller form of" in workflow("show", "2", cwd=repo.path).stdout
    assert workflow("approve", "2", cwd=repo.path).exit_status == 0
    assert workflow("apply", "2", cwd=repo.path).exit_status == 0
    assert (repo.path / "app.py").read_text() == APP.replace("/ 2", "// 2")


def test_what_cannot_be_made_smaller_says_so(repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A proposal without spare parts, and a number that nobody has, are told apart."""
    workflow("shrink", "1", cwd=repo.path)
    again = workflow("shrink", "2", cwd=repo.path)
    assert (again.exit_status, "no spare part" in again.stderr) == (3, True)
    twice = workflow("shrink", "1", cwd=repo.path)
    assert (twice.exit_status, "proposal 2 is proposal 1 without" in twice.stderr) == (3, True)
    absent = workflow("shrink", "9", cwd=repo.path)
    assert (absent.exit_status, "no proposal 9" in absent.stderr) == (2, True)


def test_a_proposal_that_could_not_land_is_not_made_smaller(
    repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """Once its branch has moved, or it has landed, the gates are not troubled."""
    workflow("show", "1", cwd=repo.path)
    told = workflow("approve", "1", cwd=repo.path)
    assert told.exit_status == 0, told.stderr
    workflow("apply", "1", cwd=repo.path)
    landed = workflow("shrink", "1", cwd=repo.path)
    assert (landed.exit_status, "is applied" in landed.stderr) == (3, True)
    assert workflow("list", "--json", cwd=repo.path).json["proposals"][0]["id"] == 1


def test_an_outdated_proposal_is_not_made_smaller(repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A branch that has moved since makes every smaller form outdated, too."""
    repo.commit({"other": "x\n"})
    done = workflow("shrink", "1", cwd=repo.path)
    assert (done.exit_status, "main has moved" in done.stderr) == (3, True)


def test_a_rule_that_does_not_exist_is_a_slip(repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A mistyped `--allow` is told before anything is drafted, with what may be meant."""
    done = workflow("propose", "x", "app.py", "--allow", "weakend-test", cwd=repo.path)
    assert done.exit_status == 2
    assert "weakened-test" in done.stderr
