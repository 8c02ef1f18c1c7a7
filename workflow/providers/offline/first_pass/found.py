"""What has been gathered from a request so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass.asked import Place

if TYPE_CHECKING:
    from workflow.providers.offline.first_pass.asked import Target
    from workflow.providers.offline.first_pass.lexing import Token

HEALTH = frozenset({"/healthz", "/health", "/livez", "/readyz", "/_health", "/ping", "/-/healthy"})


@dataclass(slots=True)
class Found:
    """Names by what they are for; `paths` are the locations' tokens, in the order said.

    `said` has what can be said once: `file`, `certificate`, `key`, `users`, `verify`, and the
    bounds `body`, `rate`, `read`, `send` and `connect`.
    """

    names: list[str] = field(default_factory=list)
    targets: list[tuple[Token, Target]] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    paths: list[Token] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    sources: list[tuple[str, str]] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    listens: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def place(self, path: str) -> Place:
        """The location of a path, made where there is none yet."""
        return self.places.setdefault(path, Place(path, is_prefix=path.endswith("/")))

    def add_methods(self, path: str, methods: tuple[str, ...]) -> None:
        """Allow methods at a path."""
        place = self.place(path)
        both = tuple(dict.fromkeys((*place.methods, *methods)))
        self.places[path] = replace(place, methods=both)

    def say(self, what: str, value: str) -> bool:
        """Keep what can be said once; false if it was said before, and otherwise."""
        return self.said.setdefault(what, value) == value


def path_of(token: Token) -> str:
    """A location's path without the star that says `all below`."""
    return token.text.removesuffix("*")
