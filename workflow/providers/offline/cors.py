"""Allowing an origin by CORS, in the way the file already does it: map, literal, or `if`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline import headers, included, style
from workflow.providers.offline.alternation import extended, matches
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import Change, Level, choose, http_level, servers
from workflow.semantics.nginx import Directive, Edit, directives, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.included import Sent
    from workflow.providers.offline.intents import AllowCors
    from workflow.providers.offline.revision import Revision
    from workflow.providers.offline.site import Site, Work
    from workflow.types import RepoPath

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
_VARIABLE = re.compile(r"\$\{?(\w+)\}?\Z")
_MAP_ARGS = 2


def allow_origin(work: Work, intent: AllowCors) -> Change:
    """Allow one origin.  Raises `NotUnderstoodError` where the file's way is not clear."""
    if intent.origin.startswith("ws"):
        message = f"CORS does not apply to WebSocket origins: {intent.origin}"
        raise refusal(message, "say: add it to connect-src, or allow the https:// origin in CORS")
    site = choose(work, intent.scope)
    headers.check_known(site)
    assumed = ("assumed: 'allow an origin' means CORS",) if intent.is_assumed else ()
    found = included.everywhere(work, site, ALLOW_ORIGIN)
    if not found:
        return Change(notes=assumed) + _first(work, site, intent.origin)
    change = Change(notes=assumed)
    done: set[str] = set()
    for sent in found:
        value = sent.item.values[1]
        if value not in done:
            done.add(value)
            change += _at(work, site, intent.origin, sent)
        change += Change(notes=included.edited_note(work, site, sent))
    return change


def _at(work: Work, site: Site, origin: str, sent: Sent) -> Change:
    """Allow the origin where one header stands."""
    item = sent.item
    value = item.values[1]
    if value == "*":
        return Change(notes=(f"line {item.line} already allows every origin (*)",))
    variable = _VARIABLE.match(value)
    if variable is None:
        if "$" in value:
            message = f"line {item.line} builds {ALLOW_ORIGIN} from {value}"
            raise refusal(message)
        return _literal(work, site, origin, value)
    if variable[1] != "http_origin":
        return _variable(work, site, origin, variable[1], item)
    condition = next((up for up in sent.site.level.up() if up.node and up.node.name == "if"), None)
    if condition is None or condition.node is None:
        return Change(
            notes=(f"line {item.line} answers every origin with itself: nothing is refused",)
        )
    return _condition(sent.site, origin, condition.node)


# --- a map -------------------------------------------------------------------------------------


def _maps(work: Work, name: str) -> Iterator[tuple[Revision, Directive]]:
    """The maps of all files that make a variable."""
    for revision in work.files.values():
        for node in walk(revision.tree.children):
            if (
                node.name == "map"
                and len(node.args) == _MAP_ARGS
                and node.values[1].strip("${}") == name
            ):
                yield revision, node


def _variable(work: Work, site: Site, origin: str, name: str, item: Directive) -> Change:
    """Allow the origin where a variable is made."""
    maps = tuple(_maps(work, name))
    sets = [
        (node, level)
        for level in (site.level, *site.level.below())
        for node in level.own("set")
        if node.args and node.values[0].strip("${}") == name
    ]
    if len(maps) == 1 and not sets:
        revision, node = maps[0]
        if node.values[0].strip("${}") != "http_origin":
            message = f"${name} (line {node.line}) is not made from $http_origin"
            raise refusal(message)
        return _map(revision, node, origin) + _shared(work, site, name)
    conditions = {
        level.node.span.start: level.node
        for _, level in sets
        if level.node and level.node.name == "if" and "$http_origin" in " ".join(level.node.values)
    }
    if len(conditions) == 1 and not maps:
        return _condition(site, origin, next(iter(conditions.values())))
    message = (
        f"line {item.line} takes {ALLOW_ORIGIN} from ${name}, and it is not clear who makes it"
    )
    raise refusal(message, "name the file that holds its map, too")


def _shared(work: Work, site: Site, name: str) -> Change:
    """A note about other servers that answer with the same variable."""
    others = [
        other.label
        for other in servers(work)
        if other.level.node is not site.level.node
        and any(
            item.name == "add_header" and any(f"${name}" in value for value in item.values)
            for item in walk(other.level.children)
        )
    ]
    return Change(notes=(f"${name} is used by {', '.join(others)}, too",) if others else ())


def _map(revision: Revision, node: Directive, origin: str) -> Change:
    """One more entry in a map of origins."""
    entries = directives(node.children)
    for entry in entries:
        answer = entry.values[0] if entry.args else ""
        if _entry_matches(entry, origin):
            if answer in {"", "0"}:
                message = f"line {entry.line} refuses {origin} by name: {entry.name}"
                raise refusal(message)
            return Change(notes=(f"already so: line {entry.line} allows {origin} in CORS",))
    if any(entry.name == "default" and entry.values == ("*",) for entry in entries):
        return Change(notes=(f"the map on line {node.line} already allows every origin",))
    listed = [
        entry
        for entry in entries
        if entry.name not in {"default", "hostnames", "volatile", "include"}
    ]
    text = _entry(revision, listed, origin)
    if not entries:
        edit = style.at_start(revision.tree, node, (text,))
    else:
        edit = style.after(revision.tree, listed[-1] if listed else entries[-1], (text,))
    return Change(((revision.path, edit),))


def _entry_matches(entry: Directive, origin: str) -> bool:
    """Whether a map's entry stands for the origin."""
    key = entry.name
    if key.startswith("~"):
        pattern = key.removeprefix("~").removeprefix("*")
        return matches(pattern, origin, is_caseless=key.startswith("~*"))
    return key.removeprefix("\\").lower() == origin


def _entry(revision: Revision, listed: list[Directive], origin: str) -> str:
    """The entry in the manner of its neighbours: quotes, value, and column."""
    wild = "://*." in origin
    key = origin
    if wild:
        scheme, host = origin.split("://*.")
        key = rf"~^{scheme}://[a-z0-9-]+\.{re.escape(host)}$".replace(r"\-", "-")
    literal = [entry for entry in listed if not entry.name.startswith("~")]
    near = literal or listed
    quote = near[-1].word.quote if near else '"'
    key = f'"{key}"' if wild else f"{quote}{key}{quote}"
    value = "$http_origin"
    if near and near[-1].args:
        last = near[-1]
        own = last.values[0].lower() == last.name.lower()
        mark = last.args[0].quote
        value = f"{mark}{origin}{mark}" if own and not wild else last.args[0].raw
        if own and wild:
            value = "$http_origin"
        if not own and not last.values[0].startswith("$") and "://" in last.values[0]:
            value = "$http_origin"
    return f"{key}{_gap(revision.text, listed, len(key))}{value};"


def _gap(text: str, listed: list[Directive], width: int) -> str:
    """The blanks between key and value: up to the neighbours' column where they share one."""
    columns = [entry.args[0].span.start - entry.span.start for entry in listed if entry.args]
    gaps = [text[entry.word.span.end : entry.args[0].span.start] for entry in listed if entry.args]
    if not gaps or "\t" in gaps[-1]:
        return "\t" if gaps else " "
    is_padded = len(set(columns)) == 1 or len(gaps[-1]) > 1
    return " " * max(1, columns[-1] - width) if is_padded else " "


# --- a condition -------------------------------------------------------------------------------


def _condition(site: Site, origin: str, node: Directive) -> Change:
    """Extend the regular expression of `if ($http_origin ~ ...)`."""
    words = [word for word in node.args if word.value not in {"(", ")"}]
    values = [word.value.strip() for word in words]
    if len(words) < len(("name", "operator", "pattern")) or values[1] not in {"~", "~*"}:
        message = f"line {node.line} decides about origins in a way that cannot be extended safely"
        raise refusal(message, "turn it into a map of $http_origin first")
    word = words[2]
    raw = word.raw.removeprefix(word.quote).removesuffix(word.quote) if word.quote else word.raw
    start = word.span.start + len(word.quote)
    if not word.quote and raw.endswith(")") and raw.count("(") < raw.count(")"):
        raw = raw[:-1]
    if matches(raw, origin, is_caseless=values[1] == "~*"):
        return Change(notes=(f"already so: line {node.line} allows {origin} in CORS",))
    if "*" in origin:
        message = f"a wildcard cannot join the list of origins on line {node.line}"
        raise refusal(message, "turn it into a map of $http_origin first")
    new = extended(raw, origin)
    if new is None:
        message = f"the pattern on line {node.line} is not a plain list of origins: {raw}"
        raise refusal(message, "turn it into a map of $http_origin first")
    at, piece = new
    return Change(((site.path, Edit(start + at, start + at, piece)),))


# --- a literal, or nothing yet -----------------------------------------------------------------


def _free_name(work_text: str) -> str:
    """A variable's name that no file uses."""
    for name in ("cors_origin", "cors_allow_origin", *(f"cors_origin_{n}" for n in range(2, 99))):
        if not re.search(rf"\$\{{?{name}\b", work_text):
            return name
    message = "every name for the map's variable is taken"
    raise refusal(message)


def _new_map(site: Site, name: str, origins: tuple[str, ...]) -> Edit:
    """A map of origins right before the server, or before the upstreams that stand with it."""
    if site.level.node is None:
        message = f"{site.path} is a part of a server block, so a map cannot be put into it"
        raise refusal(message, "name the file with the server block (or its http block), too")
    outer = http_level(site.revision)
    width = max(len(origin) for origin in origins) + 2
    entries = tuple(
        '"{}"{}$http_origin;'.format(origin, " " * (width - len(origin) - 1)) for origin in origins
    )
    default = "default" + " " * (width + 1 - len("default")) + '"";'
    group = style.Group(f"map $http_origin ${name}", (default, *entries))
    first = _anchor(outer, site)
    return style.before(site.revision.tree, outer.children, first, (group,), gap=True)


def _anchor(outer: Level, site: Site) -> Directive:
    """The directive that the map goes before: the first server that uses it."""
    node = site.level.node
    return next(item for item in outer.own("server") if item is node)


def _vary(work: Work, site: Site, places: list[Sent]) -> list[tuple[RepoPath, Edit]]:
    """`Vary: Origin` for the levels that answer with an origin and lack it."""
    line = headers.statement("Vary", headers.word_for("Origin", headers.headers_of_file(site)))
    levels = {(sent.site.path, id(sent.site.level.node)): sent.site for sent in places}
    return [
        (owner.path, headers.add(owner, owner.level, (line,)))
        for owner in levels.values()
        if not any(
            "origin" in sent.item.values[1].lower()
            for sent in included.at_level(work, owner, owner.level, "Vary")
        )
    ]


def _literal(work: Work, site: Site, origin: str, old: str) -> Change:
    """Turn one fixed origin into a map of two, wherever the server sends it."""
    if old.lower() == origin:
        return Change(notes=(f"already so: {ALLOW_ORIGIN} is {old}",))
    sending = included.everywhere(work, site, ALLOW_ORIGIN)
    places = [sent for sent in sending if sent.item.values[1] == old]
    name = _free_name("".join(file.text for file in work.files.values()))
    edits = [(site.path, _new_map(site, name, (old, origin)))]
    for sent in places:
        word = sent.item.args[1]
        edits.append((sent.site.path, Edit(word.span.start, word.span.end, f"${name}")))
        edits += ((sent.site.path, edit) for edit in headers.always(sent.item))
    edits += _vary(work, site, places)
    note = f"{ALLOW_ORIGIN} was fixed to {old}; it now comes from a map of both origins"
    return Change(tuple(edits), (note,))


def _first(work: Work, site: Site, origin: str) -> Change:
    """CORS for a server that has none: a map, the headers, and `Vary`."""
    name = _free_name("".join(file.text for file in work.files.values()))
    change = Change(((site.path, _new_map(site, name, (origin,))),))
    known = headers.headers_of_file(site)
    for header, word in (
        (ALLOW_ORIGIN, f"${name}"),
        ("Access-Control-Allow-Methods", '"GET, POST, OPTIONS"'),
        ("Access-Control-Allow-Headers", '"Content-Type"'),
        ("Vary", headers.word_for("Origin", known)),
    ):
        change += headers.add_everywhere(work, site, header, word)
    note = (
        "the server had no CORS headers; assumed: methods GET, POST and OPTIONS, request header "
        "Content-Type, no credentials"
    )
    hidden = headers.unseen_notes(work, site, ALLOW_ORIGIN)
    return Change(change.edits, (note, *dict.fromkeys(change.notes), *hidden))
