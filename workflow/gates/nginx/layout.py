"""Where nginx's configuration lies in a repository, and from which file nginx would start."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING

from workflow.gates.nginx.places import landing
from workflow.types import ChangeKind, RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.nginx.source import Source
    from workflow.types import FileChange


_CERTIFICATE = re.compile(r"\bssl_certificate(?:_key)?\s+([^\s;]+)\s*;")
_MAX_INCLUDED = 1000
_MAX_MAINS = 20
_FOLDERS = {
    *("nginx", "sites-enabled", "sites-available", "conf.d", "http.d", "snippets", "sites"),
    *("vhosts", "vhosts.d", "vhost.d", "servers", "default.d", "stream.d", "streams-enabled"),
    *("modules-enabled", "modules-available", "stream-enabled", "conf-enabled"),
}
_PARTS_FOLDERS = _FOLDERS - {"nginx"}
_ENDINGS = (".conf", ".nginx", ".vhost", ".inc", ".ngx", ".nginxconf")
_TEMPLATES = (
    *(".template", ".tmpl", ".tpl", ".j2", ".jinja", ".jinja2", ".erb", ".in", ".ctmpl"),
    *(".mustache", ".hbs", ".dist", ".example", ".sample", ".default"),
)
_MARKS = re.compile(r"\{[%{#][^{}]{0,500}[%}#]\}")
_STRONG = re.compile(
    r"""(?mx) ^[ \t]* (?:
        (?: server | events | http | stream | types | upstream [ \t]+ [^\s{;]+
          | location [ \t]+ [^\n{;]+ | map [ \t]+ \$ [^\n{;]+ | geo [ \t]+ [^\n{;]+
          | if [ \t]* \( \$ [^\n{;]+ | limit_except [ \t]+ [^\n{;]+ ) \s* \{
      | (?: server | listen | server_name | root | index | try_files | return | rewrite | expires
          | alias | include | worker_processes | worker_connections | client_max_body_size
          | access_log | keepalive_timeout | sendfile | http2 | gzip \w* | ssl_\w+ | proxy_\w+
          | fastcgi_\w+ | uwsgi_\w+ | scgi_\w+ | add_header | limit_req\w* | limit_conn\w*
          | real_ip_\w+ | set_real_ip_from | resolver\w* | auth_\w+ | allow | deny
          | set [ \t]+ \$\w+ | log_format | error_page | default_type ) [ \t]+ [^\n;]* ;
    )"""
)
_OTHER_FORMAT = re.compile(r"(?m)^\s*(?!location\b)\w+\s*=|^\s*\[[\w.:-]+\]\s*$|^\s*<\w+")
_INCLUDE = re.compile(r"(?:^|[;{}\s])include\s([^;{}]{1,1000});")
_MAIN = re.compile(r"(?m)^[ \t]*(?:events|http|stream)\s*\{")
# A `server` that is no block is the address of an upstream's.
_ADDRESS = "server;"
_EVENTS = re.compile(r"(?m)(?:^|[;}])[ \t]*events\s*\{")


class Context(StrEnum):
    """Which block of a main file a part is written for."""

    MAIN = "main"
    HTTP = "http"
    SERVER = "server"
    LOCATION = "location"
    UPSTREAM = "upstream"
    STREAM = "stream"
    STREAM_SERVER = "stream_server"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to test: a main file, or a part in a wrapper made for it.

    `folder` is the tree's folder that stands for /etc/nginx, empty for the tree's root; `contexts`
    are those to try a part in, the likeliest first, and empty for a main file.
    """

    path: RepoPath
    folder: str
    contexts: tuple[Context, ...] = ()


def is_configuration(path: RepoPath, text: str) -> bool:
    """Whether a file is nginx configuration, by where it is, what it is called and what it says."""
    if not is_named(path) or "\0" in text:
        return False
    if _OTHER_FORMAT.search(_without_comments(text)) and not _is_placed(path):
        return False
    return _STRONG.search(_without_comments(text)) is not None


def is_named(path: RepoPath) -> bool:
    """Whether a file is called, or lies, as nginx's are; its content decides."""
    suffix = posixpath.splitext(plain_name(path.name))[1]
    named = suffix in _ENDINGS or (_is_placed(path) and suffix == "")
    return named or path.name.startswith("nginx.conf")


def _is_placed(path: RepoPath) -> bool:
    return bool(_FOLDERS.intersection(path.parts[:-1]))


def every(source: Source) -> tuple[RepoPath, ...]:
    """Return the path of every nginx configuration of a tree, in order."""
    named = (path for path in map(RepoPath, sorted(source.paths)) if is_named(path))
    return tuple(path for path in named if is_configuration(path, source.text(path)))


def plain_name(name: str) -> str:
    """Return a file's name without what says that it is a template or a sample."""
    for _ in range(3):
        found = next((suffix for suffix in _TEMPLATES if name.endswith(suffix)), "")
        if not found or found == name:
            break
        name = name.removesuffix(found)
    return name


def included(source: Source, main: str, folder: str) -> frozenset[str]:
    """Return the paths of the files, and of the links, that nginx reads from `main` on."""
    found, queue = {main}, [main]
    while queue and len(found) < _MAX_INCLUDED:
        for pattern in _includes(source.text(queue.pop())):
            for name, path in matching(source, pattern, folder):
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
    names = set(_top_level(_MARKS.sub("", _without_comments(text))))
    if _ADDRESS in names:
        first = [Context.UPSTREAM]
    elif names & {"events", "http", "stream", "worker_processes", "load_module"}:
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
    pieces = re.split(r"([;{}])", text)
    for words, mark in zip(pieces[::2], pieces[1::2], strict=False):
        first = words.split(maxsplit=1)
        if depth == 0 and first:
            yield first[0] if mark == "{" or first[0] != "server" else _ADDRESS
        depth += {"{": 1, "}": -1}.get(mark, 0)


def _includes(text: str) -> list[str]:
    found = _INCLUDE.findall(_without_comments(text))
    return [pattern.strip().strip("\"'") for pattern in found]


def matching(source: Source, pattern: str, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the names that an include matches, each with the file behind it."""
    yield from source.matching(pattern, folder)


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)(^|[\s;{}])#.*$", r"\1", text)


def read(source: Source, target: Target) -> tuple[str, ...]:
    """Return the files that nginx reads for a target, without the links to them, sorted."""
    return tuple(sorted(included(source, target.path, target.folder) - source.tree.links.keys()))


def texts_of(source: Source, target: Target) -> str:
    """All text that nginx reads for a target, joined."""
    links = source.tree.links
    # Where links point to counts as well: it is a place of the servers like those in the text.
    places = [text for _, text in sorted(links.items()) if text.startswith("/")]
    own = [source.text(target.path)] if target.path in links else []
    return "\n".join([*own, *map(source.text, read(source, target)), *places])


def new_certificates(base: Source, patched: Source, target: Target) -> frozenset[str]:
    """The certificates and keys that files name which nginx reads in the patched tree alone.

    A new site has one that no base can vouch for; of hosts and accounts it can only use known ones.
    They are paths as the sandbox has them.
    """
    before, after = (included(one, target.path, target.folder) for one in (base, patched))
    return frozenset(
        landing(path.strip("\"'"), target.folder)
        for name in after - before
        for path in _CERTIFICATE.findall(patched.text(name))
    )


def changed(
    files: Sequence[FileChange], base: Source, patched: Source, config: RepoPath | None
) -> list[RepoPath]:
    """Return the changed files that nginx would read."""
    read: set[str] = set()
    for source in (patched, base):
        if config and config in source:
            read |= included(source, config, posixpath.dirname(config))
    return [
        change.path
        for change in files
        if change.path in read
        or any(
            is_configuration(change.path, source.text(change.path))
            for source in (patched, base)
            if change.path in source
        )
        or (change.kind is ChangeKind.TYPE_CHANGED and change.path.name.endswith(".conf"))
    ]
