"""Reads a request for a server block: what each name in it is for, by the words around it."""

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
    from collections.abc import Callable

    from workflow.providers.offline.first_pass.found import Found
    from workflow.providers.offline.first_pass.lexing import Token
    from workflow.providers.offline.first_pass.views import View

_ON = re.compile(
    r"(?:\s|(?<=\x01),|[\"'`(:=\x01]|\b(?:on|for|at|under|below|only|to|of|in|the|is|are|required"
    r"|needed|and|or|from|paths?|locations?|endpoints?|via|by|it|address|addresses|target|ports?)\b|&)*\Z",
    re.IGNORECASE,
)
_TO = re.compile(
    r"\s*(?:\([^()]{0,80}\)\s*)?(?:->|=>|→|="
    r"|\b(?:is|are|goes|go|proxied|proxying|proxy|routed|sent|forwarded|served|by|from|to|at|on|the"
    r"|backend|upstream|for|as|and|all|its|own|which|that|via|with|using|over)\b"
    r"|\bweb-?\s?sockets?\b|\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\b|[\s\"'`])+\Z",
    re.IGNORECASE,
)
_LEADS = re.compile(r"->|=>|→|=|\b(?:to|at|by|on|upstream|backend|from|via)\b", re.IGNORECASE)
_ARROW = re.compile(r"(?:->|=>|→|\bto)[\s\"'`]*\Z", re.IGNORECASE)
_IS_TARGET = re.compile(r"[\s\"'`]*(?:as|is) (?:the |its )?(?:upstream|backend)\b", re.IGNORECASE)
_ALSO = re.compile(r"[\s\"'`]*\b(?:via|in|by|through|with|using)\b(?P<how>[^,]*)", re.IGNORECASE)
_SOCKET = re.compile(r"wss?://", re.IGNORECASE)
_CDN = ("script-src", "style-src", "img-src", "font-src")
_WEB = (Cue.TARGET, Cue.CORS, Cue.CSP, Cue.AUTH)


def read_names(view: View, found: Found) -> None:
    """Gather every name of the request.  Raises `NotUnderstoodError` for one that cannot be."""
    for index, token in enumerate(view.tokens):
        reader = _READERS.get(token.kind)
        if reader and index not in view.used and reader(view, found, index, token):
            view.used.add(index)


def _adjoins(view: View, cue: tuple[int, int, Cue] | None, token: Token) -> bool:
    """Whether only small words and other names stand between a cue and a name."""
    return cue is not None and bool(_ON.match(view.between(cue[1], token.start)))


# --- files -------------------------------------------------------------------------------------


def _file(view: View, found: Found, _index: int, token: Token) -> bool:
    """The file to write, unless it is one that something is read from."""
    if re.search(r"\b(?:from|like|beside|by|include[sd]?)\W*\Z", view.before(token)[1]):
        return False
    if not found.say("file", token.text):
        message = f"two files to write: {found.said['file']} and {token.text}"
        raise refused(message, "one server block goes into one file")
    return True


def _pem(_view: View, found: Found, _index: int, token: Token) -> bool:
    """A certificate, or its key."""
    path = values.safe_path(token.text)
    name = path.rpartition("/")[2].lower()
    what = "key" if name.endswith(".key") or "key" in name else "certificate"
    if not found.say(what, path):
        message = f"two paths of a {what}: {found.said[what]} and {path}"
        raise refused(message, "name one")
    return True


def _users(_view: View, found: Found, _index: int, token: Token) -> bool:
    """A password file."""
    if not token.text.startswith("/"):
        return token.text.lower() == "htpasswd"
    found.said["users"] = values.safe_path(token.text)
    return True


# --- addresses ---------------------------------------------------------------------------------


def _is_for_path(view: View, token: Token) -> Token | None:
    """The path that a target belongs to: `/api to host:port`."""
    begin, words = view.before(token)
    paths = [one for one in view.tokens if one.kind is Kind.PATH and one.end == begin]
    if paths and _TO.match(words) and _LEADS.search(words):
        return paths[0]
    return None


def _add_target(view: View, found: Found, token: Token) -> bool:
    target = values.target(token.text)
    path = _is_for_path(view, token)
    if path is None or path.text == "/":
        found.targets.append((token, target))
        return True
    name = path_of(path)
    place = found.place(name)
    if target.uri:
        message = f"{name} to {token.text} would change the path"
        raise refused(message, "name the address alone: paths reach the backend unchanged")
    prefix = place.is_prefix or name not in HEALTH
    found.places[name] = replace(place, targets=(*place.targets, target), is_prefix=prefix)
    return True


def _unix(view: View, found: Found, _index: int, token: Token) -> bool:
    return _add_target(view, found, token)


def _led_to(view: View, token: Token) -> bool:
    """Whether a site is said to lead to an address: `nginx for shop.example.test to http://app`."""
    cue = view.cue(token, (Cue.NAME, *_WEB))
    is_site = cue is None or cue[2] is Cue.NAME
    return is_site and bool(_ARROW.search(view.before(token)[1]))


def _verify(view: View, found: Found, token: Token) -> bool:
    """Whether an address is the one that answers `auth_request`."""
    cue = view.cue(token, _WEB)
    if cue is None or cue[2] is not Cue.AUTH or _is_for_path(view, token):
        return False
    found.said["verify"] = token.text
    return True


def _ip(view: View, found: Found, _index: int, token: Token) -> bool:
    """A proxy in front, a listener's address, or a target."""
    if not values.is_address(token.text):
        message = f"'{token.text}' is not an address"
        raise refused(message, "say 10.0.0.5 or 10.0.0.5:8000")
    cue = view.cue(token, (Cue.FRONT, Cue.TARGET, Cue.LISTEN, Cue.AUTH))
    what = cue[2] if cue else None
    has_port = re.search(r"(?<=[\d\]]):\d+\Z", token.text) is not None
    if _is_for_path(view, token) is None and not (has_port and what is Cue.FRONT):
        if what is Cue.FRONT:
            found.trusted.append(values.network(token.text))
            return True
        if what is Cue.LISTEN and has_port:
            values.port(token.text.rpartition(":")[2], token.text)
            found.listens.append(token.text)
            return True
        if _verify(view, found, token):
            return True
    if "/" in token.text or not (has_port or _adjoins(view, cue, token)):
        return False
    return _add_target(view, found, token)


def _peer(view: View, found: Found, _index: int, token: Token) -> bool:
    """A host with a port: the site's own, what answers `auth_request`, or a target."""
    host, _, number = token.text.rpartition(":")
    cue = view.cue(token, (Cue.NAME, *_WEB))
    if "." in host and cue and cue[2] is Cue.NAME and _adjoins(view, cue, token):
        found.names.append(values.server_name(host))
        found.listens.append(values.port(number, token.text))
        return True
    return _verify(view, found, token) or _add_target(view, found, token)


def _name(view: View, found: Found, _index: int, token: Token) -> bool:
    """A host by its full name: the site's own, unless the words just before it say otherwise."""
    cue = view.cue(token, (Cue.NAME, *_WEB, Cue.FRONT))
    what = cue[2] if cue else Cue.NAME
    if _is_for_path(view, token):
        return _add_target(view, found, token)
    said = view.between(cue[1], token.start) if cue else ""
    if what is Cue.TARGET and _adjoins(view, cue, token):
        return _add_target(view, found, token)
    if what is Cue.FRONT:
        return False
    if what in {Cue.CSP, Cue.CORS} and "," not in said:
        return _browser(view, found, token)
    found.names.append(values.server_name(token.text))
    return True


def _url(view: View, found: Found, _index: int, token: Token) -> bool:
    """A target, an origin that browsers are told of, what answers `auth_request`, or the site."""
    if _SOCKET.match(token.text):
        return _browser(view, found, token)
    is_target = _IS_TARGET.match(view.after(token)) or _is_for_path(view, token)
    if is_target or _led_to(view, token):
        return _add_target(view, found, token)
    cue = view.cue(token, _WEB)
    named = view.cue(token, (Cue.NAME,))
    is_near = cue is None or (named is not None and named[0] > cue[0])
    host = re.fullmatch(r"https?://([A-Za-z0-9.-]+\.[A-Za-z]\w+)/?", token.text)
    if is_near and named and host and not found.names and _adjoins(view, named, token):
        found.names.append(values.server_name(host[1]))
        return True
    if cue and cue[2] is Cue.TARGET:
        return _add_target(view, found, token)
    return cue is not None and (_verify(view, found, token) or _browser(view, found, token))


def _browser(view: View, found: Found, token: Token) -> bool:
    """An origin for CORS, for the policy, or for both."""
    origin = values.origin(token.text)
    first = _first_of_list(view, token)
    cue = view.cue(first, (Cue.CSP, Cue.CORS))
    begin = cue[0] if cue else first.start
    words = view.between(min(begin, view.before(first)[0]), first.start)
    behind = _ALSO.match(view.after(token))
    how = behind["how"] if behind else ""
    is_cors = bool(re.search(r"\b(?:cors|origins?|cross-origin)\b", words + how, re.IGNORECASE))
    is_policy = bool(re.search(r"\bcsp\b|content.security", words + how, re.IGNORECASE))
    kinds = _kinds(words)
    if is_cors and not _SOCKET.match(token.text):
        found.origins.append(origin)
    if is_policy or kinds or not is_cors:
        if _SOCKET.match(token.text):
            kinds = ("connect-src",)
        found.sources += [(kind, origin) for kind in kinds or _assumed(found, origin, is_cors)]
    return True


def _first_of_list(view: View, token: Token) -> Token:
    """The first of the origins that stand in one list with this one."""
    for before in reversed([one for one in view.tokens if one.end <= token.start]):
        if before.kind in {Kind.URL, Kind.NAME}:
            if not cues.LIST.fullmatch(view.between(before.end, token.start)):
                break
            token = before
    return token


def _kinds(words: str) -> tuple[str, ...]:
    """The policy's directives that words like `scripts and fonts` stand for."""
    return tuple(
        kind
        for kind, pattern in cues.KINDS
        if re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", words, re.IGNORECASE)
    )


def _assumed(found: Found, origin: str, is_cors: bool) -> tuple[str, ...]:  # noqa: FBT001 - a fact
    if is_cors:
        return ("connect-src",)
    what = "scripts, styles, images and fonts"
    found.notes.append(f"assumed: {origin} may serve {what}; say 'scripts from …' for fewer")
    return _CDN


# --- paths -------------------------------------------------------------------------------------


def _path(view: View, found: Found, _index: int, token: Token) -> bool:
    """A location, the health check's, or where a guard stands."""
    path = path_of(token)
    _, words = view.before(token)
    if path in HEALTH:
        found.health.append(path)
        if re.search(r"\b(?:proxied|proxy|backend(?:'s)?|upstream(?:'s)?)\W+\Z", words):
            found.said["proxied health"] = path
        return True
    excepted = view.cue(token, (Cue.EXCEPT, Cue.AUTH))
    guard = excepted[2] if excepted and _adjoins(view, excepted, token) else None
    asks = guard and excepted and "request" in view.text[excepted[0] : excepted[1]].lower()
    if asks:
        found.said["verify"] = path
        return True
    if path == "/":
        if guard is Cue.AUTH:
            found.said["everywhere"] = path
        return True
    place = found.place(path)
    found.paths.append(token)
    below = token.text.endswith("*") or re.search(
        r"\b(?:under|below|beneath|inside)\W*\Z", words, re.IGNORECASE
    )
    place = replace(place, is_prefix=place.is_prefix or bool(below))
    if guard is Cue.AUTH:
        place = replace(place, is_guarded=True, is_prefix=True)
    elif guard is Cue.EXCEPT:
        place = replace(place, is_guarded=False)
    found.places[path] = place
    return True


_READERS: dict[Kind, Callable[[View, Found, int, Token], bool]] = {
    Kind.FILE: _file,
    Kind.PEM: _pem,
    Kind.USERS: _users,
    Kind.UNIX: _unix,
    Kind.URL: _url,
    Kind.IP: _ip,
    Kind.PEER: _peer,
    Kind.NAME: _name,
    Kind.PATH: _path,
}
