"""Reads the instructions of a Dockerfile; the library gets its bytes alone, no path to open."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.semantics.formats.tree import (
    FormatError,
    UnboundedError,
    refuse_long_gaps,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# The library adds lines of one instruction to a string each, which takes the square of its length.
_MAX = 64 * 1024
_MOST_LINES = 4_000
KNOWN = frozenset(
    (
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"),
        *("LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME"),
        "WORKDIR",
    )
)
"""The instructions that a Dockerfile may have."""
_HEREDOC = re.compile(r"""<<(-?)(?:"(\w+)"|'(\w+)'|(\w+))""")
_WITH_HEREDOC = re.compile(r"\s*(?:onbuild\s+)?(?:run|copy|add)\s", re.IGNORECASE)
# Blanks outside quotes; what is quoted or escaped is its first group.
_GAP = re.compile(r"""("(?:[^"\\]|\\.)*+"|'[^']*+'|\\.)|[ \t\r\n]+""", re.DOTALL)
_FLAG = re.compile(r"--[\w-]+(?:=\S*)?(?:\s+|\Z)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `flags` are its options such as `--from=build`, `body` its here-documents.

    `value` is the rest of it, with one blank where lines were continued.
    """

    name: str
    value: str
    line: int
    flags: tuple[str, ...] = ()
    body: str = ""


def read_dockerfile(text: str) -> tuple[Instruction, ...]:
    """Return the instructions of a Dockerfile in their order.

    Raises `FormatError` with the line, and `UnboundedError` for text that takes too long to read.
    """
    if len(text) > _MAX or text.count("\n") > _MOST_LINES:
        message = f"larger than {_MAX:,} characters or {_MOST_LINES:,} lines"
        raise UnboundedError(message)
    refuse_long_gaps(text)
    lines, bodies = _without_bodies(text)
    found = tuple(_instructions(lines, bodies))
    for one in found:
        if one.name not in KNOWN:
            message = f"there is no instruction {one.name[:40]}"
            raise FormatError(message, one.line, "see if a line before it lacks its `\\`")
    return found


def pairs(one: Instruction) -> tuple[tuple[str, str], ...]:
    """Return the names and values of an `ENV`, `ARG` or `LABEL`, no variable looked up.

    Raises `FormatError`.
    """
    from dockerfile_parse.util import (  # type: ignore[import-untyped]  # noqa: PLC0415 - for Dockerfiles alone
        WordSplitter,
        extract_key_values,
    )

    if one.name == "ARG":
        words = [
            WordSplitter(word).dequote() for word in WordSplitter(one.value).split(dequote=False)
        ]
        cut = [word.partition("=") for word in words]
        return tuple((name, value) for name, _, value in cut)
    if not one.value.strip():
        message = f"{one.name} without a value"
        raise FormatError(message, one.line)
    try:
        found = extract_key_values(env_replace=False, args={}, envs={}, instruction_value=one.value)
    except ValueError as error:
        message = f"{one.name} has a word that is no name=value"
        raise FormatError(message, one.line, "quote values that hold blanks") from error
    return tuple(found)


def image_of(one: Instruction) -> tuple[str, str]:
    """Return the image of a `FROM` and the name of its stage; either may be empty."""
    words = one.value.split()
    named = words[2] if len(words) > 2 and words[1].lower() == "as" else ""  # noqa: PLR2004 - A as B
    return (words[0] if words else ""), named


def _instructions(lines: list[str], bodies: dict[int, str]) -> Iterator[Instruction]:
    from dockerfile_parse import (  # type: ignore[import-untyped] # noqa: PLC0415 - for Dockerfiles alone
        DockerfileParser,
    )

    parser = DockerfileParser(
        fileobj=io.BytesIO("\n".join([*lines, "", ""]).encode()), env_replace=False
    )
    read: set[int] = set()
    for row in parser.structure:
        read.update(range(row["startline"], row["endline"] + 1))
        if row["instruction"] == "COMMENT":
            continue
        rows = range(row["startline"], row["endline"] + 1)
        flags, value = _flags(_GAP.sub(lambda found: found[1] or " ", row["value"]).strip())
        body = "".join(bodies.get(number, "") for number in rows)
        if not (value or flags or body):
            message = f"{row['instruction'][:40]} without a value"
            raise FormatError(message, row["startline"] + 1)
        yield Instruction(row["instruction"], value, row["startline"] + 1, flags, body)
    for number, line in enumerate(lines):
        if line.strip() and number not in read:
            message = "an instruction without a value"
            raise FormatError(message, number + 1)


def _flags(value: str) -> tuple[tuple[str, ...], str]:
    flags = []
    while found := _FLAG.match(value):
        flags.append(found[0].strip())
        value = value[found.end() :]
    return tuple(flags), value


def _without_bodies(text: str) -> tuple[list[str], dict[int, str]]:
    """Return the lines with here-documents and blank lines as comments, and what those held.

    The library knows no here-documents, and ends a continued instruction at a blank line, where
    the builder goes on.
    """
    lines = text.split("\n")
    bodies: dict[int, str] = {}
    waiting: list[tuple[str, bool]] = []
    begun = 0
    for number, line in enumerate(lines):
        if waiting:
            end, is_indented = waiting[0]
            bodies[begun] += f"{line}\n"
            lines[number] = "#"
            if (line.lstrip("\t") if is_indented else line) == end:
                waiting.pop(0)
        elif not line.strip():
            lines[number] = "#" if number else ""
        elif _WITH_HEREDOC.match(line) and "<<" in line:
            begun, bodies[number] = number, ""
            waiting = [
                (found[2] or found[3] or found[4], bool(found[1]))
                for found in _HEREDOC.finditer(line)
            ]
    if waiting:
        message = f"the here-document {waiting[0][0][:40]} has no end"
        raise FormatError(message, begun + 1, "write its word on a line of its own")
    return lines, bodies
