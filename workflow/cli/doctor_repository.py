"""What `workflow doctor` looks at in a repository: people, the ledger, proposals, landings."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

from workflow import apply, approval, identity, ledger, targets, trust, wiring
from workflow.cli import session
from workflow.cli.check import RESTORE, Check, attempt
from workflow.cli.cost import counted
from workflow.errors import WorkflowError
from workflow.journal import LandingState
from workflow.policy import unknown_owners
from workflow.types import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.store import ProposalRow
    from workflow.wiring import Repository

BRANCH = "branch"
"""The check without which there are no settings."""
_OPEN = {State.AWAITING, State.APPROVED}
_SHOWN = 3


def checks(repository: Repository) -> Iterator[Check]:
    """Each check of a repository, in the order in which they are printed."""
    git = repository.git
    yield Check("repository", ok=True, detail=str(git.top))
    if repository.store.is_read_only:
        folder = repository.store.folder
        said = f"{folder} is read-only: proposals can be looked at, and nothing can be written"
        yield Check(
            "store", ok=False, detail=said, mend="mount it writable, or run this as its owner"
        )
    branch = attempt(BRANCH, lambda: _branch(repository), "git switch -c NAME")
    yield branch
    yield attempt("identity", lambda: _identity(repository), 'git config --global user.name "…"')
    yield _ledger(repository)
    rows = repository.store.rows()
    wrong = [found for row in rows if (found := _against(repository, row))]
    said = "; ".join(wrong[:_SHOWN]) or f"{len(rows)} recorded, each as the ledger and git have it"
    yield Check("proposals", ok=not wrong, detail=said, mend=RESTORE)
    yield _landings(repository)
    yield from _locks(repository)
    if branch.ok:
        yield from _targets(repository)
        yield from _owners(repository)


def _identity(repository: Repository) -> str:
    """Who acts here, and whether they work alone."""
    who = session.person(repository)
    alone = ", who works alone here" if identity.single_user(repository.git).is_on else ""
    return f"{who} at the account {who.account}{alone}"


def _owners(repository: Repository) -> Iterator[Check]:
    """Whether the policy knows who the `@names` of a CODEOWNERS file are; nothing without one."""
    git = repository.git
    tree = git.snapshot().tree
    try:
        known = wiring.read_policy(git, tree, wiring.read_settings(git, tree)).approvals
    except WorkflowError:
        return  # `branch` and `policy` say so
    if names := unknown_owners(known, partial(git.committed, tree)):
        shown = f"{', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
        said = f"nobody is known as {shown}: what only they own nobody can approve"
        mend = "say who they are under `teams` in the policy's `approval`, or `codeowners: off`"
        yield Check("owners", ok=False, detail=said, mend=mend, needed=False)


def _ledger(repository: Repository) -> Check:
    """Whether the chain holds, and whether git was told the same."""
    found = ledger.check(repository.git, repository.store.connection)
    if found.breaks:
        said = f"{found.breaks[0]} ({len(found.breaks)} in all: workflow ledger verify)"
        return Check("ledger", ok=False, detail=said, mend=RESTORE)
    said = f"{counted(found.rows, 'row')}, chain intact, {counted(found.anchors, 'anchor')} in git"
    return Check("ledger", ok=True, detail="; ".join((said, *found.notes)))


def _landings(repository: Repository) -> Check:
    """Whether every landing was confirmed or taken back."""
    landings = repository.journal.landings()
    opened = [one for one in landings if one.state in {LandingState.INTENDED, LandingState.MOVED}]
    if not opened:
        detail = "; ".join((f"{len(landings)}, none left open", *_gone(repository)))
        return Check("landings", ok=True, detail=detail)
    said = f"the {opened[0].kind} of proposal {opened[0].proposal} was not confirmed"
    return Check("landings", ok=False, detail=said, mend=apply.command(opened[0]))


def _gone(repository: Repository) -> Iterator[str]:
    """The proposals that are in on a branch that is not there any more."""
    for row in repository.store.rows():
        if row.state is State.APPLIED:
            landed = repository.journal.of_proposal(row.id)[-1:]
            for one in landed:
                if not repository.git.head_of(one.branch):
                    yield f"{one.branch}, on which proposal {row.id} is, is gone"


def _locks(repository: Repository) -> Iterator[Check]:
    """The locks of git that are there now: of a git at work, or of one that lost its power."""
    git = repository.git
    places = (git.git_dir, git.common_dir)
    found = {place / name for place in places for name in ("index.lock", "HEAD.lock")}
    found |= set((git.common_dir / "refs").rglob("*.lock"))
    there = sorted(str(one) for one in found if one.exists())
    if there:
        said = f"{', '.join(there)}: git is at work, or was killed"
        mend = f"no git is at work any more? then rm {shlex.join(there)}"
        yield Check("git locks", ok=False, detail=said, mend=mend, needed=False)


def _targets(repository: Repository) -> Iterator[Check]:
    """How the live files of each target compare; nothing where there is none."""
    try:
        site = wiring.site(repository)
        every = [targets.status(site, one) for one in targets.targets_of(site)]
    except WorkflowError as error:
        yield Check("targets", ok=False, detail=error.message, mend=error.hint, needed=False)
        return
    if not trust.is_trusted(targets.place_of(site), site.settings):
        said = "nobody has trusted the settings' targets and probes here, so nothing lands"
        yield Check("trust", ok=False, detail=said, mend=trust.COMMAND, needed=False)
    for one in every:
        is_stuck = one.health in {targets.Health.STUCK, targets.Health.UNFINISHED}
        is_well = one.health in {targets.Health.SAME, targets.Health.NOT_INSTALLED}
        said = ": ".join(part for part in (str(one.health), one.note) if part)
        mend = f"the commands in {one.recovery}" if one.recovery else "workflow targets status"
        yield Check(f"target {one.name}", is_well, said, mend, needed=is_stuck)


def _against(repository: Repository, row: ProposalRow) -> str:
    """What is wrong with a recorded proposal; empty when its row, the ledger and git agree."""
    try:
        stored = repository.store.get(row.id)
        if row.state in _OPEN:
            approval.intact(repository.git, stored)
        if row.state is State.APPROVED and not repository.store.approvals(row.id):
            return f"proposal {row.id} is approved by nobody whom the ledger knows"
    except WorkflowError as error:
        return error.message
    paths = tuple(str(change.path) for change in stored.proposal.files)
    listed = (row.title, row.wish, row.requester, row.files)
    proposal = stored.proposal
    words = (proposal.request.text, proposal.wish)
    recorded = (*words, str(proposal.request.requester), paths)
    return "" if listed == recorded else f"proposal {row.id} is listed as what it is not"


def _branch(repository: Repository) -> str:
    base = repository.git.snapshot()
    shallow = ", a shallow clone" if repository.git.is_shallow() else ""
    return f"{base.branch} at {base.commit.short}{shallow}"
