"""Chooses the recipe by which a role is asked, and says what has to be gathered for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow import gather
from workflow.errors import UsageError
from workflow.providers import tokens
from workflow.types import Role, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.prompts import Recipe
    from workflow.types import ChangeRequest, RepoPath

_LEAST_ROOM = 500
_UNITS = (".service", ".timer", ".socket", ".path", ".mount", ".target", ".slice")
_CLIENT = re.compile(
    r"\.m?js\b|\b(?:browser|javascript|web)(?:'s)? client\b|\b(?:the|a|my|our|this) client\b",
    re.IGNORECASE,
)
_BACKEND = re.compile(r"\b(?:backend|fastapi|api|ingest|server side|service)\b", re.IGNORECASE)
_SITE = re.compile(
    r"\bnginx\b|\bserver[ _-]?block\b|\breverse[ -]?proxy\b|\bv(?:irtual )?host\b", re.IGNORECASE
)
_TESTS = re.compile(r"\b(?:add|write|create|generate|draft)\b.{0,40}\btests?\b", re.IGNORECASE)


def choose(
    load: Callable[[str], Recipe], request: ChangeRequest, role: Role, named: Sequence[RepoPath]
) -> Recipe:
    """The recipe that a request names, else the one that its words and files call for.

    In a request of two parts, the named recipe is used for its own role.

    Raises `PromptError` when there is none of that name, and `UsageError` when it is for another
    role than the one that was asked for.
    """
    if not request.recipe:
        return load(_by_words(request.text, role, named))
    recipe = load(request.recipe)
    if recipe.role is role:
        return recipe
    if request.way is not None and request.way is not Way.MIXED:
        message = f"the recipe {recipe.name} is for the {recipe.role}, not for the {role}"
        raise UsageError(
            message, hint="leave out --route, or choose another: workflow recipes list"
        )
    return load(_by_words(request.text, role, named))


def needs(
    chosen: Recipe, room: int, named: Sequence[RepoPath], *, may_default: bool
) -> gather.Needs:
    """What a recipe wants to have gathered, within the tokens that the role's model can read.

    Its own words count, too.  Where the request names files, these are its inputs.
    """
    parts = chosen.parts
    own = tokens.estimate(f"{parts.rules}{parts.data}{parts.task}")
    required = [one.pattern for one in chosen.inputs if one.is_required and one.pattern]
    return gather.Needs(
        role=chosen.role,
        context=chosen.context,
        budget_tokens=max(_LEAST_ROOM, room - own),
        may_default=may_default,
        inputs=() if named else tuple(required),
    )


def _by_words(text: str, role: Role, named: Sequence[RepoPath]) -> str:
    if role is Role.SURGEON:
        return (
            "systemd-edit" if named and all(p.endswith(_UNITS) for p in named) else "surgical-edit"
        )
    is_client = any(_CLIENT.search(path) for path in named) or bool(_CLIENT.search(text))
    if is_client and _BACKEND.search(text):
        return "backend-from-client"
    if _SITE.search(text):
        return "nginx-first-pass"
    return "tests-for-change" if _TESTS.search(text) else "scaffold"
