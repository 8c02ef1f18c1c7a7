"""All that must be whole after a crash, read with git and SQLite and without the package."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow import ledger

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the branch, the index, the files and the records of a repository stand.

    `commits` counts those of `main`; `files` has mode, owner and digest by path, and `live` those
    of live files; `states` are those of proposals, and `landings` kind and state of each that was
    not abandoned.  `head` is no part of the comparison: a commit's id hangs on the time.
    """

    head: str = field(compare=False)
    commits: int
    tree: str
    status: str
    files: tuple[tuple[str, str], ...]
    live: tuple[tuple[str, str], ...]
    states: tuple[str, ...]
    landings: tuple[tuple[str, str], ...]
    votes: int


def facts(repo: Path, *live: Path) -> Facts:
    """Read the facts of a repository, and of folders of live files outside it."""
    # NOTE: without the option, looking would itself mend the index.
    said = _git(repo, "--no-optional-locks", "status", "--porcelain", "--untracked-files=all")
    head, tree, *rest = _git(repo, "log", "--format=%H %T", "main").split()
    with closing(sqlite3.connect(repo / ".git/workflow/workflow.db")) as database:
        states = [row[0] for row in database.execute("SELECT state FROM proposals ORDER BY id")]
        landings = database.execute(
            "SELECT kind, state FROM landings WHERE state <> 'abandoned' ORDER BY id"
        ).fetchall()
        votes = database.execute("SELECT count(*) FROM approvals").fetchone()[0]
    return Facts(
        head=head,
        commits=1 + len(rest) // 2,
        tree=tree,
        status=said,
        files=tuple(_files(repo)),
        live=tuple(each for place in live for each in _files(place)),
        states=tuple(states),
        landings=tuple(landings),
        votes=votes,
    )


def wrongs(repo: Path, *live: Path, deep: bool = False) -> list[str]:
    """What no crash may leave, in words; `deep` lets git look at every object."""
    found = [f"scratch: {path}" for path in (repo / ".git/workflow/runs").glob("run-*")]
    found += [f"lock: {path}" for path in (repo / ".git").rglob("*.lock")]
    found += [f"left: {path}" for path in repo.rglob(".workflow-*")]
    # As the package opens it: what a killed writer left in its log is taken up by the next reader.
    with closing(sqlite3.connect(repo / ".git/workflow/workflow.db")) as database:
        database.row_factory = sqlite3.Row
        found += [f"ledger: {one.seq} {one.reason}" for one in ledger.verify(database)[1]]
        if database.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            found.append("the store is damaged")
        for table in ("landings", "installs"):
            left = f"SELECT count(*) FROM {table} WHERE state = 'intended'"  # noqa: S608 - of two
            if database.execute(left).fetchone()[0]:
                found.append(f"one of {table} is open")
        # What was live before lies beside it until the landing is confirmed.
        moved = "SELECT count(*) FROM landings WHERE state = 'moved'"
        if not database.execute(moved).fetchone()[0]:
            found += [f"left: {path}" for place in live for path in place.rglob(".workflow-*")]
    if deep:
        said = _git(repo, "fsck", "--strict", "--no-dangling", "--no-progress")
        found += [f"fsck: {line}" for line in said.splitlines()]
    return found


def _git(repo: Path, *words: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(repo), *words],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_TIMEOUT_S,
    )
    return ran.stdout.decode(errors="surrogateescape")


def _files(top: Path) -> list[tuple[str, str]]:
    found = []
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if name != ".git" and not name.startswith(".workflow-")]
        for name in files:
            path = os.path.join(folder, name)  # noqa: PTH118 - many, and short-lived
            about = os.lstat(path)
            if stat.S_ISLNK(about.st_mode):
                data = os.fsencode(os.readlink(path))  # noqa: PTH115 - as above
            else:
                with open(path, "rb") as file:  # noqa: PTH123 - as above
                    data = file.read()
            owner = f"{about.st_uid}:{about.st_gid}"
            found.append((path, f"{about.st_mode:o} {owner} {hashlib.sha256(data).hexdigest()}"))
    return sorted((os.path.relpath(path, top), what) for path, what in found)
