"""Which files of a tree are nearer than others: the fewer folders lie between, the nearer."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.types import LeftOut, RepoPath

# Nearness to more named files than these says nothing any more.
_MAX_CENTRES = 20
# Folders that hold what others wrote, or what was made of other files.
_FOREIGN = frozenset(
    {
        *("node_modules", "bower_components", "vendor", "vendored", "third_party", "thirdparty"),
        *("dist", "build", "out", "site-packages", ".venv", "venv", "__pycache__", "coverage"),
    }
)


@dataclass(frozen=True, slots=True)
class Lead:
    """A file that may be of use: 0 is the most useful rank."""

    path: RepoPath
    rank: int


@dataclass(frozen=True, slots=True)
class Leads:
    """What one rule has found, the most useful first, and what it could not follow."""

    found: tuple[Lead, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Nearness:
    """How many folders lie between a file and the nearest of some others.

    Without others, files count from the repository's top.
    """

    centres: tuple[tuple[str, ...], ...]
    _known: dict[str, int] = field(default_factory=dict)

    def __call__(self, path: str) -> int:
        """The steps from folder to folder."""
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            parts = tuple(folder.split("/")) if folder else ()
            self._known[folder] = min(_steps(parts, centre) for centre in self.centres)
        return self._known[folder]

    def sorted(self, paths: Iterable[RepoPath]) -> list[RepoPath]:
        """The nearest first, and in the order of the alphabet where they are equally near."""
        return sorted(paths, key=lambda path: (self(path), path))


def nearness(named: Sequence[RepoPath]) -> Nearness:
    """How near files are to the named ones."""
    folders = dict.fromkeys(path.parts[:-1] for path in named[:_MAX_CENTRES])
    return Nearness(tuple(folders) or ((),))


def is_foreign(path: RepoPath) -> bool:
    """Whether a file was taken from elsewhere, or made of other files."""
    return ".min." in path.name or not _FOREIGN.isdisjoint(path.parts[:-1])


def _steps(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    pairs = zip(one, other, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return len(one) + len(other) - 2 * common
