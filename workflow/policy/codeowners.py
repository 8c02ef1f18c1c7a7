"""Reads a CODEOWNERS file of the base: who owns a path, by the last line that matches it.

The dialect is GitHub's, and GitLab's sections (`[Name][2] @owner`, `^[Name]`).  A line that is not
understood is a fault and not skipped: it could have been about any path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.policy.fold import shown
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACES = tuple(
    RepoPath(name)
    for name in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
)
"""Where it may be; the first one that is there counts."""
# GitHub's own bound; a larger one is not loaded there either.
_MAX_BYTES = 3 * 1024 * 1024
_SECTION = re.compile(r"(\^?)\[([^\[\]]+)\](?:\[([0-9]{1,3})\])?(?:[ \t]+(.*))?\Z")
# A word ends at a blank that is not escaped.
_WORD = re.compile(r"(?:\\.|[^\\\s])+")
_OWNER = re.compile(r"@?@[A-Za-z0-9_][A-Za-z0-9_./-]*\Z|[^@\s<>]+@[^@\s<>]+\Z")
_FOLDERS = "**"
# What all questions about one file may cost together: some seconds.  A file of 5,000 lines stays
# below it in a change of hundreds of files.
_MOST_STEPS = 30_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: the names of its pattern, and the owners, none where nobody owns what matches.

    `is_below` is for a pattern that matches what is in a folder and not the folder's own name, and
    `is_flat` for one that ends in `/*`, which reaches no folder in the folder.
    """

    line: int
    names: tuple[str, ...]
    owners: tuple[str, ...]
    needed: int = 1
    is_below: bool = False
    is_flat: bool = False


@dataclass(slots=True)
class Codeowners:
    """A file: its entries by section, each of which has an owner of its own, and its faults.

    `steps` is what matching may still cost.
    """

    source: RepoPath
    sections: dict[str, list[Entry]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    steps: int = _MOST_STEPS

    def of(self, path: str) -> Iterator[Entry]:
        """The entry that counts for a path in each section: the last one that matches.

        Where the file's patterns cost more than anybody can wait for, that is one fault more, and
        nothing further matches.
        """
        names = tuple(path.split("/"))
        for entries in self.sections.values():
            for entry in reversed(entries):
                if self.steps <= 0:
                    return
                is_match, cost = _matches(entry, names, self.steps)
                self.steps -= cost
                if self.steps <= 0:
                    said = f"its patterns take more than {_MOST_STEPS:,} steps to match"
                    self.faults.append(f"line {entry.line}: {said}: it is too long")
                    return
                if is_match:
                    if entry.owners and entry.needed:
                        yield entry
                    break


def find(committed: Callable[[RepoPath], bytes | None]) -> Codeowners | None:
    """The CODEOWNERS file that a tree has, `None` where it has none."""
    for place in PLACES:
        data = committed(place)
        if data is not None:
            return parse(data, place)
    return None


def parse(data: bytes, source: RepoPath) -> Codeowners:
    """Read a file; what is not understood stands in its `faults`, with the number of its line."""
    made = Codeowners(source)
    if len(data) > _MAX_BYTES:
        made.faults.append(f"it has {len(data):,} bytes, more than {_MAX_BYTES:,}")
        return made
    section, needed = "", 1
    standing: tuple[str, ...] = ()
    for number, raw in enumerate(data.decode("utf-8", "backslashreplace").split("\n"), 1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        head = _SECTION.match(text)
        try:
            if head:
                is_optional, section, count, rest = head.groups()
                section = section.strip().casefold()
                standing = _owners(_words(rest or ""))
                # An approval that is optional in GitLab is no requirement here.
                needed = 0 if is_optional else int(count or 1)
                continue
            entry = _entry(number, text, standing, needed)
        except ValueError as error:
            made.faults.append(f"line {number}: {error}")
            continue
        made.sections.setdefault(section, []).append(entry)
    return made


def _entry(number: int, text: str, standing: tuple[str, ...], needed: int) -> Entry:
    """One line.  Raises `ValueError` with what is not understood in it."""
    pattern, *rest = _words(text) or [text]
    if pattern.startswith("!"):
        message = f"{shown(pattern)}: `!` has no meaning in this file"
        raise ValueError(message)
    if "[" in pattern or "]" in pattern:
        message = f"{shown(pattern)}: ranges in brackets are not read"
        raise ValueError(message)
    plain = _unescaped(pattern)
    is_below = plain.endswith("/")
    names = tuple(plain.strip("/").split("/"))
    if {"", ".", ".."} & set(names):
        message = f"{shown(pattern)} can match no path"
        raise ValueError(message)
    is_anchored = "/" in plain.removesuffix("/")
    is_flat = len(names) > 1 and names[-1] == "*" and not is_below
    if not is_anchored:
        names = (_FOLDERS, *names)
    # One `**` after another means no more than one, and costs as much as both.
    names = tuple(
        name for at, name in enumerate(names) if name != _FOLDERS or names[at - 1 : at] != (name,)
    )
    owners = _owners(rest) or standing
    return Entry(number, names, owners, needed, is_below=is_below, is_flat=is_flat)


def _words(text: str) -> list[str]:
    """The words of a line, up to a comment; a blank may be escaped."""
    words = []
    for word in _WORD.findall(text):
        if word.startswith("#"):
            break
        words.append(word)
    return words


def _unescaped(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word)


def _owners(words: list[str]) -> tuple[str, ...]:
    for word in words:
        if not _OWNER.match(word):
            message = f"{shown(word)} is neither @name nor @name/team nor an e-mail address"
            raise ValueError(message)
    return tuple(words)


def _matches(entry: Entry, path: tuple[str, ...], most: int) -> tuple[bool, int]:
    """Whether a path, as its names, is what an entry means, or is below a folder that it means.

    With it comes how many steps it took: over `most`, nothing is said.  `states` are how many names
    of the pattern are behind us.
    """
    pattern, end = entry.names, len(entry.names)
    states = _passed(pattern, {0})
    steps = 1
    for at, name in enumerate(path, 1):
        moves, stays = set(), set()
        for state in states - {end}:
            token = pattern[state]
            is_like, cost = (True, 1) if token == _FOLDERS else _is_like(token, name, most - steps)
            steps += cost
            if token == _FOLDERS:
                stays.add(state)
            if is_like and (token != _FOLDERS or state == end - 1):
                moves.add(state + 1)
        states = _passed(pattern, stays | moves)
        if not states or steps > most:
            return False, steps
        is_whole = at == len(path)
        if end in states and (not entry.is_below if is_whole else not entry.is_flat):
            return True, steps
    return False, steps


def _passed(pattern: tuple[str, ...], states: set[int]) -> set[int]:
    """The states with those behind a `**`, which may stand for no folder at all.

    At the end of a pattern it has to stand for something: `docs/**` is not `docs`.
    """
    found = set(states)
    for state in states:
        at = state
        while at < len(pattern) - 1 and pattern[at] == _FOLDERS:
            at += 1
            found.add(at)
    return found


def _is_like(pattern: str, name: str, most: int) -> tuple[bool, int]:
    """Whether one name matches `*` and `?` of one name of a pattern; two stars are one here.

    With it comes how many steps it took: over `most`, nothing is said.
    """
    head, star, tail = pattern.partition("*")
    if "?" not in pattern and "*" not in tail:
        # `*.conf` and plain names, which most are.
        is_room = len(name) >= len(head) + len(tail)
        return (
            name == pattern
            if not star
            else is_room and name.startswith(head) and name.endswith(tail)
        ), 1
    at = here = steps = 0
    last, kept = -1, 0
    while here < len(name) and steps <= most:
        steps += 1
        if at < len(pattern) and pattern[at] == "*":
            last, kept = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", name[here]}:
            at += 1
            here += 1
        elif last >= 0:
            kept += 1
            at, here = last + 1, kept
        else:
            return False, steps
    return here == len(name) and not pattern[at:].strip("*"), steps + 1
