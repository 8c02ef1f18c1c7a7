"""Faults of caches: answers that one caller gets and another one was meant to have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.routes import Finding, http, short, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_KINDS = ("proxy", "fastcgi", "uwsgi", "scgi")
# Variables that hold the query, or the whole of the request line's address.
_QUERY = frozenset({"args", "query_string", "request_uri", "request"})
_WHOSE = re.compile(r"(?:cookie_\w+|http_authorization|http_cookie|remote_user)\Z")
_HOST = frozenset({"host", "http_host", "server_name", "proxy_host", "request"})
_PERSONAL = frozenset({"set-cookie"})


def _cached(config: Config) -> Iterator[tuple[Item, str]]:
    """Each line that switches a cache on, with the kind of its module."""
    for kind in _KINDS:
        for item in config.every(f"{kind}_cache"):
            if item.args and item.args[0] != "off" and item.parent is not None:
                yield item, kind


def _key(config: Config) -> Iterator[Fault]:
    found = Finding("cache-key-incomplete")
    for kind in _KINDS:
        for item in config.every(f"{kind}_cache_key"):
            names = set(variables(" ".join(item.args)))
            by_argument = any(name.startswith("arg_") for name in names)
            if names & {"uri", "document_uri"} and not names & _QUERY and not by_argument:
                yield found.fault(
                    item,
                    "the cache's key has no query, so `/list?page=2` is answered with what is "
                    "stored for `/list?page=1`",
                    "write `$request_uri` in place of `$uri`, or add `$is_args$args`",
                )
            elif names and not names & _HOST:
                yield found.doubt(
                    item,
                    "the cache's key has no host, so two names of one server, and servers that "
                    "share the zone, are answered with each other's pages",
                    "add `$host` to the key",
                )
    for item, kind in _cached(config):
        block = item.parent
        if block is None:
            continue
        methods = block.effective(f"{kind}_cache_methods")
        key = " ".join(word for one in block.effective(f"{kind}_cache_key") for word in one.args)
        if any("POST" in one.args for one in methods) and "$request_body" not in key:
            yield found.fault(
                methods[-1],
                "answers to POST are cached by the address alone, so one caller's form is answered "
                "with what another one sent",
                "take POST out, or add `$request_body` to the key",
            )


_ZONE = "proxy_cache_path /tmp/nginx-sample levels=1 keys_zone=pages:1m;\n"


def _sample(lines: str) -> str:
    inner = "".join(f"        {line}\n" for line in lines.splitlines())
    return http(
        f"{_ZONE}server {{\n    listen 8080;\n    server_name a.example.test;\n"
        f"    location / {{\n        proxy_cache pages;\n{inner}"
        "        proxy_pass http://127.0.0.1:9000;\n    }\n}"
    )


KEY = Rule(
    "cache-key-incomplete",
    "A cache's key leaves out what makes answers differ",
    "Requests with the same key get the same answer (ngx_http_proxy_module, proxy_cache_key).",
    _sample("proxy_cache_key $scheme$host$uri;"),
    _sample("proxy_cache_key $scheme$host$request_uri;"),
    find=_key,
)


def _cookies(config: Config) -> Iterator[Fault]:
    found = Finding("cache-stores-cookies")
    for item, kind in _cached(config):
        block = item.parent
        if block is None:
            continue
        ignored = block.effective(f"{kind}_ignore_headers")
        line = next((one for one in ignored if _personal(one)), None)
        if line is None or any(_personal(one) for one in block.effective(f"{kind}_hide_header")):
            continue
        yield found.fault(
            line,
            "answers that set a cookie are stored with it: the session of the first caller is "
            "given to everybody who gets the stored answer",
            f"add `{kind}_hide_header Set-Cookie;`, or do not ignore Set-Cookie",
        )


def _personal(item: Item) -> bool:
    return any(one.lower() in _PERSONAL for one in item.args)


COOKIES = Rule(
    "cache-stores-cookies",
    "Cookies are stored in a shared cache",
    "An answer with Set-Cookie is not cached, unless the header is ignored; it is then stored and "
    "sent to all (ngx_http_proxy_module, proxy_cache_valid, proxy_ignore_headers).",
    _sample("proxy_ignore_headers Set-Cookie;"),
    _sample("proxy_ignore_headers Set-Cookie;\nproxy_hide_header Set-Cookie;"),
    find=_cookies,
)


def _personal_variables(config: Config) -> frozenset[str]:
    """The variables that a `map` or an `if` makes of a cookie or a login."""
    names = set()
    for block in config.blocks("map"):
        if any(_WHOSE.match(name) for name in variables(" ".join(block.args[:-1]))):
            names.add(block.args[-1].lstrip("$"))
    for block in config.blocks("if"):
        if any(_WHOSE.match(name) for name in variables(" ".join(block.args))):
            names.update(one.args[0].lstrip("$") for one in block.named("set") if one.args)
    return frozenset(names)


def _bypassed(config: Config) -> Iterator[Fault]:
    found = Finding("cache-bypass-stores")
    made = _personal_variables(config)
    for item, kind in _cached(config):
        block = item.parent
        if block is None:
            continue
        skipped = {word for one in block.effective(f"{kind}_no_cache") for word in one.args}
        keys = block.effective(f"{kind}_cache_key")
        apart = {name for one in keys for word in one.args for name in variables(word)}
        for line in block.effective(f"{kind}_cache_bypass"):
            personal = [
                word
                for word in line.args
                if word not in skipped
                and any(
                    (_WHOSE.match(name) or name in made) and name not in apart
                    for name in variables(word)
                )
            ]
            if personal:
                yield found.fault(
                    line,
                    f"a request with `{short(personal[0])}` is passed on, and its answer is stored "
                    "all the same: the next caller without it gets that personal answer",
                    f"add `{kind}_no_cache {short(' '.join(personal))};`",
                )


BYPASSED = Rule(
    "cache-bypass-stores",
    "Personal answers pass the cache by and are stored in it",
    "proxy_cache_bypass only says when not to answer from the cache; what is not to be stored is "
    "said by proxy_no_cache (ngx_http_proxy_module).",
    _sample("proxy_cache_bypass $cookie_session;"),
    _sample("proxy_cache_bypass $cookie_session;\nproxy_no_cache $cookie_session;"),
    find=_bypassed,
)


def _errors(config: Config) -> Iterator[Fault]:
    found = Finding("cache-stores-errors")
    for kind in _KINDS:
        for item in config.every(f"{kind}_cache_valid"):
            codes = item.args[:-1]
            if "any" in codes or any(one.startswith("50") for one in codes):
                yield found.doubt(
                    item,
                    "answers with errors are stored, too: a short failure lasts for "
                    f"{short(item.args[-1])}",
                    f"name the codes: `{kind}_cache_valid 200 301 302 {short(item.args[-1])};`",
                )


ERRORS = Rule(
    "cache-stores-errors",
    "Answers with errors are cached",
    "`any` stands for every code (ngx_http_proxy_module, proxy_cache_valid).",
    _sample("proxy_cache_valid any 10m;"),
    _sample("proxy_cache_valid 200 301 10m;"),
    find=_errors,
)


def _unbuffered(config: Config) -> Iterator[Fault]:
    found = Finding("cache-without-buffering")
    for item, kind in _cached(config):
        block = item.parent
        if block is not None and block.value(f"{kind}_buffering") == "off":
            line = block.effective(f"{kind}_buffering")[-1]
            yield found.fault(
                line,
                f"nothing is cached, though `{short(' '.join(item.words))}` applies: answers that "
                "are not buffered are not stored",
                f"remove `{kind}_buffering off;` or the cache",
            )


UNBUFFERED = Rule(
    "cache-without-buffering",
    "A cache whose answers are not buffered",
    "Only buffered answers are written to a cache (ngx_http_proxy_module, proxy_buffering; "
    "measured with 1.31).",
    _sample("proxy_buffering off;"),
    _sample("proxy_buffering on;"),
    find=_unbuffered,
)

CACHING: tuple[Rule, ...] = (KEY, COOKIES, BYPASSED, ERRORS, UNBUFFERED)
