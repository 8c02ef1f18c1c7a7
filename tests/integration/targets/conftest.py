"""A repository whose `workflow.toml` names live files, run by the real command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

LAST_KNOWN_GOOD = "refs/workflow/last-known-good/main"


@dataclass(frozen=True, slots=True)
class Machine:
    """A repository and the live folder beside it."""

    repo: GitRepo
    live: Path
    command: WorkflowCommand

    def targets(
        self, *words: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> CommandResult:
        """Run `workflow targets WORDS`."""
        return self.command("targets", *words, cwd=self.repo.path, stdin=stdin, env=env)

    def commit(self, files: Mapping[str, str], *, is_good: bool = True) -> str:
        """Commit files; `LIVE` in them stands for the live folder."""
        commit = self.repo.commit(
            {name: text.replace("LIVE", str(self.live)) for name, text in files.items()}
        )
        if is_good:
            self.repo.git("update-ref", LAST_KNOWN_GOOD, commit)
        return commit


@pytest.fixture
def machine(git_repo: GitRepoFactory, tmp_path: Path, workflow: WorkflowCommand) -> Machine:
    """Return a repository without targets yet, and an empty live folder."""
    live = tmp_path / "live"
    live.mkdir()
    return Machine(git_repo({"README": "first\n"}), live, workflow)
