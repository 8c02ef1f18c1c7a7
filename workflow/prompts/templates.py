"""Reads and fills a recipe's templates, of which a repository may bring its own.

A template can print a variable and ask whether there is one: no loop, no call, no arithmetic and no
attribute, so it takes no more time and room than its text and its variables.  The sandbox of Jinja
stands behind that all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workflow.prompts.interface import PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = frozenset({"gates"})
"""Variables of the rules, which are the same for every request."""
VARIABLES = RULES | {
    "already_made",
    "complaint",
    "context",
    "existing",
    "fence",
    "files",
    "is_sealed",
    "left_out",
    "request",
    "wanted",
}
"""Variables of the data and of the task."""
MOST_BYTES = 8 * 1024 * 1024
_HINT = "docs/recipes.md says what a recipe may hold"
_MOST_NODES = 2_000
_DEEPEST = 24
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.If,
    nodes.Not,
    nodes.And,
    nodes.Or,
)


def used(where: str, text: str, known: frozenset[str]) -> frozenset[str]:
    """The variables that a template uses; `where` names it in messages.

    Raises `PromptError` for what is no template, for one that does more than print and ask, and for
    a variable that is not one of `known`.
    """
    return _read(where, text, known)[1]


def fill(where: str, text: str, values: Mapping[str, str], most: int) -> str:
    """A template's text with its variables in their places.

    Raises `PromptError` as `used` does, and when it would be more than `most` bytes.
    """
    tree, _ = _read(where, text, frozenset(values))
    try:
        template = _environment().from_string(tree)
        pieces: list[str] = []
        room = most
        for piece in template.generate(values):
            room -= size(piece)
            if room < 0:
                raise _too_large(where)
            pieces.append(piece)
    except (jinja2.TemplateError, RecursionError, SyntaxError) as error:
        raise _not_a_template(where, error) from error
    return "".join(pieces)


def size(text: str) -> int:
    """The bytes that a text takes."""
    return len(text.encode("utf-8", "surrogatepass"))


def _too_large(where: str) -> PromptError:
    message = f"recipe {where}: the prompt would be over {MOST_BYTES:,} bytes"
    return PromptError(message, hint="name fewer or smaller files")


def _environment() -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text for a model, not HTML
    )


def _read(where: str, text: str, known: frozenset[str]) -> tuple[nodes.Template, frozenset[str]]:
    """A template's tree, and the names in it."""
    try:
        tree = _environment().parse(text)
    # NOTE: the parser calls itself for brackets, and makes numbers of any length.
    except (jinja2.TemplateError, RecursionError, ValueError) as error:
        raise _not_a_template(where, error) from error
    names: set[str] = set()
    open_nodes: list[tuple[nodes.Node, int]] = [(tree, 0)]
    seen = 0
    while open_nodes:
        node, depth = open_nodes.pop()
        seen += 1
        if seen > _MOST_NODES or depth > _DEEPEST:
            message = f"recipe {where}: it asks too much, or too deeply"
            raise PromptError(message, hint=_HINT)
        if not isinstance(node, _ALLOWED):
            what = type(node).__name__.lower()
            message = f"recipe {where}, line {node.lineno}: {what} is not for recipes"
            raise PromptError(message, hint="print a variable, or ask with {% if %}")
        if isinstance(node, nodes.Name):
            _require_known(where, node, known)
            names.add(node.name)
        open_nodes += [(child, depth + 1) for child in node.iter_child_nodes()]
    return tree, frozenset(names)


def _require_known(where: str, node: nodes.Name, known: frozenset[str]) -> None:
    if node.name not in known:
        message = f"recipe {where}, line {node.lineno}: {node.name!r} is undefined here"
        raise PromptError(message, hint=f"there are: {', '.join(sorted(known))}")


def _not_a_template(where: str, error: Exception) -> PromptError:
    line = getattr(error, "lineno", None)
    place = f"recipe {where}, line {line}" if line else f"recipe {where}"
    said = str(error) if isinstance(error, jinja2.TemplateError) else "it cannot be read"
    return PromptError(f"{place}: {said}", hint=_HINT)
