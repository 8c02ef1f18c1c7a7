"""A health check: a static 200 by default, or the backend's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline.endpoint import add_endpoint
from workflow.providers.offline.intents import AddEndpoint
from workflow.providers.offline.locations import locations_at
from workflow.providers.offline.placing import place
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import Change, choose
from workflow.providers.offline.sources import methods_of
from workflow.providers.offline.style import Group

if TYPE_CHECKING:
    from workflow.providers.offline.intents import AddHealthCheck
    from workflow.providers.offline.site import Work

_STATIC = ("access_log off;", "default_type text/plain;", 'return 200 "ok\\n";')


def add_health_check(work: Work, intent: AddHealthCheck) -> Change:
    """Add the health check, or say that it is there."""
    site = choose(work, intent.scope)
    existing = locations_at(site.level, intent.path)
    known, file = methods_of(work.sources, intent.path)
    if existing:
        node = existing[0].node
        line = node.line if node else 0
        if intent.is_proxied and not existing[0].own("proxy_pass"):
            message = f"line {line} already has {intent.path}, and it is not proxied"
            raise refusal(message)
        return Change(notes=(f"already so: line {line} has location {intent.path}",))
    if intent.is_proxied or known:
        endpoint = AddEndpoint(intent.path, ("GET",), "", intent.target, intent.scope)
        endpoint = replace(endpoint, copies_headers=False)
        note = f"proxied, as {file} serves {intent.path}" if known else ""
        return Change(notes=(note,) if note else ()) + add_endpoint(work, endpoint)
    if any(site.level.own(name) for name in ("return",)):
        message = f"{site.label} answers everything with a return, so no location is reached"
        raise refusal(message)
    group = Group(f"location = {intent.path}", _STATIC)
    notes = (
        f"assumed: {intent.path} is a static 200 that says nginx is up, not the backend",
        "say 'proxied' to ask the backend instead",
        f"{intent.path} is not logged (access_log off)",
    )
    return Change(((site.path, place(site, None, group)),), notes)
