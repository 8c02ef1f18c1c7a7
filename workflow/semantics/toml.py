"""Reads TOML that may be hostile, in time and space that grow with its length alone."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX = 1024 * 1024
# NOTE: tomllib keeps every prefix of a dotted key: 20,000 parts took 1.6 GB, 100,000 all memory.
_MAX_PARTS = 16
# Strings of many lines and comments are stepped over, so that a key is seen whatever is quoted in
# it.  Possessive, and what is not closed runs on to its end: each character is read once.
_PIECE = re.compile(
    r'''
    """ (?: [^"\\] | \\. | "(?!"") )*+ "{0,5}+
    | \'\'\' (?: [^'] | '(?!'') )*+ '{0,5}+
    | \# [^\n]*+
    | (?P<key> PART (?: [ \t]*+ \. [ \t]*+ PART )*+ )
    '''.replace("PART", r"""(?: [\w-]++ | "(?:[^"\\\n]|\\.)*+"?+ | '[^'\n]*+'?+ )"""),
    re.VERBOSE | re.DOTALL,
)
_PART = re.compile(r"""[\w-]++|"(?:[^"\\\n]|\\.)*+"?+|'[^'\n]*+'?+""", re.DOTALL)


def read_toml(text: str, parse_float: Callable[[str], object] = float) -> dict[str, Any]:
    """The document that TOML text is; its numbers with a point are what `parse_float` makes.

    Raises `ValueError` for other text, and for text that is too large, is nested too deeply or has
    a key of more than 16 parts.
    """
    if len(text) > _MAX:
        message = f"larger than {_MAX:,} characters"
        raise ValueError(message)
    if any(_parts(found["key"]) > _MAX_PARTS for found in _PIECE.finditer(text)):
        message = f"a key of more than {_MAX_PARTS} parts"
        raise ValueError(message)
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except (RecursionError, MemoryError) as error:
        message = "nested too deeply, or too large"
        raise ValueError(message) from error


def _parts(key: str | None) -> int:
    if key is None or key.count(".") < _MAX_PARTS:
        return 0
    return sum(1 for _ in _PART.finditer(key))
