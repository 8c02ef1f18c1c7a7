"""Drafts the file of a first server block, says what it assumes, and forecasts the gates."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workflow.providers.new_files import NewFile
from workflow.providers.offline.clauses import left_over, split
from workflow.providers.offline.drafted import OfflineDraft
from workflow.providers.offline.first_pass import listeners
from workflow.providers.offline.first_pass.asked import Flag, Guard
from workflow.providers.offline.first_pass.block import Site, written
from workflow.providers.offline.first_pass.placing import located
from workflow.providers.offline.first_pass.request import parse
from workflow.semantics.nginx import decode
from workflow.types import Forecast, Outcome, Wanted

if TYPE_CHECKING:
    from workflow.providers.offline.first_pass.asked import Asked
    from workflow.providers.offline.first_pass.placing import Location
    from workflow.types import Brief

_MOST_READ = 256 * 1024
_SITE = re.compile(
    r"\b(?:server\s+blocks?|v(?:irtual\s+)?hosts?|first[\s-]pass|nginx\s+(?:for|site|server))\b",
    re.IGNORECASE,
)
_IT = re.compile(
    r"\binclude\s+(?:it|this|that|(?:the\s+)?(?:new\s+)?(?:file|site|block|server|config)"
    r"|(?:[\w-]+/)*[\w.-]+\.conf)\b",
    re.IGNORECASE,
)
_INCLUDE = "include "
_MAIN = re.compile(r"(?m)^[ \t]*(?:events|http)\s*\{")


def draft_first_pass(brief: Brief) -> OfflineDraft:
    """Draft one server block from the names in the request.

    Raises `VagueRequestError` without a server name or an upstream, and `NotUnderstoodError` for a
    name that cannot be written, a file that is there already, or a `no` that is not understood.
    """
    parts = split(brief, lambda clause: bool(_SITE.search(clause)), may_join=False)
    asked = parse(parts.text)
    sources = {file.path: decode(file.data[:_MOST_READ]) for file in (*brief.context, *brief.files)}
    existing = frozenset({*brief.existing, *sources})
    site = Site(asked, located(asked.names[0], asked.file, existing))
    nginx = [text for path, text in sources.items() if "nginx" in path or path.endswith(".conf")]
    files = [NewFile(site.location.path, _styled(written(site), nginx))]
    if listeners.has_switch(asked):
        is_first = not any(re.search(r"\breuseport\b", text) for text in nginx)
        is_first = is_first and not any("/http3.d/" in f"/{path}" for path in existing)
        text = listeners.switch(asked, is_first=is_first)
        files.append(NewFile(site.location.switch, text))
    edits = (_plain(site.location, one, nginx) for one in parts.edits)
    wanted = tuple(one for one in edits if one is not None)
    is_asked = any(one.request.startswith(_INCLUDE) for one in wanted)
    notes = (*left_over(wanted), *_notes(site, "" if is_asked else _included(site.location, nginx)))
    is_read = is_asked or _is_read_already(site.location, nginx)
    return OfflineDraft(tuple(files), _forecasts(site, nginx, is_read=is_read), notes, wanted)


def _styled(text: str, nginx: list[str]) -> str:
    """The file with tabs, where the repository's own nginx files have tabs."""
    tabs = sum(len(re.findall(r"(?m)^\t", one)) for one in nginx)
    blanks = sum(len(re.findall(r"(?m)^ ", one)) for one in nginx)
    if tabs <= blanks:
        return text
    return re.sub(r"(?m)^(?: {4})+", lambda found: "\t" * (len(found[0]) // 4), text)


def _is_read_already(location: Location, nginx: list[str]) -> bool:
    """Whether a main file of the repository reads the new file without being told."""
    folder = posixpath.basename(posixpath.dirname(location.path))
    pattern = re.compile(rf"\binclude\s+[^;]*(?:{re.escape(folder)}/)\*[^;]*;")
    return bool(folder) and any(_MAIN.search(text) and pattern.search(text) for text in nginx)


def _forecasts(site: Site, nginx: list[str], *, is_read: bool) -> tuple[Forecast, ...]:
    """What `nginx -t` is expected to say of it."""
    why = (
        "every directive is one of the template's, in the context where nginx takes it: expected is"
        " 'syntax is ok' and 'test is successful', with stand-ins for the certificate and for hosts"
    )
    if not is_read:
        return (Forecast("nginx", Outcome.PASS, why, 95),)
    known = "\n".join(nginx)
    hosts = [target.address.rpartition(":")[0] for target in site.asked.targets]
    new = [host for host in hosts if re.search(r"[g-z]", host) and host not in known]
    new = [host for host in new if host not in {"localhost", "unix"}]
    if new:
        why = (
            f"the main file reads {site.location.path} at once, and no file so far names"
            f" {new[0]}: nginx -t is expected to say 'host not found in upstream'"
        )
        return (Forecast("nginx", Outcome.FAIL, why, 75),)
    return (Forecast("nginx", Outcome.PASS, why, 90),)


def _plain(location: Location, wanted: Wanted, nginx: list[str]) -> Wanted | None:
    """An edit in words that need none of the rest; `None` for an include that is there already."""
    if _IT.search(wanted.request) is None:
        return wanted
    if _is_read_already(location, nginx):
        return None
    name = posixpath.relpath(location.path, posixpath.dirname(wanted.path) or ".")
    return Wanted(wanted.path, f"{_INCLUDE}{name} in http of {wanted.path}")


def _notes(site: Site, included: str) -> tuple[str, ...]:
    """What a reviewer should know, what matters most first."""
    asked = site.asked
    return (
        *(note for note in asked.notes if note.startswith("NOT ")),
        *filter(None, (included,)),
        *_protocols(site),
        *_visitors(asked),
        *_paths(asked),
        *(note for note in asked.notes if not note.startswith("NOT ")),
    )


def _included(location: Location, nginx: list[str]) -> str:
    if _is_read_already(location, nginx):
        return f"the main file reads {location.path} already"
    relative = posixpath.relpath(location.path, location.home or ".")
    return f"nothing reads {location.path} yet: say 'include {relative};' in http {{}}"


def _protocols(site: Site) -> tuple[str, ...]:
    asked = site.asked
    if listeners.has_switch(asked):
        switched = site.location.switch
        how = f"HTTP/3 is off: rename {switched} to listen.conf to switch it on"
        return (
            f"{how}, where nginx has http_v3 and UDP is open; a proxy in front has to speak it",
        )
    if Flag.HTTP3 not in asked.flags:
        return ()
    why = "QUIC has no PROXY protocol" if asked.tls.is_on else "it needs TLS, which ends elsewhere"
    return (f"no HTTP/3 here: {why}",)


def _visitors(asked: Asked) -> tuple[str, ...]:
    notes = []
    if Flag.EDGE not in asked.flags and not asked.front[1]:
        notes.append(
            "assumed: the reverse proxy in front is on this machine; otherwise set_real_ip_from"
            " needs its address, or every visitor has the proxy's"
        )
    if not asked.tls.is_on and Flag.EDGE not in asked.flags:
        notes.append(
            "X-Forwarded-Proto is passed on as it comes: only the proxy may reach this port"
        )
    if asked.auth.guard is not Guard.NOBODY:
        where = "everything" if asked.auth.is_everywhere else "the paths named"
        notes.append(f"{where} asks who is there; {', '.join(asked.health)} does not")
    if any(target.scheme == "https" for target in asked.targets):
        notes.append("the backend's certificate is not checked: add proxy_ssl_verify for that")
    return tuple(notes)


def _paths(asked: Asked) -> tuple[str, ...]:
    notes = []
    if Flag.PROXIED_HEALTH not in asked.flags:
        notes.append(
            f"{', '.join(asked.health)} says that nginx is up, not the backend: say 'proxied"
            f" {asked.health[0]}' to ask that"
        )
    if Flag.OPEN not in asked.flags:
        notes.append("what no location names is answered with 404: say 'everything to' for all")
    for place in asked.places:
        if place.is_guarded is False and not place.is_prefix:
            notes.append(f"read as: {place.path} alone is open, and nothing below it")
        if place.methods or place.limit or place.rate:
            said = [*place.methods, place.limit and f"up to {place.limit}", place.rate]
            how = "all below" if place.is_prefix else "exactly"
            notes.append(f"read as: {how} {place.path}, {', '.join(part for part in said if part)}")
    if Flag.WEBSOCKET in asked.flags:
        notes.append("WebSockets get through everywhere: name their path for less")
    if asked.bounds.body != "1m":
        notes.append(f"read as: bodies up to {asked.bounds.body} where no location says otherwise")
    if Flag.CSP in asked.flags and not asked.rules.policy:
        notes.append("the policy (CSP) is a strict first one: look at the pages' own sources")
    if Flag.PRELOAD in asked.flags:
        notes.append("preload is for good: browsers ship the name, with all of its subdomains")
    return tuple(notes)
