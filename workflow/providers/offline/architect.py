"""The offline architect: new files from templates, by the recipes that it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.client import draft_backend
from workflow.providers.offline.first_pass import draft_first_pass
from workflow.types import AnswerKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.providers.offline.drafted import OfflineDraft
    from workflow.types import Brief

_RECIPES: Mapping[str, Callable[[Brief], OfflineDraft]] = {
    "backend-from-client": draft_backend,
    "nginx-first-pass": draft_first_pass,
}


def draft_files(brief: Brief) -> OfflineDraft:
    """The new files that a recipe asks for.

    Raises `NotUnderstoodError` for a recipe or a client that it cannot work on, and
    `VagueRequestError` for a request that leaves out what it needs.
    """
    draft = _RECIPES.get(brief.recipe) if brief.answer is AnswerKind.FILES else None
    if draft is None:
        message = f"the offline architect has no template for the recipe {brief.recipe}"
        known = " or ".join(f"--recipe {name}" for name in _RECIPES)
        raise NotUnderstoodError(
            message,
            hint=f"say one that it knows: workflow propose '...' {known}; for others, set"
            " roles.architect to a model in workflow.toml (docs/models.md)",
        )
    return draft(brief)
