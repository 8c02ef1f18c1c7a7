"""The configuration files of a tree: read once, links followed inside the tree only."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol, cast

from workflow.errors import WorkflowError
from workflow.gates.interface import Tree
from workflow.gates.text import one_line
from workflow.semantics.nginx import decode
from workflow.semantics.nginx.files import in_tree
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.sandbox import Scratch
    from workflow.semantics.nginx.expanded import Config
    from workflow.types import Entry

_MAX_HOPS = 40
_MAX_FILE = 16 * 1024 * 1024


class LargeError(WorkflowError):
    """A configuration file is larger than what is read: nothing may be said of it."""


class Readable(Protocol):
    """What can be read of a tree, such as `gates.Tree`: its files, and where its links point to."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The files and links, in git's order."""
        ...

    @property
    def read(self) -> Callable[[RepoPath], bytes]:
        """Gives the content of a regular file."""
        ...

    @property
    def links(self) -> Mapping[RepoPath, str]:
        """Where each symbolic link points to, in its own words."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A tree's configuration files as text, each read once.

    Symbolic links are followed inside the tree only; one that leads out of it leads to nothing.
    `configs` is for `derive.configuration`, which reads each of them once.
    """

    tree: Readable
    _texts: dict[str, str] = field(default_factory=dict)
    _modes: dict[str, str] = field(default_factory=dict)
    _names: dict[str, dict[str, str]] = field(default_factory=dict)
    configs: dict[tuple[object, ...], Config] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the entries by path."""
        self._modes.update((entry.path, entry.mode) for entry in self.tree.entries)

    @property
    def scratch(self) -> Scratch:
        """How a sandbox shows the tree; raise `ValueError` for one that can only be read."""
        if not isinstance(self.tree, Tree):
            message = "this tree is not laid out for a sandbox"
            raise ValueError(message)  # noqa: TRY004 - a wrong use of ours, as other values are
        return self.tree.scratch

    def __contains__(self, path: str) -> bool:
        """Whether the tree has this file or link."""
        return path in self._modes

    @property
    def paths(self) -> Sequence[str]:
        """Every path of the tree."""
        return tuple(self._modes)

    def text(self, path: str) -> str:
        """Return the text of a file, or that a link leads to; empty for what is none.

        Raises `LargeError` for one of more than 16 MiB.
        """
        if path not in self._texts:
            data = b""
            real = self._file(path)
            if real:
                data = self.tree.read(RepoPath(real))
            if len(data) > _MAX_FILE:
                message = f"{one_line(path)} has {len(data) >> 20} MiB; up to 16 are read"
                raise LargeError(message, hint="split it into files that are included")
            self._texts[path] = decode(data)
        return self._texts[path]

    def real(self, path: str) -> str:
        """Return the regular file that a path leads to; empty where there is none."""
        return path if self._is_regular(path) else self._file(path)

    def mode(self, path: str) -> str:
        """Return the git mode of a file or link."""
        return self._modes[path]

    def names(self, folder: str) -> Mapping[str, str]:
        """Return the file behind each name that nginx can open, with `folder` as its own.

        A file has its own path as a name, and another for each link to it or to a folder around it.
        """
        if folder not in self._names:
            found = {path: path for path in self._modes if self._is_regular(path)}
            for link in self.tree.links:
                real = self._resolved(link, folder)
                for path in self._modes if real else ():
                    behind = self._resolved(path, folder)
                    if (path == real or path.startswith(f"{real}/")) and self._is_regular(behind):
                        found[link + path[len(real) :]] = behind
            self._names[folder] = found
        return self._names[folder]

    def holds(self, place: str, folder: str) -> bool:
        """Whether the tree has the file that a configuration names so, relative or absolute."""
        names = self.names(folder)
        return any(path in names for path in in_tree(place, folder))

    def matching(self, pattern: str, folder: str) -> list[tuple[str, str]]:
        """Return the names that an include matches, in order, each with the file behind it."""
        names = self.names(folder)
        found: dict[str, str] = {}
        for candidate in in_tree(pattern, folder):
            if candidate in names:
                found[candidate] = names[candidate]
            elif any(mark in candidate for mark in "*?["):
                wanted = candidate.split("/")
                found.update((name, real) for name, real in names.items() if _fits(name, wanted))
        return sorted(found.items())

    def _is_regular(self, path: str) -> bool:
        return self._modes.get(path) in {"100644", "100755"}

    def _file(self, path: str) -> str:
        """Return the file that a path leads to, for the first folder around it that fits."""
        folders = [path]
        while folders[-1]:
            folders.append(posixpath.dirname(folders[-1]))
        found = (self._resolved(path, folder) for folder in folders[1:])
        return next((real for real in found if self._is_regular(real)), "")

    def _resolved(self, path: str, folder: str) -> str:
        """Follow the links on a path; empty when they lead out of the tree, or in a circle."""
        links = cast("Mapping[str, str]", self.tree.links)
        for _ in range(_MAX_HOPS):
            parts = path.split("/")
            heads = ("/".join(parts[: end + 1]) for end in range(len(parts)))
            link = next((head for head in heads if head in links), None)
            if link is None:
                return path
            target = links[link]
            if target.startswith("/"):
                place = next(iter(in_tree(target, folder)), "..")
            else:
                place = posixpath.join(posixpath.dirname(link), target)
            path = posixpath.normpath(posixpath.join(place, path[len(link) + 1 :]))
            if path == ".." or path.startswith(("../", "/")):
                return ""
        return ""


@dataclass(frozen=True, slots=True)
class View:
    """A tree's files as nginx would open them, with `folder` as its own: see `semantics.Files`.

    `render` turns a file's text into the one that is judged.
    """

    source: Source
    folder: str
    render: Callable[[str], str]

    def text(self, path: str) -> str | None:
        """The text of a file; `None` where it is not there."""
        real = self.source.real(path)
        return self.render(self.source.text(real)) if real else None

    def matching(self, pattern: str) -> Sequence[str]:
        """The files behind the names that a pattern matches, by name."""
        return [real for _, real in self.source.matching(pattern, self.folder)]


def _fits(name: str, wanted: Sequence[str]) -> bool:
    parts = name.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
