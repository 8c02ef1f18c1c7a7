"""Puts a hostile patch through all that a draft goes through: read, place, git's trees, policy."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bench.patches.attack import BASE, LINK, ROOT, SUBMODULE, Hostile
from bench.patches.outcome import COMMANDS
from workflow import patch
from workflow.errors import WorkflowError
from workflow.git_store import GitStore, discover
from workflow.policy import Case, Policy, judge, load
from workflow.resources import folder
from workflow.types import BlobId, RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.types import BlastRadius, Role, TreeChange

DEFAULT_POLICY = "default.yaml"
_MADE_UP = "0123456789" * 4


@dataclass(frozen=True, slots=True)
class Refused:
    """What stands against a patch: the ids that are named; none if it would take effect."""

    ids: frozenset[str]
    said: str = ""


@dataclass(frozen=True, slots=True)
class Court:
    """A repository with the attacked tree, and the policy that judges."""

    git: GitStore
    base: TreeId
    policy: Policy
    scratch: Path
    numbers: Iterator[int]

    @classmethod
    def open(cls, place: Path) -> Self:
        """Make the repository below an empty folder."""
        top, scratch = place / "repo", place / "scratch"
        for path in (top, scratch):
            path.mkdir(parents=True)
        subprocess.run(["git", "init", "--quiet", str(top)], check=True)
        git = discover(top)
        empty = TreeId(git.git("mktree").decode().strip())
        rows = {
            RepoPath(path): (mode, BlobId(_MADE_UP) if mode == SUBMODULE else git.write_blob(data))
            for path, (mode, data) in BASE.items()
        }
        base = git.write_tree(empty, rows)
        text = (folder("policies") / DEFAULT_POLICY).read_bytes()
        return cls(git, base, load(text, DEFAULT_POLICY), scratch, itertools.count())

    def tried(self, row: Hostile) -> tuple[Refused, ...]:
        """What comes of a patch, for each role that could have drafted it."""
        draft = row.draft.replace(ROOT, b"/srv/app")
        try:
            change, radius = self._placed(draft)
        except patch.PatchError as error:
            said = "; ".join(f"{one.reason}: {one.message}" for one in error.refusals)
            ids = frozenset(one.reason.value for one in error.refusals)
            return tuple(Refused(ids, said) for _ in row.roles)
        except WorkflowError as error:
            refused = Refused(frozenset({type(error).__name__}), error.message)
            return tuple(refused for _ in row.roles)
        return tuple(self._judged(row, role, change, radius) for role in row.roles)

    def _placed(self, draft: bytes) -> tuple[TreeChange, BlastRadius]:
        reading = patch.read(draft)
        placement = patch.place(reading.operations, patch.TreeFiles(self.git, self.base))
        proposed = patch.write(self.git, self.base, placement)
        change = self.git.change(self.base, proposed)
        _, radius = patch.canonical(self.git, change, self.scratch / f"{next(self.numbers)}.index")
        return change, radius

    def _judged(
        self, row: Hostile, role: Role | None, change: TreeChange, radius: BlastRadius
    ) -> Refused:
        given = row.given or tuple(BASE)
        judgement = judge(
            Case(
                change=change,
                radius=radius,
                policy=self.policy,
                role=role,
                given=None if role is None else tuple(map(RepoPath, given)),
                allowed=frozenset(),
                blobs=self.git.blobs,
                names=lambda name: self.git.names(change.proposed, name),
                committed=lambda _path: None,
            )
        )
        ids = {finding.rule for finding in judgement.findings}
        # A path that waits for named people is not in effect either.
        ids |= {"protected-path" for _ in judgement.requirements}
        said = "; ".join(f"{one.rule}: {one.path}: {one.reason}" for one in judgement.findings)
        return Refused(frozenset(ids), said)


def takes_effect(row: Hostile, tool: str, scratch: Path) -> bool:
    """Whether another tool applies the patch in a scratch work tree: it exits 0 and files change.

    The tree lies three folders deep in `scratch`, and an absolute path is led there, too.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    top = scratch / "one" / "two" / "repo"
    # As much as git needs to take the folder for a repository.
    for name in (".git/objects", ".git/refs", ".git/hooks"):
        (top / name).mkdir(parents=True)
    (top / ".git/HEAD").write_text("ref: refs/heads/main\n")
    for path, (mode, data) in BASE.items():
        _written(top / path, mode, data)
    before = _state(scratch)
    ran = subprocess.run(
        COMMANDS[tool],
        cwd=top,
        input=row.draft.replace(ROOT, os.fsencode(scratch)),
        capture_output=True,
        check=False,
        timeout=120,
        env={
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(scratch),
            "GIT_CONFIG_NOSYSTEM": "1",
        },
    )
    return ran.returncode == 0 and _state(scratch) != before


def _written(path: Path, mode: str, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == LINK:
        path.symlink_to(data.decode())
    elif mode == SUBMODULE:
        path.mkdir()
    else:
        path.write_bytes(data)
        path.chmod(int(mode, 8) & 0o777)


def _state(scratch: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below the scratch folder: its mode and its bytes, or where it leads."""
    found = {}
    for place, folders, names in os.walk(scratch):
        for path in (Path(place) / name for name in (*folders, *names)):
            mode = path.lstat().st_mode
            if path.is_symlink():
                found[str(path)] = (mode, os.fsencode(path.readlink()))
            elif path.is_file():
                found[str(path)] = (mode, path.read_bytes())
    return found
