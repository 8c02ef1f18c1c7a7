"""How people ask for timeouts, sizes, upstream servers, proxy targets and HTTP/3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline.intents import (
    AddServer,
    Direction,
    EnableHttp3,
    ReplaceServer,
    Scope,
    SetDirective,
    SetTarget,
)
from workflow.providers.offline.literals import as_address, as_size, as_target, as_time
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.scanner import phrase
from workflow.providers.offline.words import (
    ADDRESS,
    AMOUNT,
    LOCATION_SLOT,
    NAME,
    PATH,
    SCOPE_SLOTS,
    SERVER,
    SIZE,
    TIME,
    URL,
    scope_of,
)

if TYPE_CHECKING:
    from workflow.providers.offline.scanner import Scanner

TIMEOUTS = (
    *(
        f"{kind}_{step}_timeout"
        for kind in ("proxy", "fastcgi", "uwsgi", "scgi", "grpc")
        for step in ("connect", "read", "send")
    ),
    "proxy_next_upstream_timeout",
    "client_body_timeout",
    "client_header_timeout",
    "keepalive_timeout",
    "lingering_timeout",
    "resolver_timeout",
    "send_timeout",
    "ssl_session_timeout",
)
SIZES = ("client_max_body_size",)
_WORDS = {
    **{name: name.replace("_", "[ _-]") for name in (*TIMEOUTS, *SIZES)},
    "keepalive_timeout": r"keep[-_ ]?alive[ _-]timeout",
    "ssl_session_timeout": r"(?:ssl|tls)[ _-]session[ _-]timeout",
}
_BODY_WORDS = (
    r"(?:(?:client|request|upload|post|max(?:imum)?|http) )*"
    r"(?:body(?: size)?|uploads?(?: size)?|payload(?: size)?)(?: (?:limit|max(?:imum)?|size))*"
)
_DIRECTIVE = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _WORDS.items())
_VERBS = {
    Direction.SET: r"set|change|update|make|use|put|adjust|configure|add|modify|have",
    Direction.RAISE: r"raise|increase|bump(?: up)?|extend|lengthen|grow",
    Direction.LOWER: r"lower|reduce|decrease|shorten|cut|shrink|drop",
}
_VERB = "|".join(f"(?P<{key.name}>{pattern})" for key, pattern in _VERBS.items())
_FROM = rf"(?: (?:value )?from (?P<old>{TIME}))?"
_TO = r"(?: (?:value|setting|directive|limit))?(?: (?:to|at|of|is|as|up to|down to)|\s*[:=])?"
_VALUE = rf"(?P<value>{AMOUNT})"
_NEXT = r"\s*(?:(?:,\s*(?:and )?|and |plus |& )(?:also )?(?:the )?)"
_THE = r"(?:(?:the|our|a|an|my) )?"
_SETTING = rf"(?:{_DIRECTIVE}|(?P<body>{_BODY_WORDS}))"
SETTING = phrase(rf"(?:{_VERB}) {_THE}{_SETTING}{_FROM}{_TO} {_VALUE}")
_IN_PLACE = re.compile(
    rf"(?:{_VERB}) {_THE}{_SETTING} (?=(?:in|on|for|at) )".replace(" ", r"\s+"), re.IGNORECASE
)
_LATE_VALUE = phrase(rf"(?:from (?P<old>{TIME}) )?(?:to|at) {_VALUE}")
_BARE = phrase(rf"(?:{_DIRECTIVE})(?: to| of|\s*[:=])? {_VALUE}")
_MORE = phrase(rf"{_NEXT}{_SETTING}{_FROM}{_TO} {_VALUE}")
_UPLOADS = phrase(
    r"(?:allow|accept|permit|support|enable|limit|restrict|cap) (?:the )?"
    r"(?:(?:client|request|file|larger|bigger|max(?:imum)?|post) )*"
    r"(?:uploads?|bod(?:y|ies)|payloads?|requests)(?: (?:size|bodies))?(?: sizes?)?"
    r"(?: (?:of )?(?:(?:up )?to|at most|no (?:larger|bigger|more) than|at|of|under))+"
    rf" (?P<value>{SIZE})"
)
NO_VALUE = phrase(rf"(?:{_VERB}) {_THE}(?:(?:\w+ ){{0,2}}timeouts?|{_BODY_WORDS})")
_SLOTS = {
    "location": LOCATION_SLOT,
    "global": phrase(
        r"globally|server[- ]wide|at (?:the )?server level|for (?:the )?whole server"
        r"|(?:on|for|at) the server"
    ),
    **SCOPE_SLOTS,
}
_CHANGE = r"(?:change|replace|switch|swap|move|update|set|repoint)"
_OLD = rf"[\"'`]?(?P<old>{SERVER})[\"'`]?"
_NEW = rf"[\"'`]?(?P<new>{SERVER})[\"'`]?"
_UPSTREAM = rf"(?:the )?(?:upstream(?: server)?|backend) {NAME}"
_UPSTREAM_AFTER = rf"(?:the )?{NAME} (?:upstream|backend)"
_UPSTREAM_AFTER_2 = _UPSTREAM_AFTER.replace("?P<name>", "?P<name2>")
_SERVER = r"(?:(?:the )?(?:upstream |backend )?(?:server|address|backend|port) )?"
REPLACE = (
    phrase(
        rf"{_CHANGE} (?:{_SERVER}(?:of|in|for) )?(?:{_UPSTREAM}|{_UPSTREAM_AFTER_2})"
        rf"(?:'s)?(?: (?:server|address))? from {_OLD} to {_NEW}"
    ),
    phrase(rf"{_CHANGE} {_SERVER}{_OLD} (?:in|of) {_UPSTREAM} (?:to|with|by|for) {_NEW}"),
    phrase(rf"{_CHANGE} {_SERVER}(?:from )?{_OLD} (?:to|with|by|for) {_NEW}"),
    phrase(rf"{_CHANGE} {_SERVER}(?:upstream|server|backend) from {_OLD} to {_NEW}"),
)
POINT = (
    phrase(rf"(?:point|send|set|change|move|switch|repoint|update) {_UPSTREAM} (?:at|to) {_NEW}"),
    phrase(
        rf"(?:point|send|set|change|move|switch|repoint|update) "
        rf"{_UPSTREAM_AFTER} (?:at|to) {_NEW}"
    ),
)
_ADD = r"(?:add|append|include|put|register)"
ADD_SERVER = (
    phrase(
        rf"{_ADD} (?:(?:a|an|the|another|new|backup|second) )*"
        rf"(?:(?:upstream|backend) )?server {ADDRESS}"
    ),
    phrase(rf"{_ADD} {ADDRESS}(?= (?:to|in|into) (?:the )?(?:\S+ )?(?:upstream|backend)\b)"),
)
_IN_UPSTREAM = {
    "upstream": phrase(rf"(?:in|of|to|into|for|inside) {_UPSTREAM}(?: block)?"),
    "upstream2": phrase(rf"(?:in|of|to|into|for|inside) {_UPSTREAM_AFTER}(?: block)?"),
    "file": SCOPE_SLOTS["file"],
    "here": SCOPE_SLOTS["here"],
}
_PARAMETERS = {
    **_IN_UPSTREAM,
    "backup": phrase(r"(?:as (?:a )?)?(?P<flag>backup)(?: server)?"),
    "weight": phrase(r"(?P<key>weight|max_fails|max_conns)(?: of| =|=)?\s*(?P<number>\d{1,6})"),
    "fail": phrase(rf"(?P<key>fail_timeout)(?: of|=)?\s*(?P<time>{TIME})"),
}
_TARGET_URL = URL.replace("?P<url>", "?P<new>")
SET_TARGET = (
    phrase(
        rf"(?:set|change|update|switch|point|move) (?:the )?proxy[_ ]pass(?: target)?"
        rf"(?: (?:of|in|for|on) (?:the )?(?:location )?{PATH})?"
        rf"(?: from {URL.replace('?P<url>', '?P<old>')})? (?:to|at) {_TARGET_URL}"
    ),
    phrase(
        rf"(?:proxy|point|forward|route|send|pass|repoint|switch) (?:the )?(?:location )?{PATH}"
        rf"(?: (?:location|endpoint|requests|traffic))? (?:to|at) {_TARGET_URL}"
    ),
)
_H3 = r"(?:HTTP[/ ]?3|h3|QUIC)"
HTTP3 = phrase(
    r"(?:enable|turn on|add|support|switch on|activate|serve|use|set up|offer|configure|introduce)"
    r" (?:(?:the|support for|site over|it over) )*"
    rf"{_H3}(?:\s*\(?(?:/|over|and|,)?\s*{_H3}\)?)?(?: (?:support|listeners?|protocol))?"
)
_HTTP3_SLOTS = {
    "alt": phrase(
        r"(?:(?:with|and|including|plus|advertise(?:d)?(?: it)?(?: (?:via|with|by))?) )?"
        r"(?:(?:an?|the) )?Alt-Svc(?: header)?"
    ),
    "port": phrase(r"on (?:udp )?port (?P<port>443)"),
    **SCOPE_SLOTS,
}


def _name_in(match: re.Match[str]) -> str:
    """The directive that a setting pattern matched."""
    groups = match.groupdict()
    names = (name for name in _WORDS if groups.get(name))
    return next(names, "client_max_body_size")


def _direction(match: re.Match[str]) -> Direction:
    """Which way the verb goes."""
    groups = match.groupdict()
    return next((key for key in _VERBS if groups.get(key.name)), Direction.SET)


def _setting(
    match: re.Match[str], value: re.Match[str], direction: Direction, scope: Scope
) -> SetDirective:
    """A setting, its value checked against its kind."""
    name = _name_in(match)
    convert = as_size if name in SIZES else as_time
    old = value.groupdict().get("old") or match.groupdict().get("old") or ""
    return SetDirective(
        name, convert(value["value"]), direction, convert(old) if old else "", scope
    )


def _setting_scope(found: list[tuple[str, re.Match[str]]]) -> Scope:
    """The scope of a setting; `location` is `server` where the request says so."""
    scope = scope_of(found)
    is_global = any(name == "global" for name, _ in found)
    if is_global and scope.location:
        message = f"the request says both '{scope.location}' and server-wide"
        raise refusal(message)
    return Scope(scope.server, scope.port, "server" if is_global else scope.location, scope.file)


def take_setting(scanner: Scanner) -> tuple[SetDirective, ...]:
    """The settings at the cursor; nothing if the words are about something else."""
    mark = scanner.position
    first = scanner.take(SETTING) or scanner.take(_UPLOADS) or scanner.take(_BARE)
    if first is None:
        return _late(scanner, mark)
    direction = _direction(first)
    pairs = [(first, _setting_scope(scanner.gather(_SLOTS)))]
    while more := scanner.take(_MORE):
        pairs.append((more, _setting_scope(scanner.gather(_SLOTS))))
    return tuple(_setting(match, match, direction, scope) for match, scope in pairs)


def _late(scanner: Scanner, mark: int) -> tuple[SetDirective, ...]:
    """A setting whose place comes before its value: `set X in /y to 3s`."""
    head = scanner.take(_IN_PLACE)
    found = scanner.gather(_SLOTS) if head else []
    value = scanner.take(_LATE_VALUE) if found else None
    if head is None or value is None:
        scanner.position = mark
        return ()
    found += scanner.gather(_SLOTS)
    return (_setting(head, value, _direction(head), _setting_scope(found)),)


def _upstream(found: list[tuple[str, re.Match[str]]], match: re.Match[str]) -> str:
    """The upstream that a request names, in its head or behind it."""
    groups = match.groupdict()
    later = [item["name"] for name, item in found if name in {"upstream", "upstream2"}]
    return groups.get("name") or groups.get("name2") or (later[0] if later else "")


def take_upstream(scanner: Scanner) -> tuple[AddServer | ReplaceServer | SetTarget, ...]:
    """The upstream edit at the cursor; nothing if the words are about something else."""
    for pattern in SET_TARGET:
        if match := scanner.take(pattern):
            return (_target(scanner, match),)
    for pattern in REPLACE:
        if match := scanner.take(pattern):
            found = scanner.gather(_IN_UPSTREAM)
            old, new = (_endpoint(match[part]) for part in ("old", "new"))
            return (ReplaceServer(old, new, _upstream(found, match), scope_of(found)),)
    for pattern in POINT:
        if match := scanner.take(pattern):
            found = scanner.gather(_IN_UPSTREAM)
            new = as_address(match["new"])
            return (ReplaceServer("", new, match["name"], scope_of(found)),)
    for pattern in ADD_SERVER:
        if match := scanner.take(pattern):
            return (_server(scanner, match),)
    return ()


def _endpoint(text: str) -> str:
    """An address that an edit names, checked."""
    return as_address(text)


def _target(scanner: Scanner, match: re.Match[str]) -> SetTarget | ReplaceServer:
    """A new proxy target, by location or by its old target."""
    groups = match.groupdict()
    scope = scope_of(scanner.gather({"location": LOCATION_SLOT, **SCOPE_SLOTS}))
    place = Scope(scope.server, scope.port, groups.get("path") or scope.location, scope.file)
    if groups.get("old"):
        return ReplaceServer(as_target(groups["old"]), as_target(match["new"]), "", place)
    return SetTarget(as_target(match["new"]), place)


def _server(scanner: Scanner, match: re.Match[str]) -> AddServer:
    """A new server of an upstream."""
    found = scanner.gather(_PARAMETERS)
    parameters: list[str] = []
    for _, item in found:
        groups = item.groupdict()
        if groups.get("flag"):
            parameters.append("backup")
        elif groups.get("number"):
            parameters.append(f"{groups['key'].lower()}={groups['number']}")
        elif groups.get("time"):
            parameters.append(f"fail_timeout={as_time(groups['time'])}")
    if re.search(r"\bbackup\b", match[0], re.IGNORECASE) and "backup" not in parameters:
        parameters.append("backup")
    address = as_address(match["address"])
    return AddServer(address, _upstream(found, match), tuple(parameters), scope_of(found))


def take_http3(scanner: Scanner) -> tuple[EnableHttp3, ...]:
    """HTTP/3 at the cursor; nothing if the words are about something else."""
    if not scanner.take(HTTP3):
        return ()
    return (EnableHttp3(scope_of(scanner.gather(_HTTP3_SLOTS))),)
