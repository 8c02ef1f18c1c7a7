"""Weighs one difference between the answers of both trees: expected, doubtful, or a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.asked import IMPATIENT
from workflow.gates.nginx.live.facts import (
    BODY,
    HEADER,
    STATUS,
    UPSTREAM,
    UPSTREAM_HEADER,
)
from workflow.gates.nginx.live.samples import NEIGHBOUR
from workflow.semantics.nginx.change import Effect

if TYPE_CHECKING:
    from workflow.gates.nginx.live.asked import Request
    from workflow.gates.nginx.live.report import Answer
    from workflow.gates.nginx.live.scopes import Reach

GUARDS = frozenset(
    (
        *("strict-transport-security", "content-security-policy", "x-frame-options"),
        *("x-content-type-options", "referrer-policy", "permissions-policy"),
        *("cross-origin-opener-policy", "cross-origin-resource-policy"),
        *("cross-origin-embedder-policy", "www-authenticate"),
        *("content-security-policy-report-only", "x-xss-protection"),
    )
)
_ORIGIN = "access-control-allow-origin"
# What refuses with each status, so that its change explains that it does not any more.
_REFUSALS = {
    401: ("auth_basic", "auth_request", "auth_jwt", "auth_basic_user_file", "satisfy"),
    403: (
        "allow",
        "deny",
        "limit_except",
        "satisfy",
        "if",
        "return",
        "auth_request",
        "valid_referers",
    ),
    405: ("limit_except", "if", "return"),
    413: ("client_max_body_size",),
    421: ("server_name", "listen"),
    429: ("limit_req", "limit_conn", "limit_req_zone", "limit_conn_zone"),
}
# Besides, what is answered on purpose with statuses that are no refusals elsewhere.
_MEANT = _REFUSALS | {
    400: ("ssl_verify_client", "ssl_client_certificate", "return"),
    404: ("internal", "return"),
}
# Directives that change nothing but one header, which their first argument names.
_NAMED = {"add_header", "add_trailer", "more_set_headers", "proxy_set_header", "grpc_set_header"}
_NAMED |= {"fastcgi_param", "uwsgi_param", "scgi_param", "proxy_hide_header", "fastcgi_hide_header"}
_TO_CLIENT = {"add_header", "add_trailer", "more_set_headers", "proxy_hide_header"}
_TO_CLIENT |= {"fastcgi_hide_header"}
# What an upstream's own answer, or what is made of it, hangs on.
_DECIDING = {"request_uri", "request_method", "script_filename", "upgrade", "connection", "host"}
_SPLIT = "x-split"
_DOUBLED = "the upstream is asked for a path with a doubled slash"
_SWITCHED = 101
_ASKING = {"auth_request", "mirror", "post_action", "location", "try_files", "rewrite"}
_BOTH = 2
_OLD = {"TLSv1", "TLSv1.1"}
# What decides whether a connection comes about at all.
_SPOKEN = {
    "listen",
    "http2",
    "http3",
    "ssl_protocols",
    "server",
    "server_name",
    "ssl_reject_handshake",
}
_SERVER_ERROR, _REFUSED, _REDIRECTS, _SUCCESS, _NO_METHOD = 500, 400, 300, 200, 405
_WORDS = re.compile(r"\w+")


class Weight(StrEnum):
    """How much a difference weighs."""

    FAULT = "fault"
    DOUBT = "doubt"
    EXPLAINED = "explained"
    """A change of the configuration says so."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one request shows: a fact before and after, and what accounts for it.

    `cause` is the words of the change that explains it, or why it weighs.  `reason` is the part of
    that which other requests have in common with this one.
    """

    request: str
    what: str
    before: str
    after: str
    weight: Weight
    cause: str

    @property
    def reason(self) -> str:
        """The change that is named last, or the whole cause."""
        return self.cause.partition("; ")[2] or self.cause

    def __str__(self) -> str:
        """On one line."""
        return (
            f"{self.request}: {self.what}: {self.before or 'none'} -> {self.after or 'none'}"
            f" ({self.cause})"
            if self.before or self.after
            else f"{self.request}: {self.what}: {self.cause}"
        )


@dataclass(frozen=True, slots=True)
class Met:
    """One request with the answers of both trees, and the changes that it may show."""

    request: Request
    before: Answer
    after: Answer
    reached: tuple[Reach, ...]


def weighed(met: Met, what: str, was: str, now: str) -> tuple[Weight, str]:
    """Return the weight of a difference in one fact, and the cause."""
    danger = next(filter(None, (look(met, what, was, now) for look in _DANGERS)), "")
    named = [reach for reach in met.reached if _fits(reach, what)]
    # The narrowest change is what a person would name.
    named.sort(key=lambda reach: reach.is_everywhere)
    if danger:
        direct = next((reach for reach in named if _is_direct(reach, met, what)), None)
        if direct is not None and danger != _DOUBLED:
            if what == STATUS and direct.words[:1] == ("client_max_body_size",):
                # The limit itself, with its old and its new size in the words of the change.
                return Weight.EXPLAINED, direct.change.text
            return Weight.DOUBT, f"{danger}; {direct.change.text}"
        return Weight.FAULT, danger
    if named:
        if _is_lost(met, what) and not any(_is_refusing(reach, met) for reach in named):
            return Weight.DOUBT, f"{_now(met)}; {named[0].change.text}"
        return Weight.EXPLAINED, named[0].change.text
    return Weight.DOUBT, "nothing in the change accounts for it"


# --- what is dangerous: each says what, or nothing -----------------------------------------------


def _status(met: Met, what: str, was: str, now: str) -> str:
    del was, now
    before, after = met.before, met.after
    if what != STATUS or _is_slowed(met):
        return ""
    if before.status == _SWITCHED != after.status:
        return "a WebSocket is not opened any more"
    if after.status >= _SERVER_ERROR > before.status or (not after.status and before.status):
        return f"answered with {after.told}"
    if met.request.version in _OLD and after.status and not before.status:
        return f"{met.request.version} is spoken"
    return ""


def _let_in(met: Met, what: str, was: str, now: str) -> str:
    del was, now
    old, new = met.before.status, met.after.status
    if what != STATUS or old not in _REFUSALS or not 0 < new < _REFUSED:
        return ""
    if old == _NO_METHOD and not (_is_about_methods(met) and new < _REDIRECTS):
        return ""
    return f"what was refused with {old} is let in"


def _is_slowed(met: Met) -> bool:
    """Whether a client that asks too often is refused, and a change is about how often it may."""
    is_about = any(reach.words[0].startswith("limit_") for reach in met.reached if reach.words)
    return is_about and met.request.source == IMPATIENT


def _is_about_methods(met: Met) -> bool:
    """Whether a change is about what refuses methods; files alone refuse most of them, too."""
    named = _REFUSALS[_NO_METHOD]
    return any(
        reach.words[:1] and reach.words[0] in named and reach.change.effect is not Effect.ADDED
        for reach in met.reached
    )


def _guard(met: Met, what: str, was: str, now: str) -> str:
    del met
    name = what.removeprefix(HEADER)
    if not what.startswith(HEADER) or name not in GUARDS or not was:
        return ""
    return "" if now else f"the security header {name} is lost"


def _origin(met: Met, what: str, was: str, now: str) -> str:
    del was
    asked = dict(met.request.headers).get("Origin", "")
    if what != f"{HEADER}{_ORIGIN}":
        return ""
    if now and now == asked and (asked == "null" or "lookalike" in asked):
        return f"the origin {asked} may read the answer"
    if now == "*" and met.after.header("access-control-allow-credentials"):
        return "every origin may read the answer"
    return ""


def _split(met: Met, what: str, was: str, now: str) -> str:
    del met, was
    is_split = what in {f"{HEADER}{_SPLIT}", f"{UPSTREAM_HEADER}{_SPLIT}"} and now
    return "an encoded line break in the path becomes a header of its own" if is_split else ""


def _other_path(met: Met, what: str, was: str, now: str) -> str:
    """Say that the upstream is asked for another path: it may well have no such one."""
    del was, now
    if what != UPSTREAM or not met.before.upstream or not met.after.upstream:
        return ""
    old, new = (each.upstream[-1].target.partition("?")[0] for each in (met.before, met.after))
    if "//" in new and "//" not in old and "//" not in met.request.target:
        return _DOUBLED
    return "" if old == new else f"the upstream is asked for {new} instead of {old}"


def _beside(met: Met, what: str, was: str, now: str) -> str:
    del was, now
    name = NEIGHBOUR.encode()
    if what not in {BODY, STATUS} or name in met.before.body or name not in met.after.body:
        return ""
    return "a file beside the folder is served: a path can lead out of it"


def _unasked(met: Met, what: str, was: str, now: str) -> str:
    del was, now
    old, new = ({one.name for one in answer.upstream} for answer in (met.before, met.after))
    if what != UPSTREAM or len(old) < _BOTH or not old - new or not new or new - old:
        return ""
    return f"{', '.join(sorted(old - new))} is not asked any more"


_DANGERS = (_beside, _split, _status, _let_in, _unasked, _guard, _origin, _other_path)


def _is_direct(reach: Reach, met: Met, what: str) -> bool:
    """Whether a change is about just this: then a person decides."""
    name = reach.words[0] if reach.words else ""
    if what == UPSTREAM:
        return name in _ASKING or name.endswith(("_pass", "_param"))
    if what != STATUS:
        return name in _NAMED
    if met.before.status == _SWITCHED:
        return name in {"proxy_set_header", "proxy_http_version"}
    if not met.after.status or met.request.version:
        return name in _SPOKEN
    if met.after.status >= _SERVER_ERROR:
        return str(met.after.status) in reach.change.after.split()
    refusing = _REFUSALS.get(met.before.status, ())
    return name in refusing or (reach.is_new_location and not reach.is_everywhere)


def _is_lost(met: Met, what: str) -> bool:
    """Whether what was answered is an error of the client now: seldom what a change is for."""
    is_plain = met.request.method == "GET" and ".." not in met.request.target
    was_good = _SUCCESS <= met.before.status < _REFUSED
    is_bad = _REFUSED <= met.after.status < _SERVER_ERROR
    return what == STATUS and is_plain and was_good and is_bad and not _is_slowed(met)


def _now(met: Met) -> str:
    return f"what was answered with {met.before.status} is {met.after.status} now"


def _is_refusing(reach: Reach, met: Met) -> bool:
    """Whether a change is plainly there to refuse with just this status."""
    status, name = str(met.after.status), reach.words[0] if reach.words else ""
    refusing = _MEANT.get(met.after.status, ("return",))
    if name in {"return", "if"}:
        return name in refusing and status in reach.change.after.split()
    if reach.is_new_location:
        # Its text tells what it does with requests.
        told = set(_WORDS.findall(reach.change.text))
        return not told.isdisjoint({status, *refusing} - {"if", "return"} | {"only"})
    return name in refusing


def _fits(reach: Reach, what: str) -> bool:
    """Whether a change can show in a fact."""
    words = reach.words
    if not words or words[0] not in _NAMED:
        return True
    named = f"{words[1] if len(words) > 1 else ''}".strip("\"'").rstrip(":").lower()
    if words[0] in _TO_CLIENT:
        return what == f"{HEADER}{named}"
    if named in _DECIDING and what in {STATUS, UPSTREAM, BODY}:
        return True
    return what == f"{UPSTREAM_HEADER}{named}"
