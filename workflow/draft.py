"""From a brief to a proposed tree: ask the provider, read its edits, put them where they belong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow import patch
from workflow.canonical import encode, plain, sha256
from workflow.errors import DraftError
from workflow.types import BlastRadius, Digest, Receipt, Role, TreeChange

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.providers import Provider
    from workflow.types import BlobId, Brief, Draft, RepoPath, Snapshot


@dataclass(frozen=True, slots=True)
class Placed:
    """A draft that has become a tree: what differs, the canonical patch's digest, and its size."""

    change: TreeChange
    patch: Digest
    radius: BlastRadius


def ask(provider: Provider, brief: Brief) -> Draft:
    """The provider's answer to a brief.

    Raises `DraftError` for an answer that cannot be recorded because it is not Unicode.
    """
    answer = provider.draft(brief)
    try:
        # The text alone may carry a file's raw bytes; all else goes into the record as it is.
        encode({**plain(answer), "text": ""})
    except ValueError as error:
        message = f"the answer of {provider.name} cannot be recorded: {error}"
        raise DraftError(message, hint="propose it again, or with another provider") from error
    return answer


def receipt(provider: Provider, brief: Brief) -> Receipt:
    """What left this machine for a draft; a provider in process sends nothing."""
    prompt = brief.prompt.encode("utf-8", "surrogateescape")
    is_remote = provider.destination != "nowhere"
    return Receipt(
        destination=provider.destination,
        sent_bytes=len(prompt) if is_remote else 0,
        prompt=sha256(prompt),
        prompt_bytes=len(prompt),
        files=tuple(file.path for file in brief.files),
    )


def place(git: GitStore, base: Snapshot, brief: Brief, draft: Draft, scratch: Path) -> Placed:
    """The tree that a draft's edits give, and the canonical patch of it.

    Raises `DraftError` for a draft that is not edits to the brief's files, that has a hunk without
    a proven place, or that changes nothing.
    """
    if brief.role is not Role.SURGEON:
        message = "an architect's draft creates files, and this version places edits only"
        raise DraftError(message, hint="name the file to edit, or pass --route surgeon")
    sources = {file.path: file.data for file in brief.files}
    modes = {entry.path: entry.mode for entry in git.entries(base.tree, *sources)}
    rows: dict[RepoPath, tuple[str, BlobId] | None] = {}
    for edit in patch.parse(draft.text):
        if edit.path not in sources:
            message = f"the draft edits {edit.path}, which the request does not name"
            raise DraftError(message, hint=f"may be edited: {', '.join(sources)}")
        edited = git.write_blob(patch.apply(edit, sources[edit.path]))
        rows[edit.path] = (modes[edit.path], edited)
    proposed = git.write_tree(base.tree, rows, scratch / "proposed.index")
    change = git.change(base.tree, proposed)
    if not change.files:
        message = "the draft changes nothing"
        raise DraftError(message, hint="say what should be different afterwards")
    text, radius = patch.canonical(git, change, scratch / "canonical.index")
    return Placed(change, sha256(text), radius)
