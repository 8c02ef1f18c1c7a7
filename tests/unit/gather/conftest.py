"""A repository of some files in one line, and what is gathered of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow import gather
from workflow.gather.shelf import Shelf
from workflow.git_store import discover
from workflow.types import RepoPath, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import GitRepoFactory
    from workflow.gather import Gathered
    from workflow.git_store import GitStore
    from workflow.types import TreeId

ALL = tuple(rule for rule in gather.RULES if rule != "listing")


@dataclass(frozen=True, slots=True)
class Library:
    """A repository and its newest commit's tree, and short ways to gather from it."""

    git: GitStore
    tree: TreeId

    @property
    def shelf(self) -> Shelf:
        """A fresh reader of that tree."""
        return Shelf(self.git, self.tree)

    def gather(
        self,
        *names: str,
        rules: tuple[str, ...] = ALL,
        role: Role = Role.SURGEON,
        budget: int = gather.DEFAULT_BUDGET,
        inputs: tuple[str, ...] = (),
        may_default: bool = True,
    ) -> Gathered:
        """Gather for some named files."""
        needs = gather.Needs(role, rules, budget, may_default, inputs)
        return gather.gather(self.git, self.tree, needs, [RepoPath(name) for name in names])

    def context(self, *names: str, rules: tuple[str, ...] = ALL) -> list[str]:
        """The names of the context that is gathered for some named files."""
        return [str(file.path) for file in self.gather(*names, rules=rules).context]

    def left_out(self, *names: str, rules: tuple[str, ...] = ALL) -> dict[str, str]:
        """What is left out for some named files, and why."""
        return {str(one.path): one.why for one in self.gather(*names, rules=rules).left_out}


class LibraryOf(Protocol):
    """Makes repositories: `library({"a.py": "import b"}, {"link": "target"})`."""

    def __call__(
        self, files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None
    ) -> Library:
        """Commit files and links in a new repository; they are not checked out."""
        ...


@pytest.fixture
def library(git_repo: GitRepoFactory) -> LibraryOf:
    """Return a maker of repositories with some files."""
    names = (f"repo{number}" for number in count())

    def make(files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None) -> Library:
        repo = git_repo(name=next(names))
        rows = [_row("100644", name, data) for name, data in files.items()]
        rows += [_row("120000", name, target) for name, target in (links or {}).items()]
        subprocess.run(
            ["git", "-C", str(repo.path), "fast-import", "--quiet"],
            input=_HEAD + b"".join(rows),
            check=True,
        )
        git = discover(repo.path)
        return Library(git, git.snapshot().tree)

    return make


_HEAD = b"commit refs/heads/main\ncommitter A <a@example.test> 1 +0000\ndata 3\nall\n"


def _row(mode: str, name: str, data: str | bytes) -> bytes:
    """One file as `git fast-import` reads it."""
    content = data.encode() if isinstance(data, str) else data
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'M %s inline "%s"\ndata %d\n%s\n' % (
        mode.encode(),
        quoted.encode(),
        len(content),
        content,
    )
