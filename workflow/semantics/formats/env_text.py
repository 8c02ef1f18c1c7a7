"""Reads env files without a look at the process's own environment: nothing is interpolated."""

from __future__ import annotations

import io
from dataclasses import dataclass

from workflow.semantics.formats.tree import Problem, UnboundedError, refuse_long_gaps

_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: `text` is how its line is written.  Its value is never to be shown."""

    name: str
    value: str
    line: int
    text: str

    def __repr__(self) -> str:
        return f"Variable({self.name!r}, line={self.line})"


@dataclass(frozen=True, slots=True)
class Variables:
    """What an env file says, in order, names that stand twice included, and lines it cannot say."""

    found: tuple[Variable, ...]
    problems: tuple[Problem, ...]


def read_env(text: str) -> Variables:
    """Return the variables of an env file; raises `UnboundedError` for one of more than 64 KiB."""
    from dotenv.parser import parse_stream  # noqa: PLC0415 - for env files alone

    if len(text) > _MAX:
        message = f"larger than {_MAX:,} characters"
        raise UnboundedError(message)
    refuse_long_gaps(text)
    found, problems = [], []
    for one in parse_stream(io.StringIO(text, newline="")):
        written = one.original.string
        line = one.original.line + written[: len(written) - len(written.lstrip())].count("\n")
        if one.error:
            problems.append(Problem(line, "not NAME=value", "quote the value, or take it out"))
        elif one.key is not None:
            found.append(Variable(one.key, one.value or "", line, written.strip()))
    return Variables(tuple(found), tuple(problems))
