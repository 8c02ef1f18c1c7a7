"""Puts together what a provider is given: everything is sealed before a prompt is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow import prompts
from workflow.prompts import Filling
from workflow.types import Brief, RepoPath, Shown, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gather import Gathered
    from workflow.prompts import Recipe
    from workflow.redaction import Vault
    from workflow.types import Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """A brief, and the recipe and the filling that its prompt was made of."""

    recipe: Recipe
    filling: Filling
    brief: Brief


def brief(  # noqa: PLR0913, PLR0917 - all that a prompt is made of
    vault: Vault,
    recipe: Recipe,
    request: str,
    found: Gathered,
    wanted: Sequence[Wanted] = (),
    made: Sequence[RepoPath] = (),
) -> Asked:
    """All that a provider is given: request, file names and files are sealed before a prompt is.

    `wanted` are edits that an architect asks for, as it wrote them, and `made` the files that it
    has made.

    Raises `SealingError` when something cannot be sealed, and `PromptError` for a recipe that
    cannot be filled.
    """
    recipe, names = _learned(vault, recipe, request, found, made)
    files, context = (
        tuple(SourceFile(names[one.path], vault.seal(one.data, one.path).data) for one in some)
        for some in (found.files, found.context)
    )
    words = vault.seal_text(request)
    filling = Filling(
        request=words,
        fence=prompts.fence(words, *(_text(one) for one in (*files, *context))),
        files=files,
        context=context,
        existing=tuple(names[path] for path in found.existing),
        left_out=tuple(replace(one, path=names[one.path]) for one in found.left_out),
        already_made=tuple(names[path] for path in made),
        wanted=tuple(wanted),
        gates=recipe.gates,
        is_sealed=bool(vault.values()),
    )
    sealed = Brief(
        request=words,
        role=recipe.role,
        files=files,
        prompt=prompts.render(recipe, filling),
        recipe=recipe.name,
        answer=recipe.answer,
        gates=recipe.gates,
        context=context,
        existing=filling.existing,
        left_out=found.left_out,
        wanted=tuple(wanted),
    )
    return Asked(recipe, filling, sealed)


def again(vault: Vault, asked: Asked, complaint: str) -> Asked:
    """The same brief with what was wrong with the draft before, in words of tools and people."""
    said = prompts.without(asked.filling.fence, vault.scrub_text(complaint))
    filling = replace(asked.filling, complaint=said)
    prompt = prompts.render(asked.recipe, filling)
    return replace(
        asked, filling=filling, brief=replace(asked.brief, prompt=prompt, complaint=said)
    )


def _learned(
    vault: Vault, recipe: Recipe, request: str, found: Gathered, made: Sequence[RepoPath]
) -> tuple[Recipe, dict[RepoPath, RepoPath]]:
    """Take in all values before anything is sealed; returns the recipe and all names, sealed.

    Names come before the first file: what one of them holds is sealed in every file.
    """
    for file in (*found.files, *found.context):
        vault.learn(file.data, file.path)
    recipe = _sealed(vault, recipe)
    vault.learn(request.encode(), "")
    return recipe, {path: RepoPath(vault.seal_path(path)) for path in _paths(found, made)}


def _sealed(vault: Vault, recipe: Recipe) -> Recipe:
    """A recipe without the values in it, where it is the repository's own."""
    if recipe.source == prompts.BUILT_IN:
        return recipe
    texts = (recipe.parts.rules, recipe.parts.data, recipe.parts.task)
    for text in texts:
        vault.learn(text.encode(), recipe.source)
    sealed = (vault.seal(text.encode(), recipe.source).data.decode() for text in texts)
    return replace(recipe, parts=prompts.Parts(*sealed))


def _text(file: SourceFile) -> str:
    return file.data.decode("utf-8", "surrogateescape")


def _paths(found: Gathered, made: Sequence[RepoPath]) -> list[RepoPath]:
    shown = [one.path for one in (*found.files, *found.context)]
    return [*shown, *found.existing, *(one.path for one in found.left_out), *made]


def shown(vault: Vault) -> tuple[Shown, ...]:
    """The values that were allowed to be seen, for the receipt."""
    return tuple(
        Shown(
            path=one.path,
            line=one.line,
            kind=one.kind.value,
            reason=one.allowance.reason,
            expires=one.allowance.expires.isoformat(),
        )
        for one in vault.allowed()
    )
