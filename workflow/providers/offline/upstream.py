"""Upstream servers and proxy targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline import style
from workflow.providers.offline.locations import find_location
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import Change, choose, http_level
from workflow.providers.offline.targets import split_target
from workflow.semantics.nginx import Directive, Edit, directives, walk

if TYPE_CHECKING:
    from workflow.providers.offline.intents import AddServer, ReplaceServer, SetTarget
    from workflow.providers.offline.revision import Revision
    from workflow.providers.offline.site import Work
    from workflow.semantics.nginx import Word


def _blocks(work: Work, name: str, file: str) -> list[tuple[Revision, Directive]]:
    """The upstream blocks, all or those of one name."""
    return [
        (revision, node)
        for revision in work.files.values()
        if not file or revision.path == file or revision.path.endswith("/" + file)
        for node in http_level(revision).own("upstream")
        if node.args and (not name or node.values[0] == name)
    ]


def _block(work: Work, name: str, file: str) -> tuple[Revision, Directive]:
    """The one upstream that is meant.  Raises `NotUnderstoodError` otherwise."""
    found = _blocks(work, name, file)
    if len(found) == 1:
        return found[0]
    known = ", ".join(node.values[0] for _, node in _blocks(work, "", file)) or "none"
    message = f"no upstream '{name}'" if name else "the request names no upstream"
    if len(found) > 1 and name:
        message = f"several upstreams '{name}'"
    message += f"; there are: {known}"
    raise refusal(message, "say: to upstream NAME")


def _same(a: str, b: str) -> bool:
    """Whether two addresses are one; port 80 may be left out."""
    return a == b or a.removesuffix(":80") == b.removesuffix(":80")


def add_server(work: Work, intent: AddServer) -> Change:
    """Add a server to an upstream, behind its last one."""
    revision, node = _block(work, intent.upstream, intent.scope.file)
    servers = [item for item in directives(node.children, "server") if item.args]
    name = node.values[0]
    for item in servers:
        if _same(item.values[0], intent.address):
            if set(intent.parameters) - set(item.values[1:]):
                message = f"line {item.line} already has {intent.address} with other parameters"
                raise refusal(message)
            return Change(notes=(f"already so: upstream {name} has {item.values[0]}",))
    balancing = next(
        (item.name for item in directives(node.children, "ip_hash", "hash", "random")), ""
    )
    if "backup" in intent.parameters and balancing:
        message = f"upstream {name} uses {balancing}, which cannot have a backup server"
        raise refusal(message)
    line = " ".join(("server", intent.address, *intent.parameters)) + ";"
    if servers:
        edit = style.after(revision.tree, servers[-1], (line,))
    else:
        edit = style.at_start(revision.tree, node, (line,))
    extra = [value for item in servers for value in item.values[1:]]
    note = f"other servers of {name} have parameters ({', '.join(extra)}); the new one has "
    note += " ".join(intent.parameters) or "none"
    return Change(((revision.path, edit),), (note,) if extra else ())


def _addresses(work: Work, intent: ReplaceServer) -> list[tuple[Revision, Word, str]]:
    """Every word that holds the old address, with its new text."""
    found: list[tuple[Revision, Word, str]] = []
    for revision, node in _blocks(work, intent.upstream, intent.scope.file):
        found += (
            (revision, item.args[0], intent.new)
            for item in directives(node.children, "server")
            if item.args and (not intent.old or _same(item.values[0], intent.old))
        )
    if intent.upstream or not intent.old:
        return found
    for revision in work.files.values():
        for node in walk(revision.tree.children):
            new = _retargeted(node, intent)
            if new is not None:
                found.append((revision, node.args[0], new))
    return found


def _retargeted(node: Directive, intent: ReplaceServer) -> str | None:
    """The new value of a `proxy_pass` that goes to the old address."""
    parts = split_target(node.values[0]) if node.name == "proxy_pass" and node.args else None
    if parts is None:
        return None
    old, new = parts[0], intent.new
    scheme, _, host = old.partition("://")
    if "://" in intent.old:
        wanted = split_target(intent.old)
        target = split_target(new)
        if not wanted or not target or wanted[0] != old or (wanted[1] and wanted[1] != parts[1]):
            return None
        return target[0] + (target[1] or parts[1])
    return f"{scheme}://{new}{parts[1]}" if _same(host, intent.old) else None


def replace_server(work: Work, intent: ReplaceServer) -> Change:
    """Put one address in the place of another; the place must be the only one."""
    if intent.upstream:
        _block(work, intent.upstream, intent.scope.file)
    found = _addresses(work, intent)
    where = f"upstream {intent.upstream}" if intent.upstream else "the files"
    if not found:
        present = _addresses(work, _swapped(intent))
        if present and intent.old:
            return Change(notes=(f"already so: {where} has {intent.new} and not {intent.old}",))
        message = f"{intent.old or 'a server'} does not occur in {where}"
        raise refusal(message)
    if len(found) > 1:
        places = ", ".join(f"{file.path}:{word.line} ({word.value})" for file, word, _ in found)
        message = f"{intent.old or 'a server'} occurs more than once: {places}"
        raise refusal(message, "name the upstream: change upstream NAME from OLD to NEW")
    revision, word, new = found[0]
    if word.value == new:
        return Change(notes=(f"already so: {where} has {new}",))
    others = _addresses(work, _swapped(intent)) if intent.upstream else []
    if intent.old and others:
        message = f"{where} already has {intent.new} beside {intent.old}"
        raise refusal(message)
    edit = Edit(word.span.start, word.span.end, f"{word.quote}{new}{word.quote}")
    return Change(((revision.path, edit),))


def _swapped(intent: ReplaceServer) -> ReplaceServer:
    """A look for the new address instead of the old."""
    return type(intent)(intent.new, intent.new, intent.upstream, intent.scope)


def set_target(work: Work, intent: SetTarget) -> Change:
    """Proxy a location elsewhere, its URI part kept where the request gives none."""
    site = choose(work, intent.scope)
    if intent.scope.location:
        found = find_location(site, intent.scope.location).own("proxy_pass")
    else:
        found = tuple(node for node in walk(site.level.children) if node.name == "proxy_pass")
    if len(found) != 1 or not found[0].args:
        message = f"{len(found)} proxy_pass lines fit"
        raise refusal(message, "say: proxy /path to http://host:port")
    word = found[0].args[0]
    old, new = split_target(word.value), split_target(intent.target)
    if old is None or new is None:
        message = f"line {word.line} proxies to {word.value}, which is not a plain URL"
        raise refusal(message)
    value = new[0] + (new[1] or old[1])
    if value == word.value:
        return Change(notes=(f"already so: line {word.line} proxies to {value}",))
    kept = old[1] and not new[1]
    note = (f"the path {old[1]} of the target is kept",) if kept else ()
    edit = Edit(word.span.start, word.span.end, f"{word.quote}{value}{word.quote}")
    return Change(((site.path, edit),), note)
