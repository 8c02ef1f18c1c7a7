"""Where nginx's configuration lies in a repository, and from which file nginx would start."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from workflow.types import ChangeKind, RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.gates.interface import Case, Tree

# Where nginx's folder is on the machines that a repository is written for.
PREFIXES = (
    "/etc/nginx",
    "/usr/local/nginx/conf",
    "/usr/local/etc/nginx",
    "/usr/local/openresty/nginx/conf",
    "/opt/nginx/conf",
)
_CERTIFICATE = re.compile(r"\bssl_certificate(?:_key)?\s+([^\s;]+)\s*;")
_MAX_HOPS = 40
_MAX_FILE = 1024 * 1024
_MAX_INCLUDED = 1000
_MAX_MAINS = 20
_FOLDERS = {
    *("nginx", "sites-enabled", "sites-available", "conf.d", "http.d", "snippets", "sites"),
    *("vhosts", "vhosts.d", "vhost.d", "servers", "default.d", "stream.d", "streams-enabled"),
    *("modules-enabled", "modules-available", "stream-enabled", "conf-enabled"),
}
_PARTS_FOLDERS = _FOLDERS - {"nginx"}
_ENDINGS = (".conf", ".nginx", ".vhost", ".inc", ".ngx", ".nginxconf")
_STRONG = re.compile(
    r"""(?mx) ^[ \t]* (?:
        (?: server | events | http | stream | types | upstream [ \t]+ [^\s{;]+
          | location [ \t]+ [^\n{;]+ | map [ \t]+ \$ [^\n{;]+ | geo [ \t]+ [^\n{;]+
          | if [ \t]* \( \$ [^\n{;]+ | limit_except [ \t]+ [^\n{;]+ ) \s* \{
      | (?: listen | server_name | root | index | try_files | return | rewrite | expires | alias
          | include | worker_processes | worker_connections | client_max_body_size | access_log
          | keepalive_timeout | sendfile | http2 | gzip \w* | ssl_\w+ | proxy_\w+ | fastcgi_\w+
          | uwsgi_\w+ | scgi_\w+ | add_header | limit_req\w* | limit_conn\w* | real_ip_\w+
          | set_real_ip_from | resolver\w* | auth_\w+ | allow | deny | set [ \t]+ \$\w+
          | log_format | error_page | default_type ) [ \t]+ [^\n;]* ;
    )"""
)
_OTHER_FORMAT = re.compile(r"(?m)^\s*(?!location\b)\w+\s*=|^\s*\[[\w.:-]+\]\s*$|^\s*<\w+")
_INCLUDE = re.compile(r"(?:^|[;{}\s])include\s+([^;{}]+?)\s*;")
_MAIN = re.compile(r"(?m)^[ \t]*(?:events|http|stream)\s*\{")
_EVENTS = re.compile(r"(?m)(?:^|[;}])\s*events\s*\{")


class Context(StrEnum):
    """Which block of a main file a part is written for."""

    MAIN = "main"
    HTTP = "http"
    SERVER = "server"
    LOCATION = "location"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to test: a main file, or a part in a wrapper made for it.

    `folder` is the tree's folder that stands for /etc/nginx, empty for the tree's root; `contexts`
    are those to try a part in, the likeliest first, and empty for a main file.
    """

    path: RepoPath
    folder: str
    contexts: tuple[Context, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A tree's configuration files as text, each read once.

    Symbolic links are followed inside the tree only; one that leads out of it leads to nothing.
    """

    tree: Tree
    _texts: dict[str, str] = field(default_factory=dict)
    _modes: dict[str, str] = field(default_factory=dict)
    _names: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the entries by path."""
        self._modes.update((entry.path, entry.mode) for entry in self.tree.entries)

    def __contains__(self, path: str) -> bool:
        """Whether the tree has this file or link."""
        return path in self._modes

    @property
    def paths(self) -> Sequence[str]:
        """Every path of the tree."""
        return tuple(self._modes)

    def text(self, path: str) -> str:
        """Return the text of a file, or that a link leads to; empty for others and large ones."""
        if path not in self._texts:
            data = b""
            real = self._file(path)
            if real:
                data = self.tree.read(RepoPath(real))
            self._texts[path] = "" if len(data) > _MAX_FILE else data.decode("utf-8", "replace")
        return self._texts[path]

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
                place = next(iter(_in_tree(target, folder)), "..")
            else:
                place = posixpath.join(posixpath.dirname(link), target)
            path = posixpath.normpath(posixpath.join(place, path[len(link) + 1 :]))
            if path == ".." or path.startswith(("../", "/")):
                return ""
        return ""


def is_configuration(path: RepoPath, text: str) -> bool:
    """Whether a file is nginx configuration, by where it is, what it is called and what it says."""
    suffix = posixpath.splitext(path.name)[1]
    placed = bool(_FOLDERS.intersection(path.parts[:-1]))
    named = suffix in _ENDINGS or (placed and suffix == "") or path.name.startswith("nginx.conf")
    if not named or "\0" in text:
        return False
    if _OTHER_FORMAT.search(_without_comments(text)) and not placed:
        return False
    return _STRONG.search(_without_comments(text)) is not None


def included(source: Source, main: str, folder: str) -> frozenset[str]:
    """Return the paths of the files, and of the links, that nginx reads from `main` on."""
    found, queue = {main}, [main]
    while queue and len(found) < _MAX_INCLUDED:
        for pattern in _includes(source.text(queue.pop())):
            for name, path in _matching(source, pattern, folder):
                if path not in found:
                    queue.append(path)
                found |= {name, path}
    return frozenset(found)


def targets(
    source: Source, changed: Sequence[RepoPath], configured: RepoPath | None
) -> tuple[Target, ...]:
    """Return what to test for the changed files that `source` has, each target once."""
    found: dict[Target, None] = {}
    for path in changed:
        if path in source:
            found[_target(source, path, configured)] = None
    return tuple(found)


def _target(source: Source, path: RepoPath, configured: RepoPath | None) -> Target:
    mains = [configured] if configured and configured in source else _mains(source, path)
    for main in mains:
        folder = posixpath.dirname(main)
        if main == path or path in included(source, main, folder):
            complete = _EVENTS.search(_without_comments(source.text(main)))
            return Target(main, folder, () if complete else (Context.MAIN,))
    return Target(path, _folder_of_part(path), _contexts(source.text(path)))


def _mains(source: Source, path: RepoPath) -> list[RepoPath]:
    """Return the main files that there may be, the nearest to `path` first."""
    near = path.parts[:-1]

    def distance(candidate: str) -> tuple[int, int, str]:
        parts = candidate.split("/")[:-1]
        common = sum(
            1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(near, parts, strict=False))
        )
        return -common, len(parts), candidate

    names = [
        name
        for name in source.paths
        if name == path or ("nginx" in posixpath.basename(name) and name.endswith(".conf"))
    ]
    nearest = sorted(names, key=distance)[:_MAX_MAINS]
    return [
        RepoPath(name) for name in nearest if _MAIN.search(_without_comments(source.text(name)))
    ]


def _folder_of_part(path: RepoPath) -> str:
    for depth in range(len(path.parts) - 2, -1, -1):
        if path.parts[depth] in _PARTS_FOLDERS:
            return "/".join(path.parts[:depth])
    return posixpath.dirname(path)


def _contexts(text: str) -> tuple[Context, ...]:
    """Return the contexts to try, by the words at the left edge of the blocks."""
    names = set(_top_level(_without_comments(text)))
    if names & {"events", "http", "stream", "worker_processes", "load_module"}:
        first = [Context.MAIN]
    elif names & {"server", "upstream", "map", "geo", "log_format", "split_clients"}:
        first = [Context.HTTP, Context.STREAM]
    elif names & {"location", "listen", "server_name"}:
        first = [Context.SERVER]
    else:
        first = [Context.HTTP, Context.SERVER, Context.LOCATION]
    return tuple(dict.fromkeys([*first, *Context]))


def _top_level(text: str) -> Iterator[str]:
    depth = 0
    for statement in re.finditer(r"([^;{}]*)([;{}])", text):
        words = statement[1].split()
        if depth == 0 and words:
            yield words[0]
        depth += {"{": 1, "}": -1}.get(statement[2], 0)


def _includes(text: str) -> list[str]:
    found = _INCLUDE.findall(_without_comments(text))
    return [pattern.strip("\"'") for pattern in found]


def _matching(source: Source, pattern: str, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the names that an include matches, each with the file behind it."""
    for candidate in _in_tree(pattern, folder):
        wanted = candidate.split("/")
        for name, path in source.names(folder).items():
            parts = name.split("/")
            if len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted)):
                yield name, path


def _in_tree(place: str, folder: str) -> Iterator[str]:
    """Turn a path as a configuration says it into paths of the tree."""
    if not place.startswith("/"):
        yield posixpath.normpath(posixpath.join(folder, place))
        return
    for prefix in PREFIXES:
        if place.startswith(f"{prefix}/"):
            yield posixpath.normpath(posixpath.join(folder, place[len(prefix) + 1 :]))


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)(^|[\s;{}])#.*$", r"\1", text)


def texts_of(source: Source, target: Target) -> str:
    """All text that nginx reads for a target, joined."""
    links = source.tree.links
    read = sorted(included(source, target.path, target.folder) - links.keys())
    # Where links point to counts as well: it is a place of the servers like those in the text.
    places = [text for _, text in sorted(links.items()) if text.startswith("/")]
    own = [source.text(target.path)] if target.path in links else []
    return "\n".join([*own, *map(source.text, read), *places])


def new_certificates(base: Source, patched: Source, target: Target) -> str:
    """The certificates and keys that files name which nginx reads in the patched tree alone.

    A new site has one that no base can vouch for; of hosts and accounts it can only use known ones.
    """
    before, after = (included(one, target.path, target.folder) for one in (base, patched))
    return "\n".join(
        path for name in sorted(after - before) for path in _CERTIFICATE.findall(patched.text(name))
    )


def changed(case: Case, config: RepoPath | None) -> list[RepoPath]:
    """Return the changed files that nginx would read."""
    patched, base = Source(case.patched), Source(case.base)
    read: set[str] = set()
    for source in (patched, base):
        if config and config in source:
            read |= included(source, config, posixpath.dirname(config))
    return [
        change.path
        for change in case.change.files
        if change.path in read
        or any(
            is_configuration(change.path, source.text(change.path))
            for source in (patched, base)
            if change.path in source
        )
        or (change.kind is ChangeKind.TYPE_CHANGED and change.path.name.endswith(".conf"))
    ]
