"""What unit tests share: a desk with proposals made by hand, and Python in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

import workflow
from workflow import apply, approval, git_store, ledger, votes
from workflow.canonical import sha256
from workflow.journal import Journal
from workflow.store import Store
from workflow.types import (
    BlastRadius,
    ChangeRequest,
    Identity,
    Outcome,
    Person,
    Proposal,
    Receipt,
    RepoPath,
    Role,
    Round,
    Route,
    Verdict,
    Way,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.apply import Move
    from workflow.git_store import GitStore
    from workflow.journal import Landing
    from workflow.store import Stored
    from workflow.types import TreeChange, TreeId

ADA = Identity("Ada Author", "ada@example.test")
CHILD_TIMEOUT_S = 60
PASSED = Verdict("always", Outcome.PASS, "it passes")


class Child:
    """Python code in a process of its own, which can import `workflow`."""

    def __init__(self, code: str, *arguments: object) -> None:
        package = str(Path(workflow.__file__).parents[1])
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": package},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Wait for the next line that it prints."""
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def tell(self, text: str) -> None:
        """Send it a line."""
        assert self.process.stdin
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it by SIGKILL and wait until it has."""
        self.process.kill()
        self.close()

    def close(self) -> int:
        """Wait for its end and return its exit status."""
        self.process.communicate(timeout=CHILD_TIMEOUT_S)
        return self.process.returncode


class Spawn(Protocol):
    """Starts Python code: `python("print(1)", argument)`."""

    def __call__(self, code: str, *arguments: object) -> Child:
        """Start `code` with `sys.argv[1:]` set to `arguments`."""
        ...


@pytest.fixture
def python() -> Iterator[Spawn]:
    """Yield a starter of Python processes; whatever still runs at the end is killed."""
    children: list[Child] = []

    def start(code: str, *arguments: object) -> Child:
        children.append(Child(code, *arguments))
        return children[-1]

    yield start
    for child in children:
        if child.process.returncode is None:
            child.kill()


def round_by_hand(change: TreeChange) -> Round:
    """The one round of a change that nobody drafted."""
    return Round(
        role=Role.SURGEON,
        recipe_name="surgical-edit",
        recipe=sha256(b"recipe"),
        provider="hand",
        model="none",
        draft=sha256(b"draft"),
        notes=("a note",),
        forecasts=(),
        receipt=Receipt("nowhere", 0, sha256(b"prompt"), 6, change.paths),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """One repository with its store and journal, and short ways to propose and to land by hand."""

    repo: GitRepo
    git: GitStore
    store: Store
    journal: Journal
    scratch: Path

    def folder(self) -> Path:
        """Make a new empty folder."""
        path = self.scratch / str(len(list(self.scratch.iterdir())))
        path.mkdir()
        return path

    def tree(self, base: TreeId, files: Mapping[str, bytes | None], mode: str = "100644") -> TreeId:
        """Write a tree: `base` with files replaced, or removed where there are no bytes."""
        rows = {
            RepoPath(name): None if data is None else (mode, self.git.write_blob(data))
            for name, data in files.items()
        }
        return self.git.write_tree(base, rows)

    def change(self, files: Mapping[str, bytes | None]) -> TreeChange:
        """Make a change of the branch's present tree."""
        base = self.git.snapshot().tree
        return self.git.change(base, self.tree(base, files))

    def proposal(self, files: Mapping[str, bytes | None], text: str = "a request") -> Proposal:
        """Make a clear proposal on the present branch, its commit included; store nothing."""
        base = self.git.snapshot()
        change = self.git.change(base.tree, self.tree(base.tree, files))
        patch = self.git.patch(base.tree, change.proposed)
        return Proposal(
            repository=self.store.repository,
            base=base,
            commit=self.git.commit(change.proposed, (base.commit,), "Propose", ADA),
            tree=change.proposed,
            patch=sha256(patch),
            files=change.files,
            blast_radius=BlastRadius(len(change.files), 1, 1, 1),
            request=ChangeRequest(text, change.paths, ADA),
            route=Route(Way.SURGEON, ("by hand",)),
            rounds=(round_by_hand(change),),
            policy=sha256(b"policy"),
            findings=(),
            verdicts=(PASSED,),
            created=ledger.now(),
        )

    def propose(
        self, files: Mapping[str, bytes | None], *, clear: bool = True, text: str = "a request"
    ) -> Stored:
        """Store a proposal and give it its ref."""
        made = self.proposal(files, text)
        if not clear:
            made = replace(made, verdicts=(replace(PASSED, outcome=Outcome.FAIL),))
        stored = self.store.add(made)
        apply.anchor(self.git, self.store, stored.id)
        return stored

    def approved(self, files: Mapping[str, bytes | None], *, text: str = "a request") -> Stored:
        """Store a proposal and approve it."""
        stored = self.propose(files, text=text)
        self.approve(stored.id)
        return self.store.get(stored.id)

    def approve(self, number: int, who: Person | Identity = ADA) -> votes.Approval:
        """Show a proposal to somebody, and let them approve it."""
        person = Person(who) if isinstance(who, Identity) else who
        votes.look(self.store.connection, number, self.store.get(number).digest, person)
        return approval.approve(self.store, self.git, number, person)

    def prepare(self, number: int) -> Move:
        """Prepare an approved proposal's move."""
        return apply.prepare(self.git, self.store, approval.cleared(self.store, self.git, number))

    def carry_out(self, move: Move) -> Landing:
        """Carry a move out."""
        return apply.carry_out(
            self.git, self.store, self.journal, move, who=ADA, scratch=self.folder()
        )

    def land(self, files: Mapping[str, bytes | None]) -> Landing:
        """Propose, approve, apply and confirm."""
        stored = self.approved(files)
        landing = self.carry_out(self.prepare(stored.id))
        return apply.keep(self.git, self.journal, landing)

    def roll_back(self, proposal: int | None = None) -> Landing:
        """Take the newest landing back, and confirm it."""
        landing = apply.to_roll_back(self.journal, proposal)
        move = apply.prepare_rollback(self.git, self.store, landing, ADA)
        return apply.keep(self.git, self.journal, self.carry_out(move))


class DeskFactory(Protocol):
    """Makes desks: `desk_for(repo)`."""

    def __call__(self, repo: GitRepo) -> Desk:
        """Open the store and the journal of a repository, as `wiring` does."""
        ...


@pytest.fixture
def desk_for(tmp_path: Path) -> Iterator[DeskFactory]:
    """Yield a maker of desks, whose stores are closed at the end."""
    made: list[Desk] = []

    def make(repo: GitRepo) -> Desk:
        git = git_store.discover(repo.path)
        store = Store(git.common_dir / "workflow")
        scratch = tmp_path / f"scratch-{len(made)}"
        scratch.mkdir()
        made.append(Desk(repo, git, store, Journal(store.folder, store.connection), scratch))
        return made[-1]

    yield make
    for desk in made:
        desk.store.close()


@pytest.fixture
def desk(git_repo: GitRepoFactory, desk_for: DeskFactory) -> Desk:
    """Return a desk on a repository with `site.conf` and `app/main.py`."""
    files = {"site.conf": "one\ntwo\nthree\n", "app/main.py": "print(1)\n"}
    return desk_for(git_repo(files))
