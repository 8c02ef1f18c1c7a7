"""Words for headers: of answers, for upstreams, and security policies part by part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.diff.facts import gained_and_lost, quoted
from workflow.semantics.nginx.diff.reading import POLICIES
from workflow.semantics.nginx.diff.scopes import cut
from workflow.semantics.nginx.diff.values import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow.semantics.nginx.diff.facts import Facts
    from workflow.semantics.nginx.expanded import Item

_WHAT = {
    "add_header": "header",
    "add_trailer": "trailer",
    "proxy_set_header": "upstream header",
    "grpc_set_header": "upstream header",
    "fastcgi_param": "FastCGI parameter",
    "uwsgi_param": "uWSGI parameter",
    "scgi_param": "SCGI parameter",
}
_HIDING = {
    **dict.fromkeys(
        ("proxy_hide_header", "fastcgi_hide_header", "uwsgi_hide_header", "grpc_hide_header"),
        ("hidden from clients", "no longer hidden from clients"),
    ),
    **dict.fromkeys(
        ("proxy_pass_header", "fastcgi_pass_header", "uwsgi_pass_header", "grpc_pass_header"),
        ("passed on to clients", "no longer passed on to clients"),
    ),
}
_SEPARATOR = re.compile(r"[\s,;]+")


def _header(told: Facts) -> str:
    """A header that is new, gone or different."""
    what = _WHAT[told.item.name]
    name = quoted(told.item.args[0]) if told.item.args else "without a name"
    if told.old is None:
        if any(_words(item.args) == _words(told.now) for item in _inherited(told)):
            return f"{what} {name} is set in {told.where} itself, as inherited: {_value(told.now)}"
        return f"{what} {name} is new in {told.where}: {_value(told.now)}{_always(told)}"
    if told.new is None:
        return f"{what} {name} of {told.where} is gone (was {_value(told.was)})"
    if told.was[:1] != told.now[:1] and told.was[1:] == told.now[1:]:
        return f"{what} {quoted(''.join(told.was[:1]))} of {told.where} is now called {name}"
    if told.was[:1] != told.now[:1]:
        return ""
    return f"{what} {name} of {told.where} {'; '.join(_differences(told))}"


def _inherited(told: Facts) -> Sequence[Item]:
    """What the block had of this directive from around it, if it had none itself."""
    block = told.old_block
    return () if block.named(told.item.name) else block.effective(told.item.name)


def _words(args: Sequence[str]) -> tuple[str, ...]:
    """A header's words: its name has no case."""
    return (*(one.lower() for one in args[:1]), *args[1:])


def _differences(told: Facts) -> Iterator[str]:
    """What is different in a header's value, and in when it is sent."""
    old, new = ("".join(args[1:2]) for args in (told.was, told.now))
    if old != new:
        name = told.now[0].lower()
        said = tuple(_policy(old, new)) if name in POLICIES and "$" not in old + new else ()
        yield from said or (_changed(old, new),)
    gained, lost = gained_and_lost(told.was[2:], told.now[2:])
    if "always" in gained:
        yield "is sent with errors, too (`always`)"
    if "always" in lost:
        yield "is no longer sent with errors (`always` is gone)"
    others = [one for one in (*gained, *lost) if one != "always"]
    if others:
        yield f"is now written with {quoted(' '.join(told.now[2:]))}"


def _changed(old: str, new: str) -> str:
    """A value that grew or shrank by a few words, or became another."""
    gained, lost = gained_and_lost(*(_SEPARATOR.split(one.strip()) for one in (old, new)))
    is_list = len(_SEPARATOR.split(old.strip())) > 1
    if is_list and bool(gained) is not bool(lost):
        return f"{'gained' if gained else 'lost'} {quoted(' '.join(gained or lost))}"
    return f"became {quoted(new)} instead of {quoted(old)}"


def _policy(old: str, new: str) -> Iterator[str]:
    """What a policy gained and lost, directive by directive."""
    was, now = policy(old), policy(new)
    for name in dict.fromkeys((*now, *was)):
        if name not in was:
            yield f"gained {quoted(' '.join((name, *now[name])))}"
        elif name not in now:
            yield f"lost {quoted(' '.join((name, *was[name])))}"
        else:
            yield from _sources(name, was[name], now[name])


def _sources(name: str, was: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    gained, lost = gained_and_lost(was, now)
    for verb, words in (("gained", gained), ("lost", lost)):
        if words:
            yield f"{verb} {quoted(' '.join(words))} in {cut(name)}"


def _value(args: Sequence[str]) -> str:
    return quoted("".join(args[1:2]))


def _always(told: Facts) -> str:
    if told.item.name != "add_header" or "always" in told.now[2:]:
        return ""
    return " (not with errors: without `always`)"


def _hiding(told: Facts) -> str:
    """A header of the upstream that is hidden or passed on."""
    is_so, is_no_longer = _HIDING[told.item.name]
    if told.old is not None and told.new is not None:
        return ""
    name = quoted("".join(told.item.args[:1]))
    state = is_so if told.old is None else is_no_longer
    return f"the upstream's header {name} is {state} in {told.where}"


HEADER_PHRASES: dict[str, Callable[[Facts], str]] = {
    **dict.fromkeys(_WHAT, _header),
    **dict.fromkeys(_HIDING, _hiding),
}
