"""Anchors: git is told, after each landing, which row the ledger had come to.

They are a chain of commits under a ref of our own, each with one file.  Who writes the database
anew has to write that chain anew, too, and the trailers of the commits that landed stay as they
are, in every clone.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.canonical import encode, unique_members
from workflow.errors import StaleProposalError
from workflow.git_store import REFS
from workflow.ledger.chain import append, head, now
from workflow.types import CommitId, Digest, Identity, TreeId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from workflow.git_store import GitStore

REF = f"{REFS}/ledger"
FILE = "anchor.json"
_AUTHOR = Identity("workflow", "workflow@localhost")
_LANDED = ("landing-moved", "landing-kept", "landing-undone")
_TRIES = 10
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Anchor:
    """What git was told: the commit that holds it, whose ledger, its newest row, and when.

    `seq` is 0 where the commit holds no anchor that can be read.
    """

    commit: CommitId
    repository: str = ""
    seq: int = 0
    hash: str = ""
    at: str = ""


def anchor(git: GitStore, connection: sqlite3.Connection) -> Anchor | None:
    """Tell git the newest row; `None` where nothing has landed since it was told last.

    The ref moves first and the row `anchor` follows: killed between them, the next one adds it.

    Raises `GitError` when git cannot write, and `StaleProposalError` when others move the ref all
    the time.
    """
    if is_anchored(connection):
        return None
    for _ in range(_TRIES - 1):
        with suppress(StaleProposalError):
            return _anchor(git, connection)
    return _anchor(git, connection)


def _anchor(git: GitStore, connection: sqlite3.Connection) -> Anchor:
    newest, old, at = head(connection), git.read_ref(REF), now()
    said = {
        "repository": newest.repository,
        "seq": newest.seq,
        "hash": str(newest.hash),
        "at": at,
    }
    blob = git.write_blob(encode(said) + b"\n")
    tree = git.git("mktree", stdin=f"100644 blob {blob}\t{FILE}\n".encode()).decode().strip()
    subject = f"Ledger at row {newest.seq}: {newest.hash.short}"
    made = git.commit(TreeId(tree), (old,) if old else (), subject, _AUTHOR)
    git.move_ref(REF, made, old, why="a landing")
    row = {"row": newest.seq, "hash": str(newest.hash), "commit": str(made)}
    append(connection, "anchor", row)
    return Anchor(made, newest.repository, newest.seq, newest.hash, at)


def is_anchored(connection: sqlite3.Connection) -> bool:
    """Whether git was told of every landing."""
    landed = connection.execute(
        "SELECT max(seq) FROM ledger WHERE event IN (?, ?, ?)", _LANDED
    ).fetchone()[0]
    # Each command asks this: a row that somebody has damaged may not stop `ledger verify`.
    told = connection.execute(
        "SELECT max(CASE WHEN json_valid(body) AND json_type(body, '$.row') = 'integer'"
        " THEN json_extract(body, '$.row') END) FROM ledger WHERE event = 'anchor'"
    ).fetchone()[0]
    return landed is None or (told is not None and landed <= told)


def anchors(git: GitStore) -> tuple[Anchor, ...]:
    """What git was told, oldest first."""
    if git.read_ref(REF) is None:
        return ()
    out = git.git("rev-list", "--first-parent", "--reverse", REF).decode().split()
    commits = [CommitId(name) for name in out]
    names = "".join(f"{commit}:{FILE}\n" for commit in commits)
    objects = git.git("cat-file", "--batch", stdin=names.encode())
    return tuple(_read(commit, data) for commit, data in zip(commits, _batch(objects), strict=True))


def _batch(out: bytes) -> Iterator[bytes]:
    """The contents that `cat-file --batch` prints; empty for one that is not there."""
    place = 0
    while place < len(out):
        end = out.index(b"\n", place)
        words = out[place:end].split()
        place = end + 1
        if words[-1] == b"missing":
            yield b""
        else:
            size = int(words[-1])
            yield out[place : place + size]
            place += size + 1


def _read(commit: CommitId, data: bytes) -> Anchor:
    """An anchor; one that nobody can read says nothing."""
    try:
        said = json.loads(data[:_MAX_BYTES], object_pairs_hook=unique_members)
        seq, repository, at = said["seq"], str(said["repository"]), str(said["at"])
        read = Anchor(commit, repository, seq, str(Digest(said["hash"])), at)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Anchor(commit)
    return read if type(seq) is int else Anchor(commit)
