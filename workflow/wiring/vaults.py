"""What seals: the vault of a repository, and what finds secrets in the first place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from workflow.types import RepoPath
from workflow.wiring.settings import read_policy, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.policy import Policy
    from workflow.redaction import Detector, Finder, SealingSettings, Span, Vault
    from workflow.redaction.find import Allowing
    from workflow.types import TreeId
    from workflow.wiring.repository import Repository


def vault(repository: Repository, tree: TreeId) -> Vault:
    """An empty vault with the repository's key, which finds what the policy of a base names.

    Raises `SealingError` for a key that is at fault.
    """
    git = repository.git
    return vault_of(repository, read_policy(git, tree, read_settings(git, tree)), tree, "")


def finder(sealing: SealingSettings, words: str = "", allow: Allowing | None = None) -> Finder:
    """What finds secrets and the tenant data that a policy names.

    `words` are those of a request: the hosts that they name are not found.  `allow` is the
    allow-list, where it is not just the policy's and that of the comments as of today.
    """
    from datetime import UTC, datetime

    from workflow.redaction import Allow, Finder, Personal, Tenant, named_in

    readable = named_in(words)
    tenant = (Tenant(sealing, readable), Personal(sealing, readable))
    today = datetime.now(UTC).date()
    return Finder((*_secret_detectors(), *tenant), allow or Allow(sealing, today))


def find_secrets(data: bytes, path: str) -> Sequence[Span]:
    """Every secret in a text: no comment in it, and no policy, allows one.

    Raises `SealingError` for what is no text.
    """
    return _secrets_alone().find(data, path)


def secrets_vault() -> Vault:
    """A vault for what is only shown: it finds secrets, and its key ends with this process."""
    from secrets import token_bytes

    from workflow.redaction import Vault, live

    made = Vault(token_bytes(32), _secrets_alone())
    live.watch(made)
    return made


@cache
def _secrets_alone() -> Finder:
    from workflow.redaction import Finder

    return Finder(_secret_detectors())


@cache
def _secret_detectors() -> tuple[Detector, ...]:
    from workflow.redaction import Structural, Vendor
    from workflow.resources import cache_folder

    return Structural(), Vendor(cache_folder())


def vault_of(repository: Repository, rules: Policy, tree: TreeId, words: str) -> Vault:
    """An empty vault with the repository's key, for a policy and the hosts that `words` name."""
    from datetime import UTC, datetime

    from workflow.redaction import Allow, Vault, live
    from workflow.redaction.files.scan import Recorded
    from workflow.redaction.vault import key

    sealing = rules.sealing.with_files(lambda path: repository.git.read(tree, RepoPath(path)))
    allow = Recorded(Allow(sealing, datetime.now(UTC).date()))
    made = Vault(key.load(repository.store.folder), finder(sealing, words, allow), allow.allowed)
    live.watch(made)
    return made
