"""The files that nginx reads with a named one: what it includes, and what includes it.

The gate's own resolver (`workflow.gates.nginx.layout`) answers what nginx reads of a tree that is
laid out to be run, by way of links, too.  This one says how far away a file is, follows no link,
and is bounded, since it runs before anything of the repository is confined.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from workflow.gates.nginx.layout import is_configuration
from workflow.gather.near import Lead, Leads
from workflow.semantics.nginx import NginxSyntaxError, parse, walk
from workflow.semantics.nginx.files import PREFIXES
from workflow.types import LeftOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workflow.gather.globs import Names
    from workflow.gather.near import Nearness
    from workflow.gather.shelf import Shelf
    from workflow.types import RepoPath

_MAX_DEPTH = 32
_MAX_SEARCHED = 400
_MAX_MAINS = 20
_MAX_FOUND = 1000
_MAX_INCLUDES = 1000
# Characters: reading a file costs up to 3 us for each, and all of them share one second or so.
_MAX_FOLLOWED = 128 * 1024
_MAX_FOLLOWED_TOGETHER = 1024 * 1024
_ENDINGS = (".conf", ".nginx", ".vhost", ".inc", ".ngx", ".nginxconf")
_FOLDER = re.compile(
    r"(?:^|/)(?:nginx|snippets|sites|vhosts?|servers)(?:-enabled|-available)?(?:\.d)?/"
    r"|(?:^|/)(?:conf|http|default|stream|location)s?\.d/"
)
_MAIN = re.compile(r"(?m)^[ \t]*(?:events|http|stream)\s*\{")
# They come with nginx and say nothing about a site.
_STOCK = frozenset(
    {
        *("mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params"),
        *("proxy_params", "koi-utf", "koi-win", "win-utf"),
    }
)
_FAR = _MAX_DEPTH + 1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What nginx reads with the named files, how many includes away, and what was not followed.

    `outer` are the files that include a named one, directly or by way of others.
    """

    leads: Leads = field(default_factory=Leads)
    outer: tuple[RepoPath, ...] = ()


def surroundings(
    shelf: Shelf, names: Names, near: Nearness, named: Sequence[RepoPath]
) -> Surroundings:
    """What is included around the named files that are nginx configuration."""
    sites = [path for path in named if may_be_nginx(path)]
    sites = [path for path in sites if is_configuration(path, shelf.text(path))]
    if not sites:
        return Surroundings()
    like = near.sorted(path for path in shelf.entries if may_be_nginx(path))
    # What nginx may start from comes first, wherever it is.
    like.sort(key=lambda path: not _is_main_name(path))
    like = like[:_MAX_SEARCHED]
    shelf.open(like)
    includes = _Includes(shelf, names)
    distance: dict[RepoPath, int] = {}
    outer: dict[RepoPath, None] = {}
    # The named ones are read first, while there is most room.
    for path in sites:
        includes.of(path)
    for path in sites:
        above, below = _around(includes, near, path, like)
        outer.update(dict.fromkeys(above))
        for found, steps in (*above.items(), *below.items()):
            distance[found] = min(steps, distance.get(found, steps))
    leads = [
        Lead(path, _FAR if path.name in _STOCK else steps)
        for path, steps in distance.items()
        if path not in named
    ]
    leads.sort(key=lambda lead: (lead.rank, lead.path))
    unread = {*sites, *distance}
    left = (one for one in includes.left_out if one.path in unread)
    return Surroundings(Leads(tuple(leads), tuple(left)), tuple(outer))


def may_be_nginx(path: RepoPath) -> bool:
    """Whether a file could be nginx configuration by its name and place."""
    name = path.name
    return (
        name.endswith(_ENDINGS)
        or name.startswith("nginx.conf")
        or name in _STOCK
        or ("." not in name and _FOLDER.search(path) is not None)
    )


@dataclass(slots=True)
class _Includes:
    """What each file includes, read once, and seen from a folder that stands for /etc/nginx."""

    shelf: Shelf
    names: Names
    left_out: list[LeftOut] = field(default_factory=list)
    _patterns: dict[RepoPath, tuple[str, ...]] = field(default_factory=dict)
    _matched: dict[tuple[str, str], tuple[RepoPath, ...]] = field(default_factory=dict)
    _room: int = _MAX_FOLLOWED_TOGETHER

    def of(self, path: RepoPath) -> tuple[str, ...]:
        """The patterns that a file includes, each once."""
        if path not in self._patterns:
            self._patterns[path] = self._read(path)
        return self._patterns[path]

    def seen_from(self, folder: str, path: RepoPath) -> list[RepoPath]:
        """The entries that a file includes where `folder` stands for nginx's own, each once."""
        found = [
            entry
            for pattern in self.of(path)
            for relative in _in_folder(pattern)
            for entry in self._match(folder, relative)
        ]
        return list(dict.fromkeys(found))

    def _match(self, folder: str, pattern: str) -> tuple[RepoPath, ...]:
        key = (folder, pattern)
        if key not in self._matched:
            self._matched[key] = self.names.match(folder, pattern)
        return self._matched[key]

    def _read(self, path: RepoPath) -> tuple[str, ...]:
        text = self.shelf.text(path)
        if "include" not in text:
            return ()
        if len(text) > _MAX_FOLLOWED:
            return self._not_followed(path, f"longer than {_MAX_FOLLOWED:,} characters")
        if len(text) > self._room:
            return self._not_followed(path, "there is too much configuration")
        self._room -= len(text)
        try:
            tree = parse(text)
        except NginxSyntaxError as error:
            return self._not_followed(path, f"not valid at line {error.line}")
        found = dict.fromkeys(
            item.values[0] for item in walk(tree.children) if item.name == "include" and item.args
        )
        if len(found) > _MAX_INCLUDES:
            return self._not_followed(path, f"more than {_MAX_INCLUDES:,} of them")
        return tuple(found)

    def _not_followed(self, path: RepoPath, why: str) -> tuple[str, ...]:
        self.left_out.append(LeftOut(path, f"its includes were not followed: {why}"))
        return ()


def _in_folder(pattern: str) -> list[str]:
    """An include as nginx's folder sees it; none for a place elsewhere on the machine."""
    if not pattern.startswith("/"):
        return [pattern]
    return [
        pattern.removeprefix(f"{prefix}/")
        for prefix in PREFIXES
        if pattern.startswith(f"{prefix}/")
    ]


def _around(
    includes: _Includes, near: Nearness, path: RepoPath, like: Sequence[RepoPath]
) -> tuple[dict[RepoPath, int], dict[RepoPath, int]]:
    """How many includes above and below a file others are, for each main file that reads it."""
    above: dict[RepoPath, int] = {}
    below: dict[RepoPath, int] = {}
    for main in _mains(includes.shelf, like):
        inner = partial(includes.seen_from, posixpath.dirname(main))
        reached = {main: 0, **_reach(main, inner, includes.shelf)}
        if path in reached:
            includers: dict[RepoPath, list[RepoPath]] = {}
            for one in reached:
                for found in inner(one):
                    includers.setdefault(found, []).append(one)
            above |= _reach(path, partial(_at, includers), includes.shelf)
            below |= _reach(path, inner, includes.shelf)
    if not above and not below:
        return _guessed(includes, path, near.sorted(like))
    return above, below


def _at(includers: Mapping[RepoPath, list[RepoPath]], one: RepoPath) -> list[RepoPath]:
    return includers.get(one, [])


def _guessed(
    includes: _Includes, path: RepoPath, like: Sequence[RepoPath]
) -> tuple[dict[RepoPath, int], dict[RepoPath, int]]:
    """The same where no main file reads the named one: nginx's folder is one of those around."""
    below: dict[RepoPath, int] = {}
    for folder in _folders(path):
        below = _reach(path, partial(includes.seen_from, folder), includes.shelf)
        if below:
            break
    above = {
        other: 1
        for other in like
        if other != path and includes.of(other)
        for folder in _folders(other)
        if path in includes.seen_from(folder, other)
    }
    return above, below


def _folders(path: RepoPath) -> list[str]:
    """The folders around a file, the nearest first."""
    parts = path.parts[:-1]
    return ["/".join(parts[:end]) for end in range(len(parts), -1, -1)][:_MAX_DEPTH]


def _mains(shelf: Shelf, like: Iterable[RepoPath]) -> list[RepoPath]:
    """The files that nginx may start from."""
    found = [path for path in like if _is_main_name(path) and _MAIN.search(shelf.text(path))]
    return found[:_MAX_MAINS]


def _is_main_name(path: RepoPath) -> bool:
    return "nginx" in path.name and path.name.endswith(".conf")


def _reach(
    start: RepoPath, following: Callable[[RepoPath], Iterable[RepoPath]], shelf: Shelf
) -> dict[RepoPath, int]:
    """How many steps away others are, `start` not among them; 32 steps and 1,000 files at most."""
    found = {start: 0}
    level = [start]
    for depth in range(1, _MAX_DEPTH + 1):
        deeper = []
        # All at once: each of them is read next.
        shelf.open(level)
        for one in level:
            for other in following(one):
                if other not in found and len(found) <= _MAX_FOUND:
                    found[other] = depth
                    deeper.append(other)
        level = deeper
    del found[start]
    return found
