"""How people ask for an endpoint or a health check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline.intents import AddEndpoint, AddHealthCheck
from workflow.providers.offline.literals import as_size, as_target
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.scanner import phrase
from workflow.providers.offline.words import (
    DET,
    METHODS,
    NAME,
    PATH,
    SCOPE_SLOTS,
    SIZE,
    URL,
    scope_of,
)

if TYPE_CHECKING:
    from workflow.providers.offline.scanner import Scanner

HEALTH_PATHS = frozenset({"/health", "/healthz", "/livez", "/readyz", "/_health", "/healthcheck"})
_ADD = (
    r"(?:add|create|expose|introduce|define|open(?: up)?|publish|set up|make|provide|serve|route"
    r"|register|give (?:us|me)|implement|configure|need|want|put in|insert|support)"
)
# "... and a health check": the verb of the clause before still holds.
_ADD_OR_ONE = rf"(?:{_ADD} |(?=an? ))"
_KIND = r"(?:(?:http|nginx|api|exact|exact-match|json|rest) )*(?:endpoint|location|route|path|url)"
_KIND_BLOCK = rf"{_KIND}(?: block)?"
_HEALTH = (
    r"(?:(?:(?:http|nginx|static|proxied|simple) )*"
    r"(?:health[ -]?check|health|healthz|liveness|readiness)"
    r"(?: (?:endpoint|location|probe|route|check))?)"
)
ENDPOINT = phrase(
    rf"{_ADD_OR_ONE}{DET}(?:(?P<before>{METHODS}) )?"
    rf"(?:{_KIND_BLOCK} (?:(?:for|at|on|called|named|under|=) )*)?"
    rf"(?:(?P<after>{METHODS}) (?:(?:to|on|at|for) )?)?{PATH}(?: {_KIND_BLOCK})?"
)
HEALTH = phrase(
    rf"{_ADD_OR_ONE}{DET}(?:GET )?(?:(?P<first>/[\w/-]+) )?(?P<kind>{_HEALTH})"
    rf"(?: (?:(?:at|on|under|for|called|as|via|route|path|endpoint|location|=) )*{PATH})?"
)
NO_PATH = phrase(rf"{_ADD} {DET}(?:(?:{METHODS}) )?{_KIND_BLOCK}")

_ACCEPT = (
    r"(?:only )?(?:accept(?:s|ing)?|allow(?:s|ing|ed)?|tak(?:es?|ing)|permit(?:s|ting)?|for"
    r"|limit(?:ed)?(?: it)? to|restrict(?:ed)?(?: it)? to|support(?:s|ing)?|handl(?:es?|ing)"
    r"|answer(?:s|ing)?|respond(?:s|ing)? to|methods?:?)"
)
_BODY = r"(?:(?:request|upload|post|payload) )?(?:body|bodies|payloads?|uploads?|requests?)"
_MAX = r"(?:max(?:imum)?|limit(?:ed|ing)?|cap(?:ped)?|restrict(?:ed)?)"
_UP_TO = r"(?:up to|of up to|of at most|at most|no (?:larger|bigger|more) than|max(?:imum)?|under)"
_SIZE = rf"(?P<size>{SIZE})"
_NOT_ELSEWHERE = r"(?! (?:in|on|for|at|to|under) [\"'`]?/)"
_SLOTS = {
    "methods": phrase(
        rf"{_ACCEPT}:?(?: only)?(?: the)?(?: methods?)? (?P<methods>{METHODS})"
        r"(?: (?:requests?|methods?|calls?|only))*"
    ),
    "only": phrase(
        rf"(?:only )?(?P<methods>{METHODS})(?: (?:requests?|methods?|calls?))?(?: only)?"
    ),
    "body": phrase(
        rf"(?:(?:client_max_body_size|{_MAX}(?: the)? {_BODY}(?: size)?|{_BODY} size(?: limit)?"
        rf"|{_BODY} {_MAX}|(?:a )?{_MAX} (?:size )?of|{_BODY} {_UP_TO}|{_UP_TO}|{_MAX})"
        rf"(?:\s*[:=]| to| of| at| is| as)?(?: {_UP_TO})? {_SIZE}"
        rf"(?: (?:per )?{_BODY}(?: size)?)?(?: max(?:imum)?| limit)?){_NOT_ELSEWHERE}"
    ),
    "size": phrase(rf"(?:of )?{_SIZE} (?:{_BODY}(?: size)?(?: {_MAX})?|{_MAX})"),
    "url": phrase(
        r"(?:prox(?:y|ied|ies|ying)|pass(?:ed|es)?|forward(?:ed|s|ing)?|rout(?:ed?|es)|sent|sends?"
        r"|proxy_pass|backed|served|pointing|going|goes)(?: (?:it|them|requests?|everything))?"
        rf"(?: (?:on )?(?:to|by))?(?: the)?(?: (?:upstream|backend|service|server))? {URL}"
    ),
    "name": phrase(
        r"(?:prox(?:y|ied|ies|ying)|pass(?:ed|es)?|forward(?:ed|s|ing)?|rout(?:ed?|es)|sent|sends?"
        r"|backed|served|pointing|going|goes)(?: (?:it|them|requests?|everything))?"
        rf" (?:on )?(?:to|by)(?: the)?(?: (?:upstream|backend|service)(?: server)?)? {NAME}"
        r"(?: (?:upstream|backend|service))?"
    ),
    "proxied": phrase(r"(?:prox(?:y|ied)|pass(?:ed)?)(?: (?:it|on))*"),
    "static": phrase(
        r"(?:return(?:s|ing)?|answer(?:s|ing)?(?: with)?) (?:a )?(?:static )?200(?: ok)?"
    ),
    "json": phrase(rf"{_ACCEPT} JSON(?: (?:{_BODY}|data|documents?))?"),
    "quiet": phrase(r"(?:access[_ ]log off|without (?:access )?log(?:s|ging)|no access logs?)"),
    "exact": phrase(r"(?:as )?(?:an )?exact[ -]match(?: only)?|matched exactly|exactly"),
    **SCOPE_SLOTS,
}
_HEALTH_ONLY = frozenset({"static", "quiet", "proxied"})


def methods_in(text: str) -> tuple[str, ...]:
    """The methods of a list such as `GET, POST and HEAD`, upper case, once each."""
    return tuple(
        dict.fromkeys(
            name.upper() for name in re.findall(r"\b[A-Za-z]{3,}\b", text) if name.upper() != "AND"
        )
    )


def _once(found: list[tuple[str, re.Match[str]]], *names: str) -> re.Match[str] | None:
    """The one match among the named slots; a request that says it twice contradicts itself."""
    matches = [match for name, match in found if name in names]
    if len(matches) > 1:
        message = f"the request says it twice: '{matches[0][0]}' and '{matches[1][0]}'"
        raise refusal(message)
    return matches[0] if matches else None


def _endpoint(path: str, methods: str, found: list[tuple[str, re.Match[str]]]) -> AddEndpoint:
    """An endpoint from its words."""
    said = _once(found, "methods", "only")
    if said and methods:
        message = f"the request names methods twice: '{methods}' and '{said['methods']}'"
        raise refusal(message)
    size = _once(found, "body", "size")
    target = _once(found, "url", "name")
    return AddEndpoint(
        path=path,
        methods=methods_in(said["methods"] if said else methods)
        or (("POST",) if _once(found, "json") else ()),
        body_limit=as_size(size["size"]) if size else "",
        target=_target(target),
        scope=scope_of(found),
    )


def _target(match: re.Match[str] | None) -> str:
    """The proxy target: a checked URL or a name."""
    if match is None:
        return ""
    groups = match.groupdict()
    return as_target(groups["url"]) if "url" in groups else groups["name"]


def take_endpoint(scanner: Scanner) -> tuple[AddEndpoint | AddHealthCheck, ...]:
    """The endpoint or health check at the cursor; nothing if there is none."""
    if head := scanner.take(HEALTH):
        found = scanner.gather({**_SLOTS, "at": phrase(rf"(?:at|on|under) {PATH}")})
        at = _once(found, "at")
        path = head["path"] or head["first"] or (at["path"] if at else "")
        return (_health(path or _usual_path(head["kind"]), found, head["kind"]),)
    if not (head := scanner.take(ENDPOINT)):
        return ()
    found = scanner.gather(_SLOTS)
    if head["before"] and head["after"]:
        message = f"the request names methods twice: '{head['before']}' and '{head['after']}'"
        raise refusal(message)
    methods = head["before"] or head["after"] or ""
    if head["path"] in HEALTH_PATHS and not _once(found, "body", "size"):
        return (_health(head["path"], found, "", methods),)
    wrong = [match for name, match in found if name in {"static", "quiet"}]
    if wrong:
        message = f"'{wrong[0][0]}' is for health checks, not for endpoints"
        raise refusal(message)
    return (_endpoint(head["path"], methods, found),)


def _usual_path(kind: str) -> str:
    """The path of a health check for which the request names none."""
    return {"live": "/livez", "read": "/readyz"}.get(kind[:4].lower(), "/healthz")


def _health(
    path: str, found: list[tuple[str, re.Match[str]]], kind: str, before: str = ""
) -> AddHealthCheck:
    """A health check from its words."""
    if size := _once(found, "body", "size"):
        message = f"a health check takes no body: '{size[0]}'"
        raise refusal(message)
    said = _once(found, "methods", "only")
    methods = methods_in(before + " " + (said["methods"] if said else ""))
    if set(methods) - {"GET", "HEAD"}:
        message = f"a health check answers GET and HEAD, not '{', '.join(methods)}'"
        raise refusal(message)
    target = _target(_once(found, "url", "name"))
    proxied = _once(found, "proxied") or "proxied" in kind.lower()
    if _once(found, "static") and (target or proxied):
        message = "a health check is either static or proxied, not both"
        raise refusal(message)
    return AddHealthCheck(path, bool(target or proxied), target, scope_of(found))
