"""How people ask for an origin to be allowed, by CORS, by the CSP, or by both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline.intents import AllowCors, AllowCsp
from workflow.providers.offline.literals import as_origin
from workflow.providers.offline.refusals import not_understood
from workflow.providers.offline.scanner import phrase
from workflow.providers.offline.words import CSP_DIRECTIVE, DET, ORIGIN, SCOPE_SLOTS, scope_of

if TYPE_CHECKING:
    from workflow.providers.offline.scanner import Scanner

_ALLOW = (
    r"(?:allow|permit|whitelist|allowlist|enable|accept|trust|authori[sz]e|grant|let in|open up)"
)
_PUT = r"(?:add|include|append|put|insert|register)"
_CSP = r"(?:(?:the |our )?(?:CSP|content[ -]security[ -]policy)(?:'s)?(?: header| policy)?)"
_CORS = (
    r"(?:(?:the |our )?CORS(?: (?:headers?|map|allow-?list|white-?list|list|origins|policy|rules"
    r"|config(?:uration)?|settings))?|(?:the |our )?(?:list of )?allowed origins"
    r"|access-control-allow-origin)"
)
_DIRECTIVES = rf"{CSP_DIRECTIVE}(?:\s*(?:,|/|and|,\s*and)\s*(?:the\s+)?{CSP_DIRECTIVE})*"
_ITEM = (
    rf"(?:{_CORS}|{_CSP}(?:\s*\(?\s*{_DIRECTIVES}\s*\)?(?: directives?)?)?"
    rf"|(?:the )?{_DIRECTIVES}(?: directives?)?(?: (?:of|in) {_CSP})?)"
)
_VIA = (
    rf"(?:both )?(?:the )?{_ITEM}"
    rf"(?:(?:\s*(?:,|/|\+|&)\s*(?:and )?| and | and in | and to | and the ){_ITEM})*"
)
_KINDS = {
    "script-src": r"(?:java)?scripts?|js",
    "style-src": r"styles?(?:heets?)?|css",
    "img-src": r"images?|pictures?|imgs?",
    "font-src": r"(?:web )?fonts?",
    "connect-src": r"fetch(?:es)?|xhrs?|connections?|web ?sockets?|api calls?|beacons?",
    "frame-src": r"i?frames?",
    "media-src": r"media|videos?|audio",
    "worker-src": r"workers?",
}
_KIND_WORD = "|".join(f"(?:{pattern})" for pattern in _KINDS.values())
ALLOW_KIND = phrase(
    rf"(?:{_ALLOW}|{_PUT}|load(?:ing)?) (?:loading )?(?P<kinds>(?:{_KIND_WORD})"
    rf"(?:(?:\s*,\s*| and |\s*,\s*and )(?:{_KIND_WORD}))*) (?:from|to|of) {ORIGIN}"
)
ALLOW_ORIGIN = phrase(
    rf"(?:{_ALLOW} (?:(?:cross[ -]origin )?(?:requests?|calls|access|traffic) )?"
    rf"(?:(?:from|for|to|by) )?|{_PUT} ){DET}(?:(?:cors|csp|allowed|trusted|cross) )*"
    rf"(?:(?:origins?|domain|site) )?{ORIGIN}"
)
ENABLE = phrase(
    rf"(?:{_ALLOW}|{_PUT}|set up|turn on|extend|update|open|configure|support) (?P<via>{_VIA})"
    rf"(?: requests?| access)? (?:for|from|to|with|by|to (?:allow|include|permit)) "
    rf"(?:the )?(?:origins? )?{ORIGIN}"
)
NO_ORIGIN = phrase(rf"(?:{_ALLOW}|{_PUT}) {DET}(?:(?:new|cors|csp) )*origins?")
BARE_CORS = phrase(rf"(?:{_ALLOW}|{_PUT}|set up|turn on|fix|configure) {_CORS}")
_SLOTS = {
    "via": phrase(rf"(?:(?:via|in|through|with|by|for|to|using|under|into) )?(?P<via>{_VIA})"),
    "origin": phrase(rf"(?:origin )?{ORIGIN}"),
    "as": phrase(
        r"(?:as (?:an? )?(?:allowed|trusted|cors) origins?|to call (?:us|our api|the api))"
    ),
    **SCOPE_SLOTS,
}


def directives_in(text: str) -> tuple[str, ...]:
    """The CSP directives that a stretch of the request names."""
    return tuple(
        dict.fromkeys(name.lower() for name in re.findall(CSP_DIRECTIVE, text, re.IGNORECASE))
    )


def _kinds(text: str) -> tuple[str, ...]:
    """The CSP directives for words such as `scripts and images`."""
    words = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", text)
    return tuple(
        directive
        for word in words
        for directive, pattern in _KINDS.items()
        if re.fullmatch(pattern, word, re.IGNORECASE)
    )


def _origin(raw: str) -> str:
    """The checked origin; `null` and `*` have their own refusals."""
    return as_origin(raw)


def take_origin(scanner: Scanner) -> tuple[AllowCors | AllowCsp, ...]:
    """The origins allowed at the cursor; nothing if the words are about something else."""
    mark = scanner.position
    head = scanner.take(ALLOW_KIND) or scanner.take(ENABLE) or scanner.take(ALLOW_ORIGIN)
    if head is None:
        return ()
    groups = head.groupdict()
    found = scanner.gather(_SLOTS)
    via = " ".join(
        [groups.get("via") or "", *(match["via"] for name, match in found if name == "via")]
    )
    origins = [head["origin"], *(match["origin"] for name, match in found if name == "origin")]
    kinds = _kinds(groups.get("kinds") or "")
    adds = re.match(_PUT, head[0], re.IGNORECASE) and not re.search(
        r"\borigins?\b|cors", head[0], re.IGNORECASE
    )
    vouched = via.strip() or kinds or any(name == "as" for name, _ in found)
    if adds and not vouched:
        raise not_understood(scanner.text[mark : scanner.position].strip())
    return tuple(
        intent for origin in origins for intent in _intents(_origin(origin), via, kinds, found)
    )


def _intents(
    origin: str, via: str, kinds: tuple[str, ...], found: list[tuple[str, re.Match[str]]]
) -> tuple[AllowCors | AllowCsp, ...]:
    """What one origin is allowed by."""
    scope = scope_of(found)
    named = tuple(dict.fromkeys((*kinds, *directives_in(via))))
    wants_csp = bool(named) or re.search(r"csp|content[ -]security", via, re.IGNORECASE) is not None
    wants_cors = re.search(r"cors|allowed origins|access-control", via, re.IGNORECASE) is not None
    is_silent = not wants_csp and not wants_cors
    intents: list[AllowCors | AllowCsp] = []
    if wants_cors or is_silent:
        intents.append(AllowCors(origin, is_assumed=is_silent, scope=scope))
    if wants_csp:
        chosen = named or ("connect-src",)
        intents += (AllowCsp(origin, name, not named, scope) for name in chosen)
    return tuple(intents)
