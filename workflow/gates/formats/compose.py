"""What a compose file names: services, networks, ports and paths that should be there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from workflow.gates.formats.found import near
from workflow.semantics.formats import Items, Problem, Scalar, Table
from workflow.semantics.formats.tree import strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.formats.places import Places
    from workflow.semantics.formats import Entry, Node
    from workflow.types import RepoPath

_MAIN = frozenset(
    f"{name}.{end}" for name in ("compose", "docker-compose") for end in ("yml", "yaml")
)
_PORT = re.compile(
    r"""(?: (?P<ip>\[[0-9a-fA-F:]+\]|[0-9.]+) : )?
        (?P<low>\d{1,5}) (?: - (?P<high>\d{1,5}) )? :
        \d{1,5} (?:-\d{1,5})? (?: / (?P<kind>tcp|udp|sctp) )?\Z""",
    re.VERBOSE,
)
_LONG = re.compile(r"(?P<low>\d{1,5})(?:-(?P<high>\d{1,5}))?\Z")
_EVERY = "0.0.0.0"  # noqa: S104 - the address that a port has without one
_DEFINED = ("networks", "volumes", "secrets", "configs")
_BY_DEFAULT = {"networks": {"default"}}
_MOST_PORTS = 1_000
_MOST_MENDED = 20
_BIND_PARTS = 2


@dataclass(slots=True)
class _Look:
    """What is found in one file."""

    document: Table
    path: RepoPath
    places: Places
    problems: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether names can be defined nowhere but here."""
        return self.path.name in _MAIN and self.document.get("include") is None


def compose_problems(
    document: Table, path: RepoPath, places: Places
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return what is wrong with a compose file's names, and what a person should look at."""
    look = _Look(document, path, places)
    services = document.table("services").entries
    for service in services:
        if isinstance(service.value, Table):
            _names(look, service, service.value)
            _paths(look, service, service.value)
    _files(look)
    _clashes(look, services)
    return tuple(look.problems), tuple(look.doubts)


def _names(look: _Look, service: Entry, value: Table) -> None:
    """Look for names that the file uses and does not define."""
    services = {one.key for one in look.document.table("services").entries}
    links = ((name.partition(":")[0], line) for name, line in _named(value.get("links")))
    used = [("services", _named(value.get("depends_on")), services), ("services", links, services)]
    for section in _DEFINED:
        defined = {one.key for one in look.document.table(section).entries}
        defined |= _BY_DEFAULT.get(section, set())
        names = _volumes(value) if section == "volumes" else _named(value.get(section))
        used.append((section, names, defined))
    for section, named, known in used:
        for name, line in named:
            if name in known or "$" in name:
                continue
            kind = section.rstrip("s")
            message = f"service {service.key} names the {kind} {name[:80]}, which is not defined"
            where = look.problems if look.is_whole else look.doubts
            alike = near(name, known) if len(where) < _MOST_MENDED else ""
            mend = f"write {alike}" if alike else f"define it under {section}"
            where.append(Problem(line or service.line, message, mend))


def _named(node: Node | None) -> Iterator[tuple[str, int]]:
    """Give the names in a list, in the `source` of its mappings, or in a mapping's keys."""
    if isinstance(node, Table):
        yield from ((one.key, one.line) for one in node.entries)
    elif isinstance(node, Items):
        yield from ((one.text, one.line) for one in strings(node))
        for one in node.items:
            source = one.get("source") if isinstance(one, Table) else None
            if isinstance(source, Scalar):
                yield source.text, source.line


def _volumes(service: Table) -> Iterator[tuple[str, int]]:
    """Give the names of volumes that a service uses; paths are none."""
    for source, kind, line in _mounts(service):
        if kind == "volume" and source:
            yield source, line


def _mounts(service: Table) -> Iterator[tuple[str, str, int]]:
    """Give the source of each mount, whether it is a `volume` or a `bind`, and its line."""
    mounts = service.get("volumes")
    for one in mounts.items if isinstance(mounts, Items) else ():
        if isinstance(one, Scalar):
            parts = one.text.split(":")
            if len(parts) >= _BIND_PARTS:
                is_path = parts[0].startswith((".", "/", "~", "$"))
                yield parts[0], "bind" if is_path else "volume", one.line
        elif isinstance(one, Table):
            kind, source = one.get("type"), one.get("source")
            if isinstance(kind, Scalar) and isinstance(source, Scalar):
                yield source.text, kind.text, source.line


def _paths(look: _Look, service: Entry, value: Table) -> None:
    """Look for paths of a service that the tree does not have."""
    build = value.get("build")
    context = build.get("context") if isinstance(build, Table) else build
    if isinstance(context, Scalar) and not _is_remote(context.text):
        if not look.places.has(look.path, context.text):
            message = f"service {service.key} is built from {context.text[:80]}, which is not there"
            look.problems.append(Problem(context.line, message, "correct the path"))
        else:
            _dockerfile(look, service, context.text, build)
    for source, kind, line in _mounts(value):
        if kind == "bind" and source.startswith(".") and not look.places.has(look.path, source):
            message = f"service {service.key} mounts {source[:80]}, which the tree does not have"
            mend = "it becomes an empty folder if nobody makes it"
            look.doubts.append(Problem(line, message, mend))
    for one in _env_files(value):
        if not look.places.has(look.path, one.text):
            message = f"service {service.key} reads {one.text[:80]}, which the tree does not have"
            look.doubts.append(Problem(one.line, message, "see that it is on the host"))


def _files(look: _Look) -> None:
    """Look for files of secrets and configs that the tree does not have."""
    for section in ("secrets", "configs"):
        for one in look.document.table(section).entries:
            file = one.value.get("file") if isinstance(one.value, Table) else None
            if isinstance(file, Scalar) and not look.places.has(look.path, file.text):
                kind, name = section.rstrip("s"), file.text[:80]
                message = f"{kind} {one.key} is read from {name}, which the tree does not have"
                look.doubts.append(Problem(file.line, message, "see that it is on the host"))


def _dockerfile(look: _Look, service: Entry, context: str, build: Node | None) -> None:
    named = build.get("dockerfile") if isinstance(build, Table) else None
    if not isinstance(named, Scalar):
        return
    path = f"{context.rstrip('/')}/{named.text}"
    if not named.text.startswith("/") and not look.places.has(look.path, path):
        message = f"service {service.key} is built with {named.text[:80]}, which is not there"
        look.problems.append(Problem(named.line, message, "correct the path, from its context on"))


def _is_remote(context: str) -> bool:
    return "://" in context or context.startswith(("git@", "github.com/")) or "#" in context


def _env_files(service: Table) -> Iterator[Scalar]:
    node = service.get("env_file")
    yield from strings(node)
    for one in node.items if isinstance(node, Items) else ():
        path = one.get("path") if isinstance(one, Table) else None
        required = one.get("required") if isinstance(one, Table) else None
        if isinstance(path, Scalar) and not (
            isinstance(required, Scalar) and required.text == "false"
        ):
            yield path


def _clashes(look: _Look, services: tuple[Entry, ...]) -> None:
    """Look for two services that publish one port of the host."""
    taken: dict[tuple[int, str], list[tuple[str, str, bool]]] = {}
    for service in services:
        value = service.value
        if not isinstance(value, Table):
            continue
        # A service with a profile may never run beside another one.
        is_sure = value.get("profiles") is None and look.is_whole
        for port, kind, address, line in islice(_published(value), _MOST_PORTS):
            earlier = taken.setdefault((port, kind), [])
            for name, other, was_sure in earlier:
                if address == other or _EVERY in {address, other}:
                    who = f"services {name} and {service.key} both publish"
                    if name == service.key:
                        who = f"service {name} twice publishes"
                    message = f"{who} {kind} port {port}"
                    where = look.problems if is_sure and was_sure else look.doubts
                    where.append(
                        Problem(line, message, "give one of them another port of the host")
                    )
                    break
            earlier.append((service.key, address, is_sure))


def _published(service: Table) -> Iterator[tuple[int, str, str, int]]:
    """Give each port of the host with its protocol, address and line."""
    ports = service.get("ports")
    for one in ports.items if isinstance(ports, Items) else ():
        if isinstance(one, Scalar):
            found = _PORT.match(one.text)
            address, kind = (found["ip"], found["kind"]) if found else ("", "")
        else:
            published, kind = (_text(one, key) for key in ("published", "protocol"))
            found, address = _LONG.match(published), _text(one, "host_ip")
        if found is None:
            continue
        low, high = int(found["low"]), int(found["high"] or found["low"])
        for port in range(low, min(high, low + _MOST_PORTS) + 1):
            yield port, kind or "tcp", address or _EVERY, one.line


def _text(node: Node, key: str) -> str:
    value = node.get(key) if isinstance(node, Table) else None
    return value.text if isinstance(value, Scalar) else ""
