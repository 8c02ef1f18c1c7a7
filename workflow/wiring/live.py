"""The live machine beside a repository, with the settings of the branch's newest commit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from workflow.wiring.settings import read_settings
from workflow.wiring.vaults import vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.parts import Live, Undoing
    from workflow.redaction import Vault
    from workflow.targets import Site
    from workflow.types import Digest, TreeId
    from workflow.wiring.repository import Repository


def live(
    repository: Repository,
    tree: TreeId,
    tell: Callable[[str], None] = lambda _: None,
    own: Vault | None = None,
) -> Live:
    """What follows a landing and what proves it, with the settings of a tree."""
    from workflow import probes
    from workflow.parts import Live

    beside = site(repository, tree, tell, own)
    return Live(
        site=beside,
        probes=probes.configured(beside.settings.probes),
        vault=own or vault(repository, tree),
    )


def grounds(
    repository: Repository, proposal: int | None, tell: Callable[[str], None] = lambda _: None
) -> Undoing:
    """What taking back the newest landing, or a proposal's, works with.

    The settings are those that it landed with: it may have broken them.  Raises `StateError` when
    there is nothing to take back.
    """
    from workflow import apply
    from workflow.journal import LandingKind
    from workflow.parts import Undoing

    git, store, journal = repository.git, repository.store, repository.journal
    landing = apply.unconfirmed(journal, LandingKind.ROLLBACK, proposal)
    landing = landing or apply.to_roll_back(journal, proposal)
    base = store.get(landing.proposal).proposal.base.tree
    return Undoing(git, store, journal, live(repository, base, tell))


def site(
    repository: Repository,
    tree: TreeId | None = None,
    tell: Callable[[str], None] = lambda _: None,
    own: Vault | None = None,
) -> Site:
    """What installs need, with the settings of a tree; without one, of the branch's newest commit.

    Without a vault of the caller's `own`, one is made when the first text has to be sealed.
    """
    from workflow.targets import Site

    git = repository.git
    base = tree or git.snapshot().tree

    @cache
    def own_vault() -> Vault:
        return own or vault(repository, base)

    def keep(data: bytes) -> Digest:
        return repository.store.keep(own_vault().scrub(data))

    return Site(
        git=git,
        store=repository.store,
        settings=read_settings(git, base),
        who=str(git.identity()),
        keep=keep,
        seal=lambda text: own_vault().scrub_text(text),
        tell=tell,
    )
