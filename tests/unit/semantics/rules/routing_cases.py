"""What the routing rules find in a text: for the tests of what they find, and of what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import Fault, Level, found
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules.routes import site
from workflow.semantics.nginx.rules.routing import ROUTING

if TYPE_CHECKING:
    from workflow.semantics.nginx.expanded import Config

FAULT, DOUBT = Level.FAULT, Level.DOUBT
TO_APP = "proxy_pass http://127.0.0.1:9000;"


def read(text: str) -> Config:
    """Return the configuration that one main file makes."""
    config = load(Texts({"nginx.conf": text}), "nginx.conf")
    assert not config.unread
    return config


def of(rule: str, faults: tuple[Fault, ...]) -> list[Fault]:
    """Return those of one rule."""
    assert rule in {one.id for one in ROUTING}
    return [one for one in faults if one.rule == rule]


def in_site(rule: str, text: str) -> list[Fault]:
    """Return what a rule finds in a server with these lines."""
    return of(rule, found(ROUTING, read(site(text))))
