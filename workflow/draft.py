"""From a brief to a proposed tree: ask the provider, read its draft, put it where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow import patch, seal
from workflow.canonical import encode, plain, sha256
from workflow.errors import DraftError, StateError
from workflow.types import BlastRadius, Digest, Receipt, RepoPath, Round, TreeChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.providers import Provider
    from workflow.redaction import Fault, Vault
    from workflow.store import Stored
    from workflow.types import (
        Brief,
        ChangeRequest,
        Draft,
        Keep,
        Person,
        Route,
        Snapshot,
        TreeId,
    )

# What a smoke test is to the detectors.
_SCRIPT = "smoke-test.sh"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from: who asked for it, on what base, and what was answered."""

    request: ChangeRequest
    base: Snapshot
    route: Route
    rounds: tuple[Round, ...]
    shrunk_from: Digest | None = None
    revised_from: Digest | None = None
    wish: str = ""
    revisers: tuple[Person, ...] = ()
    rebased_from: Digest | None = None


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


def ask(provider: Provider, brief: Brief, tell: Callable[[str], None]) -> Draft:
    """The provider's answer to a brief; `tell` hears how far it is.

    Raises `DraftError` for an answer that cannot be recorded because it is not Unicode.
    """
    answer = provider.draft(brief, tell)
    try:
        # The text alone may carry a file's raw bytes; all else goes into the record as it is.
        encode({**plain(answer), "text": ""})
        _bytes(answer)
    except ValueError as error:
        message = f"the answer of {provider.name} cannot be recorded: {error}"
        raise DraftError(message, hint="propose it again, or with another provider") from error
    return answer


def round_of(
    provider: Provider, asked: seal.Asked, draft: Draft, vault: Vault, keep: Keep
) -> Round:
    """What is recorded of an answer; the prompt, which is sealed, and a smoke test are kept."""
    recipe, brief = asked.recipe, asked.brief
    smoke = draft.smoke_test.encode("utf-8", "replace")
    return Round(
        role=brief.role,
        recipe_name=recipe.name,
        recipe=recipe.digest,
        provider=draft.provider,
        model=draft.model,
        draft=sha256(_bytes(draft)),
        notes=draft.notes,
        forecasts=draft.forecasts,
        receipt=_receipt(provider, brief, draft, vault, keep),
        usage=draft.usage,
        answer=draft.answer,
        observations=draft.observations,
        smoke_test=keep(vault.scrub(smoke, _SCRIPT)) if smoke else None,
    )


def _receipt(provider: Provider, brief: Brief, draft: Draft, vault: Vault, keep: Keep) -> Receipt:
    """What left this machine for a draft; a provider in process sends nothing."""
    prompt = str(brief.prompt).encode("utf-8", "surrogateescape")
    files, context = (
        tuple(RepoPath(vault.restore_path(file.path)) for file in some)
        for some in (brief.files, brief.context)
    )
    return Receipt(
        destination=provider.destination,
        sent_bytes=sum(sent.size for sent in draft.sent),
        prompt=keep(prompt),
        prompt_bytes=len(prompt),
        files=files,
        sealed=vault.counts(prompt),
        shown=seal.shown(vault),
        requests=draft.sent,
        context=context,
        left_out=brief.left_out,
    )


def origin(
    request: ChangeRequest, base: Snapshot, route: Route, words: str, rounds: tuple[Round, ...]
) -> Origin:
    """Where a fresh draft comes from; the request is recorded as its drafters have seen it."""
    return Origin(replace(request, text=words), base, route, rounds)


def revised(
    stored: Stored,
    base: Snapshot,
    wish: str,
    rounds: tuple[Round, ...],
    reviser: Person | None = None,
) -> Origin:
    """Where a proposal comes from that a reviewer wanted otherwise; `wish` is sealed."""
    before = stored.proposal
    return Origin(
        *(before.request, base, before.route, rounds),
        revised_from=stored.digest,
        wish=wish,
        revisers=(*before.revisers, *((reviser,) if reviser else ())),
    )


def smaller(stored: Stored) -> Origin:
    """Where a proposal without the spare parts of another one comes from: from that one's draft."""
    before = stored.proposal
    return Origin(
        request=before.request,
        base=before.base,
        route=before.route,
        rounds=before.rounds,
        shrunk_from=stored.digest,
        revisers=before.revisers,
    )


def rebased(stored: Stored, base: Snapshot) -> Origin:
    """Where a proposal comes from that is another one on a newer base: from the same draft."""
    before = stored.proposal
    return Origin(
        *(before.request, base, before.route, before.rounds),
        shrunk_from=before.shrunk_from,
        revised_from=before.revised_from,
        wish=before.wish,
        revisers=before.revisers,
        rebased_from=stored.digest,
    )


def place(git: GitStore, base: TreeId, draft: Draft, vault: Vault, scratch: Path) -> Placed:
    """The tree that a draft gives on top of another one, and the canonical patch of it.

    The draft is put into the sealed files, and the result is restored.  What it may touch, and
    where placeholders may be, is the policy's business.

    Raises `PatchError` for a draft that is not a patch, that has a hunk without a proven place, or
    that changes nothing.
    """
    reading = patch.read(_bytes(draft))
    files = seal.SealedFiles(vault, patch.TreeFiles(git, base))
    placement = patch.place(reading.operations, files)
    restored, faults = files.restored(placement)
    proposed = patch.write(git, base, restored)
    repairs = patch.mended(reading, placement.places)
    placed = _placed(git, git.change(base, proposed), scratch)
    return replace(placed, repairs=repairs, faults=faults)


def try_to_place(
    git: GitStore, base: TreeId, draft: Draft, vault: Vault, scratch: Path
) -> Placed | DraftError:
    """What `place` gives, or what it raises for a draft that cannot be placed."""
    try:
        return place(git, base, draft, vault, scratch)
    except DraftError as error:
        return error


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
    return place_tree(git, git.change(base, excess.tree), vault, scratch)


def place_tree(git: GitStore, change: TreeChange, vault: Vault, scratch: Path) -> Placed:
    """A change that is two trees and no draft's text, with what is wrong with its values."""
    faults = seal.misplaced(vault, git, change)
    return replace(_placed(git, change, scratch), faults=faults)


def whole(git: GitStore, parts: Sequence[Placed], scratch: Path) -> Placed:
    """Parts that were placed one on top of the other, as one change."""
    if len(parts) == 1:
        return parts[0]
    change = git.change(parts[0].change.base, parts[-1].change.proposed)
    return _placed(git, change, scratch)


def _placed(git: GitStore, change: TreeChange, scratch: Path) -> Placed:
    text, radius = patch.canonical(git, change, scratch / "canonical.index")
    return Placed(change, sha256(text), radius)


def _bytes(draft: Draft) -> bytes:
    return draft.text.encode("utf-8", "surrogateescape")
