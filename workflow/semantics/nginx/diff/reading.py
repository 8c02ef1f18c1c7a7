"""How one directive is read: the words that all its spellings share, what it is about, its order.

Two directives with the same words mean the same; two with the same topic are versions of one; and
among those of one group the order has a meaning.  The tables follow nginx's own sources.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from workflow.semantics.nginx.diff.values import address, plainest, policy, policy_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POLICIES = frozenset({"content-security-policy", "content-security-policy-report-only"})
# Entries of these blocks are no directives, but values with a name.
TABLES = frozenset({"map", "geo", "split_clients", "types", "charset_map"})
HEADERS = frozenset(
    {
        *("add_header", "add_trailer", "proxy_set_header", "grpc_set_header"),
        *("proxy_hide_header", "fastcgi_hide_header", "uwsgi_hide_header", "grpc_hide_header"),
        *("proxy_pass_header", "fastcgi_pass_header", "uwsgi_pass_header", "grpc_pass_header"),
    }
)
_BY_FIRST = HEADERS | {
    *("fastcgi_param", "uwsgi_param", "scgi_param", "set", "env", "rewrite", "log_format"),
    *(
        "upstream",
        "server",
        "allow",
        "deny",
        "sub_filter",
        "set_real_ip_from",
        "js_set",
        "js_var",
        "geoip2",
    ),
    *("perl_set", "auth_request_set", "proxy_cookie_path", "proxy_cookie_domain", "access_log"),
    *("proxy_cookie_flags", "proxy_redirect", "error_log", "load_module", "lua_shared_dict"),
    *(
        "proxy_pass_header",
        "ssl_conf_command",
        "js_import",
        "debug_connection",
        "js_preload_object",
    ),
    *("limit_conn", "match", "more_clear_headers"),
}
_BY_LAST = frozenset({"map", "geo", "split_clients"})
_BY_ZONE = {
    **dict.fromkeys(("limit_req", "limit_req_zone", "limit_conn_zone"), "zone="),
    **dict.fromkeys(
        (f"{kind}_cache_path" for kind in ("proxy", "fastcgi", "uwsgi", "scgi")), "keys_zone="
    ),
}
# How many arguments at the start have an order; those behind are a set.
_SET_FROM = {
    **dict.fromkeys(
        (
            *("valid_referers", "gzip_proxied", "limit_req", "resolver"),
            *("dav_methods", "open_file_cache", "ssl_session_cache", "keepalive_disable"),
        ),
        0,
    ),
    **dict.fromkeys(("listen", "limit_req_zone", "limit_conn_zone"), 1),
    **dict.fromkeys(("proxy_cookie_flags",), 1),
    "access_log": 2,
}
_SET_ENDINGS = (
    *("_protocols", "_types", "_next_upstream", "_cache_use_stale", "_ignore_headers"),
    *("_cache_methods", "_cache_bypass", "_no_cache"),
)
_SEQUENCES = {
    **dict.fromkeys(("rewrite", "return", "set", "break", "if"), "rewrite"),
    **dict.fromkeys(("set_by_lua_block", "set_by_lua", "set_by_lua_file"), "rewrite"),
    **dict.fromkeys(("allow", "deny"), "access"),
    **dict.fromkeys(
        ("hash", "ip_hash", "least_conn", "least_time", "random", "keepalive", "sticky"),
        "balancing",
    ),
}
_UNORDERED = frozenset(
    {
        *("listen", "upstream", "server", "limit_req_zone", "limit_conn_zone", "limit_req"),
        *("limit_conn", "access_log", "error_log", "set_real_ip_from", "env", "geo", "error_page"),
        *("split_clients", "js_import", "js_set", "perl_set", "lua_shared_dict", "types"),
        *("load_module", "debug_connection", "auth_request_set", "proxy_hide_header", "resolver"),
        *("proxy_pass_header", "fastcgi_hide_header", "fastcgi_pass_header", "log_format", "match"),
        *("proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path", "zone"),
        *("js_var", "geoip2", "location", "limit_except", "grpc_hide_header", "uwsgi_hide_header"),
    }
)
# Of these, two with one topic have an order, and two with different ones have none.
_ORDERED_BY_TOPIC = HEADERS | _BY_LAST | {"fastcgi_param", "uwsgi_param", "scgi_param"}
_MODIFIERS = ("~*", "^~", "~", "=", "@")
# What nginx takes for a server of an upstream that says nothing else.
_USUAL = {"weight=1", "max_fails=1", "fail_timeout=10000ms", "max_conns=0"}
_BRACED = re.compile(r"\$\{([A-Za-z_]\w{0,200})\}(?!\w)", re.ASCII)
# In these, or in the first argument of a `rewrite`, a dollar sign may be a pattern's.
_PATTERNED = {"location", "server_name", "if", "map", "log_format"}


class Reading(NamedTuple):
    """One directive as it counts: its words, what it is about, and in which order it stands."""

    words: tuple[str, ...]
    topic: tuple[str, ...]
    group: str


def read(kind: str, name: str, args: tuple[str, ...]) -> Reading:
    """Read one directive; `kind` is the name of its block, `hashed` for an upstream with a hash.

    A group without a name has no order.
    """
    if any("${" in arg for arg in args):
        args = _unbraced(name, args)
    if kind in TABLES:
        return _entry(kind, name, args)
    words = (name, *_arguments(kind, name, args))
    topic = _topic(name, words)
    return Reading(words, topic, _group(kind, name, words, topic))


def _unbraced(name: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """Arguments with `$name` for `${name}`, where nothing behind it would become a part of it."""
    if name in _PATTERNED or "_by_lua" in name:
        return args
    start = 1 if name == "rewrite" else 0
    return (*args[:start], *(_BRACED.sub(r"$\1", one) for one in args[start:]))


def _entry(kind: str, name: str, args: tuple[str, ...]) -> Reading:
    """A line of a table: regular expressions and shares are taken in their order."""
    if kind == "types":
        return Reading((name.lower(), *sorted(set(args))), (name.lower(),), "")
    if kind == "map":
        # The names of a map are compared without case, unless they are regular expressions.
        is_regex = name.startswith("~")
        key = name if is_regex else name.lower()
        return Reading((key, *args), (key,), "patterns" if is_regex else "")
    return Reading((name, *args), (name,), "shares" if kind == "split_clients" else "")


def _arguments(kind: str, name: str, args: tuple[str, ...]) -> Sequence[str]:
    """A directive's arguments in the one spelling that all their spellings share."""
    if own := _OWN.get(name):
        return own(args)
    if name in HEADERS and args:
        return (args[0].lower(), *args[1:])
    if name.endswith("_cache_valid"):
        return (*sorted(args[:-1]), *plainest(name, args[-1:]))
    if name == "listen" and args:
        args = (address(args[0]), *args[1:])
    plain = plainest(name, args)
    if name == "server" and kind in {"upstream", "hashed"}:
        plain = (*plain[:1], *(one for one in plain[1:] if one not in _USUAL))
    ordered = _ordered(kind, name)
    return plain if ordered >= len(plain) else (*plain[:ordered], *sorted(set(plain[ordered:])))


@lru_cache(maxsize=1024)
def _ordered(kind: str, name: str) -> int:
    """How many arguments have an order."""
    if name == "server" and kind in {"upstream", "hashed"}:
        return 1
    if name in _SET_FROM:
        return _SET_FROM[name]
    if name.endswith("_cache_path"):
        return 1
    return 0 if name.endswith(_SET_ENDINGS) else 1 << 30


def _location(args: tuple[str, ...]) -> Sequence[str]:
    """A location's modifier, empty for a plain prefix, and its path; nginx lets them be joined."""
    if len(args) != 1:
        return args
    for mark in _MODIFIERS:
        if args[0].startswith(mark) and mark != "@":
            return (mark, args[0][len(mark) :])
    return ("", args[0])


def _condition(args: tuple[str, ...]) -> Sequence[str]:
    """What an `if` asks for, without its brackets."""
    if not args or not args[0].startswith("(") or not args[-1].endswith(")"):
        return args
    if len(args) == 1:
        return (args[0][1:-1].strip(),)
    parts = (args[0][1:], *args[1:-1], args[-1][:-1])
    return tuple(part for at, part in enumerate(parts) if part or 0 < at < len(parts) - 1)


def _joined(args: tuple[str, ...]) -> Sequence[str]:
    """A log format: nginx puts its pieces together."""
    escape = 2 if len(args) > 1 and args[1].startswith("escape=") else 1
    return (*args[:escape], "".join(args[escape:]))


def _error_page(args: tuple[str, ...]) -> Sequence[str]:
    """The codes as a set, then the answer's code and the page, as they are written."""
    codes = sorted({one for one in args[:-1] if one.isdigit()})
    return (*codes, *(one for one in args[:-1] if not one.isdigit()), *args[-1:])


def _header(args: tuple[str, ...]) -> Sequence[str]:
    """A header: its name has no case; blanks and order mean nothing in a security policy."""
    if not args:
        return args
    name, *rest = args
    if name.lower() in POLICIES and rest and "\n" not in rest[0]:
        rest[0] = policy_text(policy(rest[0]))
    return (name.lower(), *rest)


def _return(args: tuple[str, ...]) -> Sequence[str]:
    """An address alone is a redirect."""
    return ("302", *args) if len(args) == 1 and not args[0].isdigit() else args


def _names(args: tuple[str, ...]) -> Sequence[str]:
    """A server's names have no case; the first is its own, the others are a set."""
    plain = [one if one.startswith("~") else one.lower() for one in args]
    return (*plain[:1], *sorted(set(plain[1:])))


def _methods(args: tuple[str, ...]) -> Sequence[str]:
    return sorted({one.upper() for one in args})


def _without_scheme(args: tuple[str, ...]) -> Sequence[str]:
    """An upstream for gRPC or uWSGI: its scheme is what nginx takes where none is written."""
    if args and args[0].lower().startswith(("grpc://", "uwsgi://")):
        return (args[0].partition("://")[2], *args[1:])
    return args


def _as_they_are(args: tuple[str, ...]) -> Sequence[str]:
    return args


_OWN: dict[str, Callable[[tuple[str, ...]], Sequence[str]]] = {
    "location": _location,
    "if": _condition,
    "log_format": _joined,
    "return": _return,
    "server_name": _names,
    "limit_except": _methods,
    "error_page": _error_page,
    **dict.fromkeys(("grpc_pass", "uwsgi_pass"), _without_scheme),
    **dict.fromkeys(("add_header", "proxy_set_header"), _header),
    **dict.fromkeys(("set", "rewrite", "map", "geo", "fastcgi_param", "sub_filter"), _as_they_are),
}


def _topic(name: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """What two versions of one directive have in common."""
    rest = words[1:]
    if not rest:
        return (name,)
    if name in _TOPICS:
        return _TOPICS[name](words)
    if name.endswith("_cache_valid"):
        return words[:-1]
    if name in _BY_ZONE:
        start = _BY_ZONE[name]
        zone = next((one for one in rest if one.startswith(start)), rest[0])
        return (name, zone.partition(":")[0])
    return words[:2] if name in _BY_FIRST else words[:1]


_TOPICS: dict[str, Callable[[tuple[str, ...]], tuple[str, ...]]] = {
    "listen": lambda words: (*words[:2], "quic" if "quic" in words else ""),
    "error_page": lambda words: words[:-1],
    "location": lambda words: words[:3],
    "more_set_headers": lambda words: (words[0], words[-1].partition(":")[0].lower()),
    "if": lambda words: words,
    **dict.fromkeys(_BY_LAST, lambda words: (words[0], words[-1])),
}


def _group(kind: str, name: str, words: tuple[str, ...], topic: tuple[str, ...]) -> str:
    """Among which directives this one has its place; empty where it has none."""
    if name in _SEQUENCES:
        return _SEQUENCES[name]
    if name == "location":
        return "regex" if words[1:2] in {("~",), ("~*",)} else ""
    if name == "server" and kind == "hashed":
        return "servers"
    if name in _UNORDERED:
        return ""
    return " ".join(topic[:2]) if name in _ORDERED_BY_TOPIC else name
