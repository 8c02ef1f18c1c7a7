"""Takes in the values of trees and changes, so that nothing kept or shown holds one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction import Span, UndecodableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.git_store import GitStore
    from workflow.redaction import Vault
    from workflow.types import BlobId, Digest, Keep, RepoPath, TreeChange, TreeId

# What a tool prints is a log to the detectors, not what a person has typed.
_LOG = "gate.log"
_BATCH = 200
_MOST_LEARNED = 32 * 1024 * 1024
# Files of these names hold most values, and are looked at first where there are very many files.
_SETTINGS = re.compile(
    r"(?:^|/)\.|\.(?:cfg|cnf|conf|config|env|ini|json|properties|sh|toml|xml|ya?ml)$|/secrets?/|tests?/"
)


def secrets(
    vault: Vault, find: Callable[[bytes, str], Sequence[Span]]
) -> Callable[[bytes, str], Sequence[Span]]:
    """What `find` finds, and the secrets that only the request holds, wherever they stand."""
    typed = [one for one in vault.values() if one.kind.is_secret and not vault.paths(one)]

    def found(data: bytes, path: str) -> Sequence[Span]:
        spans = list(find(data, path))
        for value in typed:
            start = data.find(value.data)
            while start >= 0:
                end = start + len(value.data)
                spans.append(Span(start, end, value.kind, "request"))
                start = data.find(value.data, end)
        return sorted(spans)

    return found


def keeper(vault: Vault, git: GitStore, change: TreeChange, keep: Keep) -> Keep:
    """Keeps what a gate's tool said without the values of the files that it was run on.

    They are taken in when the first log is kept: a gate may print any file that it can read.
    """
    known = False

    def keep_sealed(data: bytes) -> Digest:
        nonlocal known
        if not known:
            learn(vault, git, change)
            learn_tree(vault, git, change.base)
            known = True
        return keep(vault.scrub(data, _LOG))

    return keep_sealed


def learn(vault: Vault, git: GitStore, change: TreeChange) -> None:
    """Take in the values of every changed file, before and after."""
    learned(vault, git, sides(change))


def learn_tree(vault: Vault, git: GitStore, tree: TreeId) -> None:
    """Take in the values of a whole tree, of which any file may be quoted in a gate's log.

    Settings come first, and past 32 MiB of text nothing more is read: a second of work.
    """
    rows = [(entry.path, entry.blob) for entry in git.entries(tree) if entry.is_regular]
    rows.sort(key=lambda row: not _SETTINGS.search(row[0]))
    size = 0
    for begin in range(0, len(rows), _BATCH):
        if size > _MOST_LEARNED:
            return
        size += sum(map(len, learned(vault, git, rows[begin : begin + _BATCH]).values()))


def sides(change: TreeChange) -> list[tuple[RepoPath, BlobId]]:
    """Every blob of a change, before and after, with its path."""
    return [(file.path, blob) for file in change.files for blob in (file.old, file.new) if blob]


def learned(
    vault: Vault, git: GitStore, rows: Sequence[tuple[RepoPath, BlobId]]
) -> dict[BlobId, bytes]:
    """Take in the values of blobs; returns those that are text, and so may hold some."""
    texts: dict[BlobId, bytes] = {}
    for data, (path, blob) in zip(git.blobs([blob for _, blob in rows]), rows, strict=True):
        try:
            vault.learn(data, path)
        except UndecodableError:
            # No text: its bytes are in no log as they are, and `scrub` looks at the log itself.
            continue
        texts[blob] = data
    return texts
