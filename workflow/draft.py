"""From a brief to a proposed tree: ask the provider, read its draft, put it where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow import patch, seal
from workflow.canonical import encode, plain, sha256
from workflow.errors import DraftError, StateError
from workflow.types import BlastRadius, Digest, Receipt, RepoPath, TreeChange

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.providers import Provider
    from workflow.redaction import Fault, Vault
    from workflow.store import Stored
    from workflow.types import (
        Brief,
        ChangeRequest,
        Draft,
        Forecast,
        Keep,
        Route,
        Snapshot,
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from: who asked whom for it, on what base, and what was answered."""

    request: ChangeRequest
    base: Snapshot
    route: Route
    provider: str
    model: str
    draft: Digest
    notes: tuple[str, ...]
    forecasts: tuple[Forecast, ...]
    receipt: Receipt
    repairs: tuple[str, ...] = ()
    shrunk_from: Digest | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A draft that has become a tree: what differs, the canonical patch's digest, and its size.

    `repairs` says what was mended in the way the draft was written, and `faults` what is wrong with
    the placeholders in it.
    """

    change: TreeChange
    patch: Digest
    radius: BlastRadius
    repairs: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def ask(provider: Provider, brief: Brief) -> Draft:
    """The provider's answer to a brief.

    Raises `DraftError` for an answer that cannot be recorded because it is not Unicode.
    """
    answer = provider.draft(brief)
    try:
        # The text alone may carry a file's raw bytes; all else goes into the record as it is.
        encode({**plain(answer), "text": ""})
        _bytes(answer)
    except ValueError as error:
        message = f"the answer of {provider.name} cannot be recorded: {error}"
        raise DraftError(message, hint="propose it again, or with another provider") from error
    return answer


def receipt(provider: Provider, brief: Brief, draft: Draft, vault: Vault, keep: Keep) -> Receipt:
    """What left this machine for a draft; a provider in process sends nothing.

    The prompt, which is sealed, is kept.
    """
    prompt = brief.prompt.encode("utf-8", "surrogateescape")
    return Receipt(
        destination=provider.destination,
        sent_bytes=sum(sent.size for sent in draft.sent),
        prompt=keep(prompt),
        prompt_bytes=len(prompt),
        files=tuple(RepoPath(vault.restore_path(file.path)) for file in brief.files),
        sealed=vault.counts(prompt),
        shown=seal.shown(vault),
        requests=draft.sent,
    )


def origin(  # noqa: PLR0913, PLR0917 - all that a proposal says of where it comes from
    request: ChangeRequest,
    base: Snapshot,
    route: Route,
    brief: Brief,
    draft: Draft,
    sent: Receipt,
) -> Origin:
    """Where a fresh draft comes from; the request is recorded as the drafter has seen it."""
    return Origin(
        request=replace(request, text=brief.request),
        base=base,
        route=route,
        provider=draft.provider,
        model=draft.model,
        draft=sha256(_bytes(draft)),
        notes=draft.notes,
        forecasts=draft.forecasts,
        receipt=sent,
    )


def smaller(stored: Stored) -> Origin:
    """Where a proposal without the spare parts of another one comes from: from that one's draft."""
    before = stored.proposal
    return Origin(
        request=before.request,
        base=before.base,
        route=before.route,
        provider=before.provider,
        model=before.model,
        draft=before.draft,
        notes=before.notes,
        forecasts=before.forecasts,
        receipt=before.receipt,
        repairs=before.repairs,
        shrunk_from=stored.digest,
    )


def place(git: GitStore, base: Snapshot, draft: Draft, vault: Vault, scratch: Path) -> Placed:
    """The tree that a draft gives, and the canonical patch of it.

    The draft is put into the sealed files, and the result is restored.  What it may touch, and
    where placeholders may be, is the policy's business.

    Raises `PatchError` for a draft that is not a patch, that has a hunk without a proven place, or
    that changes nothing.
    """
    reading = patch.read(_bytes(draft))
    files = seal.SealedFiles(vault, patch.TreeFiles(git, base.tree))
    placement = patch.place(reading.operations, files)
    restored, faults = files.restored(placement)
    proposed = patch.write(git, base.tree, restored)
    repairs = patch.mended(reading, placement.places)
    placed = _placed(git, git.change(base.tree, proposed), scratch)
    return replace(placed, repairs=repairs, faults=faults)


def place_smaller(git: GitStore, stored: Stored, vault: Vault, scratch: Path) -> Placed:
    """What is left of a proposal without its spare parts, with what is wrong with its values.

    Raises `StateError` when it has none, or when nothing would be left.
    """
    base, excess = stored.proposal.base.tree, stored.proposal.excess
    if excess is None or not excess.parts:
        message = f"proposal {stored.id} has no spare part"
        raise StateError(message, hint=f"workflow show {stored.id}")
    if excess.tree == base:
        message = f"without its spare parts, nothing is left of proposal {stored.id}"
        raise StateError(message, hint=f"workflow show {stored.id}; workflow reject {stored.id}")
    change = git.change(base, excess.tree)
    faults = seal.misplaced(vault, git, change)
    return replace(_placed(git, change, scratch), faults=faults)


def _placed(git: GitStore, change: TreeChange, scratch: Path) -> Placed:
    text, radius = patch.canonical(git, change, scratch / "canonical.index")
    return Placed(change, sha256(text), radius)


def _bytes(draft: Draft) -> bytes:
    return draft.text.encode("utf-8", "surrogateescape")
