"""The vocabulary that the phrase patterns share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline.intents import Scope
from workflow.providers.offline.scanner import phrase

if TYPE_CHECKING:
    import re

_Q = "[\"'`]?"
DET = r"(?:(?:an?|the|our|my|its|new|another|extra|additional|simple|plain|small|basic) )*"
STOP = r"(?!(?:and|then|with|but|or|not|only|except|unless|if|when|in|on|for|to|from|by|at)\b)"
PATH = rf"{_Q}(?P<path>/(?:[A-Za-z0-9._~/-]*[A-Za-z0-9_~/-])?){_Q}"
# NOTE: `delete`, `put` and the like are English words, too, so only capitals make them methods.
_METHOD = r"(?:GET|POST|(?-i:HEAD|PUT|PATCH|DELETE|OPTIONS))"
METHODS = rf"{_METHOD}(?:(?:\s*(?:,|/|\||&|\+)\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+){_METHOD})*"
SIZE = r"\d+\s*(?:k|m|g|kb|mb|gb|kib|mib|gib|b|bytes?|megs?|(?:kilo|mega|giga)bytes?)?"
TIME = (
    r"\d+\s*(?:ms|s|m|h|d|y|msecs?|milliseconds?|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?"
    r"|weeks?|months?|years?)?"
)
SERVER = (
    r"(?:unix:/[^\s,;\"'`]+?|localhost(?::\d+)?|[A-Za-z0-9_.-]+?:\d+|\[[0-9A-Fa-f:.]+\](?::\d+)?"
    r"|\d+\.\d+\.\d+\.\d+|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+?)"
)
AMOUNT = (
    r"\d+\s*(?:(?:kilo|mega|giga)bytes?|bytes?|megs?|[kmg]i?b|[kmgb]"
    r"|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|msecs?|secs?|mins?|hrs?"
    r"|ms|s|h|d|w|y|)(?!\s*[a-z]+bytes?\b|\s*(?:milli)?seconds?\b|\s*(?:minutes?|hours?|days?)\b)"
)
URL = rf"{_Q}(?P<url>https?://[^\s,;\"'`]+?){_Q}"
NAME = rf"{STOP}{_Q}(?P<name>[A-Za-z_][A-Za-z0-9_.-]*?){_Q}"
ORIGIN = rf"{_Q}(?P<origin>[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'`]*?[^\s\"'`,;.!?)]|null|\*){_Q}"
ADDRESS = rf"{_Q}(?P<address>unix:/[^\s,;\"'`]+?|[A-Za-z0-9_.\[\]:-]+?){_Q}"
CSP_DIRECTIVE = (
    r"(?:(?:default|script|style|img|font|connect|media|object|frame|child|worker|manifest)-src"
    r"(?:-elem|-attr)?|frame-ancestors|form-action)"
)
_HOSTNAME = r"(?:\*\.)?[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+"
_INTO = r"(?:in|on|for|to|at|of|inside|under|within)"

SCOPE_SLOTS = {
    "file": phrase(rf"{_INTO} (?:the (?:file )?)?{_Q}(?P<file>[\w./-]+\.conf(?:\.\w+)?){_Q}"),
    "server": phrase(
        rf"{_INTO} (?:the )?(?:(?:server(?:_name| block)?|site|vhost|virtual host|host|domain) )?"
        rf"{_Q}(?P<server>{_HOSTNAME}){_Q}(?: (?:server(?: block)?|site|vhost|virtual host|host))?"
    ),
    "named": phrase(rf"{_INTO} (?:the )?(?:server_name|vhost) {NAME}"),
    "port": phrase(rf"{_INTO} (?:the )?(?:server on )?port (?P<port>\d{{1,5}})"),
    "here": phrase(
        rf"{_INTO} (?:(?:the|our|my|this) )+(?:nginx )?"
        r"(?:config(?:uration)?|conf|file|site|server|web server|server block|nginx|website)"
        r"(?: (?:config(?:uration)?|file|block))?"
    ),
    "nginx": phrase(rf"{_INTO} nginx"),
}
LOCATION_SLOT = phrase(
    rf"{_INTO} (?:the )?(?:(?:location|endpoint|path|route|url) )?(?:(?:=|\^~)\s*)?{PATH}"
    r"(?: (?:location|endpoint|path|route)(?: block)?)?"
)


def scope_of(found: list[tuple[str, re.Match[str]]]) -> Scope:
    """The scope that the gathered slots name."""
    parts = dict.fromkeys(("server", "port", "location", "file"), "")
    for name, match in found:
        if name == "named":
            parts["server"] = match["name"]
        elif name == "location":
            parts["location"] = match["path"]
        elif name in parts:
            parts[name] = match[name]
    return Scope(**parts)
