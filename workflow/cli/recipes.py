"""`workflow recipes`: what there is, what one says, and what a model would be given by it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from workflow import gather, prompts, seal, wiring
from workflow import recipe as recipe_stage
from workflow.cli import session
from workflow.cli.output import visible, visible_lines
from workflow.types import ChangeRequest

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.git_store import GitStore
    from workflow.prompts import Recipe
    from workflow.types import TreeId

RECIPE = ("name", "title", "role", "answer", "source", "digest")
"""The keys of a recipe in a list."""
_LABEL = 9


def list_recipes(output: Output) -> None:
    """Print a line for each recipe: outside of a repository, for each one that ships."""
    made = _every()
    following = 'workflow recipes show NAME; workflow propose --recipe NAME "…"'
    width = max(len(one.name) for one in made)
    lines = [
        Text.assemble(
            (f"{one.name:<{width}}  ", "bold"),
            f"{one.role:<9}  {one.answer:<11}  {visible(one.title)}",
            ("" if one.source == prompts.BUILT_IN else f"  ({visible(one.source)})", "dim"),
        )
        for one in made
    ]
    output.result({"recipes": [_row(one) for one in made], "next": following}, *lines)
    output.next(following)


def show(output: Output, name: str) -> None:
    """Print what a recipe takes and is answered with, and its text."""
    found = _find(name)
    parts = found.parts
    data = {
        **_row(found),
        "inputs": [
            {
                "name": one.name,
                "what": one.what,
                "pattern": one.pattern or None,
                "required": one.is_required,
            }
            for one in found.inputs
        ],
        "context": [str(rule) for rule in found.context],
        "gates": list(found.gates),
        "forecast": list(found.forecast),
        "rules": parts.rules,
        "data": parts.data,
        "task": parts.task,
    }
    body = visible_lines(f"{parts.rules}\n{parts.data}\n{parts.task}")
    output.result(data, *_facts(found), "", body.rstrip("\n"))


def render(output: Output, name: str, words: str, names: list[str]) -> None:
    """Print the prompt of a first round for a request, exactly as a model would be given it.

    It is sealed, and nothing is sent or stored.
    """
    text = session.request_text(words)
    repository = session.open_repository(output)
    git = repository.git
    paths = tuple(session.repo_path(repository, one) for one in names)
    parts = wiring.build(repository, git.snapshot(), text)
    recipe = parts.recipe(name)
    request = ChangeRequest(text, paths, git.identity(), recipe=name)
    named = gather.resolve(git, parts.base, request)
    needs = recipe_stage.needs(recipe, parts.room[recipe.role], named, may_default=True)
    found = gather.gather(git, parts.base.tree, needs, named)
    prompt = seal.brief(parts.vault, recipe, text, found).brief.prompt
    if output.as_json:
        sent = {"rules": prompt.rules, "data": prompt.data, "task": prompt.task}
        seen = {key: _unicode(value) for key, value in sent.items()}
        output.result({"recipe": _row(recipe), **seen})
        return
    if sys.stdout.isatty():
        sys.stdout.write(visible_lines(_unicode(str(prompt))))
    else:
        sys.stdout.buffer.write(str(prompt).encode("utf-8", "surrogateescape"))


def _every() -> tuple[Recipe, ...]:
    """All recipes of the repository's base, or those that ship."""
    base = _base()
    if base is None:
        return prompts.every()
    return wiring.every_recipe(*base, wiring.read_settings(*base))


def _find(name: str) -> Recipe:
    """The recipe of a name."""
    base = _base()
    if base is None:
        return prompts.load(name)
    return wiring.recipes(*base, wiring.read_settings(*base))(name)


def _base() -> tuple[GitStore, TreeId] | None:
    """The repository around the current folder and its newest commit's tree, if there is one."""
    git = session.git_around(Path.cwd())
    commit = git.read_ref("HEAD") if git else None
    return (git, git.tree_of(commit)) if git and commit else None


def _row(recipe: Recipe) -> dict[str, str]:
    return {key: str(getattr(recipe, key)) for key in RECIPE}


def _facts(recipe: Recipe) -> list[Text]:
    """The front matter in words, a fact to a line."""
    takes = [
        f"{one.name}{f' ({one.pattern})' if one.pattern else ''}: {one.what}"
        f"{'' if one.is_required else ', where there is one'}"
        for one in recipe.inputs
    ]
    gates, forecast = ", ".join(recipe.gates), ", ".join(recipe.forecast)
    facts = [
        ("role", f"{recipe.role}, who answers with {recipe.answer}"),
        *(("takes", one) for one in takes),
        ("reads", ", ".join(recipe.context) or "nothing beside what it takes"),
        ("gates", f"{gates}; of each is foretold: {forecast}" if gates else "none"),
        ("source", f"{recipe.source}, {recipe.digest}"),
    ]
    title = Text.assemble((recipe.name, "bold"), f"  {visible(recipe.title)}")
    return [title, *(Text(f"{label:<{_LABEL}}{visible(text)}") for label, text in facts)]


def _unicode(text: str) -> str:
    """Text for JSON and for a terminal: a byte that is no UTF-8 shows as its number."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
