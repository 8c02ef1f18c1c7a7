"""What git says of a ledger beside its anchors: trailers of landed commits, and proposals' refs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.git_store import REFS
from workflow.ledger.chain import Head
from workflow.types import CommitId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.git_store import GitStore

TRAILER = "Workflow-Ledger"
APPROVED_BY = "Approved-by: "
_PROPOSALS = f"{REFS}/proposals"
# A longer number was nobody's proposal: SQLite counts rows in 63 bits.
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Trailer:
    """A commit of a branch, and the row that was the newest when it was made."""

    commit: CommitId
    head: Head


def trailers(git: GitStore) -> tuple[Trailer, ...]:
    """The trailers of all commits on branches of this repository, newest first."""
    if not git.refs("refs/heads"):
        return ()
    # NOTE: rev-list rather than log, which obeys the user's own settings.
    out = git.git(
        *("rev-list", "--branches", f"--glob={REFS}/last-known-good/*"),
        *("-E", f"--grep=^{TRAILER}: ", "--format=%x00%H%x00%B%x00"),
    )
    fields = out.split(b"\0")
    return tuple(
        Trailer(CommitId(name.decode()), found)
        for name, message in zip(fields[1::3], fields[2::3], strict=True)
        if (found := _in(message.decode("utf-8", "replace")))
    )


def _in(message: str) -> Head | None:
    """The trailer in a message's last paragraph, where alone git reads any."""
    last = message.rstrip().rpartition("\n\n")[2]
    values = [line.removeprefix(f"{TRAILER}: ") for line in last.split("\n") if TRAILER in line]
    return Head.read(values[-1].strip()) if values else None


def approvers(git: GitStore, commit: CommitId) -> tuple[str, ...]:
    """Whose approvals counted when a commit landed, as its trailers `Approved-by` name them."""
    said = git.git("cat-file", "commit", commit).decode("utf-8", "replace")
    last = said.rstrip().rpartition("\n\n")[2].split("\n")
    return tuple(line.removeprefix(APPROVED_BY) for line in last if line.startswith(APPROVED_BY))


def proposal_refs(git: GitStore) -> Iterator[tuple[int, str]]:
    """The proposals that git has a commit of: number and commit."""
    out = git.git("for-each-ref", "--format=%(refname) %(objectname)", f"{_PROPOSALS}/")
    for line in out.decode("utf-8", "replace").splitlines():
        name, _, commit = line.partition(" ")
        tail = name.rpartition("/")[2]
        if tail.isdecimal() and tail.isascii() and len(tail) <= _MOST_DIGITS:
            yield int(tail), commit
