"""Finds recipes: a repository's own come before those that ship, and may add to them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from workflow.prompts.interface import PromptError, Recipe, UnknownRecipeError
from workflow.resources import folder
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

Read = Callable[[str], bytes | None]
"""The bytes of a repository's recipe of a name, `None` where it has none."""
BUILT_IN = "built in"
"""The source of a recipe that ships."""
FOLDER = "prompts"
"""Where a repository's recipes are, when nothing else is said."""
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_LONGEST_NAME = 64
_MOST = 200


def nothing(name: str) -> bytes | None:  # noqa: ARG001 - a `Read`
    """What a repository without recipes holds."""
    return None


def load(name: str, read: Read = nothing, *, place: str = FOLDER) -> Recipe:
    """The recipe of a name; `place` is the folder of the repository's own, for its source.

    Raises `UnknownRecipeError` with the nearest names where there is none, and `PromptError` for a
    broken one.
    """
    if is_name(name):
        shipped = _shipped(name)
        own = read(name)
        if own is not None:
            return _own(name, own, f"{place}/{name}.md", shipped)
        if shipped is not None:
            return _recipe(name, shipped, BUILT_IN)
    near = difflib.get_close_matches(name[:_LONGEST_NAME], built_in(), n=3)
    message = f"there is no recipe {one_line(name[:_LONGEST_NAME])!r}"
    meant = f"perhaps {' or '.join(near)}; " if near else ""
    raise UnknownRecipeError(message, hint=f"{meant}workflow recipes list")


def every(
    read: Read = nothing, names: Iterable[str] = (), *, place: str = FOLDER
) -> tuple[Recipe, ...]:
    """All recipes by name; `names` are those of the repository's own.

    Raises `PromptError` for a broken one, or one whose file name no recipe can have.
    """
    own = tuple(names)
    for name in own:
        if not is_name(name):
            message = f"{place}/{one_line(name[:_LONGEST_NAME])}.md: not the name of a recipe"
            raise PromptError(message, hint="use small letters, digits and hyphens")
    if len(own) > _MOST:
        message = f"{place}: {len(own)} recipes; at most {_MOST} are read"
        raise PromptError(message, hint="keep other files elsewhere")
    return tuple(load(name, read, place=place) for name in sorted({*built_in(), *own}))


def built_in() -> tuple[str, ...]:
    """The names of the recipes that ship."""
    return tuple(sorted(path.stem for path in folder("prompts").glob("*.md")))


def is_name(name: str) -> bool:
    """Whether a recipe can have this name."""
    return len(name) <= _LONGEST_NAME and _NAME.match(name) is not None


def _shipped(name: str) -> bytes | None:
    try:
        return (folder("prompts") / f"{name}.md").read_bytes()
    except FileNotFoundError:
        return None


def _own(name: str, data: bytes, source: str, shipped: bytes | None) -> Recipe:
    """A repository's recipe; one of a shipped name keeps to the role and the answer of that."""
    made = _recipe(name, data, source)
    before = made if shipped is None else _recipe(name, shipped, BUILT_IN)
    if (made.role, made.answer) != (before.role, before.answer):
        message = f"{source}: {name} is a recipe of the {before.role} with {before.answer}"
        raise PromptError(message, hint="keep its role and answer, or give it a name of its own")
    return made


def _recipe(name: str, data: bytes, source: str) -> Recipe:
    from workflow.prompts import front  # noqa: PLC0415 - yaml and jinja2 are for those that read

    return front.read(name, data, source)
