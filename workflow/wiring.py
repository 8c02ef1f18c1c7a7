"""The only place that builds objects: few for every command, all of them for a pipeline."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from workflow import drafters, git_store, recovery
from workflow.journal import Journal
from workflow.store import Store
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.config import Settings
    from workflow.environments import Configured
    from workflow.git_store import GitStore
    from workflow.parts import Parts
    from workflow.policy import Policy
    from workflow.prompts import Recipe
    from workflow.redaction import Detector, Finder, SealingSettings, Span, Vault
    from workflow.redaction.find import Allowing
    from workflow.sandbox import Sandbox
    from workflow.store import Stored
    from workflow.types import Snapshot, TreeId

STATE = "workflow"
"""The folder of ours within git's own."""
DEFAULT_POLICY = "default.yaml"


@dataclass(frozen=True, slots=True)
class Repository:
    """What every command needs: git, the store, the journal, and what recovery had to say."""

    git: GitStore
    store: Store
    journal: Journal
    recovered: tuple[str, ...]


def open_repository(start: Path) -> Repository:
    """The repository around a folder, with whatever a killed command left brought in order."""
    git = git_store.discover(start)
    store = Store(git.common_dir / STATE)
    journal = Journal(store.folder, store.connection)
    needed = recovery.is_needed(journal, store)
    recovered = recovery.recover(git, store, journal) if needed else ()
    return Repository(git, store, journal, recovered)


def build(
    repository: Repository, base: Snapshot, words: str = "", after: Stored | None = None
) -> Parts:
    """Everything that the pipeline works with, as the base's settings and policy want it.

    `words` are those of the request: the hosts that they name stay readable.  `after` is a proposal
    whose request goes on: what it has spent counts.
    """
    from workflow.gates.nginx import NginxGate
    from workflow.gates.pytest import PytestGate
    from workflow.parts import Parts

    git, tree = repository.git, base.tree
    settings = read_settings(git, tree)
    nginx, pytest = settings.gates.nginx, settings.gates.pytest
    main = _main_config(nginx.config)
    confined = sandbox()
    rules = read_policy(git, tree, settings)
    vault = _vault(repository, rules, tree, words)
    return Parts(
        base=base,
        git=git,
        store=repository.store,
        journal=repository.journal,
        policy=rules,
        vault=vault,
        secrets=find_secrets,
        recipe=recipes(git, tree, settings),
        providers=drafters.Drafters(
            settings, rules, vault, repository.store, _request_of(repository, after)
        ),
        room=drafters.room(settings),
        gates=(
            NginxGate(
                binary=nginx.binary,
                config=main,
                known_hosts=nginx.known_hosts,
                timeout_s=nginx.timeout_s,
            ),
            PytestGate(
                environments=environments(repository, settings, confined),
                timeout_s=pytest.timeout_s,
                plugins=pytest.plugins,
            ),
        ),
        sandbox=confined,
        shrink_s=settings.shrink.budget_s,
    )


def _request_of(repository: Repository, after: Stored | None) -> str:
    """The name of the request that a proposal was drafted for; empty where nothing was paid."""
    paid = [one.answer for one in after.proposal.rounds if one.answer] if after else []
    return repository.store.answers.request_of(paid[0]) if paid else ""


def recipes(git: GitStore, tree: TreeId, settings: Settings) -> Callable[[str], Recipe]:
    """Gives the recipe of a name: the one of a base tree, or the built-in one."""
    from workflow import prompts

    place, read = _own_recipes(git, tree, settings)
    return lambda name: prompts.load(name, read, place=place)


def every_recipe(git: GitStore, tree: TreeId, settings: Settings) -> tuple[Recipe, ...]:
    """All recipes by name: those of a base tree, and the built-in ones that it does not replace.

    Raises `PromptError` for a broken one.
    """
    from workflow import prompts

    place, read = _own_recipes(git, tree, settings)
    files = git.names(tree, place) if place else ()
    names = [name.removesuffix(".md") for name in files if name.endswith(".md")]
    return prompts.every(read, [name for name in names if name != "README"], place=place)


def _own_recipes(
    git: GitStore, tree: TreeId, settings: Settings
) -> tuple[str, Callable[[str], bytes | None]]:
    """A repository's folder of recipes, empty where it names none, and what reads one there."""
    from workflow.config import ConfigError

    place = settings.recipes.rstrip("/")
    try:
        folder = RepoPath(place) if place else None
    except ValueError as error:
        message = f"recipes: {error}"
        raise ConfigError(message, hint="name a folder of the repository, from its top") from error

    def read(name: str) -> bytes | None:
        try:
            return git.read(tree, RepoPath(f"{folder}/{name}.md")) if folder else None
        except KeyError:
            return None

    return place, read


def vault(repository: Repository, tree: TreeId) -> Vault:
    """An empty vault with the repository's key, which finds what the policy of a base names.

    Raises `SealingError` for a key that is at fault.
    """
    git = repository.git
    return _vault(repository, read_policy(git, tree, read_settings(git, tree)), tree, "")


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


def _vault(repository: Repository, rules: Policy, tree: TreeId, words: str) -> Vault:
    from datetime import UTC, datetime

    from workflow.redaction import Allow, Vault, live
    from workflow.redaction.files.scan import Recorded
    from workflow.redaction.vault import key

    sealing = rules.sealing.with_files(lambda path: repository.git.read(tree, RepoPath(path)))
    allow = Recorded(Allow(sealing, datetime.now(UTC).date()))
    made = Vault(key.load(repository.store.folder), finder(sealing, words, allow), allow.allowed)
    live.watch(made)
    return made


def _main_config(setting: str) -> RepoPath | None:
    """The configured main file of NGINX, if there is one."""
    from workflow.config import ConfigError

    try:
        return RepoPath(setting) if setting else None
    except ValueError as error:
        message = f"gates.nginx.config: {error}"
        raise ConfigError(message, hint="name a file of the repository, from its top") from error


def environments(
    repository: Repository | None,
    settings: Settings,
    confined: Sandbox,
    tell: Callable[[str], None] = lambda _: None,
) -> Configured:
    """Where the Python of the tests comes from, as the settings and this user have it.

    `confined` is where one is built, if that is wanted; `tell` hears that a build begins.
    """
    from workflow.config import wheelhouse
    from workflow.environments import Choice, Configured, Mode
    from workflow.resources import cache_folder

    chosen = settings.gates.pytest
    choice = Choice(
        python=chosen.python,
        mode=Mode(chosen.environment),
        requirements=chosen.requirements,
        wheels=wheelhouse(),
        environ=os.environ,
    )
    cache = cache_folder() / "environments"
    if repository is None:
        return Configured(choice, confined, cache, tell=tell)
    git = repository.git
    return Configured(
        choice,
        confined,
        cache,
        top=git.top,
        is_committed=lambda path: bool(git.git("ls-files", "-z", "--", path, literal=True)),
        tell=tell,
    )


def sandbox() -> Sandbox:
    """The sandbox of this machine; it refuses at its first run when it does not work."""
    from workflow.config import bubblewrap
    from workflow.sandbox.bubblewrap import Bubblewrap
    from workflow.sandbox.remember import Remembering

    return Remembering(Bubblewrap(bubblewrap()))


def read_settings(git: GitStore, tree: TreeId) -> Settings:
    """The settings that a base tree and the environment give."""
    from workflow import config

    try:
        text = git.read(tree, RepoPath(config.FILE)).decode()
    except KeyError:
        return default_settings()
    except UnicodeDecodeError as error:
        message = f"{config.FILE} is not UTF-8: {error}"
        raise config.ConfigError(message, hint="save it as UTF-8, and commit it") from error
    return config.load(text, os.environ, config.FILE)


def default_settings() -> Settings:
    """The settings where there is no repository: the built-in ones and the environment."""
    from workflow import config

    return config.load("", os.environ, "the built-in settings")


def has_uncommitted_settings(git: GitStore) -> bool:
    """Whether the work tree's settings differ from the base's, which alone count."""
    from workflow.config import FILE

    path = git.top / FILE
    try:
        committed = git.read(git.snapshot().tree, RepoPath(FILE))
    except KeyError:
        committed = b""
    return (path.read_bytes() if path.is_file() else b"") != committed


def read_policy(git: GitStore, tree: TreeId, settings: Settings) -> Policy:
    """The policy that a base tree names, or the built-in one; no draft changes a recipe."""
    from workflow import policy

    rules = built_in_policy()
    if settings.policy:
        try:
            rules = policy.load(git.read(tree, RepoPath(settings.policy)), settings.policy)
        except (KeyError, ValueError) as error:
            message = f"workflow.toml names the policy {settings.policy}, which is not committed"
            raise policy.PolicyError(message, hint=f"git add {settings.policy}") from error
    if not settings.recipes:
        return rules
    recipes = policy.Protected((f"{settings.recipes.rstrip('/')}/**",))
    return replace(rules, protected=(*rules.protected, recipes))


def built_in_policy() -> Policy:
    """The policy where no repository names one."""
    from workflow import policy
    from workflow.resources import folder

    built_in = folder("policies") / DEFAULT_POLICY
    return policy.load(built_in.read_bytes(), "the built-in default policy")
