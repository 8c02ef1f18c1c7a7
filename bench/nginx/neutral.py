"""Edits that change nothing that nginx does."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.nginx.model import Group, Mutant, Site, mutant
from workflow.semantics import nginx

if TYPE_CHECKING:
    from bench.nginx.model import Operator

_FREE = re.compile(r"[A-Za-z0-9_./:@=,+%-]+\Z")
_SETTINGS = """
root server_tokens client_max_body_size keepalive_timeout sendfile tcp_nopush tcp_nodelay
proxy_read_timeout proxy_http_version proxy_connect_timeout gzip ssl_protocols ssl_ciphers
ssl_session_cache ssl_session_timeout ssl_certificate_key ssl_prefer_server_ciphers charset
default_type worker_connections proxy_buffering proxy_redirect expires autoindex
"""
_ANY_ORDER = frozenset(_SETTINGS.split())


def _made(name: str, site: Site, text: str) -> Mutant | None:
    return mutant(Group.NEUTRAL, name, site.text, text, name)


def _by_chance(site: Site) -> bool:
    return site.rng.choice((True, False))


def reformat(site: Site) -> Mutant | None:
    """Other blanks and line ends between the words."""
    pieces: list[str] = []
    tokens = site.tree.tokens
    for number, token in enumerate(tokens):
        text = token.text
        after_comment = number and tokens[number - 1].kind is nginx.TokenKind.COMMENT
        if token.kind is nginx.TokenKind.SPACE and not after_comment and _by_chance(site):
            text = site.rng.choice((" ", "\n", "\t", "  ", "\n\n", "\n    "))
        pieces.append(text)
    return _made("reformat", site, "".join(pieces))


def comments(site: Site) -> Mutant | None:
    """Comments more, and comments gone."""
    pieces = []
    for token in site.tree.tokens:
        if token.kind is nginx.TokenKind.COMMENT and _by_chance(site):
            continue
        pieces.append(token.text)
        if token.kind is nginx.TokenKind.SEMICOLON and _by_chance(site):
            pieces.append(f" # {site.word()}: see {{}} and ;\n")
    return _made("comments", site, "".join(pieces))


def requote(site: Site) -> Mutant | None:
    """Quotes around plain words, and none where they are not needed."""
    edits: list[nginx.Edit] = []
    for spot in site.spots:
        if spot.name in {"if", "location", "include"} or spot.parent in {"types", "map", "geo"}:
            continue
        for word in spot.directive.args:
            if _by_chance(site) and _FREE.match(word.value):
                by = word.value if word.quote else site.rng.choice("\"'").join(("", word.value, ""))
                edits.append(nginx.Edit(word.span.start, word.span.end, by))
    return _made("requote", site, nginx.apply_edits(site.text, edits))


def reorder(site: Site) -> Mutant | None:
    """Two directives of different names whose order has no meaning, exchanged."""
    for block in [spot.directive for spot in site.spots if spot.directive.block]:
        found = [
            one
            for one in nginx.directives(block.children)
            if one.name in _ANY_ORDER and not one.block
        ]
        names = [one.name for one in found]
        found = [one for one in found if names.count(one.name) == 1]
        if len(found) > 1 and _by_chance(site):
            one, other = sorted(site.rng.sample(found, 2), key=lambda each: each.span.start)
            first, second = (site.text[each.span.start : each.span.end] for each in (one, other))
            edits = (
                nginx.Edit(one.span.start, one.span.end, second),
                nginx.Edit(other.span.start, other.span.end, first),
            )
            return _made("reorder", site, nginx.apply_edits(site.text, edits))
    return None


def line_ends(site: Site) -> Mutant | None:
    """Windows line ends, where no value holds a line end and no Lua is."""
    if "\r" in site.text or "_by_lua" in site.text:
        return None
    if any("\n" in word.raw for spot in site.spots for word in spot.directive.args):
        return None
    return _made("line ends", site, site.text.replace("\n", "\r\n"))


def blank_lines(site: Site) -> Mutant | None:
    """Blank lines at both ends."""
    return _made("blank lines", site, "\n\n" + site.text + "\n\n\n")


def units(site: Site) -> Mutant | None:
    """The same size or time in another unit."""
    sizes = ("client_max_body_size", "client_body_buffer_size", "large_client_header_buffers")
    times = ("proxy_read_timeout", "proxy_connect_timeout", "send_timeout", "proxy_send_timeout")
    for spot in site.named(*sizes, *times):
        last = spot.directive.args[-1] if spot.directive.args else None
        if last is None or last.quote:
            continue
        if found := re.fullmatch(r"([1-9]\d*)[mM]", last.value):
            factor = 60 if spot.name in times else 1024
            unit = "s" if spot.name in times else "k"
            return _made("units", site, site.replaced(last.span, f"{int(found[1]) * factor}{unit}"))
        if spot.name in times and (found := re.fullmatch(r"([1-9]\d*)s?", last.value)):
            return _made("units", site, site.replaced(last.span, f"{int(found[1]) * 1000}ms"))
    return None


def names_order(site: Site) -> Mutant | None:
    """The second and later names of a server in another order."""
    for spot in site.named("server_name", inside=("server",)):
        args = spot.directive.args
        if len(args) > 2 and not any(one.value.startswith("~") for one in args):  # noqa: PLR2004 - the first stays
            words = [one.raw for one in args[1:]]
            text = " ".join(reversed(words))
            span = nginx.Span(args[1].span.start, args[-1].span.end)
            return _made("names in another order", site, site.replaced(span, text))
    return None


def locations_order(site: Site) -> Mutant | None:
    """Two neighbouring locations that are no patterns, exchanged."""
    for server in site.servers():
        found = [
            one
            for one in nginx.directives(server.directive.children, "location")
            if one.block and one.args and one.args[0].value not in {"~", "~*"}
        ]
        for one, other in pairwise(found):
            between = site.text[one.span.end : other.span.start]
            if not between.strip():
                first, second = (
                    site.text[each.span.start : each.span.end] for each in (one, other)
                )
                text = site.text[: one.span.start] + second + between + first
                return _made("locations in another order", site, text + site.text[other.span.end :])
    return None


OPERATORS: dict[str, Operator] = {
    "reformat": reformat,
    "comments": comments,
    "requote": requote,
    "reorder": reorder,
    "line ends": line_ends,
    "blank lines": blank_lines,
    "units": units,
    "names in another order": names_order,
    "locations in another order": locations_order,
}
