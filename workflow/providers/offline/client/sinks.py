"""Finds where a client sends something: the call, and where its address and its body stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.providers.offline.client.places import given, plain
from workflow.providers.offline.client.values import Made, Text, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.client.reading import Reader
    from workflow.providers.offline.client.syntax import Node

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_VERBS = frozenset(name.lower() for name in METHODS)
_LIBRARY = re.compile(
    r"(?P<library>axios|ky|\$|jQuery|\$http|http|api|apiClient|client|httpClient|request|superagent)"
    r"(?P<made>\.create|\.extend)?(?:\.(?P<verb>[a-zA-Z]+))?\Z"
)
_MAX_LATER = 100
_STREAMS = frozenset({"WebSocket", "EventSource", "WebTransport", "RTCPeerConnection"})


class Means(StrEnum):
    """What a client sends with."""

    FETCH = "fetch"
    XHR = "XMLHttpRequest"
    BEACON = "sendBeacon"
    IMAGE = "an image"
    LIBRARY = "a library"


@dataclass(frozen=True, slots=True)
class Sink:
    """A place in a client that sends something.

    `address` and `body` are expressions, `settings` is the object of `fetch` or of a library.
    `method` is the verb if the call itself names one, and `verb` the expression that does.
    `headers` are pairs of expressions, `base` is what the library puts before the address.
    """

    means: Means
    site: Node
    address: Node | None
    settings: Node | None = None
    body: Node | None = None
    method: str = ""
    verb: Node | None = None
    headers: tuple[tuple[Node, Node], ...] = ()
    base: Node | None = None
    library: str = ""


def sinks(reader: Reader, root: Node) -> Iterator[Sink]:
    """All places of a file that send something, in the order of the text."""
    for node in root.walk():
        found = None
        if node.kind == "call_expression":
            found = _call(reader, node)
        elif node.kind == "assignment_expression":
            found = _image(reader, node)
        if found is not None:
            yield found


def streams(reader: Reader, root: Node) -> Iterator[tuple[Node, str]]:
    """What a file opens that is no request, such as a WebSocket."""
    for node in root.walk():
        maker = node.get("constructor") if node.kind == "new_expression" else None
        name = reader.dotted(maker) if maker is not None else ""
        if name in _STREAMS:
            yield node, name


def _at(nodes: tuple[Node, ...], index: int) -> Node | None:
    return nodes[index] if index < len(nodes) else None


def _call(reader: Reader, node: Node) -> Sink | None:
    callee = node.get("function")
    if callee is None:
        return None
    name = reader.dotted(callee)
    arguments = given(node)
    if name == "fetch":
        return Sink(Means.FETCH, node, _at(arguments, 0), settings=_at(arguments, 1))
    if name.endswith("navigator.sendBeacon"):
        body = _at(arguments, 1)
        return Sink(Means.BEACON, node, _at(arguments, 0), body=body, method="POST")
    prop = callee.get("property")
    if callee.kind == "member_expression" and prop is not None and prop.text == "open":
        return _opened(reader, node, callee, arguments)
    found = _LIBRARY.match(name)
    if found is not None and arguments and not reader.places.called(node):
        return _library(reader, node, callee, found)
    return None


def _opened(reader: Reader, node: Node, callee: Node, arguments: tuple[Node, ...]) -> Sink | None:
    """`xhr.open(method, address)`, with what is then done to the same object."""
    receiver = callee.get("object")
    if receiver is None or len(arguments) < 2:  # noqa: PLR2004 - the method and the address
        return None
    made = options(reader.read(receiver))
    is_xhr = any(isinstance(one, Made) and one.maker == "XMLHttpRequest" for one in made)
    verbs = [one.constant for one in options(reader.read(arguments[0])) if isinstance(one, Text)]
    if not is_xhr and not any(verb and verb.upper() in METHODS for verb in verbs):
        return None
    place = reader.places.place(receiver)
    later = (
        reader.places.method_calls(place, frozenset({"send", "setRequestHeader"})) if place else ()
    )
    later = later[:_MAX_LATER]
    bodies = [given(one.site) for one in later if one.name == "send"]
    pairs = [given(one.site) for one in later if one.name == "setRequestHeader"]
    return Sink(
        Means.XHR,
        node,
        arguments[1],
        body=next((one[0] for one in bodies if one), None),
        verb=arguments[0],
        headers=tuple((one[0], one[1]) for one in pairs if len(one) > 1),
    )


def _library(  # noqa: PLR0911 - one return for each way of calling a library
    reader: Reader, node: Node, callee: Node, found: re.Match[str]
) -> Sink | None:
    """`axios.post(address, data)` and its like."""
    library, verb = found["library"], found["verb"] or ""
    arguments = given(node)
    base = _base(reader, callee) if found["made"] else None
    first = plain(arguments[0])
    if verb in {"create", "extend", "all", "isCancel"} or (found["made"] and not verb):
        return None
    if verb in {"", "ajax", "request"}:
        if first.kind == "object" or (library in {"$", "jQuery"} and verb == "ajax"):
            return Sink(Means.LIBRARY, node, None, settings=first, base=base, library=library)
        # `$("#id")` and a function that happens to have such a name are no requests.
        if verb == "" and library != "axios":
            return None
        settings = _at(arguments, 1)
        return Sink(Means.LIBRARY, node, first, settings=settings, base=base, library=library)
    if verb == "getJSON":
        return Sink(Means.LIBRARY, node, first, method="GET", library=library)
    if verb not in _VERBS or not any(isinstance(one, Text) for one in options(reader.read(first))):
        return None
    has_body = verb in {"post", "put", "patch"} and library != "ky"
    settings = _at(arguments, 2 if has_body else 1)
    body = _at(arguments, 1) if has_body else None
    method = verb.upper()
    return Sink(Means.LIBRARY, node, first, settings, body, method, base=base, library=library)


def _base(reader: Reader, callee: Node) -> Node | None:
    """The expression that a library's instance puts before each address."""
    inner = callee.get("object")
    binding = reader.places.scopes.resolve(inner) if inner and inner.kind == "identifier" else None
    writes = [one.node for one in binding.writes if one.node] if binding is not None else []
    for write in map(plain, writes):
        settings = _at(given(write), 0)
        for pair in settings.children if settings is not None else ():
            key = pair.get("key")
            if key is not None and key.text in {"baseURL", "prefixUrl"}:
                return pair.get("value")
    return None


def _image(reader: Reader, node: Node) -> Sink | None:
    """`new Image().src = address`."""
    left = node.get("left")
    prop = left.get("property") if left is not None and left.kind == "member_expression" else None
    inner = left.get("object") if left is not None else None
    if prop is None or prop.text != "src" or inner is None:
        return None
    made = options(reader.read(inner))
    if not any(isinstance(one, Made) and one.maker in {"Image", "img"} for one in made):
        return None
    return Sink(Means.IMAGE, node, node.get("right"), method="GET")
