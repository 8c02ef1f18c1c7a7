"""Chooses who drafts: hard facts first, then a local classifier that abstains, then a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.routing import Facts, decide, features, look, words
from workflow.types import Route, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_store import GitStore
    from workflow.types import ChangeRequest, RepoPath, Role, Snapshot


def choose(
    git: GitStore,
    base: Snapshot,
    request: ChangeRequest,
    named: Sequence[RepoPath],
    recipe_role: Role | None = None,
) -> Route:
    """Who drafts a request; `named` are the files of the base that it names.

    `recipe_role` is the role of the recipe that was asked for.  A doubt is no error: the way is
    `Way.ASK` then, and the reasons say why.
    """
    return given(request.way, recipe_role) or decide(
        request.text, _facts(git, base, request, named)
    )


def by_words(text: str) -> Route:
    """Who would draft a request, as far as its words alone tell: there is no repository."""
    return decide(text, Facts())


def in_nothing(text: str) -> Route:
    """Who would draft a request in a repository without a commit."""
    return decide(text, look(text, (), (), (), lambda _: ()))


def is_question(text: str) -> bool:
    """Whether a text wants to know something."""
    return "asks" in words.shown(features.neutral(text))


def given(way: Way | None, recipe_role: Role | None) -> Route | None:
    """The way that a person has chosen, or the role of a recipe; `None` where they left it."""
    if way is not None:
        return Route(way, (f"--route {way} was given",))
    if recipe_role is not None:
        return Route(Way(recipe_role.value), (f"the recipe is the {recipe_role}'s",))
    return None


def _facts(
    git: GitStore, base: Snapshot, request: ChangeRequest, named: Sequence[RepoPath]
) -> Facts:
    return look(
        request.text,
        request.paths,
        named,
        git.entries(base.tree),
        lambda entries: git.blobs(tuple(entry.blob for entry in entries)),
    )
