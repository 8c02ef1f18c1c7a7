"""Levels of configuration, and the one server block that an edit belongs to."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.providers.offline.refusals import refusal
from workflow.semantics.nginx import Directive, Edit, directives

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.providers.offline.intents import Scope
    from workflow.providers.offline.revision import Revision
    from workflow.semantics.nginx import Node
    from workflow.types import RepoPath

_CONTEXTS = ("location", "if", "limit_except")
_FRAGMENT = frozenset(
    {
        "location",
        "listen",
        "server_name",
        "add_header",
        "root",
        "client_max_body_size",
        "if",
        "proxy_pass",
        "ssl_certificate",
        "return",
        "error_page",
        "index",
        "try_files",
        "access_log",
        "send_timeout",
        "keepalive_timeout",
        "proxy_read_timeout",
        "proxy_connect_timeout",
        "proxy_set_header",
        "proxy_http_version",
        "client_body_timeout",
        "expires",
        "gzip",
        "set",
    }
)
_OUTER = frozenset(
    {
        "http",
        "events",
        "server",
        "upstream",
        "map",
        "stream",
        "geo",
        "include",
        "worker_processes",
        "limit_req_zone",
        "proxy_cache_path",
        "log_format",
        "split_clients",
        "types",
        "user",
        "server_tokens",
        "sendfile",
    }
)


@dataclass(frozen=True, slots=True)
class Level:
    """A block whose directives its inner blocks may inherit; `node` is `None` for a whole file."""

    node: Directive | None
    children: tuple[Node, ...]
    parent: Level | None = None

    @property
    def label(self) -> str:
        """The head of the block, for people."""
        if self.node is None:
            return "the file"
        return " ".join((self.node.name, *(word.raw for word in self.node.args)))

    def own(self, *names: str) -> tuple[Directive, ...]:
        """The level's own directives of these names."""
        return directives(self.children, *names)

    def inner(self) -> tuple[Level, ...]:
        """The locations, `if`s and `limit_except`s directly inside."""
        return tuple(
            Level(node, node.children, self) for node in directives(self.children, *_CONTEXTS)
        )

    def below(self) -> Iterator[Level]:
        """All levels inside, outer ones first."""
        for level in self.inner():
            yield level
            yield from level.below()

    def up(self) -> Iterator[Level]:
        """This level and those around it, innermost first."""
        level: Level | None = self
        while level is not None:
            yield level
            level = level.parent


@dataclass(frozen=True, slots=True)
class Site:
    """A server block, or a fragment that is included into one, in one file."""

    revision: Revision
    level: Level

    @property
    def path(self) -> RepoPath:
        """The file."""
        return self.revision.path

    @property
    def names(self) -> tuple[str, ...]:
        """The server's names."""
        return tuple(value for item in self.level.own("server_name") for value in item.values)

    @property
    def label(self) -> str:
        """The server for people: names, or its listen lines, and the place."""
        names = ", ".join(self.names)
        listens = ", ".join(" ".join(item.values) for item in self.level.own("listen"))
        line = f":{self.level.node.line}" if self.level.node else ""
        return f"{names or listens or 'a server'} ({self.path}{line})"


@dataclass(frozen=True, slots=True)
class Work:
    """All files of a brief: those that we edit, and the text of the others."""

    files: Mapping[RepoPath, Revision]
    sources: Mapping[RepoPath, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What one intent does: edits by file, and notes.  No edits means that it is already so."""

    edits: tuple[tuple[RepoPath, Edit], ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Change) -> Change:
        return Change(self.edits + other.edits, self.notes + other.notes)


def is_nginx(revision: Revision) -> bool:
    """Whether a file that parses looks like nginx configuration at its top level."""
    names = {node.name for node in directives(revision.tree.children)}
    return bool(names & (_OUTER | _FRAGMENT)) or any(
        name.startswith(("proxy_", "ssl_", "gzip_", "fastcgi_", "client_")) for name in names
    )


def http_level(revision: Revision) -> Level:
    """The level that holds servers, maps and upstreams: `http {}` or the file itself."""
    for node in directives(revision.tree.children, "http"):
        return Level(node, node.children, Level(None, revision.tree.children))
    return Level(None, revision.tree.children)


def servers(work: Work) -> tuple[Site, ...]:
    """All server blocks of all files; where there are none, the fragments of server level."""
    found: list[Site] = []
    for revision in work.files.values():
        outer = http_level(revision)
        found += (Site(revision, Level(node, node.children, outer)) for node in outer.own("server"))
    if found:
        return tuple(found)
    return tuple(
        Site(revision, Level(None, revision.tree.children))
        for revision in work.files.values()
        if {node.name for node in directives(revision.tree.children)} & _FRAGMENT
    )


def _returns_only(level: Level) -> bool:
    """Whether a block answers every request itself with a redirect or an error."""
    return bool(level.own("return")) and not level.own("location", "proxy_pass")


def is_redirect(site: Site) -> bool:
    """Whether a server only redirects (ACME challenges aside) or turns requests away."""
    level = site.level
    if level.node is None:
        return False
    if level.own("ssl_reject_handshake", "return"):
        return True
    places = level.own("location")
    serving = [
        place
        for place in places
        if not any("/.well-known/acme-challenge" in value for value in place.values)
    ]
    return bool(serving) and all(
        _returns_only(Level(place, place.children))
        and directives(place.children, "return")[0].values[0].startswith("30")
        for place in serving
    )


def _is_named(site: Site, scope: Scope) -> bool:
    """Whether the request's server name, port and file fit."""
    if scope.file and not _is_file(site.path, scope.file):
        return False
    if scope.server and scope.server.lower() not in {name.lower() for name in site.names}:
        return False
    ports = {item.values[0].rsplit(":", 1)[-1] for item in site.level.own("listen") if item.args}
    return not scope.port or scope.port in ports


def _is_file(path: str, wanted: str) -> bool:
    """Whether a path is the one that the request names, in full or by its end."""
    return path == wanted or path.endswith("/" + wanted.removeprefix("./"))


def choose(work: Work, scope: Scope) -> Site:
    """The one server block that an edit belongs to.

    Raises `NotUnderstoodError` that names the candidates where there is not exactly one.
    """
    everything = servers(work)
    found = [site for site in everything if _is_named(site, scope)]
    serving = [site for site in found if not is_redirect(site)] or found
    if len(serving) == 1:
        return serving[0]
    wanted = " ".join(filter(None, (scope.file, scope.server, scope.port)))
    names = "; ".join(site.label for site in (serving or everything))
    if not everything:
        message = "no server block in the files"
        raise refusal(message, "name the nginx file that holds it")
    if not serving:
        message = f"no server block fits '{wanted}'; there are: {names}"
        raise refusal(message)
    message = f"the request fits {len(serving)} server blocks: {names}"
    raise refusal(message, "add for example: for api.example.com, or: in site.conf")


def again(work: Work, site: Site) -> Site:
    """The same site; raise `NotUnderstoodError` if its file is gone."""
    return replace(site, revision=work.files[site.path])


def find_include(work: Work, directive: Directive) -> tuple[Revision, ...]:
    """The files of the brief that an `include` names."""
    wanted = directive.values[0] if directive.args else ""
    ends = wanted.lstrip("./")
    return tuple(
        revision
        for path, revision in work.files.items()
        if fnmatch.fnmatchcase(path, ends)
        or fnmatch.fnmatchcase(path, "*/" + ends)
        or (wanted.startswith("/") and _shares_tail(path, wanted))
    )


def _shares_tail(path: str, wanted: str) -> bool:
    """Whether an absolute include and a repository path end in the same folder and name."""
    mine, theirs = path.split("/"), wanted.split("/")
    size = min(2, len(mine))
    return all(fnmatch.fnmatchcase(a, b) for a, b in zip(mine[-size:], theirs[-size:], strict=True))
