"""The headers of a first server block: each with its value and a line that says what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass.asked import Flag, Guard

if TYPE_CHECKING:
    from workflow.providers.offline.first_pass.asked import Asked

YEAR = 31_536_000
_DIRECTIVES = (
    "default-src script-src style-src img-src font-src connect-src media-src frame-src worker-src"
    " object-src base-uri form-action frame-ancestors"
)
_ORDER = _DIRECTIVES.split()
_SITE = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ENDPOINTS = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


@dataclass(frozen=True, slots=True)
class Header:
    """One response header; `value` is a word of nginx's, quotes and all."""

    name: str
    value: str
    why: str

    @property
    def lines(self) -> tuple[str, str]:
        """The reason and the directive."""
        return f"# {self.why}", f"add_header {self.name} {self.value} always;"


def is_site(asked: Asked) -> bool:
    """Whether pages may be served, and not only endpoints by their exact paths."""
    return Flag.OPEN in asked.flags or any(place.is_prefix for place in asked.places)


def policy(asked: Asked) -> str:
    """The Content-Security-Policy."""
    if asked.rules.policy:
        return asked.rules.policy
    parts = dict(_SITE if is_site(asked) else _ENDPOINTS)
    for directive, origin in asked.rules.sources:
        before = parts.get(directive, "'self'")
        before = "'self'" if before == "'none'" and directive != "frame-ancestors" else before
        parts[directive] = origin if before == "'none'" else f"{before} {origin}"
    return "; ".join(f"{name} {parts[name]}" for name in _ORDER if name in parts)


def _hsts(asked: Asked) -> Header:
    parts = [f"max-age={YEAR}"]
    if asked.flags & {Flag.SUBDOMAINS, Flag.PRELOAD}:
        parts.append("includeSubDomains")
    if Flag.PRELOAD in asked.flags:
        parts.append("preload")
    value = "; ".join(parts)
    return Header(
        "Strict-Transport-Security",
        f'"{value}"',
        "HSTS: for a year, browsers come back by HTTPS only.",
    )


def security(asked: Asked) -> tuple[Header, ...]:
    """What every answer carries."""
    found = [_hsts(asked)] if Flag.HSTS in asked.flags else []
    if Flag.CSP in asked.flags:
        why = "CSP: where pages may load from and send to, and who may frame them."
        found.append(Header("Content-Security-Policy", f'"{policy(asked)}"', why))
    if asked.rules.frames:
        why = "For browsers too old for frame-ancestors: who may frame pages."
        found.append(Header("X-Frame-Options", f'"{asked.rules.frames}"', why))
    return (
        *found,
        Header(
            "X-Content-Type-Options",
            '"nosniff"',
            "Browsers take the type that is declared, and do not guess another one.",
        ),
        Header(
            "Referrer-Policy",
            '"strict-origin-when-cross-origin"',
            "Other sites learn which site a visitor came from, and not which page.",
        ),
        Header(
            "Permissions-Policy",
            '"camera=(), geolocation=(), microphone=(), payment=(), usb=()"',
            "No page, and no frame in it, may ask for these devices.",
        ),
    )


def methods(asked: Asked) -> tuple[str, ...]:
    """The methods that other origins may use: those of the locations, or the usual ones."""
    named = [method for place in asked.places for method in place.methods]
    is_known = asked.places and all(place.methods for place in asked.places)
    usual = () if is_known and Flag.OPEN not in asked.flags else ("GET", "HEAD", "POST")
    return tuple(dict.fromkeys((*named, *usual, "OPTIONS")))


def cors(asked: Asked, variable: str) -> tuple[Header, ...]:
    """What lets pages of other origins read answers; `variable` has the origin, or is empty."""
    if not asked.rules.origins:
        return ()
    names = "Content-Type" if asked.auth.guard is Guard.NOBODY else "Authorization, Content-Type"
    allowed = ", ".join(methods(asked))
    return (
        Header(
            "Access-Control-Allow-Origin",
            variable,
            "CORS: the origin that may read the answer; nginx leaves an empty header out.",
        ),
        Header("Access-Control-Allow-Methods", f'"{allowed}"', "CORS: the methods it may send."),
        Header("Access-Control-Allow-Headers", f'"{names}"', "CORS: the headers it may set."),
        Header("Access-Control-Max-Age", '"86400"', "CORS: for a day it need not ask again."),
        Header("Vary", '"Origin"', "Caches keep the answers to different origins apart."),
    )
