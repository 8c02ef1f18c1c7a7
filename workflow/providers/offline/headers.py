"""`add_header` under nginx's inheritance rule: a level with its own inherits none from above."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline import included, notes, style
from workflow.providers.offline.literals import quoted
from workflow.providers.offline.locations import find_location
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import Change, Level, choose, find_include, servers
from workflow.semantics.nginx import Directive, Edit, walk

if TYPE_CHECKING:
    from workflow.providers.offline.included import Sent
    from workflow.providers.offline.intents import SetHeader
    from workflow.providers.offline.site import Site, Work

_MIN_ARGS = 2
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")
_ANCHORS = ("ssl_certificate_key", "ssl_certificate", "root", "server_name", "http2", "listen")


def headers_of(level: Level, name: str = "") -> tuple[Directive, ...]:
    """The level's own `add_header`s, all or those of one name (any case)."""
    return included.of_level(level, *((name,) if name else ()))


def effective(work: Work, site: Site, level: Level) -> tuple[Sent, ...]:
    """The `add_header`s in force at a level: its own, or those of the next level that has any."""
    for outer in level.up():
        if found := included.at_level(work, site, outer):
            return found
    return ()


def own_levels(top: Level) -> tuple[Level, ...]:
    """The levels below that inherit nothing because they have `add_header`s of their own."""
    return tuple(level for level in top.below() if headers_of(level))


def place_of(work: Work, site: Site) -> Level:
    """Where a header for a server belongs.

    Headers that the server inherits from `http` are shared; with several servers, changing them
    there is not what was asked for, so that is refused by name.
    """
    check_known(site)
    level = included.home(work, site)
    if level is not site.level and len(servers(work)) > 1:
        others = [item for item in servers(work) if item.level.node is not site.level.node]
        sharing = [item for item in others if not headers_of(item.level)]
        if any(not item.level.own("return") for item in sharing):
            message = (
                f"the headers of {site.label} are set at http level and shared with "
                f"{sharing[0].label}"
            )
            raise refusal(message, "move them into the server blocks first")
    return level


def check_known(site: Site) -> None:
    """Refuse a server whose inheritance is not the plain rule."""
    for item in walk(site.level.children):
        if item.name == "add_header_inherit" and item.values != ("on",):
            message = f"line {item.line} changes how headers are inherited: add_header_inherit"
            raise refusal(message)


def word_for(value: str, neighbours: tuple[Directive, ...]) -> str:
    """A value as a word, in the quotes that the file's other headers have."""
    words = [item.args[1] for item in neighbours]
    plain = set(value) <= _BARE
    bare_style = [word for word in words if set(word.value) <= _BARE and word.value]
    if plain and bare_style and sum(bool(word.quote) for word in bare_style) * 2 < len(bare_style):
        quoted(value)
        return value
    singles = sum(word.quote == "'" for word in words)
    doubles = sum(word.quote == '"' for word in words)
    return quoted(value, "'" if singles > doubles else '"')


def statement(name: str, word: str) -> str:
    """One `add_header` line."""
    return f"add_header {name} {word} always;"


def add(site: Site, level: Level, statements: tuple[str, ...]) -> Edit:
    """Insert headers at one level: behind its last header, or at a sensible place."""
    tree = site.revision.tree
    own = headers_of(level)
    if own:
        related = [
            item for item in own if _family(item.values[0]) == _family(statements[0].split()[1])
        ]
        return style.after(tree, (related or own)[-1], statements)
    for name in _ANCHORS:
        if found := level.own(name):
            return style.after(tree, found[-1], statements, gap=_wants_gap(site, found[-1]))
    return style.at_start(tree, level.node, statements)


def _family(name: str) -> str:
    """Headers that files keep together: CORS ones (with `Vary`), `Alt-Svc`, and all others."""
    lowered = name.lower()
    if lowered.startswith("access-control-") or lowered == "vary":
        return "cors"
    return "alt-svc" if lowered == "alt-svc" else "other"


def _wants_gap(site: Site, node: Directive) -> bool:
    """Whether the file sets groups of directives apart with blank lines behind this one."""
    text = site.revision.text
    end = style.line_end(text, node.span.end)
    return not text[end : style.line_end(text, end)].strip() and end < len(text)


def add_everywhere(work: Work, site: Site, name: str, word: str) -> Change:
    """Add a header for a whole server: at its level, and wherever inheritance stops."""
    level = place_of(work, site)
    where = [level, *(inner for inner in own_levels(site.level) if inner is not level)]
    lacking = [place for place in where if not included.at_level(work, site, place, name)]
    edits = tuple((site.path, add(site, place, (statement(name, word),))) for place in lacking)
    said = tuple(notes.repeated(place.label, name) for place in lacking if place is not level)
    apart = tuple(
        f"{inner.level.label} in {inner.path} has headers of its own, which are not changed"
        for inner in included.levels_in_includes(work, site)
        if headers_of(inner.level)
    )
    return Change(edits, said + apart + include_notes(work, site))


def unseen_notes(work: Work, site: Site, name: str) -> tuple[str, ...]:
    """A warning for includes that may send a header that is found nowhere else."""
    if included.at_level(work, site, included.home(work, site), name):
        return ()
    return tuple(
        notes.not_looked(file, included.server_name(site), name)
        for file in included.unseen(work, site)
    )


def include_notes(work: Work, site: Site) -> tuple[str, ...]:
    """A warning for includes inside locations that may hide headers."""
    unknown = {
        item.values[0]
        for level in site.level.below()
        for item in level.own("include")
        if item.args and not find_include(work, item) and "types" not in item.values[0]
    }
    hidden = {
        item.values[0]
        for level in site.level.below()
        for item in level.own("include")
        for file in find_include(work, item)
        if any(inner.name == "add_header" for inner in walk(file.tree.children))
    }
    if hidden:
        message = f"a location includes {min(hidden)}, whose headers replace the server's"
        raise refusal(message, "change the headers in that file: name only it")
    if not unknown:
        return ()
    names = ", ".join(sorted(unknown))
    note = f"not looked into: {names}; with an add_header in it, a location that includes it"
    return (f"{note} would not inherit the server's headers",)


def always(item: Directive) -> tuple[Edit, ...]:
    """The edit that gives a header its `always`, unless it has it."""
    if "always" in item.values[_MIN_ARGS:]:
        return ()
    end = item.args[-1].span.end
    return (Edit(end, end, " always"),)


def replace_value(site: Site, item: Directive, value: str) -> tuple[Edit, ...]:
    """The edits that give an existing header a value and `always`."""
    old = item.args[1]
    edits: list[Edit] = []
    if old.value != value:
        if "$" in old.value:
            message = f"line {item.line} takes {item.values[0]} from a variable: {old.raw}"
            raise refusal(message)
        same = old.quote if old.quote and old.quote not in value else ""
        word = f"{same}{value}{same}" if same else word_for(value, headers_of_file(site))
        quoted(value)
        edits.append(Edit(old.span.start, old.span.end, word))
    edits += always(item)
    return tuple(edits)


def headers_of_file(site: Site) -> tuple[Directive, ...]:
    """All `add_header`s of the file, for its habits."""
    return tuple(
        item
        for item in walk(site.revision.tree.children)
        if item.name == "add_header" and len(item.args) >= _MIN_ARGS
    )


def _check_other_ways(site: Site, name: str) -> None:
    """Refuse a header that the file sets by other means than `add_header`."""
    for item in walk(site.revision.tree.children):
        if item.name.startswith("more_set_headers") and any(
            value.lower().startswith(name.lower() + ":") for value in item.values
        ):
            message = f"line {item.line} sets {name} with {item.name}"
            raise refusal(message, "change it there")


def set_header(work: Work, intent: SetHeader) -> Change:
    """Add a header or change its value, wherever it has to stand to be sent."""
    site = choose(work, intent.scope)
    _check_other_ways(site, intent.name)
    if intent.scope.location:
        return _set_in_location(work, site, intent)
    word = word_for(intent.value, headers_of_file(site))
    top = place_of(work, site)
    current = included.at_level(work, site, top, intent.name)
    change = add_everywhere(work, site, intent.name, word)
    before = current[0].item.values[1] if current else None
    change += Change(notes=unseen_notes(work, site, intent.name))
    for level in (top, *own_levels(site.level)):
        for sent in included.at_level(work, site, level, intent.name):
            is_repeat = level is top or sent.item.values[1] == before
            if sent.item.values[1] == intent.value or (is_repeat and not _keeps(intent)):
                change += _replaced(work, site, sent, intent.value)
            else:
                kept = f"{level.label} keeps its own {intent.name}: {sent.item.args[1].raw}"
                change += Change(notes=(kept,))
    if before is not None and before != intent.value and not _keeps(intent):
        change += Change(notes=(f"{intent.name} was {before}",))
    if intent.is_assumed and before is None:
        change += Change(notes=(f"assumed value: {intent.name}: {intent.value}",))
    return change


def _replaced(work: Work, site: Site, sent: Sent, value: str) -> Change:
    """The change of one header's value in the file that it stands in."""
    edits = replace_value(sent.site, sent.item, value)
    said = included.edited_note(work, site, sent)
    return Change(tuple((sent.site.path, edit) for edit in edits), said)


def _keeps(intent: SetHeader) -> bool:
    """Whether an existing other value stays: where the request names no value of its own."""
    return intent.only_if_missing or intent.is_assumed


def _set_in_location(work: Work, site: Site, intent: SetHeader) -> Change:
    """Set a header in one location, which then needs all those that it inherited so far."""
    check_known(site)
    level = find_location(site, intent.scope.location)
    word = word_for(intent.value, headers_of_file(site))
    change = Change()
    for place in (level, *own_levels(level)):
        if own := included.at_level(work, site, place, intent.name):
            for sent in own:
                change += _replaced(work, site, sent, intent.value)
            continue
        inherits = not included.at_level(work, site, place)
        copies = tuple(
            sent.site.revision.text[sent.item.span.start : sent.item.span.end]
            for sent in (effective(work, site, place) if inherits else ())
            if sent.item.values[0].lower() != intent.name.lower()
        )
        edit = add(site, place, (*copies, statement(intent.name, word)))
        said = (
            f"{place.label} now has a header of its own, so the inherited ones are repeated in it"
        )
        hidden = included.unseen(work, site) if inherits else ()
        lost = (
            f"not looked into: {file}; headers that it sends are not inherited by {place.label}"
            for file in hidden
        )
        change += Change(((site.path, edit),), (*((said,) if copies else ()), *lost))
    return change
