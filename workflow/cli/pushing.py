"""What `workflow apply` and `workflow rollback` push where, and what they say when they cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from workflow import apply as landing_of
from workflow.apply import PushError
from workflow.cli.cost import counted
from workflow.cli.output import visible
from workflow.errors import StaleProposalError, WorkflowError
from workflow.journal import LandingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow import wiring
    from workflow.apply import Lease, Pushed
    from workflow.config.landing import LandingSettings
    from workflow.git_store import GitStore
    from workflow.journal import Landing
    from workflow.types import Snapshot


@dataclass(frozen=True, slots=True)
class Where:
    """Whether a landing is to be pushed, as it was typed, and to which remote if one was named."""

    push: bool = False
    remote: str = ""


def before_landing(
    git: GitStore, remote: str, base: Snapshot, number: int, new_branch: str | None = None
) -> Lease | None:
    """What is seen of the remote of a proposal that is to land, `None` where there is no remote.

    Raises what `apply.ready_to_push` raises.
    """
    if not remote:
        return None
    if new_branch is not None:
        return landing_of.ready_to_push(git, remote, new_branch, None)
    try:
        return landing_of.ready_to_push(git, remote, base.branch, base.commit)
    except StaleProposalError as error:
        hint = f"{error.hint}, then workflow rebase {number}"
        raise StaleProposalError(error.message, hint=hint) from error


def after_landing(
    repository: wiring.Repository, landing: Landing, where: Where, settings: LandingSettings
) -> Lease | None:
    """What is seen of the remote of a landing that stands here already.  Raises `PushError`."""
    git = repository.git
    remote = remote_of(git, landing.branch, where, settings)
    if not remote:
        return None
    try:
        return landing_of.ready_to_push(git, remote, landing.branch, landing.after, is_landed=True)
    except WorkflowError as error:
        raise _not_pushed(landing, error, remote) from error


def push(
    repository: wiring.Repository,
    lease: Lease | None,
    landing: Landing,
    settings: LandingSettings,
) -> Pushed | None:
    """Push a landing where a lease says, if there is one.  Raises `PushError`."""
    if lease is None:
        return None
    try:
        is_wanted = settings.hooks == "user"
        return landing_of.push(repository.git, lease, landing.after, hooks=is_wanted)
    except WorkflowError as error:
        raise _not_pushed(landing, error, lease.remote) from error


def lines(pushed: Pushed | None) -> Iterator[Text]:
    """What was pushed, in a line."""
    if pushed is None:
        return
    remote = visible(pushed.remote)
    if pushed.was_there:
        yield Text(f"  {remote} has it already: nothing was pushed")
        return
    also = f", with {counted(pushed.also, 'earlier commit')}" if pushed.also else ""
    yield Text(f"  pushed to {remote}{also}")


def remote_of(git: GitStore, branch: str, where: Where, settings: LandingSettings) -> str:
    """Where a branch is to be pushed to; empty for nowhere."""
    if not where.push:
        return settings.push
    own = git.attempt("config", "--get", f"branch.{branch}.remote").stdout
    return where.remote or settings.push or own.decode("utf-8", "replace").strip() or "origin"


def _not_pushed(landing: Landing, error: WorkflowError, remote: str) -> PushError:
    """What has landed here stands: that is said first, and then why the remote has not got it."""
    said = (
        f"{landing.branch} is at {landing.after.short} here: landed and kept; not pushed: {error}"
    )
    by_hand = f"git push {remote} {landing.branch}"
    if isinstance(error, StaleProposalError):
        # A merge with what the remote has is a commit of its own, which no landing of ours made.
        return PushError(said, hint=f"{error.hint}, then {by_hand}")
    is_apply = landing.kind is LandingKind.APPLY
    return PushError(
        said, hint=f"workflow apply {landing.proposal} --push" if is_apply else by_hand
    )
