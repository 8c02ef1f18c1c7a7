"""A request in plain English as intents: all of it is understood, or it is refused by name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline import phrases_endpoint, phrases_header, phrases_origin
from workflow.providers.offline import phrases_setting as setting
from workflow.providers.offline.inclusion import take_include
from workflow.providers.offline.intents import AddEndpoint, Scope, SetDirective
from workflow.providers.offline.refusals import not_understood, refusal, vague
from workflow.providers.offline.scanner import Scanner, joint
from workflow.providers.offline.words import SCOPE_SLOTS, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.offline.intents import Intent

_MAX_REQUEST = 4000
_TAKERS: tuple[Callable[[Scanner], tuple[Intent, ...]], ...] = (
    setting.take_http3,
    take_include,
    phrases_origin.take_origin,
    phrases_endpoint.take_endpoint,
    setting.take_upstream,
    setting.take_setting,
    phrases_header.take_header,
)
_FILLER = joint(
    r"(?:(?:,|;|\)|\.|!|\?|&|\*(?=\s)|-(?=\s)|\d{1,2}[.)](?=\s)|(?:"
    r"and|then|also|plus|next|finally|first|afterwards?|after that|in addition|additionally"
    r"|furthermore|please|kindly|as well|too|thanks|thank you|hi|hello|hey|now|just"
    r"|(?:can|could|would|will) you(?: please)?|(?:we|i) (?:want|would like|'d like|need)"
    r"(?: you)? to|(?:we|i)'d like (?:you )?to|(?:we|i)(?= (?:need|want)\b)|let's|let us|go ahead"
    r"|at the same time|make sure (?:to|that you)"
    r")(?=[\s,;.!?:]|$))\s*)+"
)
_PART_END = re.compile(r"[,;]|[.!?](?:\s|$)|\s(?:and|then|also)\s|\n", re.IGNORECASE)
_VAGUE_WORD = (
    r"(?:it|this|that|them|things?|stuff|everything|all|something|better|faster|nicer|nice|safer"
    r"|secure|more|performance|security|nginx|the|my|our|a|an|config(?:uration)?|file|files|conf"
    r"|server|site|website|setup|please|up|good|great|best|practices?|well|for|of|in|to|be|bit"
    r"|little|some|any|necessary|needed|changes?|properly|right|correct(?:ly)?|issues?|problems?"
    r"|bugs?|errors?|production|ready|quality|work|run|you|can|could|now)"
)
_VAGUE = joint(
    r"(?:please )?(?:(?:can|could|would) you )?(?:make|fix|improve|optimi[sz]e|clean|tidy|refactor"
    r"|harden|secure|update|change|edit|modify|review|check|do|help|speed|tune|modernize|enhance)"
    rf"(?:[\s,.!?]+{_VAGUE_WORD})*[\s.!?]*\Z"
)
_INCOMPLETE = (
    (phrases_endpoint.NO_PATH, "which path the endpoint has", "add a /collect endpoint"),
    (
        phrases_origin.NO_ORIGIN,
        "which origin to allow",
        "allow origin https://app.example.com via CORS",
    ),
    (
        phrases_origin.BARE_CORS,
        "which origin to allow",
        "allow origin https://app.example.com via CORS",
    ),
    (phrases_header.NO_HEADER, "which header", "add X-Frame-Options DENY"),
    (
        setting.NO_VALUE,
        "which timeout or size, and to which value",
        "set proxy_read_timeout to 30s",
    ),
)


def _check(text: str) -> None:
    """Refuse what no request needs: control characters and endless text."""
    odd = next((char for char in text if not char.isprintable() and char not in "\n\r\t"), None)
    part = ""
    if odd is not None:
        part = f"control character {ord(odd):#04x}"
    elif len(text) > _MAX_REQUEST:
        part = f"a request of {len(text)} characters"
    elif mark := next((mark for mark in '"`' if text.count(mark) % 2), ""):
        part = f"a {mark} without its other half"
    if part:
        raise not_understood(part)
    if not re.search(r"\w", text):
        message = "the request is empty"
        raise vague(message, "add a /collect endpoint")
    if _VAGUE.match(text.strip()):
        message = f"the request does not say what to change: '{text.strip()}'"
        raise vague(message, "add a /collect endpoint, or: set proxy_read_timeout to 30s")


def _part(scanner: Scanner) -> str:
    """The part at the cursor, up to the next comma, full stop or connecting word."""
    rest = scanner.text[scanner.position :]
    end = _PART_END.search(rest, 1)
    return rest[: end.start()].strip() if end else rest.strip()


def _fail(scanner: Scanner, mark: int) -> Exception:
    """The refusal for what stands at the cursor."""
    scanner.position = mark
    for pattern, lacks, example in _INCOMPLETE:
        match = scanner.sees(pattern)
        if match and not re.match(r"\s*[^\s,;.!?]", scanner.text[match.end() :]):
            message = f"the request does not say {lacks}: '{match[0]}'"
            return vague(message, example)
    return not_understood(_part(scanner))


def _next(scanner: Scanner) -> tuple[Intent, ...]:
    """The intents of the next clause; raise for words that no pattern covers."""
    mark = scanner.position
    for take in _TAKERS:
        if intents := take(scanner):
            return intents
    raise _fail(scanner, mark)


def _filled(intent: Intent, scope: Scope) -> Intent:
    """The intent with the parts of a request-wide scope that it does not name itself."""
    own = intent.scope
    return replace(
        intent,
        scope=Scope(
            own.server or scope.server,
            own.port or scope.port,
            own.location,
            own.file or scope.file,
        ),
    )


def _shared(intents: tuple[Intent, ...]) -> Scope:
    """What exactly one clause, or all that say it, name as server, port and file."""

    def only(values: set[str]) -> str:
        named = values - {""}
        return named.pop() if len(named) == 1 else ""

    return Scope(
        only({intent.scope.server for intent in intents}),
        only({intent.scope.port for intent in intents}),
        "",
        only({intent.scope.file for intent in intents}),
    )


def _check_sizes(intents: tuple[Intent, ...]) -> None:
    """Refuse a size that may be meant for the new endpoint or for the whole server."""
    paths = [intent.path for intent in intents if isinstance(intent, AddEndpoint)]
    for intent in intents:
        if not isinstance(intent, SetDirective) or intent.scope.location or not paths:
            continue
        if intent.name in setting.SIZES:
            message = f"it is not clear whether {intent.value} is for {paths[0]} or for all"
            raise refusal(message, f"say: in {paths[0]}, or: on the server")


def parse_request(text: str) -> tuple[Intent, ...]:
    """Everything that a request asks for.

    Raises `NotUnderstoodError` that names the first part which no pattern covers, and
    `VagueRequestError` for a request that leaves out what to change.
    """
    _check(text)
    scanner = Scanner(text)
    scanner.take(_FILLER)
    before = scope_of(scanner.gather(SCOPE_SLOTS))
    intents: list[Intent] = []
    while True:
        scanner.take(_FILLER)
        if scanner.is_done:
            break
        intents += _next(scanner)
        _check_boundary(scanner)
    if not intents:
        raise not_understood(text.strip())
    found = tuple(_filled(intent, before) for intent in intents)
    _check_sizes(found)
    shared = _shared(found)
    return tuple(dict.fromkeys(_filled(intent, shared) for intent in found))


_SEPARATED = joint(r"\s*(?:[,;.!?&)]|\n|(?:and|then|also|plus|please|too|as well|thanks?)\b)")


def _check_boundary(scanner: Scanner) -> None:
    """Refuse a clause that runs on into words which no slot took."""
    behind = scanner.text[: scanner.position]
    if scanner.is_done or behind.rstrip(" \t\r").endswith(("\n", ",", ";", ".")):
        return
    if not scanner.sees(_SEPARATED):
        raise not_understood(_part(scanner))
