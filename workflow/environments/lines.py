"""The lines of requirement files, as far as they may decide anything here.

A line may come from a patch that a model wrote.  It names packages and versions; it never names
where they come from, a file of the host, or a variable of the environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.environments.interface import EnvironmentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINE = 4000
_MAX_LINES = 10_000
_COMMENT = re.compile(r"(?:^|\s)#.*+")
_HASH = re.compile(r"\s--hash[=\s]\s*+(sha256|sha384|sha512):([0-9a-fA-F]++)")
_OPTION = re.compile(r"(--?[A-Za-z][\w-]*+)(?:[=\s]\s*+(.*))?")
# Names, extras, versions and markers of PEP 508, without the addresses that it allows, too.
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*+)([\[\]\w\s.,<>=!~;()*+'\"-]*+)")
_INCLUDES = {"-r": "REQUIREMENTS", "--requirement": "REQUIREMENTS"}
_INCLUDES |= {"-c": "CONSTRAINTS", "--constraint": "CONSTRAINTS"}
_EDITABLE = ("-e", "--editable")
_PASSED = ("--pre", "--require-hashes")
_WHEELHOUSE = "put its wheel into a wheelhouse, and require it by name and version"


class Kind(StrEnum):
    """What a line does."""

    REQUIREMENT = "requirement"
    """Asks for a package by name, or switches on `--pre` or `--require-hashes`."""
    REQUIREMENTS = "requirements"
    """Includes another file."""
    CONSTRAINTS = "constraints"
    """Includes a file that only bounds versions."""
    LOCAL = "local"
    """Asks for a project in a folder, perhaps with extras: `.[test]`."""
    IGNORED = "ignored"
    """An option that is not followed, such as the address of an index."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a normal form of the requirement, or what else it names."""

    kind: Kind
    text: str


def read_lines(text: str, where: str) -> Iterator[Line]:
    """Yield the lines of a requirement file; comments do not count.

    Raises `EnvironmentUnavailableError` for a line that takes a package from an address, reads a
    variable of the environment, or is no requirement; `where` is the file's name in its message.
    """
    lines = re.sub(r"\\\r?\n", " ", text).splitlines()
    if len(lines) > _MAX_LINES:
        raise _error(where, f"more than {_MAX_LINES:,} lines", "split the file")
    for number, raw in enumerate(lines, 1):
        place = f"{where}, line {number}"
        if len(raw) > _MAX_LINE:
            raise _error(place, f"longer than {_MAX_LINE:,} characters", "shorten it")
        line = " ".join(_COMMENT.sub("", raw).split())
        if line:
            yield _line(line, place)


def requirement(text: str, where: str) -> str:
    """Return the normal form of one requirement; raises `EnvironmentUnavailableError` as above."""
    hashes = sorted(f"--hash={kind}:{digest.lower()}" for kind, digest in _HASH.findall(text))
    bare = " ".join(_HASH.sub("", text).split())
    if "://" in bare or "@" in bare:
        shown = re.split(r"\s|@|://", bare, maxsplit=1)[0][:80]
        raise _error(where, f"{shown!r} comes from an address", _WHEELHOUSE)
    found = _REQUIREMENT.fullmatch(bare)
    if len(text) > _MAX_LINE or found is None or re.search(r"(?:^|\s)-", found[2]):
        raise _error(where, f"no requirement: {bare[:80]!r}", "correct it")
    return " ".join((f"{normal(found[1])}{found[2]}", *hashes))


def normal(name: str) -> str:
    """Return a package's name in the normal form of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower().rstrip("-")


def name_of(line: str) -> str:
    """Return the package that a requirement in normal form names; empty for an option."""
    found = re.match(r"[a-z0-9][a-z0-9-]*", line)
    return found[0] if found else ""


def _line(line: str, place: str) -> Line:
    if "${" in line:
        raise _error(place, "it reads a variable of the environment", "write the value itself")
    option = _OPTION.fullmatch(line) if line.startswith("-") else None
    if option is None:
        if line.startswith((".", "/", "file:")):
            return Line(Kind.LOCAL, line)
        return Line(Kind.REQUIREMENT, requirement(line, place))
    name, value = option[1], option[2] or ""
    if name in _INCLUDES:
        return Line(Kind[_INCLUDES[name]], value)
    if name in _EDITABLE:
        if "://" in value or value.startswith("git+"):
            raise _error(place, "a package comes from an address", _WHEELHOUSE)
        return Line(Kind.LOCAL, value)
    if name in _PASSED:
        return Line(Kind.REQUIREMENT, name)
    return Line(Kind.IGNORED, name)


def _error(where: str, what: str, hint: str) -> EnvironmentUnavailableError:
    return EnvironmentUnavailableError(f"{where}: {what}", hint=hint)
