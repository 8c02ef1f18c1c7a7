"""What a copy of a sibling's headers grants: never more origins than the request names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline import headers, included
from workflow.providers.offline.cors import ALLOW_ORIGIN
from workflow.providers.offline.refusals import refusal
from workflow.semantics.nginx import Edit, apply_edits, parse, walk

if TYPE_CHECKING:
    from workflow.providers.offline.site import Level, Site, Work
    from workflow.semantics.nginx import Directive

_OWN_VARIABLE = re.compile(r"\$\{?(?!http_origin\b)\w+\}?\Z")


def is_cors(node: Directive) -> bool:
    """Whether a directive is a CORS header."""
    return (
        node.name == "add_header"
        and bool(node.args)
        and node.values[0].lower().startswith("access-control-")
    )


def _variable(work: Work, site: Site) -> str:
    """The variable that the server answers listed origins with, once CORS is set up."""
    for sent in included.everywhere(work, site, ALLOW_ORIGIN):
        if _OWN_VARIABLE.match(sent.item.values[1]):
            return sent.item.args[1].raw
    return ""


def granted(work: Work, site: Site, text: str, origins: tuple[str, ...]) -> str:
    """A copied statement that lets in the origins of the request, and not whom its sibling does.

    Raises `NotUnderstoodError` where the server has no variable for them.
    """
    edits: list[Edit] = []
    for item in walk(parse(text).children):
        if not is_cors(item) or item.values[0].lower() != ALLOW_ORIGIN.lower() or not item.args[1:]:
            continue
        word = item.args[1]
        if not origins or _OWN_VARIABLE.match(word.value) or {word.value.lower()} == set(origins):
            continue
        variable = _variable(work, site)
        if not variable:
            message = (
                f"the location to imitate answers with {ALLOW_ORIGIN} {word.value}, "
                f"which is not the same as allowing {', '.join(origins)}"
            )
            raise refusal(
                message, f"give that location a map of $http_origin for {ALLOW_ORIGIN} first"
            )
        edits.append(Edit(word.span.start, word.span.end, variable))
    return apply_edits(text, edits)


def vary(site: Site, model: Level, copied: str, raw: str) -> tuple[str, ...]:
    """`Vary: Origin` behind a header whose fixed origin became a variable, unless it is there."""
    known = headers.headers_of(model, "Vary")
    if copied == raw or any("origin" in item.values[1].lower() for item in known):
        return ()
    return (headers.statement("Vary", headers.word_for("Origin", headers.headers_of_file(site))),)
