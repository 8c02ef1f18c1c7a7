"""Adding a source to a Content-Security-Policy, changing only the bytes inside its string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workflow.providers.offline import headers, included
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import Change, choose
from workflow.semantics.nginx import Edit, directives, walk

if TYPE_CHECKING:
    from workflow.providers.offline.intents import AllowCsp
    from workflow.providers.offline.revision import Revision
    from workflow.providers.offline.site import Site, Work
    from workflow.semantics.nginx import Directive, Word

NAMES = ("Content-Security-Policy", "Content-Security-Policy-Report-Only")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?\Z")
_TOKEN = re.compile(r"[^\s;]+")
_FALLBACK = {
    "script-src-elem": ("script-src", "default-src"),
    "script-src-attr": ("script-src", "default-src"),
    "style-src-elem": ("style-src", "default-src"),
    "style-src-attr": ("style-src", "default-src"),
    "worker-src": ("child-src", "script-src", "default-src"),
    "frame-src": ("child-src", "default-src"),
    "frame-ancestors": (),
    "form-action": (),
    "default-src": (),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One directive inside a policy's string: its sources and where they stand in the string."""

    name: str
    sources: tuple[str, ...]
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]


def parse_policy(text: str) -> tuple[Policy, ...]:
    """The directives of a policy; offsets are in the text as it stands between the quotes."""
    found: list[Policy] = []
    position = 0
    for part in text.split(";"):
        tokens = [
            (match[0].replace("\\", ""), position + match.start(), position + match.end())
            for match in _TOKEN.finditer(part)
        ]
        if tokens:
            (name, start, _), *sources = tokens
            found.append(
                Policy(
                    name.lower(),
                    tuple(source for source, _, _ in sources),
                    start,
                    tokens[-1][2],
                    tuple((low, high) for _, low, high in sources),
                )
            )
        position += len(part) + 1
    return tuple(found)


def allows(sources: tuple[str, ...], origin: str) -> bool:
    """Whether a source list already covers an origin (CSP level 3, hosts and schemes only)."""
    wanted = urlsplit(origin)
    for source in sources:
        lowered = source.lower()
        if lowered.rstrip("/") == origin:
            return True
        if lowered == "*" and wanted.scheme in {"http", "https", "ws", "wss"}:
            return True
        if lowered == f"{wanted.scheme}:" or (lowered == "http:" and wanted.scheme == "https"):
            return True
        scheme, _, host = lowered.rpartition("://")
        if (
            host.startswith("*.")
            and not (wanted.netloc.startswith("*"))
            and wanted.netloc.endswith(host[1:])
            and scheme in {wanted.scheme, ""}
        ):
            return True
    return False


def add_source(text: str, directive: str, origin: str) -> tuple[tuple[int, int, str] | None, str]:
    """The change inside a policy's string and a note; no change where nothing is blocked."""
    policies = parse_policy(text)
    by_name = {policy.name: policy for policy in reversed(policies)}
    own = by_name.get(directive)
    if own is not None:
        return _into(own, origin, directive)
    for name in _FALLBACK.get(directive, ("default-src",)):
        if parent := by_name.get(name):
            if allows(parent.sources, origin):
                return None, f"already so: {name} allows {origin}"
            kept = [source for source in _raw(text, parent) if "none" not in source.lower()]
            words = " ".join((directive, *kept, origin))
            note = f"{directive} was not set and fell back to {name}, whose sources it keeps"
            return (*_at_end(text, policies, words),), note
    return None, f"the policy does not restrict {directive}, so nothing blocks {origin}"


def _raw(text: str, policy: Policy) -> tuple[str, ...]:
    """The directive's sources as they are spelled in the file."""
    return tuple(text[low:high] for low, high in policy.spans)


def _into(own: Policy, origin: str, directive: str) -> tuple[tuple[int, int, str] | None, str]:
    """Add the origin to a directive that the policy has."""
    if allows(own.sources, origin):
        return None, f"already so: {directive} allows {origin}"
    if [source.lower() for source in own.sources] == ["'none'"]:
        low, high = own.spans[0]
        return (low, high, origin), f"{directive} was 'none'"
    return (own.end, own.end, f" {origin}"), ""


def _at_end(text: str, policies: tuple[Policy, ...], words: str) -> tuple[int, int, str]:
    """Append a directive, laid out as the last one is."""
    last = policies[-1]
    before = re.search(r"(\r?\n[ \t]*)\Z", text[: last.start])
    gap = before[1] if before else " "
    closing = re.compile(r"[ \t]*;").match(text, last.end)
    if closing:
        return closing.end(), closing.end(), f"{gap}{words};"
    return last.end, last.end, f";{gap}{words}"


def allow_source(work: Work, intent: AllowCsp) -> Change:
    """Add the source to every policy that the server sends."""
    site = choose(work, intent.scope)
    headers.check_known(site)
    found = included.everywhere(work, site, *NAMES)
    if not found:
        return _nothing(work, site, intent.source)
    change = Change()
    if intent.is_assumed:
        note = f"assumed: the CSP directive for {intent.source} is {intent.directive} (fetch, XHR)"
        change += Change(notes=(note,))
    if not included.at_level(work, site, site.level, *NAMES):
        change += Change(notes=headers.unseen_notes(work, site, NAMES[0]))
    done: set[tuple[str, int]] = set()
    for sent in found:
        for revision, word, line in _strings(work, sent.site, sent.item):
            if (revision.path, word.span.start) not in done:
                done.add((revision.path, word.span.start))
                place = "" if revision.path == site.path else f"{revision.path}, "
                change += _edit(revision, word, f"{place}line {line}", intent)
        change += Change(notes=included.edited_note(work, site, sent))
    return change


def _nothing(work: Work, site: Site, source: str) -> Change:
    """The note that nothing is blocked; refuse where an include that is not here may block."""
    if hidden := included.unseen(work, site):
        more = f" and {len(hidden) - 1} more" if hidden[1:] else ""
        message = (
            f"{included.server_name(site)} includes {hidden[0]}{more}, "
            f"which may send {NAMES[0]} itself"
        )
        raise refusal(message, f"name that file, too: {', '.join(hidden)}")
    note = f"the server sends no {NAMES[0]}, so nothing blocks {source}"
    below = included.unseen_below(work, site)
    rest = (f"not looked into: {', '.join(below)}, which locations include",) if below else ()
    return Change(notes=(note, *rest))


def _edit(revision: Revision, word: Word, place: str, intent: AllowCsp) -> Change:
    """The edit inside one string."""
    size = len(word.quote)
    inner = word.raw[size : len(word.raw) - size]
    found, note = add_source(inner, intent.directive, intent.source)
    notes = (f"{place}: {note}",) if note else ()
    if found is None:
        return Change(notes=notes)
    low, high, piece = found
    if not word.quote:
        text = f'"{inner[:low]}{piece}{inner[high:]}"'
        return Change(((revision.path, Edit(word.span.start, word.span.end, text)),), notes)
    start = word.span.start + size
    return Change(((revision.path, Edit(start + low, start + high, piece)),), notes)


def _strings(work: Work, site: Site, item: Directive) -> list[tuple[Revision, Word, int]]:
    """The words that hold the policy of one header: its own, or those of its variable."""
    word = item.args[1]
    variable = _VARIABLE.match(word.value)
    if variable is None:
        return [(site.revision, word, item.line)]
    name = variable[1]
    found: list[tuple[Revision, Word, int]] = []
    for revision in work.files.values():
        for node in walk(revision.tree.children):
            target = node.values[-1] if node.name == "map" and node.args else ""
            if node.name == "set" and node.values[0].strip("${}") == name and node.args[1:]:
                found.append((revision, node.args[1], node.line))
            elif target.strip("${}") == name:
                found += (
                    (revision, entry.args[0], entry.line)
                    for entry in directives(node.children)
                    if entry.args and entry.values[0]
                )
    nested = any(_VARIABLE.match(value.value) for _, value, _ in found)
    if not found or nested:
        message = f"line {item.line} takes its policy from ${name}, whose text is not in the files"
        raise refusal(message, "name the file that sets it, too")
    return found
