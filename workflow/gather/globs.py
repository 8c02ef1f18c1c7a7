"""Finds the names in a tree that a pattern matches, as nginx's `include` does, within bounds."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.types import RepoPath

_MAX_PATTERN = 1024
_MAX_COMPARED = 200_000
_WILD = re.compile(r"[*?\[]")

T = TypeVar("T")


class Names:
    """The names of a tree by folder; a pattern costs what it looks at and not the whole tree.

    After 200,000 comparisons for all patterns together, nothing is matched any more.
    """

    def __init__(self, paths: Iterable[RepoPath]) -> None:
        self._files: dict[str, dict[str, RepoPath]] = {"": {}}
        self._folders: dict[str, dict[str, str]] = {"": {}}
        self._left = _MAX_COMPARED
        for path in paths:
            folder, _, name = path.rpartition("/")
            self._add_folder(folder)
            self._files[folder][name] = path

    def _add_folder(self, folder: str) -> None:
        while folder not in self._files:
            self._files[folder] = {}
            outer, _, name = folder.rpartition("/")
            self._folders.setdefault(outer, {})[name] = folder
            folder = outer

    def match(self, folder: str, pattern: str) -> tuple[RepoPath, ...]:
        """The entries that a pattern, seen from a folder, stands for; in order of the alphabet.

        A pattern that leads out of the tree matches nothing.
        """
        if len(pattern) > _MAX_PATTERN or "\0" in pattern:
            return ()
        place = posixpath.normpath(posixpath.join(folder, pattern))
        # What leads out of the tree has a part that no entry can be called by.
        *outer, name = place.split("/")
        folders = [""]
        for part in outer:
            folders = [
                found for one in folders for found in self._among(self._folders.get(one, {}), part)
            ]
            if not folders:
                return ()
        return tuple(
            sorted(path for one in folders for path in self._among(self._files[one], name))
        )

    def _among(self, names: dict[str, T], part: str) -> list[T]:
        """What the names hold that one part of a pattern matches."""
        is_wild = _WILD.search(part) is not None
        self._left -= len(names) if is_wild else 1
        if self._left < 0:
            return []
        if not is_wild:
            return [names[part]] if part in names else []
        # As with glob(3): a leading dot has to be written.
        return [
            found
            for name, found in names.items()
            if name.startswith(".") <= part.startswith(".") and fnmatch.fnmatchcase(name, part)
        ]
