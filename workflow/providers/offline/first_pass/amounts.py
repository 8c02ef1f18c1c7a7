"""Reads methods, sizes, times, rates and ports, and finds the location that each belongs to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass import cues, values
from workflow.providers.offline.first_pass.cues import Cue
from workflow.providers.offline.first_pass.found import HEALTH, path_of
from workflow.providers.offline.first_pass.lexing import Kind
from workflow.providers.offline.first_pass.saying import refused

if TYPE_CHECKING:
    from workflow.providers.offline.first_pass.found import Found
    from workflow.providers.offline.first_pass.lexing import Token
    from workflow.providers.offline.first_pass.views import View

_TIMES = re.compile(r"\d\s?(?:ms|s|secs?|seconds?|mins?|minutes?|h|hours?)\Z", re.IGNORECASE)
_FORWARD = re.compile(
    r"[\s\"'`]*(?:per|each|max(?:imum)?|limit|body|bodies|requests?)*[\s\"'`]*"
    r"(?:\b(?:on|for|at|in|to)\s+)[\"'`]?\Z",
    re.IGNORECASE,
)
_TO_PATH = re.compile(r"(?:\s|\b(?:requests?|only|to|on|for|at)\b|[\"'`])*\Z", re.IGNORECASE)
_APART = re.compile(r"[,.;!?\n]|\band\b", re.IGNORECASE)
_ALL_OF = re.compile(
    r"[\s\"'`]*(?:both |all |each )?(?:accept|allow|take|are|have)\b", re.IGNORECASE
)
_ELSEWHERE = re.compile(
    r"\s*(?:(?:to|is|at)\s+)?(?:the\s+)?(?P<host>[A-Za-z][\w-]{0,62})\s+(?:on|at)\s+(?:port\s+)?",
    re.IGNORECASE,
)
_NEAR = 12
_PORT = re.compile(r"\bports?[\s\"'`]*\Z", re.IGNORECASE)


def read_amounts(view: View, found: Found) -> None:
    """Gather what the names' own words say, after `read_names`."""
    _methods(view, found)
    ports_follow = False
    for index, token in enumerate(view.tokens):
        if token.kind is Kind.RATE:
            _bounded(view, found, token, "rate", values.rate(token.text))
        elif token.kind is Kind.AMOUNT:
            if not _amount(view, found, token):
                continue
        elif token.kind is Kind.NUMBER:
            ports_follow = _port(view, found, token, ports_follow)
            if not ports_follow:
                continue
        else:
            ports_follow = ports_follow and bool(cues.LIST.fullmatch(token.text))
            continue
        view.used.add(index)
    _websockets(view, found)


# --- methods -----------------------------------------------------------------------------------


def _methods(view: View, found: Found) -> None:
    """Give each run of methods to the path behind it, or to the one before."""
    run: list[int] = []
    for index, token in enumerate(view.tokens):
        if token.kind is Kind.METHOD:
            gap = view.between(view.tokens[run[-1]].end, token.start) if run else ""
            if run and not (cues.LIST.fullmatch(gap) or gap.strip() in {"/", "|", "+"}):
                _give(view, found, run)
                run = []
            run.append(index)
    if run:
        _give(view, found, run)


def _give(view: View, found: Found, run: list[int]) -> None:
    first, last = view.tokens[run[0]], view.tokens[run[-1]]
    methods = tuple(view.tokens[index].text for index in run)
    paths = [token for token in view.tokens if token.kind is Kind.PATH]
    behind = [path for path in paths if path.start >= last.end]
    if behind and _TO_PATH.match(view.between(last.end, behind[0].start)):
        group = behind[:1]
        for path in behind[1:]:
            if not cues.LIST.fullmatch(view.between(group[-1].end, path.start)):
                break
            group.append(path)
    else:
        group = _paths_before(view, found, first)
    for path in group:
        if path_of(path) not in HEALTH and path.text != "/":
            found.add_methods(path_of(path), methods)
    if group:
        view.used.update(run)


def _paths_before(view: View, found: Found, token: Token) -> list[Token]:
    """The last path before a token, in its sentence, or the last ones: `/a and /b accept …`."""
    begin = view.sentence(token)
    paths = [path for path in found.paths if begin <= path.start < token.start]
    group = paths[-1:]
    if not group or not _ALL_OF.match(view.between(group[-1].end, token.start)):
        return group
    for path in reversed(paths[:-1]):
        if not cues.LIST.fullmatch(view.between(path.end, group[0].start)):
            break
        group.insert(0, path)
    return group


# --- sizes, times and rates --------------------------------------------------------------------


def _amount(view: View, found: Found, token: Token) -> bool:
    """A timeout or a body limit."""
    cue = view.cue(token, (Cue.TIMEOUT, Cue.BODY))
    after = re.match(r"\s*(?:(?P<what>read|send|connect) )?timeouts?\b", view.after(token))
    if after or (cue and cue[2] is Cue.TIMEOUT):
        said = (after["what"] or "") if after else view.text[cue[0] : cue[1]] if cue else ""
        if not _TIMES.search(token.text):
            return False
        which = [what for what in ("read", "send", "connect") if what in said.lower()]
        for what in which or ["read", "send"]:
            found.said[what] = values.time(token.text)
        return True
    if _TIMES.search(token.text) and not re.search(r"\dm\Z", token.text):
        return False
    _bounded(view, found, token, "body", values.size(token.text))
    return True


def _bounded(view: View, found: Found, token: Token, what: str, value: str) -> None:
    """Give a limit to the location that it stands beside, or else to the server."""
    paths = _beside(view, found, token)
    if not paths:
        if not found.say(what, value):
            message = f"two limits for the whole server: {found.said[what]} and {value}"
            raise refused(message, "say which path has which: /collect up to 8k")
        return
    for path in paths:
        place = found.place(path)
        if what == "body":
            found.places[path] = replace(place, limit=value)
        else:
            found.places[path] = replace(place, rate=value)


def _beside(view: View, found: Found, token: Token) -> list[str]:
    """The paths that a limit stands beside."""
    behind = next((path for path in found.paths if path.start >= token.end), None)
    if behind and _FORWARD.match(view.between(token.end, behind.start)):
        return [path_of(behind)]
    paths = _paths_before(view, found, token)
    if not paths:
        return []
    path = paths[-1]
    words = view.between(path.end, token.start)
    is_within = words.lstrip().startswith("(") and ")" not in words
    plain = re.sub(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE)\b(?:\s*(?:and|,|or)\s*)?", "", words)
    if is_within or not _APART.search(plain):
        return [path_of(one) for one in paths if path_of(one) not in HEALTH]
    return []


# --- ports and WebSockets ----------------------------------------------------------------------


def _port(view: View, found: Found, token: Token, follows: bool) -> bool:  # noqa: FBT001 - a fact
    """A port to listen on, or one of this machine that the backend listens on."""
    words = view.between(max(0, token.start - _NEAR), token.start)
    cue = view.cue(token, (Cue.LISTEN, Cue.TARGET))
    if follows and found.listens:
        found.listens.append(values.port(token.text))
        return True
    gap = view.between(cue[1], token.start) if cue else ""
    elsewhere = _ELSEWHERE.fullmatch(gap)
    if cue and cue[2] is Cue.TARGET and elsewhere and elsewhere["host"].lower() not in cues.KNOWN:
        found.targets.append((token, values.target(f"{elsewhere['host']}:{token.text}")))
        view.covered.append((cue[1] + elsewhere.start("host"), cue[1] + elsewhere.end("host")))
        return True
    small = re.fullmatch(
        r"(?:\s|\b(?:on|at|is|to|the|ports?|local|localhost|its)\b|:)*", gap, re.IGNORECASE
    )
    if cue and cue[2] is Cue.TARGET and small:
        found.targets.append((token, values.target(f"127.0.0.1:{token.text}")))
        found.notes.append(f"assumed: port {token.text} of the backend is on this machine")
        return True
    if (cue and cue[2] is Cue.LISTEN and small) or _PORT.search(words):
        found.listens.append(values.port(token.text))
        return True
    return False


def _websockets(view: View, found: Found) -> None:
    """Let WebSockets through where the request says, or in all that is proxied."""
    for match in view.take(cues.WEBSOCKET):
        behind = next((path for path in found.paths if path.start >= match.end()), None)
        before = [path for path in found.paths if path.end <= match.start()]
        path = None
        if behind and _TO_PATH.match(view.between(match.end(), behind.start)):
            path = path_of(behind)
        elif before and not _APART.search(view.between(before[-1].end, match.start())):
            path = path_of(before[-1])
        if path is None:
            found.said["websocket"] = "/"
        else:
            found.places[path] = replace(found.place(path), is_websocket=True)
