"""The addresses that a repository's `.mailmap` says belong to one person, read from a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unicodedata import normalize

from workflow.errors import GitError
from workflow.identity.spelling import spelled
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflow.git_store import GitStore
    from workflow.types import Identity, TreeId

FILE = RepoPath(".mailmap")
_MAX_BYTES = 1024 * 1024
# Each address is folded in all its spellings: ten thousand take 0.2 s, more than any project has.
_MAX_ROWS = 10_000
# RFC 5321 allows 254.  A ligature of three bytes may stand for 18 characters.
_MAX_ADDRESS = 320
_MAX_FOREIGN = 1000
_CONTACT = re.compile(r"([^<>]*)<([^<>]*)>")


@dataclass(frozen=True, slots=True)
class _Row:
    """One line: the proper address, and the name (where one is given) and address it is for."""

    proper: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Mailmap:
    """Which address stands for which.  `NO_MAILMAP` has none."""

    _exact: Mapping[tuple[str, str], str] = field(default_factory=dict)
    _loose: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def proper(self, who: Identity) -> str:
        """The address that git would show for somebody, in lower case; as `git check-mailmap`."""
        address = lower(who.email)
        found = self._exact.get((lower(who.name), address))
        return found or self._exact.get(("", address)) or address

    def alike(self, spellings: Iterable[str]) -> frozenset[str]:
        """These folded addresses, and all that lines lead to from them, one after the other.

        Two people are one if these sets meet.  An address that lines give to several people by
        their names leads to all of them, and does not make one person of those.
        """
        seen: set[str] = set()
        open_ends = list(spellings)
        while open_ends:
            one = open_ends.pop()
            if one not in seen:
                seen.add(one)
                open_ends.extend(self._loose.get(one, ()))
        return frozenset(seen)


NO_MAILMAP = Mailmap()


def mailmap(git: GitStore, tree: TreeId) -> Mailmap:
    """The `.mailmap` of a tree; the empty one where there is none.

    It is read here and not by `git check-mailmap`, which reads the work tree's file whatever it is
    told, and cannot be asked which addresses are one person's.  Raises `GitError` for a file of
    over 1 MiB, and for what `read` does not read.
    """
    try:
        data = git.read(tree, FILE)
    except KeyError:
        return NO_MAILMAP
    if len(data) > _MAX_BYTES:
        message = f"{FILE} of the base has {len(data)} bytes; at most {_MAX_BYTES} are read"
        raise GitError(message, hint=f"make {FILE} smaller, and commit it")
    return read(data.decode("utf-8", "replace"))


def read(text: str) -> Mailmap:
    """The mailmap that a text is, in the format of gitmailmap(5).

    Raises `GitError` for more addresses, or longer ones, than anybody has: who is who may not take
    minutes to tell, and a line that was passed over could make two people of one.
    """
    exact: dict[tuple[str, str], str] = {}
    loose: dict[str, set[str]] = {}
    rows = foreign = 0
    for number, line in enumerate(text.split("\n"), 1):
        row = _row(line)
        if row is None:
            continue
        rows += 1
        foreign += not (row.address + row.proper).isascii()
        _require_bounded(row, number, rows, foreign)
        exact[lower(row.name), lower(row.address)] = lower(row.proper)
        for one in spelled(row.address):
            for other in spelled(row.proper):
                loose.setdefault(one, set()).add(other)
    return Mailmap(exact, {one: frozenset(others) for one, others in loose.items()})


def _require_bounded(row: _Row, number: int, rows: int, foreign: int) -> None:
    if rows > _MAX_ROWS:
        said = f"maps more than {_MAX_ROWS:,} addresses"
    elif foreign > _MAX_FOREIGN:
        said = f"maps more than {_MAX_FOREIGN:,} addresses with other letters than ASCII's"
    elif any(map(_is_long, (row.address, row.proper))):
        said = f"has an address of more than {_MAX_ADDRESS} characters in line {number}"
    else:
        return
    message = f"{FILE} of the base {said}"
    raise GitError(message, hint=f"make {FILE} smaller, and commit it")


def _is_long(address: str) -> bool:
    return len(address) > _MAX_ADDRESS or len(normalize("NFKC", address)) > _MAX_ADDRESS


def _row(line: str) -> _Row | None:
    """What a line says; nothing where it maps a name only, or is not of the format."""
    if line.startswith("#"):
        return None
    first = _CONTACT.match(line)
    second = _CONTACT.match(line, first.end()) if first else None
    if first is None or second is None:
        return None
    return _Row(first[2].strip(), second[1].strip(), second[2].strip())


def lower(text: str) -> str:
    """As git compares: without regard to the case of ASCII letters."""
    return "".join(char.lower() if char.isascii() else char for char in text.strip())
