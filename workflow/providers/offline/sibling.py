"""The location that a new endpoint imitates, and what each of its directives is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from workflow.providers.offline.locations import split
from workflow.providers.offline.site import find_include
from workflow.semantics.nginx import Directive, directives, walk

if TYPE_CHECKING:
    from workflow.providers.offline.site import Level, Site, Work

_PREFLIGHT = re.compile(r"\$request_method\s*=\s*[\"']?OPTIONS", re.IGNORECASE)
_METHODS = re.compile(r"\$request_method\s*!(?:=|~\*?)")
_PROXY = ("proxy_", "limit_req", "limit_conn", "auth_", "allow", "deny", "satisfy")
_NOT_COPIED = ("proxy_cache", "proxy_store", "proxy_pass", "limit_rate")


class Part(Enum):
    """What a directive of a location does for an endpoint that imitates it."""

    METHODS = auto()
    PREFLIGHT = auto()
    BODY = auto()
    TARGET = auto()
    COPIED = auto()
    HEADER = auto()
    OTHER = auto()


def condition(node: Directive) -> str:
    """The text of an `if`'s condition."""
    return " ".join(node.values).strip("() ")


def is_preflight(node: Directive) -> bool:
    """Whether an `if` answers preflight requests."""
    return node.name == "if" and _PREFLIGHT.match(condition(node)) is not None


def is_method_limit(node: Directive) -> bool:
    """Whether a directive turns away methods."""
    if node.name == "limit_except":
        return True
    return (
        node.name == "if"
        and _METHODS.match(condition(node)) is not None
        and bool(directives(node.children, "return"))
    )


def methods_of(node: Directive) -> tuple[str, ...]:
    """The methods that a limit lets through."""
    text = " ".join(node.values) if node.name == "limit_except" else condition(node)
    return tuple(re.findall(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\b", text))


_BY_NAME = {
    "client_max_body_size": Part.BODY,
    "proxy_pass": Part.TARGET,
    "add_header": Part.HEADER,
}


def part_of(node: Directive, work: Work) -> Part:
    """What a directive is for."""
    if is_preflight(node):
        return Part.PREFLIGHT
    if is_method_limit(node):
        return Part.METHODS
    if part := _BY_NAME.get(node.name):
        return part
    if _is_upgrade(node):
        return Part.OTHER
    if node.name == "include":
        return Part.COPIED if _is_proxy_include(node, work) else Part.OTHER
    is_proxy = node.name.startswith(_PROXY) and not node.name.startswith(_NOT_COPIED)
    return Part.COPIED if is_proxy else Part.OTHER


def _is_proxy_include(node: Directive, work: Work) -> bool:
    """Whether an included file sets up proxying, by its content or else by its name."""
    files = find_include(work, node)
    if not files:
        return bool(node.args) and re.search(r"proxy|upstream|backend", node.values[0]) is not None
    names = {item.name for file in files for item in walk(file.tree.children)}
    return bool(names) and all(name.startswith("proxy_") for name in names)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A proxied location: its level, and its modifier and path."""

    level: Level
    node: Directive
    modifier: str
    path: str

    @property
    def target(self) -> Directive:
        """Its `proxy_pass`."""
        return self.level.own("proxy_pass")[0]


def _is_upgrade(node: Directive) -> bool:
    """Whether a request header is there for WebSockets only; `Connection ""` is not."""
    if node.name != "proxy_set_header" or not node.args:
        return False
    name, value = node.values[0].lower(), node.values[-1].lower()
    return (name == "upgrade" and value != "") or (name == "connection" and "upgrade" in value)


def _is_websocket(level: Level) -> bool:
    """Whether a location upgrades connections."""
    return any(_is_upgrade(item) for item in level.own("proxy_set_header"))


def _score(sibling: Sibling, path: str, methods: tuple[str, ...]) -> tuple[int, int]:
    """How close a location's shape is to an exact, limited, proxied endpoint."""
    level = sibling.level
    limits = [node for node in directives(level.children) if is_method_limit(node)]
    score = 4 * (sibling.modifier == "=") + 3 * bool(limits)
    score += 2 * bool(level.own("client_max_body_size"))
    score += 4 * any(set(methods_of(node)) & set(methods) for node in limits)
    score -= 4 * (sibling.modifier in {"~", "~*"}) + 3 * (sibling.path == "/")
    score -= 8 * _is_websocket(level) + 2 * bool(level.own("rewrite"))
    score -= 2 * bool(level.own("auth_basic", "auth_request", "internal", "deny"))
    shared = 0
    for mine, theirs in zip(path, sibling.path, strict=False):
        if mine != theirs:
            break
        shared += 1
    return score, shared


def proxied(site: Site) -> tuple[Sibling, ...]:
    """The proxied locations directly in the server, named ones included."""
    return tuple(
        Sibling(level, level.node, *split(level.node))
        for level in site.level.inner()
        if level.node is not None and level.node.name == "location" and level.own("proxy_pass")
    )


def best(site: Site, path: str, methods: tuple[str, ...]) -> Sibling | None:
    """The proxied location to imitate; the first of equals."""
    found = proxied(site)
    return max(found, key=lambda item: _score(item, path, methods)) if found else None
