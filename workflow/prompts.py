"""Renders a recipe's prompt: Markdown with front matter, and no variable may be undefined."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.resources import folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.types import SourceFile

_MARK = "---\n"


class PromptError(WorkflowError):
    """A recipe cannot be read or rendered."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One prompt file: its name, its gates, and its template."""

    name: str
    gates: tuple[str, ...]
    template: str


def recipe(name: str) -> Recipe:
    """A shipped recipe.  Raises `PromptError` when there is none of that name, or it is broken."""
    import yaml  # noqa: PLC0415 - only commands that render a prompt pay for it

    path = folder("prompts") / f"{name}.md"
    try:
        _, front, template = path.read_text(encoding="utf-8").split(_MARK, 2)
        gates = tuple(str(gate) for gate in yaml.safe_load(front)["gates"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        message = f"{path}: not a recipe: {error}"
        raise PromptError(message, hint="reinstall the package") from error
    return Recipe(name, gates, template)


def render(name: str, request: str, files: Sequence[SourceFile], *, sealed: bool = False) -> str:
    """The exact text that a model would be given for a request.

    `sealed` says whether placeholders stand for values in it, which the model has to be told.

    The fence that marks repository content is derived from that content, so the same request always
    renders the same bytes and no file can hold its own fence by chance.
    """
    import jinja2  # noqa: PLC0415 - only commands that render a prompt pay for it

    made = recipe(name)
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - plain text for a model, not HTML
    )
    shown = [
        {"path": file.path, "data": file.data, "text": file.data.decode("utf-8", "surrogateescape")}
        for file in files
    ]
    try:
        return environment.from_string(made.template).render(
            request=request,
            files=shown,
            gates=made.gates,
            fence=_fence(request, files),
            sealed=sealed,
        )
    except jinja2.TemplateError as error:
        message = f"recipe {name}: {error}"
        raise PromptError(message, hint="reinstall the package") from error


def _fence(request: str, files: Sequence[SourceFile]) -> str:
    seen = hashlib.sha256(request.encode("utf-8", "surrogateescape"))
    for file in files:
        seen.update(hashlib.sha256(file.path.encode("utf-8", "surrogateescape")).digest())
        seen.update(hashlib.sha256(file.data).digest())
    return f"=== {seen.hexdigest()[:16]} ==="
