"""Reads a recipe's file strictly: front matter in YAML, then `# Rules`, `# Data` and `# Task`."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workflow.prompts import templates
from workflow.prompts.interface import ContextRule, Input, Parts, PromptError, Recipe
from workflow.text import one_line
from workflow.types import AnswerKind, Digest, Role

_MOST_BYTES = 64 * 1024
_FRONT = re.compile(r"---\n(.*?\n)---\n", re.DOTALL)
_HEADINGS = ("# Rules", "# Data", "# Task")
_HINT = "docs/recipes.md shows one"
# What a drafter could not do without.
_NEEDED = {"# Data": ("files", "context", "fence"), "# Task": ("request", "complaint")}
_LONGEST_FAULT = 200
_DEEPEST = 4

Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Input(_Section):
    """One input: what it is in words, and the glob of its file where it is one."""

    name: Name
    what: Words
    pattern: Words | None = None
    required: bool = False


class _Front(_Section):
    """The front matter: every key says something that is used, and none is unknown."""

    recipe: Name
    title: Words
    role: Role
    answer: AnswerKind
    inputs: tuple[_Input, ...] = Field(default=(), max_length=8)
    context: tuple[ContextRule, ...] = Field(default=(), max_length=len(ContextRule))
    gates: tuple[Name, ...] = Field(default=(), max_length=16)
    forecast: tuple[Literal["outcome", "confidence", "why", "tests"], ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        fault = self._fault()
        if fault:
            raise ValueError(fault)
        return self

    def _fault(self) -> str:
        creates = self.answer is AnswerKind.FILES
        if creates != (self.role is Role.ARCHITECT):
            return f"a {self.role} does not answer with {self.answer}"
        for key in ("context", "gates", "forecast"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                return f"{key}: something stands there twice"
        if len({one.name for one in self.inputs}) < len(self.inputs):
            return "inputs: a name stands there twice"
        if self.gates and not {"outcome", "confidence", "why"} <= set(self.forecast):
            return "forecast: a gate is forecast with outcome, confidence and why at least"
        if self.forecast and not self.gates:
            return "forecast: there is no gate to forecast"
        return ""


class _Loader(yaml.SafeLoader):
    """YAML in which no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        """Construct a mapping, refusing repeated keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:
                problem = f"the key {name!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            seen.add(name)
        return {**super().construct_mapping(node, deep)}


def read(name: str, data: bytes, source: str) -> Recipe:
    """The recipe in a file's bytes.

    Raises `PromptError` naming the file, the key or the line, and the fault.
    """
    front, body = _parted(source, name, data)
    if front.recipe != name:
        raise _broken(source, f"it calls itself {front.recipe}", f"write recipe: {name}")
    parts = _parts(source, body)
    _require_used(source, front, parts)
    return Recipe(
        name=name,
        title=front.title,
        role=front.role,
        answer=front.answer,
        inputs=tuple(
            Input(one.name, one.what, one.pattern or "", one.required) for one in front.inputs
        ),
        context=front.context,
        gates=front.gates,
        forecast=front.forecast,
        parts=parts,
        digest=Digest(f"sha256:{hashlib.sha256(data).hexdigest()}"),
        source=source,
    )


def _parted(source: str, name: str, data: bytes) -> tuple[_Front, str]:
    """A file's front matter and its body."""
    if len(data) > _MOST_BYTES:
        raise _broken(source, f"{len(data):,} bytes; a recipe has at most {_MOST_BYTES:,}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _broken(source, "it is not UTF-8") from error
    found = _FRONT.match(text)
    if found is None:
        raise _broken(source, "no front matter", f"begin with ---, recipe: {name} and so on, ---")
    try:
        _require_plain(source, found[1])
        # A subclass of the safe loader: it makes plain values only.
        values: object = yaml.load(found[1], _Loader)  # noqa: S506 - see above
    except (yaml.YAMLError, ValueError) as error:
        fault = one_line(str(error))[:_LONGEST_FAULT]
        raise _broken(source, f"front matter: {fault}") from error
    try:
        return _Front.model_validate(values), text[found.end() :]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        key = f"{one_line(where)[:_LONGEST_FAULT]}: " if where else ""
        raise _broken(source, f"front matter: {key}{one_line(said)[:_LONGEST_FAULT]}") from error


def _require_plain(source: str, front: str) -> None:
    """Check that YAML has no alias and is nested no deeper than a recipe needs.

    NOTE: PyYAML takes seconds for a few thousand brackets, and its composer calls itself for them.
    Raises `PromptError`.
    """
    depth = 0
    for event in yaml.parse(front, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _broken(source, "front matter: anchors and aliases are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _broken(source, "front matter: it is nested too deeply")


def _parts(source: str, body: str) -> Parts:
    """The three parts of a body, each with its heading."""
    lines = body.split("\n")
    places = [index for index, line in enumerate(lines) if line in _HEADINGS]
    if [lines[place] for place in places] != list(_HEADINGS):
        raise _broken(source, f"it needs the headings {', '.join(_HEADINGS)}, once and in order")
    if "".join(lines[: places[0]]).strip():
        raise _broken(source, "there is text before # Rules")
    ends = (*places[1:], len(lines))
    texts = ["\n".join(lines[a:b]).strip("\n") + "\n" for a, b in zip(places, ends, strict=True)]
    return Parts(*texts)


def _require_used(source: str, front: _Front, parts: Parts) -> None:
    """Check that the parts say what the front matter promises, with the variables that there are.

    Raises `PromptError`.
    """
    rules = templates.used(f"{source}, # Rules", parts.rules, templates.RULES)
    for heading, text in (("# Data", parts.data), ("# Task", parts.task)):
        used = templates.used(f"{source}, {heading}", text, templates.VARIABLES)
        for needed in _NEEDED[heading]:
            if needed not in used:
                raise _broken(source, f"{heading} does not print {{{{ {needed} }}}}")
    if front.gates and "gates" not in rules:
        raise _broken(source, "# Rules does not print {{ gates }}, which are to be forecast")
    for field in front.forecast:
        if f"`{field}`" not in parts.rules:
            raise _broken(source, f"# Rules does not ask for the forecast's `{field}`")


def _broken(source: str, fault: str, hint: str = _HINT) -> PromptError:
    return PromptError(f"recipe {source}: {fault}", hint=hint)
