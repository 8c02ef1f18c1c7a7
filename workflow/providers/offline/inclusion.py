"""An `include` of another file in `http {}`: how people ask for it, and the edit."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from workflow.providers.offline import style
from workflow.providers.offline.intents import IncludeFile
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.scanner import phrase
from workflow.providers.offline.site import Change
from workflow.providers.offline.words import SCOPE_SLOTS, scope_of
from workflow.semantics.nginx import directives

if TYPE_CHECKING:
    from workflow.providers.offline.scanner import Scanner
    from workflow.providers.offline.site import Work

INCLUDE = phrase(
    r"(?:include|add (?:an )?include (?:of|for)) (?:the (?:file )?)?"
    r"[\"'`]?(?P<name>[A-Za-z0-9_][A-Za-z0-9_./-]{0,150}\.conf)[\"'`]?"
    r"(?: (?:in|into|inside) (?:the )?http(?: (?:block|context|level))?)?"
)


def take_include(scanner: Scanner) -> tuple[IncludeFile, ...]:
    """An include at the cursor; nothing if the words are about something else."""
    found = scanner.take(INCLUDE)
    if found is None:
        return ()
    slots = {name: SCOPE_SLOTS[name] for name in ("file", "here", "nginx")}
    return (IncludeFile(found["name"], scope_of(scanner.gather(slots))),)


def include_file(work: Work, intent: IncludeFile) -> Change:
    """Include a file at the end of `http {}`; the main file must be the only one that fits."""
    wanted = intent.scope.file
    blocks = [
        (revision, node)
        for revision in work.files.values()
        if not wanted or revision.path == wanted or revision.path.endswith(f"/{wanted}")
        for node in directives(revision.tree.children, "http")
    ]
    if len(blocks) != 1:
        message = f"{len(blocks)} http blocks in {wanted or 'the files'}, so {intent.name} has none"
        raise refusal(message, "name the main file: include shop.conf in nginx/nginx.conf")
    revision, node = blocks[0]
    for item in directives(node.children, "include"):
        if item.args and fnmatch.fnmatchcase(intent.name, item.values[0]):
            return Change(notes=(f"already so: line {item.line} includes {intent.name}",))
    line = f"include {intent.name};"
    own = directives(node.children)
    edit = (
        style.after(revision.tree, own[-1], (line,))
        if own
        else style.at_start(revision.tree, node, (line,))
    )
    return Change(((revision.path, edit),))
