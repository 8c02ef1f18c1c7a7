"""Faults of redirects and rewrites: split headers, loops, strange hosts, dead patterns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.known import variables_of
from workflow.semantics.nginx.rules.proxying import listeners
from workflow.semantics.nginx.rules.routes import (
    Finding,
    head,
    is_template,
    matcher,
    servers,
    short,
    site,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.known import Variables

# The decoded path: a `%0d%0a` of the request is a line's end in it.
_DECODED = frozenset({"uri", "document_uri"})
_REDIRECTS = frozenset({"301", "302", "303", "307", "308"})
_CODE_AND_TEXT = 2
_FLAGS = frozenset({"redirect", "permanent"})
_HEADERS = ("add_header", "add_trailer", "proxy_set_header", "grpc_set_header")
_ADDRESS = re.compile(
    r"(?P<scheme>https?|\$\{?scheme\}?)://"
    r"(?P<host>(?:(?!\$\{?(?:request_uri|uri|document_uri|is_args|args|1)\b)[^/?#])*)(?P<rest>.*)",
    re.DOTALL,
)
_CATCHES_ALL = frozenset({"^", "^(.*)$", "^(.*)", "(.*)", "^/(.*)$"})
_OWN_HOST = frozenset({("host",), ("http_host",), ("server_name",)})
_SAME_PATH = frozenset(
    {"$request_uri", "${request_uri}", "$uri", "$uri$is_args$args", "$uri?$args"}
)
# What a stranger can put into a link that somebody else then opens.
_FROM_LINK = re.compile(r"\$\{?(?:arg_\w+|args|query_string|cookie_\w+)\}?")
_CAPTURE_AT_HOST = re.compile(r"https?://[A-Za-z0-9.-]*[A-Za-z0-9]\$\{?1\}?")


def redirection(item: Item) -> str:
    """The address that a `return` or `rewrite` sends a client to; empty for any other."""
    if item.name == "return" and len(item.args) == _CODE_AND_TEXT and item.args[0] in _REDIRECTS:
        return item.args[1]
    if item.name == "return" and len(item.args) == 1 and not item.args[0].isdigit():
        return item.args[0]
    if item.name == "rewrite" and len(item.args) > 1:
        absolute = item.args[1].startswith(("http://", "https://", "$scheme"))
        return item.args[1] if absolute or item.args[-1] in _FLAGS else ""
    return ""


def _split(config: Config) -> Iterator[Fault]:
    found = Finding("uri-splits-header")
    known = variables_of(config)
    for item in config.every("return", "rewrite"):
        if name := _decoded(known, redirection(item)):
            yield found.fault(
                item,
                f"the redirect repeats `{name}`, the decoded path, so a request for "
                "`/%0d%0aSet-Cookie:x=1` puts a header of the caller's choice into the answer",
                "write `$request_uri`, the path as it was sent",
            )
    for item in config.every(*_HEADERS):
        if name := _decoded(known, " ".join(item.args[1:])):
            where = "answer" if item.name.startswith("add") else "request to the upstream server"
            yield found.fault(
                item,
                f"the header repeats `{name}`, the decoded path, so `%0d%0a` in a path ends it and "
                f"begins another header of the {where}",
                "write `$request_uri`, the path as it was sent",
            )
    for item in config.every("proxy_pass"):
        name = _decoded(known, item.args[0] if item.args else "")
        if name and not _path_as_sent(item):
            yield found.fault(
                item,
                f"`{name}`, the decoded path, goes into the request line as it is, so `%0d%0a` "
                "in a path splits the request to the upstream server, and a blank in one breaks it",
                "write `$request_uri`, or leave the path out of proxy_pass",
                item.name,
                name,
            )
    yield from _captured(found, config)


def _decoded(known: Variables, text: str) -> str:
    """The variable with the decoded path that a value may come to, with its `$`; else nothing."""
    if "$" not in text:
        return ""
    names = (one for value in known.values(text) for one in variables(value))
    return next((f"${one}" for one in names if one in _DECODED), "")


def _path_as_sent(item: Item) -> bool:
    """Whether `rewrite ^ $request_uri` put the path as it was sent in the decoded one's place."""
    around = [one for one in item.around if one.name in {"location", "server"}]
    return any(
        "$request_uri" in one.args[1:2] for block in around for one in block.named("rewrite")
    )


def _captured(found: Finding, config: Config) -> Iterator[Fault]:
    """A capture that may hold a line's end, such as `[^/]+`, where a header or request has it."""
    for item in config.every("return", "proxy_pass", *_HEADERS):
        location = item.parent
        if location is None or location.name != "location" or location.named("rewrite", "if"):
            continue
        where = matcher(location)
        if not where.is_regex or "[^/]" not in where.text:
            continue
        repeated = redirection(item) if item.name == "return" else " ".join(item.args)
        if {"1", "2"} & set(variables(repeated)):
            yield found.doubt(
                item,
                f"`{item.name}` repeats what the pattern captured, decoded; `[^/]` matches line "
                "ends, too, so `%0d%0a` may begin a header of the caller's choice",
                r"exclude them in the pattern: `[^/\r\n]`",
            )


SPLIT = Rule(
    "uri-splits-header",
    "The decoded path in a header, a redirect or a request line",
    "`$uri` is decoded (ngx_http_core_module, $uri): a `%0a` of the request is a line's end in "
    "it, and ends a header (CWE-113).  `$request_uri` is as it was sent.",
    site("return 301 https://www.example.test$uri;"),
    site("return 301 https://www.example.test$request_uri;"),
    find=_split,
)


def _loop(config: Config) -> Iterator[Fault]:
    found = Finding("redirect-loop")
    for server in servers(config):
        for block in (server, *server.named("location")):
            if any(one.named("break") for one in block.named("if")):
                continue
            for item in block.named("return", "rewrite"):
                if said := _same_address(server, item):
                    yield found.fault(
                        item,
                        f"{said} is redirected to the address that it came to, until the browser "
                        "gives up",
                        "redirect to the other scheme or name, or move this to the server that "
                        "listens without TLS",
                    )


def _same_address(server: Item, item: Item) -> str:
    """Which requests a redirect sends back to their own server; empty for none."""
    to = redirection(item)
    if to in _SAME_PATH and item.name == "return":
        return "every request"
    found = _ADDRESS.match(to)
    if not found or (item.name == "rewrite" and item.args[0] not in _CATCHES_ALL):
        return ""
    same_path = found["rest"] in _SAME_PATH or (item.name == "rewrite" and "$1" in found["rest"])
    names = {name for one in server.named("server_name") for name in one.args}
    host, _, port = found["host"].partition(":")
    is_own = host.startswith("$") and variables(host) in _OWN_HOST
    if not same_path or not (is_own or host in names):
        return ""
    said = f"every request for `{short(host)}`" if host in names else "every request"
    ends = _ends(server)
    same_port = "http_host" in variables(host) or port in _SAME_PORT
    if found["scheme"].startswith("$"):
        return said if same_port or ends <= {_HTTP, _HTTPS} else ""
    secure = found["scheme"] == "https"
    meant = (port or ("443" if secure else "80"), secure)
    is_back = meant in ends or (same_port and any(end[1] is secure for end in ends))
    return f"{said} that comes by {found['scheme']}" if is_back else ""


_SAME_PORT = frozenset({"$server_port", "${server_port}"})
_HTTP, _HTTPS = ("80", False), ("443", True)


def _ends(server: Item) -> set[tuple[str, bool]]:
    """The ports on which a server listens, and whether with TLS there."""
    listens = server.named("listen")
    return set(zip(listeners(server), map(_is_secure, listens), strict=False)) or {_HTTP}


def _is_secure(listen: Item) -> bool:
    return bool({"ssl", "quic"} & set(listen.args))


LOOP = Rule(
    "redirect-loop",
    "A redirect that leads back to itself",
    "A `return` of a server runs for each of its listeners, so one that redirects to https must "
    "not stand in a server that listens with TLS (ngx_http_rewrite_module, return).",
    site("return 301 $scheme://$http_host$request_uri;"),
    site("return 301 https://$host$request_uri;"),
    find=_loop,
)


def _strange(config: Config) -> Iterator[Fault]:
    found = Finding("open-redirect")
    for item in config.every("return", "rewrite"):
        to = redirection(item)
        if _FROM_LINK.match(to) or _FROM_LINK.match(to.partition("://")[2]):
            yield found.fault(
                item,
                f"the address of the redirect comes from the request (`{short(to)}`), so a link to "
                "this site leads wherever its author wants",
                "redirect to fixed addresses; choose one by a map of the values that are allowed",
            )
        elif _CAPTURE_AT_HOST.match(to) and item.args[0].startswith(("^/(", "/(")):
            yield found.fault(
                item,
                f"no slash stands between the host and `$1`, so `/.evil.test/` is redirected to "
                f"`{short(to.partition('$')[0])}.evil.test/`, a host of the caller's choice",
                "write a slash in front of `$1`",
            )


STRANGE = Rule(
    "open-redirect",
    "A redirect to an address that the caller chooses",
    "An argument, or a capture that is glued to the host's name, lets a link to the site lead "
    "elsewhere (CWE-601).",
    site("location = /go {\n    return 302 $arg_next;\n}"),
    site("location = /go {\n    return 302 https://www.example.test/start;\n}"),
    find=_strange,
)


def _dead(config: Config) -> Iterator[Fault]:
    found = Finding("rewrite-never-matches")
    for item in config.every("rewrite"):
        pattern = item.args[0] if item.args else ""
        begin = head(pattern)
        if begin and begin.text and not begin.text.startswith("/") and not is_template(pattern):
            yield found.fault(
                item,
                f"`{short(pattern)}` never matches: a path begins with a slash",
                f"begin the pattern with `^/{short(begin.text)}`",
            )
        elif r"\?" in pattern:
            yield found.fault(
                item,
                f"`{short(pattern)}` never matches a query: rewrite sees the path alone, without "
                "`?` and what follows it",
                "match the path, and look at the query with `if ($arg_name = ...)` or a map",
            )


DEAD = Rule(
    "rewrite-never-matches",
    "A rewrite whose pattern no path matches",
    "rewrite compares the decoded path, which begins with a slash and has no query "
    "(ngx_http_rewrite_module, rewrite).",
    site("rewrite ^old$ /new last;"),
    site("rewrite ^/old$ /new last;"),
    find=_dead,
)


def _cycle(config: Config) -> Iterator[Fault]:
    found = Finding("rewrite-loop")
    for item in config.every("rewrite"):
        location = item.parent
        if location is None or location.name != "location" or item.args[-1] != "last":
            continue
        where, begin = matcher(location), head(item.args[0])
        replacement = item.args[1].partition("$")[0].partition("?")[0]
        if not where.is_prefix or begin is None or begin.rest not in _ALL_THAT_FOLLOWS:
            continue
        if not replacement.startswith(begin.text) or not replacement.startswith(where.text):
            continue
        if begin.rest == "$" and replacement != begin.text:
            continue
        if not _goes_elsewhere(location, replacement):
            yield found.fault(
                item,
                f"the new path begins with `{short(replacement)}`, which the same rewrite in the "
                "same location matches again: after ten rounds nginx answers 500",
                "write `break` instead of `last`",
            )


_ALL_THAT_FOLLOWS = frozenset({"", "$", "(.*)", "(.*)$", ".*", ".*$", "(.+)", "(.+)$"})


def _goes_elsewhere(location: Item, path: str) -> bool:
    """Whether another location beside this one may take the new path."""
    mine = matcher(location).text
    beside = location.parent.named("location") if location.parent else ()
    nested = location.named("location")
    for one in (*beside, *nested):
        where = matcher(one)
        if where.is_regex or (where.modifier == "=" and where.text.startswith(path)):
            return True
        longer = len(where.text) > len(mine) and where.text.startswith(mine)
        if (
            where.is_prefix
            and longer
            and (path.startswith(where.text) or where.text.startswith(path))
        ):
            return True
    return False


CYCLE = Rule(
    "rewrite-loop",
    "A rewrite with `last` that matches its own result",
    "`last` looks for a location anew and runs its rewrites again, ten times at most "
    "(ngx_http_rewrite_module, rewrite).",
    site("location /app/ {\n    rewrite ^/app/(.*)$ /app/v1/$1 last;\n    return 404;\n}"),
    site("location /app/ {\n    rewrite ^/app/(.*)$ /app/v1/$1 break;\n    root /srv/www;\n}"),
    find=_cycle,
)

REDIRECTS: tuple[Rule, ...] = (SPLIT, LOOP, STRANGE, DEAD, CYCLE)
