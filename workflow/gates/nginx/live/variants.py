"""The same place asked in many ways: methods, origins, sizes of bodies, headers, clients."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.asked import IMPATIENT, STRANGER
from workflow.gates.nginx.live.samples import matching

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.nginx.live.asked import Request
    from workflow.semantics.nginx.expanded import Config, Item

PLAIN_POST = "a small form"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
_METHODS = ("PUT", "DELETE", "OPTIONS", "PATCH", "BREW")
_BURST = 8
_SENT = 256 * 1024
"""Bodies up to this size are sent; of larger ones only the length is declared."""
_SIZES = {"k": 1024, "m": 1024**2, "g": 1024**3}
_DEFAULT_LIMIT = 1024**2
_HOST = re.compile(r"https?://[\w.:-]{1,200}|(?:[\w-]{1,60}\.){1,8}[a-z]{2,20}")
_MOST_ORIGINS = 6
_VARIANTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("forwarded", (("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https"))),
    ("with a cookie", (("Cookie", "session=1"),)),
    ("for compression", (("Accept-Encoding", "gzip, br"),)),
    ("of a part", (("Range", "bytes=0-9"),)),
    (
        "WebSocket",
        (
            *(("Connection", "Upgrade"), ("Upgrade", "websocket")),
            *(("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg==")),
        ),
    ),
    ("if modified", (("If-Modified-Since", "Thu, 01 Jan 2099 00:00:00 GMT"),)),
)


def posted(base: Request) -> Request:
    """Return the request with a small form."""
    return replace(base, method="POST", body=b"a=1", headers=(FORM,), note=PLAIN_POST)


def lightly(base: Request, origins: Sequence[str]) -> Iterator[Request]:
    """Yield a few ways to ask for a place that a change is around."""
    yield posted(base)
    for origin in (base.door.url, *origins[:2]):
        yield _from(base, origin)


def thoroughly(
    base: Request, location: Item, origins: Sequence[str], *, is_limited: bool
) -> Iterator[Request]:
    """Yield all the ways to ask for a place that a change is in; what shows most comes first.

    `is_limited` says that a change is about how often a client may ask.
    """
    main, rest = replace(base, first=1), replace(base, first=3)
    yield posted(main)
    yield replace(main, method="HEAD")
    every = dict.fromkeys([base.door.url, *origins, "null", "https://lookalike.invalid"])
    for number, origin in enumerate(every):
        yield _from(main if number < _MOST_ORIGINS else rest, origin)
    for origin in [*origins[:1], base.door.url]:
        asks = ("Access-Control-Request-Method", "POST")
        wanted = (("Origin", origin), asks, ("Access-Control-Request-Headers", "content-type"))
        yield replace(main, method="OPTIONS", headers=wanted, note=f"preflight of {origin}")
    for address in _allowed(location):
        yield replace(main, source=address, note=f"from {address}")
    for number in range(1, _BURST + 1) if is_limited else ():
        yield replace(main, source=IMPATIENT, note=f"again and again, {number}")
    for method in _METHODS:
        yield replace(rest, method=method)
    for note, headers in _VARIANTS:
        yield replace(rest, headers=headers, note=note)


def _from(base: Request, origin: str) -> Request:
    return replace(base, headers=(("Origin", origin),), note=f"Origin: {origin}")


def sized(request: Request, limits: set[int]) -> Iterator[Request]:
    """Yield bodies just within and just above every limit."""
    for limit in sorted(limits)[:4]:
        for size in (limit - 1, limit + 1):
            note = f"a body of {size} bytes"
            if size > _SENT:
                yield replace(request, body=b"", declared=size, note=note)
            elif size > 0:
                yield replace(request, body=b"a=", pad=max(size - 2, 0), note=note)


def limits(config: Config) -> set[int]:
    """Return every limit of bodies that a configuration sets, in bytes; else nginx's own."""
    given = (item.args[0] for item in config.every("client_max_body_size") if item.args)
    return {size for text in given if (size := _size(text))} or {_DEFAULT_LIMIT}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,12})([kKmMgG]?)", text)
    return int(match[1]) * _SIZES.get(match[2].lower(), 1) if match else 0


def origins(sides: Sequence[Config]) -> tuple[str, ...]:
    """Return origins that configurations speak of, and for each two that only look like it.

    Those that only one of them speaks of come first: a change is about them.
    """
    every = [dict.fromkeys(map(_origin, _about_origins(config))) for config in sides]
    known = {one: sum(one in each for each in every) for each in every for one in each}
    found: dict[str, None] = {}
    for origin in sorted(known, key=lambda one: known[one] == len(every) > 1):
        scheme, _, host = origin.partition("://")
        near = (f"{origin}.lookalike.invalid", f"{scheme}://lookalike{host}")
        found |= dict.fromkeys((origin, *near))
        if len(found) >= _MOST_ORIGINS:
            break
    return tuple(found)


def _origin(text: str) -> str:
    return text if "://" in text else f"https://{text}"


def _about_origins(config: Config) -> Iterator[str]:
    """Yield origins, or hosts of some, that an `if`, a `map` or a header is about."""
    for item in config.every("add_header", "if", "map"):
        if item.name == "add_header" and item.args[:1] == ("Access-Control-Allow-Origin",):
            yield from (match[0] for word in item.args[1:2] for match in _HOST.finditer(word))
        if not any("http_origin" in word for word in item.args):
            continue
        words = item.args if item.name == "if" else [one.name for one in item.items]
        for word in words:
            is_pattern = word[:1] == "~" or any(one[:1] == "~" for one in item.args)
            made = matching(word.lstrip("~*").rstrip(")")) if is_pattern else word
            yield from (match[0] for match in _HOST.finditer(made))


def _allowed(location: Item) -> list[str]:
    """Return an address in each network that the location lets in."""
    found: dict[str, None] = {}
    for item in location.effective("allow"):
        try:
            network = ipaddress.ip_network(item.args[0], strict=False)
        except (ValueError, IndexError):
            continue
        if network.version == 4 and network.network_address.packed[0]:  # noqa: PLR2004 - IPv4
            found[str(network[min(1, network.num_addresses - 1)])] = None
    return [one for one in found if one != STRANGER][:3]
