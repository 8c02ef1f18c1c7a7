"""What a file of data means: the values of TOML, YAML and JSON, in their order.

The order of keys counts.  The formats say that it does not, but programs read it: the conditions
of `exports` in a package.json are tried from the first on.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import yaml

from workflow.semantics.neutral.comments import meant_lines
from workflow.semantics.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

# NOTE: PyYAML compares each open bracket at each token, and libyaml each %TAG with all others; the
# bounds keep these from mattering.
_MAX_YAML = 256 * 1024
_MAX_BRACKETS = 64
_BRACKET = re.compile(r"[\[\]{}]")
_YAML_DIRECTIVE = re.compile(r"(?m)^%")
_MEANT = ("anchor", "tag", "implicit", "value", "explicit", "version", "tags")


def toml_tokens(text: str) -> Iterator[str]:
    """The meaning of TOML, in pieces; raises `ValueError` or `RecursionError` for other text."""
    if "\r" in text and ('"""' in text or "'''" in text):
        message = "readers differ in what a carriage return in a long string is"
        raise ValueError(message)
    yield repr(read_toml(text, parse_float=_number))
    yield from meant_lines(text)


def json_tokens(text: str) -> Iterator[str]:
    """The meaning of JSON, in pieces; raises `ValueError` or `RecursionError` for other text."""
    read = json.loads(
        text,
        object_pairs_hook=_pairs,
        parse_float=_number,
        parse_int=_number,
        parse_constant=_number,
    )
    yield repr(read)


def yaml_tokens(text: str) -> Iterator[str]:
    """The meaning of YAML, in pieces: its events, without styles, and with aliases as aliases.

    Raises `yaml.YAMLError`, and `ValueError` for text that takes too long to read.
    """
    if len(text) > _MAX_YAML or _YAML_DIRECTIVE.search(text) or _deepest(text) > _MAX_BRACKETS:
        message = "too large, too deep, or with directives"
        raise ValueError(message)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(text, Loader=loader):
        yield f"{type(event).__name__} {[getattr(event, name, None) for name in _MEANT]!r}"
    yield from meant_lines(text)


def _number(text: str) -> tuple[str, str]:
    """A number as it is spelled: 1.0 and 1.00 may be two versions."""
    return ("number", text)


def _pairs(pairs: list[tuple[str, object]]) -> tuple[str, list[tuple[str, object]]]:
    """An object with its keys in order; one that has a key twice says nothing certain."""
    if len(dict(pairs)) < len(pairs):
        message = "a key stands twice in one object"
        raise ValueError(message)
    return ("object", pairs)


def _deepest(text: str) -> int:
    """How deep brackets are nested, those in strings and comments included."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
