"""Faults of locations: requests that reach the wrong one, the wrong file, or never any."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.routes import (
    PASSES,
    Finding,
    head,
    is_template,
    locations,
    matcher,
    said,
    short,
    site,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_LONGEST = 300
# Patterns that every path matches, so that no later one is asked.
_EVERYTHING = frozenset(
    {"", "^", "/", "^/", ".", ".*", "^.*", "^.*$", "^/.*", "^/.*$", ".+", "/.*"}
)
_EVERYTHING_CAPTURED = frozenset({"(.*)", "^(.*)$", "^/(.*)$", "^/(.*)", "/(.*)", "^(.*)", "(.+)"})
_OPEN_DOT = re.compile(r"(?:\A\^?|(?<=[)*+/|]))\.(?=\(?(?:\?:)?[a-z]{2,5}(?:[$|)]|\Z))")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}(?![A-Za-z_]*%)")
_MARKS = {
    "?": ("query", "match the path alone, and look at the query with `if ($arg_name = ...)`"),
    "(.*)": ("pattern", "put `~ ^` in front of it"),
    "*": ("wildcard", "take the `*` off: a location without a modifier is a prefix already"),
}
_NO_END = re.compile(r"\\\.(?:\w+|\([\w|?:]+\))\Z")


def _alias_prefix(config: Config) -> Iterator[Fault]:
    found = Finding("alias-traversal")
    for location in locations(config):
        where = matcher(location)
        if not where.is_prefix or not where.text.startswith("/"):
            continue
        for alias in location.named("alias"):
            path = alias.args[0] if alias.args else ""
            if not path or is_template(where.text + path):
                continue
            if path.endswith("/") and not where.text.endswith("/"):
                yield found.fault(
                    alias,
                    f"`{short(where.text)}../x` matches this location and reads "
                    f"`{short(path)}../x`: anyone can read the files beside the folder "
                    f"`{short(path)}`, because the location has no closing slash and the alias has",
                    f"write `{said(where, '/')}`, with the closing slash",
                )
            elif where.text.endswith("/") and not path.endswith("/") and not variables(path):
                yield from _glued_alias(found, alias, where.text, path)


def _glued_alias(found: Finding, alias: Item, prefix: str, path: str) -> Iterator[Fault]:
    cause = (
        f"`{short(prefix)}a.css` is looked up as `{short(path)}a.css`: the location ends in a "
        "slash and the alias does not, so the folder and the name are glued together"
    )
    fix = f"write `alias {short(path)}/;`, with the closing slash"
    is_file = "." in path.rpartition("/")[2]
    yield found.doubt(alias, cause, fix) if is_file else found.fault(alias, cause, fix)


ALIAS_TRAVERSAL = Rule(
    "alias-traversal",
    "An alias and its location differ in the closing slash",
    "nginx replaces the location's text by the alias, character for character "
    "(ngx_http_core_module, alias).  Where only one of the two ends in a slash, `/static../x` "
    "leaves the folder, or names are glued to it.",
    site("location /static {\n    alias /srv/static/;\n}"),
    site("location /static/ {\n    alias /srv/static/;\n}"),
    find=_alias_prefix,
)


def _alias_regex(config: Config) -> Iterator[Fault]:
    found = Finding("alias-in-regex")
    for location in locations(config):
        where = matcher(location)
        if not where.is_regex:
            continue
        for alias in location.named("alias"):
            path = alias.args[0] if alias.args else ""
            if path.endswith("/") and not variables(path):
                if not location.named("try_files", "rewrite", "return"):
                    yield found.fault(
                        alias,
                        f"every request that matches is answered from the folder `{short(path)}` "
                        "itself, never from a file in it: in a location with a pattern the alias "
                        "replaces the whole path",
                        "capture the file's name in the pattern and use it: "
                        f"`alias {short(path)}$1;`",
                    )
            elif _leaves(where.text, path):
                yield found.fault(
                    alias,
                    "the capture begins right behind a name, so a path with `..` behind that name "
                    f"leaves the folder of `{short(path)}`",
                    "put a slash in front of the capture in the pattern: `/(.*)`",
                )


def _leaves(pattern: str, path: str) -> bool:
    """Whether the capture may begin with `..` and the alias puts it behind a slash."""
    begin = head(pattern)
    if begin is None or not begin.text or begin.text.endswith("/"):
        return False
    open_capture = begin.rest in {"(.*)", "(.*)$", "(.+)", "(.+)$"}
    return open_capture and (path.endswith(("/$1", "/${1}")))


ALIAS_IN_REGEX = Rule(
    "alias-in-regex",
    "An alias in a location with a pattern does not use what was captured",
    "In a location with a regular expression the alias is the whole path of the file; it should "
    "refer to captures of the pattern (ngx_http_core_module, alias).",
    site("location ~ ^/files/.*\\.txt$ {\n    alias /srv/files/;\n}"),
    site("location ~ ^/files/(.*\\.txt)$ {\n    alias /srv/files/$1;\n}"),
    find=_alias_regex,
)


def _root_repeats(config: Config) -> Iterator[Fault]:
    found = Finding("root-repeats-location")
    for location in locations(config):
        where = matcher(location)
        name = where.text.rstrip("/")
        if not where.is_prefix or not name.startswith("/"):
            continue
        for root in location.named("root"):
            path = root.args[0].rstrip("/") if root.args else ""
            if path.endswith(name):
                yield found.doubt(
                    root,
                    f"`{short(name)}/a` is looked up as `{short(path)}{short(name)}/a`: root keeps "
                    "the location's path, so the folder's name comes twice",
                    f"write `root {short(path[: -len(name)] or '/')};`, "
                    f"or `alias {short(path)}/;` in `location {short(name)}/`",
                )


ROOT_REPEATS = Rule(
    "root-repeats-location",
    "A root repeats the path of its location",
    "root adds the whole path of the request to the folder (ngx_http_core_module, root), so a "
    "folder that already ends in the location's path is searched for a second one in it.",
    site("location /img/ {\n    root /srv/www/img;\n}"),
    site("location /img/ {\n    root /srv/www;\n}"),
    find=_root_repeats,
)


def _never(config: Config) -> Iterator[Fault]:
    found = Finding("location-never-matches")
    for location in locations(config):
        where = matcher(location)
        if where.is_regex:
            said = _no_match_of_pattern(where.text)
        elif where.modifier == "@" or is_template(where.text):
            continue
        else:
            merging = location.value("merge_slashes", "on") != "off"
            said = _no_match_of_text(where.text, merging=merging)
        if said:
            yield found.fault(location, *said, where.modifier, where.text)


def _no_match_of_pattern(text: str) -> tuple[str, str] | None:
    begin = head(text)
    if begin and begin.text and not begin.text.startswith("/"):
        cause = f"no request ever matches `{short(text)}`: every path begins with a slash"
        return cause, f"begin the pattern with `^/{short(begin.text)}`"
    if r"\?" in text:
        cause = (
            f"no request with a query matches `{short(text)}`: a location sees the path alone, "
            "without `?` and what follows it"
        )
        return cause, "match the path, and look at the query with `if ($arg_name = ...)` or a map"
    return None


def _no_match_of_text(text: str, *, merging: bool) -> tuple[str, str] | None:
    if not text.startswith("/"):
        pattern = "~ " if any(mark in text for mark in "\\^$*") else "/"
        cause = (
            f"no request ever reaches `location {short(text)}`: every path begins with a slash, "
            "and without `~` this is plain text, no pattern"
        )
        return cause, f"write `location {pattern}{short(text)}`"
    for mark, (meaning, fix) in _MARKS.items():
        if mark in text:
            cause = (
                f"the location is plain text, so its `{mark}` is no {meaning}: only a path with "
                "these very characters would match"
            )
            return cause, fix
    if text.endswith("$"):
        cause = (
            "the location is plain text, so its `$` ends no pattern: only a path with a dollar "
            "sign in it would match"
        )
        return cause, f"write `location = {short(text[:-1])}`"
    if coded := _ENCODED.search(text):
        cause = (
            f"no request ever reaches this location: nginx decodes `{coded[0]}` in a path before "
            "it looks for a location"
        )
        return cause, f"write the character itself in place of `{coded[0]}`, within quotes"
    if "//" in text and merging:
        cause = "no request ever reaches this location: nginx merges double slashes first"
        return cause, "write one slash"
    return None


NEVER_MATCHES = Rule(
    "location-never-matches",
    "A location that no request can reach",
    "A location is compared with the decoded path, which begins with a slash, has no query and no "
    "double slashes; only `~` and `~*` make it a pattern (ngx_http_core_module, location).",
    site("location \\.php$ {\n    return 403;\n}"),
    site("location ~ \\.php$ {\n    return 403;\n}"),
    find=_never,
)


def _regexes(block: Item) -> tuple[Item, ...]:
    return tuple(one for one in block.named("location") if one.is_block and matcher(one).is_regex)


def _shadowed(config: Config) -> Iterator[Fault]:
    found = Finding("location-shadowed")
    for block in config.blocks("server", "location"):
        seen: dict[str, str] = {}
        whole = ""
        for location in _regexes(block):
            where = matcher(location)
            written = f"location {where.modifier} {short(where.text)}"
            earlier = seen.get(where.text, "")
            if whole or earlier in {"~*", where.modifier}:
                first = whole or f"location {earlier} {short(where.text)}"
                yield found.fault(
                    location,
                    f"`{written}` is never reached: `{first}` stands before it, and nginx takes "
                    "the first pattern that matches",
                    "remove one of the two, or put the narrower pattern first",
                    where.modifier,
                    where.text,
                )
            elif where.text in _EVERYTHING or where.text in _EVERYTHING_CAPTURED:
                whole = written
            seen.setdefault(where.text, where.modifier)
        yield from _under_prefix(found, block)


def _under_prefix(found: Finding, block: Item) -> Iterator[Fault]:
    """Patterns whose every match begins with a `^~` location's text, and that are never asked."""
    prefixes = {
        where.text: where.modifier
        for one in block.named("location")
        if one.is_block and (where := matcher(one)).is_prefix
    }
    if "^~" not in prefixes.values():
        return
    ordered = sorted(prefixes)
    for location in _regexes(block):
        begin = head(matcher(location).text)
        first = _longest(prefixes, begin.text[:_LONGEST]) if begin else ""
        if not first or prefixes[first] != "^~" or _has_longer(ordered, first):
            continue
        yield found.fault(
            location,
            f"`location {short(' '.join(location.args))}` is never reached: all that it matches "
            f"begins with `{short(first)}`, and `location ^~ {short(first)}` forbids patterns",
            f"take the `^~` off `location ^~ {short(first)}`, or nest the pattern in it",
            *location.args,
        )


def _longest(prefixes: dict[str, str], text: str) -> str:
    """The longest of the prefixes that a text begins with."""
    return next((text[:end] for end in range(len(text), 0, -1) if text[:end] in prefixes), "")


def _has_longer(ordered: list[str], first: str) -> bool:
    """Whether a longer prefix of the same beginning may win over this one."""
    behind = bisect_right(ordered, first)
    return behind < len(ordered) and ordered[behind].startswith(first)


SHADOWED = Rule(
    "location-shadowed",
    "A location with a pattern that another one hides",
    "Patterns are asked in the order of the file and the first match wins; a longest prefix with "
    "`^~` stops them all (ngx_http_core_module, location).  nginx does not say so.",
    site("location ~ \\.php$ {\n    return 403;\n}\nlocation ~ \\.php$ {\n    return 404;\n}"),
    site("location ~ \\.php$ {\n    return 403;\n}\nlocation ~ \\.cgi$ {\n    return 404;\n}"),
    find=_shadowed,
)


def _loose(config: Config) -> Iterator[Fault]:
    found = Finding("location-pattern-loose")
    for location in locations(config):
        where = matcher(location)
        if not where.is_regex:
            continue
        if dot := _OPEN_DOT.search(where.text):
            mended = f"{where.text[: dot.start()]}\\{where.text[dot.start() :]}"
            yield found.doubt(
                location,
                f"the dot in `{short(where.text)}` matches any character, so a path such as "
                f"`/x{_sample(where.text, dot.end())}` comes here, too",
                f"escape it: `{short(mended)}`",
                where.text,
            )
        elif _NO_END.search(where.text) and any(location.named(one) for one in PASSES):
            yield found.doubt(
                location,
                f"`{short(where.text)}` has no `$`, so a path that only contains it is passed on, "
                "too, such as the name of an uploaded file with one more ending",
                f"end the pattern: `{short(where.text)}$`",
                where.text,
            )


def _sample(pattern: str, start: int) -> str:
    word = re.search(r"[a-z]+", pattern[start : start + 20])
    return f"-{word[0]}" if word else "-"


PATTERN_LOOSE = Rule(
    "location-pattern-loose",
    "A pattern for a file's ending matches more than that ending",
    "In a regular expression a dot is any character, and without `$` the match may end anywhere "
    "(ngx_http_core_module, location; PCRE2).",
    site("location ~ .php$ {\n    return 403;\n}"),
    site("location ~ \\.php$ {\n    return 403;\n}"),
    find=_loose,
)

LOCATIONS: tuple[Rule, ...] = (
    ALIAS_TRAVERSAL,
    ALIAS_IN_REGEX,
    ROOT_REPEATS,
    NEVER_MATCHES,
    SHADOWED,
    PATTERN_LOOSE,
)
