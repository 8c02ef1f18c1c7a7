"""Headers with the files that a server includes: nginx reads an include as if it stood there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.site import Level, Site, find_include, servers

if TYPE_CHECKING:
    from workflow.providers.offline.revision import Revision
    from workflow.providers.offline.site import Work
    from workflow.semantics.nginx import Directive

_MIN_ARGS = 2
# Files that come with nginx or certbot and hold no headers.
_HARMLESS = {
    *("mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params"),
    *("proxy_params", "options-ssl-nginx.conf"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One `add_header`, with the file and the level that it stands in."""

    site: Site
    item: Directive


def of_level(level: Level, *names: str) -> tuple[Directive, ...]:
    """The level's own `add_header`s, all or those of some names (any case)."""
    wanted = {name.lower() for name in names}
    return tuple(
        item
        for item in level.own("add_header")
        if len(item.args) >= _MIN_ARGS and (not wanted or item.values[0].lower() in wanted)
    )


def _looked(work: Work, level: Level) -> tuple[tuple[Revision, ...], tuple[str, ...]]:
    """The brief's files that a level includes, also by way of others, and what is not there."""
    files: dict[str, Revision] = {}
    missing: list[str] = []
    waiting = [item for item in level.own("include") if item.args]
    while waiting:
        item = waiting.pop(0)
        found = find_include(work, item)
        if not found and item.values[0].rpartition("/")[2] not in _HARMLESS:
            missing.append(item.values[0])
        for file in found:
            if file.path not in files:
                files[file.path] = file
                inner = Level(None, file.tree.children)
                waiting += (other for other in inner.own("include") if other.args)
    return tuple(files.values()), tuple(dict.fromkeys(missing))


def at_level(work: Work, site: Site, level: Level, *names: str) -> tuple[Sent, ...]:
    """The `add_header`s of a level: its own, and those of the files that it includes."""
    own = tuple(Sent(Site(site.revision, level), item) for item in of_level(level, *names))
    return own + tuple(
        Sent(Site(file, inner), item)
        for file in _looked(work, level)[0]
        for inner in (Level(None, file.tree.children, level),)
        for item in of_level(inner, *names)
    )


def home(work: Work, site: Site) -> Level:
    """The level whose `add_header`s a server uses: itself, or `http` if it only inherits."""
    for outer in site.level.up():
        if at_level(work, site, outer):
            return outer
    return site.level


def levels_in_includes(work: Work, site: Site) -> tuple[Site, ...]:
    """The locations and such that a server gets from included files."""
    return tuple(
        Site(file, inner)
        for level in (home(work, site), *site.level.below())
        for file in _looked(work, level)[0]
        for inner in Level(None, file.tree.children, level).below()
    )


def everywhere(work: Work, site: Site, *names: str) -> tuple[Sent, ...]:
    """All headers of these names that a server can send, its includes' among them."""
    levels = (home(work, site), *site.level.below())
    found = [sent for level in levels for sent in at_level(work, site, level, *names)]
    found += (
        Sent(inner, item)
        for inner in levels_in_includes(work, site)
        for item in of_level(inner.level, *names)
    )
    return tuple({(sent.site.path, sent.item.span.start): sent for sent in found}.values())


def unseen(work: Work, site: Site) -> tuple[str, ...]:
    """The includes around a server's headers that the brief does not hold."""
    found: list[str] = []
    for level in site.level.up():
        found += _looked(work, level)[1]
        if at_level(work, site, level):
            break
    return tuple(dict.fromkeys(found))


def unseen_below(work: Work, site: Site) -> tuple[str, ...]:
    """The includes inside a server's locations that the brief does not hold."""
    return tuple(
        dict.fromkeys(name for level in site.level.below() for name in _looked(work, level)[1])
    )


def server_name(site: Site) -> str:
    """The server for people, as a sentence's subject."""
    line = f":{site.level.node.line}" if site.level.node else ""
    return f"server {site.names[0]} ({site.path}{line})" if site.names else f"server {site.label}"


def edited_note(work: Work, site: Site, sent: Sent) -> tuple[str, ...]:
    """A note where a header does not stand in the server's own file, and who shares it."""
    if sent.site.path == site.path:
        return ()
    sharing = [
        other.label
        for other in servers(work)
        if other.level.node is not site.level.node
        and any(
            file.path == sent.site.path
            for level in (other.level, *other.level.below())
            for file in _looked(work, level)[0]
        )
    ]
    shared = f", as does {', '.join(sharing)}" if sharing else ""
    name = sent.item.values[0]
    return (f"{sent.site.path} sends {name}: {server_name(site)} includes it{shared}",)
