"""Where the configuration files of a tree are, in the words in which nginx is told of them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Where nginx's folder is on the machines that a repository is written for.
PREFIXES = (
    "/etc/nginx",
    "/usr/local/nginx/conf",
    "/usr/local/etc/nginx",
    "/usr/local/openresty/nginx/conf",
    "/opt/nginx/conf",
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A file of the tree, and a line in it, counted from 1; line 0 of no file is a wrapper's."""

    path: str = ""
    line: int = 0

    def __str__(self) -> str:
        """As compilers print it."""
        return f"{self.path}:{self.line}"


class Files(Protocol):
    """The configuration files of one tree, as nginx would open them."""

    def text(self, path: str) -> str | None:
        """The text of a file of the tree, decoded; `None` where it is not there."""
        ...

    def matching(self, pattern: str) -> Sequence[str]:
        """The files that an `include` of this pattern reads, in nginx's order (by name)."""
        ...


@dataclass(frozen=True, slots=True)
class Texts:
    """Files that are given as texts by path; `folder` is the one that stands for /etc/nginx."""

    texts: Mapping[str, str]
    folder: str = ""

    def text(self, path: str) -> str | None:
        """The text of a file; `None` where it is not there."""
        return self.texts.get(path)

    def matching(self, pattern: str) -> Sequence[str]:
        """The paths that a pattern matches, sorted."""
        wanted = [one.split("/") for one in in_tree(pattern, self.folder)]
        return sorted(path for path in self.texts if any(_fits(path, one) for one in wanted))


def _fits(path: str, wanted: Sequence[str]) -> bool:
    parts = path.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def in_tree(place: str, folder: str) -> Iterator[str]:
    """Turn a path as a configuration says it into the paths of the tree that it may mean."""
    if not place.startswith("/"):
        yield posixpath.normpath(posixpath.join(folder, place))
        return
    for prefix in PREFIXES:
        if place.startswith(f"{prefix}/"):
            yield posixpath.normpath(posixpath.join(folder, place[len(prefix) + 1 :]))
