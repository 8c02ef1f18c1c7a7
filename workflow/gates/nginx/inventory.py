"""Which host names a repository's own inventory vouches for: compose files and Ansible's.

Read from the base alone, so that a patch cannot vouch for itself.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workflow.semantics.formats.tree import FormatError, Table, strings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workflow.gates.nginx.source import Source
    from workflow.semantics.formats.tree import Node

_COMPOSE = re.compile(r"(?:docker-|podman-)?compose[\w.-]*\.ya?ml\Z|stack[\w.-]*\.ya?ml\Z")
_INVENTORY = re.compile(r"(?:hosts|inventory)[\w.-]*\Z")
_FOLDERS = frozenset(("inventory", "inventories"))
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}\Z")
_MAX_FILE = 256 * 1024


def hosts(base: Source, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each wanted name that a file of the base knows, with that file's path."""
    left = set(wanted)
    for path in sorted(base.paths):
        if not left:
            return
        names = _names(base, path) & left if _is_inventory(path) else frozenset()
        for name in sorted(names):
            yield name, path
        left -= names


def _is_inventory(path: str) -> bool:
    folder, name = posixpath.split(path)
    if _COMPOSE.match(name) or _INVENTORY.match(name):
        return True
    return bool(_FOLDERS.intersection(folder.split("/"))) and _is_ansible(name)


def _is_ansible(name: str) -> bool:
    return posixpath.splitext(name)[1] in {"", ".ini", ".yml", ".yaml", ".cfg"}


def _names(base: Source, path: str) -> frozenset[str]:
    text = base.text(path)
    if not text or len(text) > _MAX_FILE:
        return frozenset()
    name = posixpath.basename(path)
    if name.endswith((".yml", ".yaml")):
        found = _of_yaml(text, is_compose=_COMPOSE.match(name) is not None)
    else:
        found = _of_ini(text)
    return frozenset(one for one in found if _HOST.match(one))


def _of_ini(text: str) -> Iterator[str]:
    """Yield the hosts of an inventory in Ansible's INI form: the first word of each line."""
    is_hosts = True
    for line in text.splitlines():
        clean = line.partition("#")[0].strip()
        if clean.startswith("["):
            is_hosts = ":" not in clean or clean.endswith(":hosts]")
        elif clean and is_hosts and not clean.startswith(";"):
            words = clean.split()
            yield words[0].partition(":")[0]
            yield from (word[13:] for word in words[1:] if word.startswith("ansible_host="))


def _of_yaml(text: str, *, is_compose: bool) -> Iterator[str]:
    from workflow.semantics.formats.yaml_text import (  # noqa: PLC0415 - YAML, for a new name alone
        read_yaml,
    )

    try:
        documents = read_yaml(text).documents
    except FormatError:
        return
    for document in documents[:1]:
        if isinstance(document, Table):
            yield from _of_compose(document) if is_compose else _of_groups(document)


def _of_compose(said: Table) -> Iterator[str]:
    """Yield how the services of a compose file are called by each other."""
    for service in said.table("services").entries:
        yield service.key
        about = service.value
        if not isinstance(about, Table):
            continue
        for key in ("container_name", "hostname"):
            yield from (one.text for one in strings(about.get(key)))
        yield from (one.text.rpartition(":")[2] for one in strings(about.get("links")))
        for one in strings(about.get("extra_hosts")):
            yield re.split(r"[:=]", one.text)[0]
        yield from (entry.key for entry in about.table("extra_hosts").entries)
        for network in about.table("networks").entries:
            if isinstance(network.value, Table):
                yield from (one.text for one in strings(network.value.get("aliases")))


def _of_groups(said: Table) -> Iterator[str]:
    """Yield the hosts of an inventory in Ansible's YAML form, whatever the groups around them."""
    queue: list[Node] = [said]
    while queue:
        node = queue.pop()
        for entry in node.entries if isinstance(node, Table) else ():
            if entry.key == "hosts" and isinstance(entry.value, Table):
                yield from (host.key for host in entry.value.entries)
            if entry.key == "ansible_host":
                yield from (one.text for one in strings(entry.value))
            queue.append(entry.value)
