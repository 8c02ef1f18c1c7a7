"""Where a new location goes: next to the one that it imitates, before the catch-all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline import style
from workflow.providers.offline.locations import split

if TYPE_CHECKING:
    from workflow.providers.offline.site import Site
    from workflow.providers.offline.style import Group
    from workflow.semantics.nginx import Directive, Edit


def place(site: Site, model: Directive | None, group: Group) -> Edit:
    """The edit that inserts a location into the server."""
    tree = site.revision.tree
    places = site.level.own("location")
    compact = _is_compact(site, model or (places[0] if places else None))
    written = replace(group, is_inline=compact)
    gap = _has_gaps(site, places)
    if model is not None and not _is_catch_all(model):
        return style.after(tree, model, (written,), gap=gap)
    exact = [node for node in places if split(node)[0] == "="]
    if exact:
        return style.after(tree, exact[-1], (written,), gap=gap)
    if places:
        first = next((node for node in places if _is_catch_all(node)), places[0])
        return style.before(tree, site.level.children, first, (written,), gap=gap)
    own = site.level.own()
    if not own:
        return style.at_start(tree, site.level.node, (written,))
    return style.after(tree, own[-1], (written,), gap=not compact)


def _is_catch_all(node: Directive) -> bool:
    """Whether a location takes every path."""
    return split(node) in {("", "/"), ("^~", "/")}


def _is_compact(site: Site, node: Directive | None) -> bool:
    """Whether the file writes such a location on one line."""
    if node is None:
        return False
    return "\n" not in site.revision.text[node.span.start : node.span.end]


def _has_gaps(site: Site, places: tuple[Directive, ...]) -> bool:
    """Whether the file puts a blank line before most of its locations; the first counts least."""
    looked_at = places[1:] or places
    blank = [_is_apart(site.revision.text, node) for node in looked_at]
    return sum(blank) * 2 > len(blank)


def _is_apart(text: str, node: Directive) -> bool:
    """Whether a blank line stands before a directive and its comments."""
    at = style.line_start(text, node.span.start)
    while at:
        start = style.line_start(text, at - 1)
        above = text[start:at].strip()
        if not above.startswith("#"):
            return not above or above.endswith("{")
        at = start
    return False
