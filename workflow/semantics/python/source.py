"""Reads Python source into a syntax tree, however hostile it is; nothing of it is executed."""

from __future__ import annotations

import ast
import re
import warnings

_MAX = 512 * 1024
"""Bytes.  A syntax tree takes up to 500 times the space of its text."""
# NOTE: CPython 3.11 joins `import a.b.c...` prefix by prefix, so that 200,000 parts take all
# memory, and looks for each `{...}` of an f-string from the string's start.  Both were measured.
_MAX_DOTS = 100
_DOTTED = re.compile(r"\w++(?:[ \t\n\\]*+\.[ \t\n\\]*+\w++)*+")
_MAX_BRACES = 2_000_000_000
_CODING = re.compile(r"coding[:=][ \t]*([-\w.]+)")
_READABLE = {"utf-8", "utf8", "ascii", "us-ascii"}
_FAULTS = (RecursionError, MemoryError, ValueError, SystemError, OverflowError)


class UnreadableError(ValueError):
    """Text that cannot be read as what its name says it is; the message is one short line."""


def parse(data: bytes) -> ast.Module:
    """The syntax tree of a file.

    Raises `UnreadableError` for what is no Python of this interpreter in UTF-8, is nested beyond
    its limits, or could not be read in reasonable time and space.
    """
    try:
        return parse_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = "no UTF-8"
        raise UnreadableError(message) from error


def parse_text(text: str) -> ast.Module:
    """The syntax tree of a file's text, without a byte order mark.

    Raises `UnreadableError` as `parse` does.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    _require_readable(plain)
    try:
        with warnings.catch_warnings():
            # Of doubtful escapes in strings, which are the file's own business.
            warnings.simplefilter("ignore")
            return ast.parse(plain)
    except SyntaxError as error:
        message = f"no valid Python at line {error.lineno or 1}"
        raise UnreadableError(message) from error
    except _FAULTS as error:
        message = "nested too deeply, or otherwise beyond what Python reads"
        raise UnreadableError(message) from error


def _require_readable(text: str) -> None:
    if len(text) > _MAX or len(text) * text.count("{") > _MAX_BRACES:
        message = "too large to be parsed in reasonable time"
        raise UnreadableError(message)
    if any(found[0].count(".") > _MAX_DOTS for found in _DOTTED.finditer(text)):
        message = f"a dotted name of more than {_MAX_DOTS} parts"
        raise UnreadableError(message)
    for line in text.split("\n", 2)[:2]:
        coding = _CODING.search(line) if "#" in line else None
        if coding and coding[1].lower().replace("_", "-") not in _READABLE:
            message = "an encoding other than UTF-8"
            raise UnreadableError(message)
