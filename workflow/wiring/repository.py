"""A repository with all that every command needs of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workflow import git_store, recovery
from workflow.journal import Journal
from workflow.store import Store
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.git_store import GitStore

STATE = "workflow"
"""The folder of ours within git's own."""


@dataclass(frozen=True, slots=True)
class Repository:
    """What every command needs: git, the store, the journal, and what recovery had to say."""

    git: GitStore
    store: Store
    journal: Journal
    recovered: tuple[str, ...]


def open_repository(start: Path, *, needs_files: bool = True) -> Repository:
    """The repository around a folder, with whatever a killed command left brought in order.

    Who needs no files may look at a bare one, too.
    """
    git = git_store.discover(start, needs_files=needs_files)
    store = Store(git.common_dir / STATE)
    journal = Journal(store.folder, store.connection)
    needed = not store.is_read_only and recovery.is_needed(git, journal, store)
    recovered = recovery.recover(git, store, journal) if needed else ()
    return Repository(git, store, journal, recovered)


def read_base(repository: Repository | None) -> Callable[[RepoPath], bytes]:
    """What reads the files of the branch's newest commit; without a repository there are none.

    It raises `KeyError` for a file that is not there.
    """
    if repository is None:
        return dict[RepoPath, bytes]().__getitem__
    return partial(repository.git.read, repository.git.snapshot().tree)
