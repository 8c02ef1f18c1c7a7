"""Unit files of systemd as their assignments, by the syntax of systemd.syntax(7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.semantics.systemd.keys import DEPENDENCIES, is_single
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.types import RepoPath

SUFFIXES = frozenset(
    [
        ".service",
        ".socket",
        ".timer",
        ".mount",
        ".automount",
        ".swap",
        ".path",
        ".target",
        ".slice",
        ".scope",
    ]
)
_SECTION_OF = {suffix: suffix[1:].capitalize() for suffix in SUFFIXES}
_MAX_ASSIGNMENTS = 5_000
_COMMENT = ("#", ";")


class UnitSyntaxError(ValueError):
    """A text is too large to be a unit file."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `key=value` of a section; `line` counts from 1, `path` is the file it stands in.

    A value that goes on over lines is joined by spaces, as systemd does; `joined` are the lines
    that a backslash drew in, stripped.
    """

    section: str
    key: str
    value: str
    line: int
    path: str = ""
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitFile:
    """What a file assigns, in its order, with its section headers and the lines that are neither.

    `headers` and `strays` are pairs of a line's number and its words.
    """

    assignments: tuple[Assignment, ...]
    headers: tuple[tuple[int, str], ...] = ()
    strays: tuple[tuple[int, str], ...] = ()

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of the sections, each once, in their order."""
        return tuple(dict.fromkeys(name for _, name in self.headers))


def parse(text: str, path: str = "") -> UnitFile:
    """Return what a unit file assigns.

    Raises `UnitSyntaxError` for a text of more than 5,000 assignments.
    """
    section = ""
    found: list[Assignment] = []
    headers: list[tuple[int, str]] = []
    strays: list[tuple[int, str]] = []
    for number, words, joined in _logical(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")):
        if words.startswith("[") and words.endswith("]"):
            section = words[1:-1]
            headers.append((number, section))
            continue
        key, equals, value = words.partition("=")
        if not equals or not section or not key.strip():
            strays.append((number, words))
            continue
        found.append(Assignment(section, key.strip(), value.strip(), number, path, joined))
        if len(found) > _MAX_ASSIGNMENTS:
            message = f"more than {_MAX_ASSIGNMENTS} settings"
            raise UnitSyntaxError(message)
    return UnitFile(tuple(found), tuple(headers), tuple(strays))


def _logical(text: str) -> Iterable[tuple[int, str, tuple[str, ...]]]:
    """Yield lines with their numbers, continued ones as one; comments and empty lines are none.

    A comment between continued lines is skipped and does not end them.
    """
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = raw.strip()
        if line.startswith(_COMMENT) or (not parts and not line):
            continue
        if not parts:
            start = number
        # The backslash has to be the last character: one before a blank is none.
        goes_on = raw.endswith("\\")
        parts.append(line[:-1].rstrip() if goes_on else line)
        if not goes_on:
            yield start, " ".join(part for part in parts if part), tuple(parts[1:])
            parts = []
    if parts:
        yield start, " ".join(part for part in parts if part), tuple(parts[1:])


def suffix_of(name: str) -> str:
    """Return a unit's kind by its name, such as `.service`; empty for another file."""
    stem, dot, kind = name.rpartition(".")
    return f".{kind}" if stem and dot and f".{kind}" in SUFFIXES else ""


def section_of(name: str) -> str:
    """Return the section that a kind of unit has for itself, such as `Service`."""
    return _SECTION_OF.get(suffix_of(name), "")


def unit_of(path: RepoPath) -> str:
    """Return the unit that a file, or a drop-in, is about; empty for another file.

    `x.service` is about itself, `x.service.d/a.conf` about `x.service`, `service.d/a.conf` about
    every `.service`.
    """
    if suffix_of(path.name):
        return path.name
    folder = path.parts[-2] if len(path.parts) > 1 else ""
    if not path.name.endswith(".conf") or not folder.endswith(".d"):
        return ""
    name = folder.removesuffix(".d")
    return name if suffix_of(name) or f".{name}" in SUFFIXES else ""


def is_drop_in(path: RepoPath) -> bool:
    """Whether a file of this name adds to a unit that stands elsewhere."""
    return bool(unit_of(path)) and not suffix_of(path.name)


def effective(assignments: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Return the assignments that count: an empty one of a key clears what was before it.

    Of a key that holds one value the last one counts; dependencies cannot be cleared.  An empty
    assignment stays in its own place, for `CapabilityBoundingSet=` says something by itself.
    """
    found: dict[tuple[str, str], list[Assignment]] = {}
    for one in assignments:
        kept = found.setdefault((one.section, one.key), [])
        if one.key in DEPENDENCIES:
            kept += [one] if one.value else []
            continue
        if is_single(one.section, one.key) or not one.value:
            kept.clear()
        kept.append(one)
    counted = {id(one) for rows in found.values() for one in rows}
    return tuple(one for one in assignments if id(one) in counted)
