"""Everything that a pipeline works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow import drafters
from workflow.types import RepoPath
from workflow.wiring.gates import gates, sandbox
from workflow.wiring.live import live
from workflow.wiring.settings import read_policy, read_settings
from workflow.wiring.vaults import find_secrets, vault_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.config import Settings
    from workflow.git_store import GitStore
    from workflow.parts import Parts
    from workflow.prompts import Recipe
    from workflow.store import Stored
    from workflow.types import Snapshot, TreeId
    from workflow.wiring.repository import Repository


def build(
    repository: Repository,
    base: Snapshot,
    words: str = "",
    after: Stored | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Parts:
    """Everything that the pipeline works with, as the base's settings and policy want it.

    `words` are those of the request: the hosts that they name stay readable.  `after` is a proposal
    whose request goes on: what it has spent counts.  `tell` hears what takes long.
    """
    from workflow.parts import Parts

    git, tree = repository.git, base.tree
    settings = read_settings(git, tree)
    confined = sandbox()
    rules = read_policy(git, tree, settings)
    vault = vault_of(repository, rules, tree, words)
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
        gates=gates(repository, settings, confined, tell),
        sandbox=confined,
        shrink_s=settings.shrink.budget_s,
        live=live(repository, tree, tell, vault),
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
