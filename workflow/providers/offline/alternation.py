"""Regular expressions that are plain lists of origins: recognising and extending them."""

from __future__ import annotations

import re

_HOST = r"[A-Za-z0-9-]+(?:\\?\.[A-Za-z0-9-]+)*(?::\d+)?"
_SCHEME = r"(?:https\?|https|http|\(\?:https\?\)|\(https\?\))"
_ORIGINS = re.compile(
    rf"(?P<head>\^\((?:\?:)?)(?P<list>{_SCHEME}:\\?/\\?/{_HOST}(?:\|{_SCHEME}:\\?/\\?/{_HOST})*)\)\$\Z"
)
_HOSTS = re.compile(
    rf"\^(?P<scheme>{_SCHEME}):\\?/\\?/\((?:\?:)?(?P<list>{_HOST}(?:\|{_HOST})*)\)\$\Z"
)
_NESTED = re.compile(r"\)[*+{]")


def escaped(text: str) -> str:
    """An origin or a host for a regular expression; only dots mean anything in one."""
    return text.replace(".", r"\.")


def matches(pattern: str, origin: str, *, is_caseless: bool) -> bool:
    """Whether a pattern of nginx's (PCRE) matches an origin; `False` where Python cannot tell."""
    if _NESTED.search(pattern):  # could take for ever
        return False
    try:
        compiled = re.compile(pattern, re.IGNORECASE if is_caseless else 0)
    except re.error:
        return False
    return compiled.search(origin) is not None


def extended(pattern: str, origin: str) -> tuple[int, str] | None:
    """Where to insert what, so that the list also has the origin; `None` if it is no plain list."""
    if found := _ORIGINS.match(pattern):
        slash = r"\/\/" if r"\/\/" in found["list"] else "//"
        return found.end("list"), "|" + escaped(origin).replace("//", slash)
    if found := _HOSTS.match(pattern):
        scheme, host = origin.split("://")
        allowed = {"http", "https"} if "?" in found["scheme"] else {found["scheme"]}
        return (found.end("list"), "|" + escaped(host)) if scheme in allowed else None
    return None
