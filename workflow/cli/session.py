"""One command at work: where it was called, what it prints to, and the pipeline with its engine."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import apply, identity, recovery, votes, wiring
from workflow.cli.output import Progress
from workflow.engine import Inline
from workflow.errors import GitError, NotARepositoryError, PathError, UsageError
from workflow.git_store import discover
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.cli.output import Output
    from workflow.git_store import GitStore
    from workflow.store import Stored
    from workflow.types import Person

_EXAMPLE = 'workflow propose "allow origin https://…" PATH'
_MAX_REQUEST = 4000


def open_repository(output: Output, *, needs_files: bool = True) -> wiring.Repository:
    """The repository around the current folder; tells what recovery found.

    Who only looks at the store needs no files, and works in a bare repository, too.
    """
    repository = wiring.open_repository(Path.cwd(), needs_files=needs_files)
    for sentence in repository.recovered:
        output.note(sentence)
    for landing in () if repository.recovered else repository.journal.unconfirmed():
        what = f"the {landing.kind} of proposal {landing.proposal} has moved {landing.branch}"
        waits = f"and waits for what follows it: `{apply.command(landing)}`"
        output.note(f"{what}, {waits}")
    return repository


def person(repository: wiring.Repository) -> Person:
    """Who gives this command: git's name for them, and the account behind the process.

    Raises `GitError` when git has no name for them.
    """
    return identity.local(repository.git)


def displayed(repository: wiring.Repository, stored: Stored) -> None:
    """Note that this person is shown a proposal: it is what `approve` takes their yes for.

    A store that cannot be written, or somebody without a name, may look all the same.
    """
    with suppress(sqlite3.OperationalError, GitError):
        connection = repository.store.connection
        votes.look(connection, stored.id, stored.digest, person(repository))


def here() -> Path:
    """The current folder.

    Raises `UsageError` when it is gone.
    """
    try:
        return Path.cwd()
    except OSError as error:
        message = "the current folder is not there any more"
        raise UsageError(message, hint="cd to another one") from error


def git_around(here: Path) -> GitStore | None:
    """The repository around a folder, `None` where there is none.

    Raises `NotARepositoryError` for one that is there and cannot be read, and what else
    `git_store.discover` raises.
    """
    try:
        return discover(here)
    except NotARepositoryError as error:
        if not error.message.startswith(f"{here}: not a git repository (or any"):
            raise
        return None


@contextmanager
def engine(repository: wiring.Repository, output: Output, command: str) -> Iterator[Inline]:
    """An engine for one command, with progress shown as long as it runs."""
    progress = Progress(output)
    try:
        with repository.journal.running(command) as run:
            yield Inline(run, progress)
    finally:
        progress.close()


@contextmanager
def landing(repository: wiring.Repository, output: Output, command: str) -> Iterator[Inline]:
    """An engine that holds the repository against every other landing.

    Raises `UnfinishedLandingError` when an earlier landing could not be completed.
    """
    with repository.journal.exclusive(command):
        recovery.require_finished(repository.journal)
        with engine(repository, output, command) as run:
            yield run


def repo_path(repository: wiring.Repository, name: str) -> RepoPath:
    """A path as a person types it, from the top of the repository.

    Raises `PathError` for one that leads out of it.
    """
    return path_in(repository.git, name)


def path_in(git: GitStore, name: str) -> RepoPath:
    """A path as a person types it, from the top of a repository.

    Raises `PathError` for one that leads out of it.
    """
    top = git.top
    # Not resolved: a symbolic link in the repository is named as the link that it is.
    typed = Path.cwd() / name
    parts: list[str] = []
    for part in typed.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    try:
        inside = Path(*parts).relative_to(top).as_posix()
        inside.encode()
        return RepoPath(inside)
    except UnicodeEncodeError as error:
        message = f"{name!r}: a name that is not UTF-8 cannot be edited"
        raise PathError(message, hint="rename the file") from error
    except ValueError as error:
        message = f"{name} is not a file inside {top}"
        raise PathError(message, hint="name files of this repository") from error


def request_text(words: str, again: str = _EXAMPLE) -> str:
    """A request as it was typed; `again` is how to type the command with a better one.

    Raises `UsageError` when it is empty, over 4,000 characters, or not UTF-8.
    """
    text = words.strip()
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "the request is not UTF-8 text"
        raise UsageError(message, hint=again) from error
    if not text:
        message = "the request is empty"
        raise UsageError(message, hint=again)
    if len(text) > _MAX_REQUEST:
        message = f"the request has {len(text)} characters; at most {_MAX_REQUEST} are read"
        raise UsageError(message, hint="split it into smaller changes")
    return text
