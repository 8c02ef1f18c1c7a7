"""Fills a recipe: every variable is ready to be read, and enclosed where it is data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.prompts import fences
from workflow.types import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.prompts.interface import Filling, Recipe


def render(recipe: Recipe, filling: Filling) -> Prompt:
    """The exact text that a model is given.

    The rules see the names of the gates and nothing of the request, so that they are the same bytes
    for each request with this recipe.

    Raises `FenceError` when the fence stands in what it is to enclose, and `PromptError` when the
    recipe cannot be filled, or the prompt would be over 8 MB.
    """
    from workflow.prompts import templates  # noqa: PLC0415 - jinja2 is for those that render

    fences.require_apart(filling.fence, _texts(filling))
    values = _values(filling)
    parts = recipe.parts
    room = templates.MOST_BYTES
    filled: list[str] = []
    for text, known in (
        (parts.rules, {"gates": values["gates"]}),
        (parts.data, values),
        (parts.task, values),
    ):
        filled.append(templates.fill(recipe.name, text, known, room))
        room -= templates.size(filled[-1])
    return Prompt(*filled)


def _values(filling: Filling) -> dict[str, str]:
    """Each variable's text, empty where there is nothing to say."""
    word = filling.fence
    complaint = fences.without(word, filling.complaint)
    return {
        "already_made": fences.paths(word, filling.already_made),
        "complaint": complaint and fences.block(word, "complaint", complaint, end="complaint"),
        "context": fences.files(word, filling.context),
        "existing": fences.paths(word, filling.existing),
        "fence": word,
        "files": fences.files(word, filling.files),
        "gates": ", ".join(filling.gates),
        "is_sealed": "yes" if filling.is_sealed else "",
        "left_out": fences.left_out(word, filling.left_out),
        "request": fences.block(word, "request", filling.request, end="request"),
        "wanted": fences.wanted(word, filling.wanted),
    }


def _texts(filling: Filling) -> Iterator[str]:
    """Everything that comes from outside, but for the complaint, which can be altered."""
    yield filling.request
    for file in (*filling.files, *filling.context):
        yield file.path
        yield file.data.decode("utf-8", "surrogateescape")
    yield from filling.existing
    yield from filling.already_made
    for row in filling.left_out:
        yield row.path
        yield row.why
    for want in filling.wanted:
        yield want.path
        yield want.request
