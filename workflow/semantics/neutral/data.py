"""What a file of data means: the values of TOML, YAML and JSON, in their order.

The order of keys counts.  The formats say that it does not, but programs read it: the conditions
of `exports` in a package.json are tried from the first on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.formats.json_text import load
from workflow.semantics.neutral.comments import meant_lines
from workflow.semantics.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    yield repr(load(text, _pairs, _number))


def yaml_tokens(text: str) -> Iterator[str]:
    """The meaning of YAML, in pieces: its events, without styles, and with aliases as aliases.

    Raises `ValueError` for other text, and for text that takes too long to read.
    """
    import yaml  # noqa: PLC0415 - for YAML alone

    from workflow.semantics.formats.yaml_text import events  # noqa: PLC0415 - loads it, too

    try:
        for event in events(text):
            yield f"{type(event).__name__} {[getattr(event, name, None) for name in _MEANT]!r}"
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
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
