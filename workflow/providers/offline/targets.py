"""Proxy targets: the URL that takes a request for a path to the same path of the backend."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import http_level

if TYPE_CHECKING:
    from workflow.providers.offline.intents import AddEndpoint, AddHealthCheck
    from workflow.providers.offline.sibling import Sibling
    from workflow.providers.offline.site import Site, Work
    from workflow.semantics.nginx import Directive

_TARGET = re.compile(
    r"(?P<base>https?://(?:unix:[^:\s]+|[^/\s$]+|\$\{?\w+\}?[^/\s$]*))(?P<uri>:?/\S*)?\Z"
)
_VARIABLE = re.compile(r"(?:https?://)?\$\{?\w+\}?(?:\$request_uri)?\Z")


def split_target(value: str) -> tuple[str, str] | None:
    """A `proxy_pass` value as base and path; `None` for one that is built in other ways."""
    found = _TARGET.match(value)
    return (found["base"], (found["uri"] or "").removeprefix(":")) if found else None


def fitting(model: Sibling, path: str) -> tuple[str, str]:
    """The sibling's target for a new path, and a note.

    A URI in `proxy_pass` replaces the matched prefix, so it is never copied as it stands.
    """
    value = model.target.values[0]
    if _VARIABLE.match(value):
        return value, ""
    parts = split_target(value)
    if parts is None:
        message = f"line {model.target.line} proxies to {value}, which is not copied blindly"
        raise refusal(message, "say: proxied to http://host:port")
    base, uri = parts
    glue = ":" if base.startswith(("http://unix:", "https://unix:")) else ""
    if not uri:
        return base, ""
    if model.modifier == "=" and uri == model.path:
        return f"{base}{glue}{path}", ""
    inside = model.modifier in {"", "^~"} and model.path != "/" and path.startswith(model.path)
    if inside and "$" not in uri:
        new = uri + path.removeprefix(model.path)
        return f"{base}{glue}{new}", f"{path} reaches the backend as {new}, as below {model.path}"
    return base, f"{path} reaches the backend unchanged; the sibling's {uri} is not copied"


def upstreams(work: Work) -> tuple[Directive, ...]:
    """All upstream blocks of all files."""
    return tuple(
        node
        for file in work.files.values()
        for node in http_level(file).own("upstream")
        if node.args
    )


def target_for(
    work: Work, site: Site, intent: AddEndpoint | AddHealthCheck, model: Sibling | None
) -> tuple[str, tuple[str, ...]]:
    """Where a new location is proxied to, and notes.

    Raises `NotUnderstoodError` if neither the request nor the file says so.
    """
    names = [node.values[0] for node in upstreams(work)]
    if intent.target:
        if "://" not in intent.target and intent.target not in names:
            message = f"there is no upstream '{intent.target}'"
            raise refusal(message, f"there are: {', '.join(names) or 'none'}")
        return _explicit(intent.target, intent.path)
    if model:
        value, note = fitting(model, intent.path)
        return value, (note,) if note else ()
    if len(names) == 1:
        return f"http://{names[0]}", (f"assumed: proxied to the only upstream, {names[0]}",)
    known = f"; upstreams: {', '.join(names)}" if names else ""
    message = f"nothing in {site.label} says where {intent.path} should be proxied to{known}"
    raise refusal(message, "say: proxied to http://127.0.0.1:9000, or: proxied to upstream NAME")


def _explicit(target: str, path: str) -> tuple[str, tuple[str, ...]]:
    """The target that the request names; a bare slash would be the backend's root."""
    if "://" not in target:
        return f"http://{target}", ()
    parts = split_target(target)
    if parts and parts[1] == "/":
        return parts[0], (f"{path} reaches the backend unchanged",)
    return target, ()
