"""Which comments mean something: those that a program reads, not only people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What follows a `#`: a lower-case word and a colon (`type:`, `fmt:`, `pragma:`, `ruff:`), words
# that stand without one, an interpreter, a script's metadata, a notebook's cell, a documented
# name, a version that a bot keeps, and what owns a block of a file.  Possessive: no backtracking.
_READ_BY_PROGRAMS = re.compile(
    r"""\#[ \t]*+ (?: [a-z][\w.-]*+[:=] | -\*- | /// | %% | [!:@] | --[ ] | v?\d+\.
      | (?i: noqa | nosec | nosonar | nolint | pragma | pylint | pyre- | yamllint | nosemgrep
           | kics-scan | lgtm | vim | begin\b | end\b ) )""",
    re.VERBOSE,
)
_ANYWHERE = ("coding:", "coding=", "{{", "{%", "<%", "managed", "MANAGED", "Managed")


def is_meant(text: str) -> bool:
    """Whether a comment, or a line with one, has something that a program may read.

    A template's braces count, and so does a claim such as `managed by Certbot`.
    """
    start = text.find("#")
    if start < 0:
        return False
    if _READ_BY_PROGRAMS.search(text, start):
        return True
    return any(text.find(mark, start) >= 0 for mark in _ANYWHERE)


def meant_lines(text: str) -> Iterator[str]:
    """Each line with such a comment, and how many lines of code stand above it.

    For formats whose parser drops comments.  The first line counts whenever it is a comment:
    `#cloud-config` and `#!` are read there.
    """
    code = 0
    for number, line in enumerate(text.split("\n")):
        bare = line.strip()
        if is_meant(line) or (number == 0 and bare.startswith("#")):
            yield f"{code} {line.rstrip()!r}"
        code += bool(bare) and not bare.startswith("#")
