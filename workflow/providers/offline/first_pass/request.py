"""From the words of a request to all that a first server block needs, or to what is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass import cues, values
from workflow.providers.offline.first_pass.amounts import read_amounts
from workflow.providers.offline.first_pass.asked import (
    Asked,
    Auth,
    Bounds,
    Flag,
    Guard,
    Rules,
    Target,
    Tls,
)
from workflow.providers.offline.first_pass.cues import Cue
from workflow.providers.offline.first_pass.found import HEALTH, Found, path_of
from workflow.providers.offline.first_pass.lexing import check
from workflow.providers.offline.first_pass.reading import read_names
from workflow.providers.offline.first_pass.saying import refused, vague
from workflow.providers.offline.first_pass.views import view

if TYPE_CHECKING:
    from workflow.providers.offline.first_pass.asked import Place
    from workflow.providers.offline.first_pass.views import View

_ALWAYS = frozenset({Flag.HTTP2, Flag.HTTP3, Flag.HSTS, Flag.GZIP, Flag.CSP})
_TLS_VERSIONS = re.compile(
    r"\bTLS\s?v?1\.[23](?:(?:\s|,|and|or|/)+(?:TLS\s?v?)?1\.[23])*", re.IGNORECASE
)
_ONLY_TLS13 = re.compile(r"\b(?:only\s+TLS\s?v?1\.3|TLS\s?v?1\.3\s+only)\b", re.IGNORECASE)
_PLAIN_PORTS = frozenset({"80", "8080", "8000", "8081", "8888"})
_EVERYWHERE = re.compile(
    r"(?:\s|\b(?:on|for|to|of|in|the|is|required|needed)\b)*"
    r"\b(?:everything|everywhere|all|whole|entire|site-wide|sitewide)\b(?! else)",
    re.IGNORECASE,
)
_BASIC = re.compile(r"basic|password|htpasswd", re.IGNORECASE)
_SERVICE = re.compile(r"auth_request|sso|oauth|forward\s+auth|authelia|authentik", re.IGNORECASE)
_JUST_BEHIND = re.compile(r"[\s(\"'`,]*(?:\b(?:is|are|stays?)\s+)?")
_WITH = re.compile(
    r"[\s(\"'`]*(?:(?:with|behind|needs?|requires?|is|are|under|by|asks?|for|only|must|be)\s+)+"
    r"(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)
_DEFAULT_HEADER = "X-Forwarded-For"


def parse(text: str) -> Asked:
    """All that a request asks for.

    Raises `VagueRequestError` without a server name or an upstream, and `NotUnderstoodError` for
    a name that cannot be one, or a `no` or `without` that it does not understand.
    """
    check(text)
    policy = cues.POLICY.search(text)
    rest = text[: policy.start()] + " " + text[policy.end() :] if policy else text
    newest, rest = _ONLY_TLS13.search(rest), _ONLY_TLS13.sub("TLS", rest)
    seen = view(_TLS_VERSIONS.sub("TLS", rest))
    found = Found()
    flags, is_plain = _flags(seen, found)
    flags |= {Flag.ONLY_TLS13} if newest else frozenset()
    frames = seen.take(cues.FRAMES)
    headers = [match[0] for match in seen.take(cues.CLIENT_HEADER)]
    seen.find_cues()
    read_names(seen, found)
    read_amounts(seen, found)
    _require(found)
    if found.said.get("proxied health"):
        flags |= {Flag.PROXIED_HEALTH}
    _guard_paths(seen, found)
    auth = _auth(seen, found)
    tls = _tls(seen, found, is_plain=is_plain)
    targets = _targets(found)
    rules = Rules(
        policy=values.policy(policy["value"]) if policy else "",
        sources=tuple(dict.fromkeys(found.sources)),
        origins=tuple(dict.fromkeys(found.origins)),
        frames=(frames[0]["value"] or "DENY").upper() if frames else "",
    )
    places = _places(found, targets, auth)
    flags |= _of_all(found, places)
    if any(_port(listen) == "80" for listen in found.listens) and tls.is_on:
        flags |= {Flag.REDIRECT}
    return Asked(
        names=tuple(dict.fromkeys(found.names)),
        targets=targets,
        places=places,
        health=tuple(dict.fromkeys(found.health)) or ("/healthz",),
        tls=tls,
        auth=auth,
        rules=rules,
        bounds=_bounds(found),
        front=(headers[0] if headers else _DEFAULT_HEADER, tuple(dict.fromkeys(found.trusted))),
        flags=flags,
        file=found.said.get("file", ""),
        notes=(*_left_over(seen), *found.notes),
    )


def _flags(seen: View, found: Found) -> tuple[frozenset[Flag], bool]:
    """What is on, and whether the site is plain HTTP."""
    seen.take(cues.JSON)
    opened = seen.take(cues.UNGUARDED)
    seen.cues += [(match.start(), match.end(), Cue.EXCEPT) for match in opened]
    flags = set(_ALWAYS)
    for flag, pattern in cues.OFF:
        # Not taken: in `no HSTS or HTTP/3` both read the same words.
        found_off = list(pattern.finditer(seen.words))
        seen.covered += [match.span() for match in found_off]
        flags -= {flag} if found_off else set()
    is_plain = bool(seen.take(cues.PLAIN))
    is_closed = bool(seen.take(cues.CLOSED))
    for flag, pattern in cues.ON:
        if flag is Flag.OPEN:
            matches = list(pattern.finditer(seen.words))
            seen.covered += [match.span() for match in matches]
        else:
            matches = seen.take(pattern)
        flags |= {flag} if matches else set()
    if is_closed:
        flags -= {Flag.OPEN}
        found.said["closed"] = "404"
    return frozenset(flags), is_plain


def _require(found: Found) -> None:
    """Raise for what nobody can guess."""
    if not found.names:
        missing = "which server name the site has"
        raise vague(missing)
    if not found.targets and not any(place.targets for place in found.places.values()):
        missing = "which upstream to pass requests to"
        raise vague(missing)


def _targets(found: Found) -> tuple[Target, ...]:
    """The backend's addresses; two that are no list contradict one another."""
    if not found.targets:
        return ()
    chosen = list(dict.fromkeys(target for _, target in found.targets))
    if len({(target.scheme, target.uri) for target in chosen}) > 1 or any(
        target.uri for target in chosen
    ):
        said = " and ".join(token.text for token, _ in found.targets)
        message = f"{said}: an upstream is host:port, all of one scheme, and with no path"
        raise refused(message, "name addresses alone: paths reach the backend unchanged")
    return tuple(chosen)


def _places(found: Found, targets: tuple[Target, ...], auth: Auth) -> tuple[Place, ...]:
    """The locations; one whose backend is not said has the site's."""
    for path, place in found.places.items():
        if not place.targets and not targets:
            missing = f"which upstream {path} is passed to"
            raise vague(missing)
    places = found.places
    return tuple(
        replace(
            place,
            is_prefix=place.is_prefix or place.is_websocket,
            is_guarded=place.is_guarded if auth.guard is not Guard.NOBODY else None,
        )
        for path, place in places.items()
        if path not in HEALTH
    )


def _of_all(found: Found, places: tuple[Place, ...]) -> frozenset[Flag]:
    """What holds for all that is proxied: paths that only differ in something leave the rest open.

    A path that is merely named is all there is to be reached, unless the request says otherwise.
    """
    named = [
        place
        for place in places
        if place.is_guarded is None and not place.targets and not place.is_websocket
    ]
    is_open = not named or "everywhere" in found.said
    flags = {Flag.OPEN} if is_open and "closed" not in found.said else set()
    if "websocket" in found.said:
        flags |= {Flag.WEBSOCKET}
    return frozenset(flags)


def _bounds(found: Found) -> Bounds:
    said = found.said
    default = Bounds()
    return Bounds(
        body=said.get("body", default.body),
        connect=said.get("connect", default.connect),
        send=said.get("send", default.send),
        read=said.get("read", default.read),
        rate=said.get("rate", ""),
    )


# --- who may come in, and how they reach it ----------------------------------------------------


def _auth(seen: View, found: Found) -> Auth:
    """How visitors are asked who they are, from the words for it and the names beside them."""
    said = [seen.text[start:end] for start, end, cue in seen.cues if cue is Cue.AUTH]
    guarded = any(place.is_guarded for place in found.places.values())
    users, verify = found.said.get("users", ""), found.said.get("verify", "")
    if not said and not users and not guarded:
        return Auth()
    words = " ".join(said)
    is_service = bool(verify or _SERVICE.search(words)) and not _BASIC.search(words)
    is_everywhere = not guarded or "everywhere" in found.said
    ends = [end for _, end, cue in seen.cues if cue is Cue.AUTH]
    if any(_EVERYWHERE.match(seen.words, end) for end in ends):
        found.said["everywhere"] = "/"
        is_everywhere = True
    if not is_service:
        if not users:
            found.notes.append(
                "assumed: passwords are in /etc/nginx/htpasswd; make it, or nginx answers 403"
            )
        if not _BASIC.search(words) and not users:
            found.notes.append("assumed: 'auth' means a password file (auth_basic)")
        return Auth(Guard.BASIC, is_everywhere, users or "/etc/nginx/htpasswd")
    if not verify:
        missing = "which address answers auth_request, such as http://127.0.0.1:9091/verify"
        raise vague(missing)
    return Auth(Guard.SERVICE, is_everywhere, target=_verifier(found, verify))


def _guard_paths(seen: View, found: Found) -> None:
    """Guard or open the paths that `with a password` or `without auth` stands right behind."""
    for start, _, cue in seen.cues:
        before = [path for path in found.paths if path.end <= start]
        gap = seen.between(before[-1].end, start) if before else ""
        if not before or cue not in {Cue.EXCEPT, Cue.AUTH}:
            continue
        place = found.place(path_of(before[-1]))
        if cue is Cue.EXCEPT and _JUST_BEHIND.fullmatch(gap):
            found.places[place.path] = replace(place, is_guarded=False)
        elif cue is Cue.AUTH and _WITH.fullmatch(gap):
            found.places[place.path] = replace(place, is_guarded=True, is_prefix=True)


def _verifier(found: Found, verify: str) -> Target:
    """What answers `auth_request`: an address, or a path of the backend's own."""
    if not verify.startswith("/"):
        return values.target(verify)
    if not found.targets:
        missing = "which upstream answers auth_request"
        raise vague(missing)
    return replace(found.targets[0][1], uri=verify)


def _tls(seen: View, found: Found, *, is_plain: bool) -> Tls:
    """The listeners, and the certificate where they need one."""
    listens = tuple(dict.fromkeys(found.listens))
    certificate, key = found.said.get("certificate", ""), found.said.get("key", "")
    is_asked = bool(certificate or cues.SECURE.search(seen.words))
    ports = {_port(listen) for listen in listens}
    if is_plain and certificate:
        message = f"the request asks for plain HTTP and names {certificate}"
        raise refused(message, "say which of them")
    if not is_plain and not is_asked and listens and ports <= _PLAIN_PORTS:
        is_plain = True
        found.notes.append(f"assumed: port {', '.join(sorted(ports))} is plain HTTP")
    if is_plain:
        return Tls(is_on=False, listens=listens or ("80",))
    listens = tuple(listen for listen in listens if _port(listen) != "80")
    if not certificate:
        folder = f"/etc/letsencrypt/live/{found.names[0].removeprefix('*.')}"
        certificate, key = f"{folder}/fullchain.pem", key or f"{folder}/privkey.pem"
        found.notes.append(f"assumed: the certificate is {certificate}")
    elif not key:
        key = _key_beside(certificate)
        found.notes.append(f"assumed: the certificate's key is {key}")
    return Tls(True, listens or ("443",), certificate, key)


def _port(listen: str) -> str:
    """The port of a listener."""
    return listen.rpartition(":")[2]


def _key_beside(certificate: str) -> str:
    """Where the key of a certificate usually is."""
    folder, _, name = certificate.rpartition("/")
    stem, _, ending = name.rpartition(".")
    if stem == "fullchain":
        return f"{folder}/privkey.pem"
    if ending in {"crt", "cer", "cert"}:
        return f"{folder}/{stem}.key"
    return f"{folder}/{stem}.key" if "cert" not in stem else f"{folder}/privkey.pem"


# --- what was not understood -------------------------------------------------------------------


def _left_over(seen: View) -> tuple[str, ...]:
    """A note on words that nobody has understood; a `no` among them is not passed over."""
    runs = seen.left_over()
    for run in runs:
        words = re.findall(r"[\w'-]+", run.lower())
        if cues.NEGATIONS.intersection(words):
            way_out = "it knows no HSTS, no HTTP/3, no HTTP/2, no gzip, no CSP, no TLS and no auth"
            at = seen.text.find(run)
            said = " ".join(seen.text[at : at + len(run) + 40].split())
            message = f"it does not understand '{said}'"
            raise refused(message, way_out)
    shown = [" ".join(run.split())[:60] for run in runs[:12]]
    if not shown:
        return ()
    more = f" and {len(runs) - 12} more" if len(runs) > len(shown) else ""
    quoted = "', '".join(shown)
    return (f"NOT understood, and left out: '{quoted}'{more}",)
