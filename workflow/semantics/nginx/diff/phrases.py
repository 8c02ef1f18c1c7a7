"""Says what one changed directive does, in the words of a reviewer.

The directives that are changed most have words of their own; any other is told by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.diff.facts import facts, gained_and_lost
from workflow.semantics.nginx.diff.phrases_headers import HEADER_PHRASES
from workflow.semantics.nginx.diff.phrases_requests import REQUEST_PHRASES
from workflow.semantics.nginx.diff.phrases_servers import SERVER_PHRASES
from workflow.semantics.nginx.diff.phrases_values import VALUE_PHRASES
from workflow.semantics.nginx.diff.reading import HEADERS, TABLES
from workflow.semantics.nginx.diff.scopes import cut, shown, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.semantics.nginx.diff.compare import Difference
    from workflow.semantics.nginx.diff.facts import Facts
    from workflow.semantics.nginx.expanded import Item

_PHRASES: dict[str, Callable[[Facts], str]] = {
    **VALUE_PHRASES,
    **HEADER_PHRASES,
    **REQUEST_PHRASES,
    **SERVER_PHRASES,
}
_NAMED = HEADERS | {"fastcgi_param", "uwsgi_param", "scgi_param", "set", "env", "log_format"}


def directive(item: Item) -> str:
    """A directive with what names it: `add_header X-One`, `location /x`, `listen`."""
    if item.is_block:
        return "server" if item.name == "server" else shown(item)
    return " ".join(item.words[:2]) if item.name in _NAMED else item.name


def changed(one: Difference, where: str) -> str:
    """One directive that came, went or changed."""
    told = facts(one, where)
    if told is None:
        return ""
    if told.new_block.name in TABLES and told.new_block.is_block:
        return _entry(told) or _general(told)
    return _own_words(told) or _general(told)


def block(one: Difference, where: str) -> str:
    """A block that came or went, in words of its own; empty when it has none."""
    told = facts(one, where)
    return _own_words(told) if told else ""


def _own_words(told: Facts) -> str:
    old, new = told.old, told.new
    if old is not None and new is not None and old.name != new.name:
        return ""
    phrase = _PHRASES.get(told.item.name)
    return phrase(told) if phrase else ""


def _general(told: Facts) -> str:
    """A directive that has no words of its own."""
    old, new = told.old, told.new
    if old is None or new is None:
        verb = "is new in" if old is None else "is gone from"
        return f"`{shown(told.item)}` {verb} {told.where}{_instead(told)}"
    if old.name != new.name:
        return f"in {told.where}, `{shown(old)}` became `{shown(new)}`"
    if old.is_block:
        return f"`{shown(old)}` in {told.where} is now `{shown(new)}`"
    gained, lost = gained_and_lost(old.args, new.args)
    if bool(gained) is not bool(lost) and len(old.args) > 1 and len(new.args) > 1:
        verb = "gained" if gained else "lost"
        return f"`{new.name}` in {told.where} {verb} `{cut(' '.join(gained or lost))}`"
    return f"`{new.name}` in {told.where}: `{value(old)}` became `{value(new)}`"


def _instead(told: Facts) -> str:
    """What applied before a new directive, or applies now that one is gone."""
    applied = told.applied()
    if applied is None or applied.parent is None or applied.is_block or told.item.is_block:
        return ""
    if applied.parent in {told.old_block, told.new_block}:
        return ""
    verb = "it was" if told.old is None else "now it is"
    return f" ({verb} `{value(applied)}`, from {applied.parent.name})"


def _entry(told: Facts) -> str:
    """A line of a map, a geo block, a list of types or shares."""
    table, old, new = told.where, told.old, told.new
    key = f"`{cut(told.item.name)}`" if told.item.name else "an empty value"
    if told.new_block.name == "types":
        return _file_type(told)
    if old is None or new is None:
        verb = "gives" if old is None else "no longer gives"
        return f"in {table}, {key} {verb} {_given(told.item)}"
    if old.name != new.name and old.args == new.args:
        return f"in {table}, {key} gives {_given(new)} instead of `{cut(old.name)}`"
    if old.name != new.name:
        return f"in {table}, `{shown(old)}` became `{shown(new)}`"
    return f"in {table}, {key} gives {_given(new)} instead of {_given(old)}"


def _given(item: Item) -> str:
    return f"`{value(item)}`"


def _file_type(told: Facts) -> str:
    """A line of a list of types: the ending of a file's name decides what it is sent as."""
    gained, lost = gained_and_lost(told.was, told.now)
    name = cut(told.item.name)
    if told.old and told.new and told.old.name != told.new.name:
        other = cut(told.old.name)
        return f"files ending in `{value(told.new)}` are sent as `{name}` instead of `{other}`"
    said = [
        f"files ending in `{cut(' '.join(words))}` are {verb} sent as `{name}`"
        for words, verb in ((gained, "now"), (lost, "no longer"))
        if words
    ]
    return "; ".join(said)
