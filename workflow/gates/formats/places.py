"""What a tree has at a path that a configuration file names, told from the list of its files."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.gates.interface import Tree
    from workflow.types import RepoPath

_SUBMODULE = "160000"
_LINK = "120000"


class Places:
    """The files and folders of a tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    @cached_property
    def _files(self) -> dict[str, str]:
        return {entry.path: entry.mode for entry in self._tree.entries}

    @cached_property
    def _stubs(self) -> tuple[str, ...]:
        """Links and submodules: what is behind them cannot be told."""
        return tuple(path for path, mode in self._files.items() if mode in {_SUBMODULE, _LINK})

    @cached_property
    def _folders(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self._files:
            folder = posixpath.dirname(path)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def has(self, beside: RepoPath, name: str) -> bool:
        """Whether something is at `name`, taken from the folder of `beside`.

        True, too, for what cannot be told: outside the repository, behind a link or in a submodule.
        """
        path = self.resolved(beside, name)
        if path is None or path in {"", "."} or path in self._files or path in self._folders:
            return True
        return any(path.startswith(f"{stub}/") for stub in self._stubs)

    def resolved(self, beside: RepoPath, name: str) -> str | None:
        """Return the path in the tree; `None` where it lies outside or has a variable in it."""
        if name.startswith(("/", "~")) or "$" in name or "%" in name:
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(beside), name))
        return None if path.startswith("..") else path

    def read(self, path: str, most: int) -> bytes | None:
        """Return the content of a regular file; `None` where there is none, or a larger one."""
        entry = next((one for one in self._tree.entries if one.path == path), None)
        if entry is None or not entry.is_regular:
            return None
        data = self._tree.read(entry.path)
        return data if len(data) <= most else None

    def matches(self, beside: RepoPath, pattern: str) -> bool:
        """Whether something is at a path whose names may hold `*` and `?`."""
        if not set(pattern) & set("*?["):
            return self.has(beside, pattern)
        # Only the folders before the first wildcard are looked at.
        words = pattern.split("/")
        fixed = next(number for number, word in enumerate(words) if set(word) & set("*?["))
        return fixed == 0 or self.has(beside, "/".join(words[:fixed]))
