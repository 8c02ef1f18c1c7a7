"""Method limits and preflight answers, in the way that the server already does them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline import sibling
from workflow.providers.offline.style import Group
from workflow.semantics.nginx import directives

if TYPE_CHECKING:
    from workflow.providers.offline.sibling import Sibling
    from workflow.providers.offline.site import Site
    from workflow.providers.offline.style import Statement
    from workflow.semantics.nginx import Directive


def preflight(site: Site, model: Sibling | None) -> Statement:
    """An empty 204 for OPTIONS: the sibling's own block with its comment, or a plain one.

    A plain one has no `add_header`, so the headers around it are inherited.
    """
    nodes = directives(model.level.children) if model else ()
    for node in nodes:
        if sibling.is_preflight(node):
            text = site.revision.text
            end = text.find("\n", node.span.end)
            rest = text[node.span.end : end].rstrip() if end >= 0 else ""
            comment = rest if rest.strip().startswith("#") else ""
            return text[node.span.start : node.span.end] + comment
    return Group("if ($request_method = OPTIONS)", ("return 204;",), _is_inline(site))


def _limits(site: Site, model: Sibling | None) -> tuple[Directive, ...]:
    """The server's method limits, the sibling's first."""
    levels = [model.level] if model else []
    levels += site.level.below()
    return tuple(
        node
        for level in levels
        for node in directives(level.children)
        if sibling.is_method_limit(node)
    )


def _is_inline(site: Site) -> bool:
    """Whether the server writes small `if` blocks on one line."""
    text = site.revision.text
    blocks = [
        node
        for level in site.level.below()
        for node in directives(level.children, "if", "limit_except")
    ]
    short = [node for node in blocks if "\n" not in text[node.span.start : node.span.end]]
    return len(short) * 2 > len(blocks)


def limit(
    site: Site,
    model: Sibling | None,
    methods: tuple[str, ...],
    *,
    needs_options: bool,
    passes_options: bool,
) -> Statement:
    """A method limit as the server has them; else 405 by `if` and `return`, which is safe.

    NOTE: `limit_except` answers 403, and for a method that it turns away nginx runs none of the
    location's own `if`s, so there OPTIONS must be named for a preflight answer to work.
    """
    found = _limits(site, model)
    node = found[0] if found else None
    text = site.revision.text
    if node is not None and node.name == "limit_except":
        names = [name for name in methods if name != "HEAD" or "GET" not in methods]
        names += ["OPTIONS"] if needs_options and "OPTIONS" not in names else []
        return _rebuilt(text, f"limit_except {' '.join(names)}", node)
    names = _with_head(methods, found)
    names += ["OPTIONS"] if passes_options and "OPTIONS" not in names else []
    test = f"!= {names[0]}" if len(names) == 1 else f"!~ ^({'|'.join(names)})$"
    head = f"if ($request_method {test})"
    if node is None:
        return Group(head, ("return 405;",), _is_inline(site))
    return _rebuilt(text, head, node)


def _rebuilt(text: str, head: str, node: Directive) -> Group:
    """A limit with a new head and the old one's statements, save headers that list methods."""
    body = tuple(
        text[item.span.start : item.span.end]
        for item in directives(node.children)
        if item.name != "add_header"
    )
    return Group(head, body, "\n" not in text[node.span.start : node.span.end])


def _with_head(methods: tuple[str, ...], found: tuple[Directive, ...]) -> list[str]:
    """The methods with HEAD behind GET, unless the file's own limits leave it out."""
    names = list(methods)
    alone = any(
        "GET" in sibling.methods_of(node) and "HEAD" not in sibling.methods_of(node)
        for node in found
        if node.name == "if"
    )
    if "GET" in names and "HEAD" not in names and not alone:
        names.insert(names.index("GET") + 1, "HEAD")
    return names
