"""Finding locations by their path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline.refusals import refusal
from workflow.semantics.nginx import directives

if TYPE_CHECKING:
    from workflow.providers.offline.site import Level, Site
    from workflow.semantics.nginx import Directive

_MODIFIERS = frozenset({"=", "^~", "~", "~*"})


def split(location: Directive) -> tuple[str, str]:
    """A location's modifier (or empty) and its path or pattern."""
    values = location.values
    if len(values) > 1:
        return values[0], values[1]
    value = values[0] if values else ""
    for modifier in ("^~", "~*", "=", "~"):
        if value.startswith(modifier):
            return modifier, value.removeprefix(modifier)
    return "", value


def locations_at(level: Level, path: str) -> tuple[Level, ...]:
    """The locations below a level that are written for exactly this path, exact ones first."""
    found = [
        inner
        for inner in level.below()
        if inner.node is not None
        and inner.node.name == "location"
        and split(inner.node)[1] == path
        and split(inner.node)[0] in {"", "=", "^~"}
    ]
    return tuple(sorted(found, key=lambda item: item.node is None or split(item.node)[0] != "="))


def find_location(site: Site, path: str) -> Level:
    """The one location of a path.  Raises `NotUnderstoodError` if there is none or several."""
    found = locations_at(site.level, path) or locations_at(site.level, path.rstrip("/") + "/")
    if len(found) == 1:
        return found[0]
    known = ", ".join(" ".join(node.values) for node in directives(site.level.children, "location"))
    message = f"{'several locations' if found else 'no location'} for {path} in {site.label}"
    raise refusal(message, f"there are: {known or 'none'}")
