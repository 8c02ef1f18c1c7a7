"""Says in plain words which directives differ between two texts of one configuration file.

Layout, comments and quoting are no difference.  Blocks are compared with the block of the same
words, directives as a multiset, and what goes as another of its name comes is one change.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from workflow.semantics.nginx.parser import parse
from workflow.semantics.nginx.tree import directives

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.nginx.tree import Directive, Node

# These are told apart by their first argument: a header, a variable, a pattern.
_NAMED_BY_ARGUMENT = {
    *("add_header", "more_set_headers", "proxy_set_header", "fastcgi_param", "set", "rewrite"),
    *("error_page", "proxy_hide_header", "limit_req_zone", "limit_conn_zone", "log_format"),
}
_POLICIES = {"content-security-policy", "content-security-policy-report-only"}
_POLICY_ARGS = len(("add_header", "name", "value"))


def summary(base: str, patched: str) -> tuple[str, ...]:
    """Each difference in a sentence, in the order of the patched text; none when nothing differs.

    Raises `NginxSyntaxError` for a text that is not nginx configuration.
    """
    return tuple(_compared(parse(base).children, parse(patched).children, ""))


def _compared(base: Sequence[Node], patched: Sequence[Node], where: str) -> Iterator[str]:
    before, after = directives(base), directives(patched)
    gone = list((Counter(map(_words, before)) - Counter(map(_words, after))).elements())
    came = list((Counter(map(_words, after)) - Counter(map(_words, before))).elements())
    place = f" in {where}" if where else ""
    for words in came:
        replaced = next((old for old in gone if _topic(old) == _topic(words)), None)
        if replaced is None:
            yield f"added{place}: {_shown(words)}"
        else:
            gone.remove(replaced)
            yield f"changed{place}: {_difference(replaced, words)}"
    for words in gone:
        yield f"removed{place}: {_shown(words)}"
    kept_before = [_words(one) for one in before if _words(one) not in gone]
    kept_after = [_words(one) for one in after if _words(one) not in came]
    if not gone and not came and kept_before != kept_after:
        yield f"the order changed{place or ' at the top'}"
    yield from _inside(before, after, where)


def _inside(before: Sequence[Directive], after: Sequence[Directive], where: str) -> Iterator[str]:
    """Differences inside the blocks that both texts have."""
    waiting = [one for one in before if one.block]
    for new in after:
        old = next((one for one in waiting if _words(one) == _words(new)), None)
        if not new.block or old is None:
            continue
        waiting.remove(old)
        name = _label(new)
        inner = f"{name}, {where}" if where else name
        if _opaque(old) != _opaque(new):
            yield f"changed: the code of {inner}"
        yield from _compared(old.children, new.children, inner)


def _words(one: Directive) -> tuple[str, ...]:
    """What a directive is, without its layout; a server is known by its names alone."""
    if one.block and one.name == "server":
        return ("server", *_server_names(one), "{")
    return (one.name, *one.values, *(("{",) if one.block else ()))


def _topic(words: tuple[str, ...]) -> tuple[str, ...]:
    """What two versions of one directive have in common."""
    if words[-1] == "{":
        return words
    return words[:2] if words[0] in _NAMED_BY_ARGUMENT else words[:1]


def _server_names(server: Directive) -> tuple[str, ...]:
    named = directives(server.children, "server_name")
    return tuple(value for one in named for value in one.values)


def _label(one: Directive) -> str:
    if one.name == "server" and one.block:
        names = _server_names(one)
        return f"server {names[0]}" if names else "server"
    return " ".join((one.name, *one.values))


def _opaque(one: Directive) -> str:
    """The code of a Lua or njs block, which is not read."""
    return one.block.lua if one.block and one.block.lua else ""


def _shown(words: tuple[str, ...]) -> str:
    return " ".join(words) if words[-1] != "{" else f"the block {' '.join(words[:-1])}"


def _difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """The directive with what it gained and lost, or its old and its new words."""
    if said := _policy_difference(old, new):
        return f"{' '.join(_topic(new))}: {said}"
    was, now = _parts(old), _parts(new)
    gained = list((Counter(now) - Counter(was)).elements())
    lost = list((Counter(was) - Counter(now)).elements())
    name = " ".join(_topic(new))
    if gained and not lost and len(was) > len(_topic(old)) + 1:
        return f"{name} gained {' '.join(gained)}"
    if lost and not gained:
        return f"{name} lost {' '.join(lost)}"
    return f"{' '.join(old)} became {' '.join(new)}"


def _policy_difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """What a Content-Security-Policy gained and lost, directive by directive; "" for others."""
    if min(len(old), len(new)) < _POLICY_ARGS or old[1].lower() not in _POLICIES:
        return ""
    if "$" in old[2] + new[2]:
        return ""
    was, now = _policy(old[2]), _policy(new[2])
    said: list[str] = []
    for name in dict.fromkeys((*now, *was)):
        if name not in was:
            said.append(f"gained the directive {' '.join((name, *now[name]))}")
        elif name not in now:
            said.append(f"lost the directive {' '.join((name, *was[name]))}")
        else:
            said += _gained_and_lost(name, was[name], now[name])
    return "; ".join((*said, *_gained_and_lost("", old[3:], new[3:])))


def _policy(text: str) -> dict[str, tuple[str, ...]]:
    """A policy's directives with their sources; as in browsers, the first of a name counts."""
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        name, *sources = part.split() or ("",)
        if name:
            found.setdefault(name.lower(), tuple(sources))
    return found


def _gained_and_lost(name: str, was: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    start = f"{name} " if name else ""
    for verb, one, other in (("gained", now, was), ("lost", was, now)):
        if words := list((Counter(one) - Counter(other)).elements()):
            yield f"{start}{verb} {' '.join(words)}"


def _parts(words: tuple[str, ...]) -> list[str]:
    return [part for word in words for part in re.split(r"[\s;]+", word) if part]
