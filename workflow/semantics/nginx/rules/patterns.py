"""Faults of the order of patterns: requests that were refused and are served now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.access import guards
from workflow.semantics.nginx.rules.pairs import pairs
from workflow.semantics.nginx.rules.routes import Finding, has_choice, head, http, matcher, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.routes import Matcher

_MAX_PATTERNS = 300
_LONGEST = 300
_ENDINGS = re.compile(r"\\\.(?:\((?:\?:)?([\w|]+)\)|(\w+))\$\Z")


def _order(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("pattern-order-changed")
    for pair in pairs(base, patched):
        if pair.old.name not in {"server", "location"} or pair.old.name != pair.new.name:
            continue
        if pair.is_gone or (pair.old.name == "location" and pair.old.words != pair.new.words):
            continue
        before, after = _patterns(pair.old), _patterns(pair.new)
        ranks = {one.args: rank for rank, one in reversed(tuple(enumerate(before)))}
        told = set()
        for at, one in enumerate(after):
            if one.args in ranks and _refuses(one):
                told.add(one.args)
                yield from _overtaken(found, one, after[:at], ranks)
        yield from _moved(found, after, ranks, told)


def _patterns(block: Item) -> list[Item]:
    every = (one for one in block.named("location") if matcher(one).is_regex)
    return [one for one, _ in zip(every, range(_MAX_PATTERNS), strict=False)]


def _moved(
    found: Finding, after: list[Item], ranks: dict[tuple[str, ...], int], told: set[tuple[str, ...]]
) -> Iterator[Fault]:
    """Patterns that now stand behind one that they stood in front of."""
    for at, one in enumerate(after):
        rank = ranks.get(one.args, -1)
        if rank < 0 or one.args in told:
            continue
        first = next(
            (
                other
                for other in after[:at]
                if ranks.get(other.args, -1) > rank and _may_share(matcher(one), matcher(other))
            ),
            None,
        )
        if first is not None:
            yield found.doubt(
                one,
                f"`location {short(' '.join(one.args))}` now stands behind `location "
                f"{short(' '.join(first.args))}`: a request that both patterns match goes to the "
                "other one",
                "keep the order, or make sure that no request matches both",
                *one.args,
            )


def _overtaken(
    found: Finding, refusing: Item, earlier: list[Item], ranks: dict[tuple[str, ...], int]
) -> Iterator[Fault]:
    """A location that refuses, and what newly stands in front of it and does not."""
    mine, rank = matcher(refusing), ranks[refusing.args]
    for one in earlier:
        other = matcher(one)
        was_behind = ranks.get(one.args, rank + 1) > rank
        if not was_behind or _refuses(one) or not _may_share(mine, other):
            continue
        written = f"location {short(' '.join(one.args))}"
        refused = f"`location {short(' '.join(refusing.args))}`"
        fix = f"put {refused} in front of `{written}`"
        if _takes_all(other, mine):
            yield found.fault(
                refusing,
                f"{refused} refuses nothing any more: `{written}` stands before it now and "
                "matches all that it matches",
                fix,
                *refusing.args,
            )
        else:
            yield found.doubt(
                refusing,
                f"`{written}` stands before {refused} now: a request that both patterns match is "
                "served and no longer refused",
                fix,
                *refusing.args,
            )
        return


def _refuses(location: Item) -> bool:
    """Whether a location answers nobody: by address, by status, or to requests from outside."""
    if any(one.args[:1] and one.args[0][:1] == "4" for one in location.named("return")):
        return True
    own = location.named("deny", "internal")
    return bool(own) and bool(guards(location)) and not location.named("allow")


def _may_share(one: Matcher, other: Matcher) -> bool:
    """Whether some request may match both: unlike beginnings or endings exclude each other."""
    ends, others = _endings(one.text), _endings(other.text)
    if ends and others and not ends & others:
        return False
    first, second = head(one.text), head(other.text)
    if first is None or second is None:
        return True
    return first.text.startswith(second.text) or second.text.startswith(first.text)


def _endings(pattern: str) -> set[str]:
    r"""The endings of files that a pattern such as `\.(css|js)$` is for; empty if it is another."""
    found = _ENDINGS.search(pattern[-_LONGEST:])
    return set((found[1] or found[2]).lower().split("|")) if found else set()


def _takes_all(other: Matcher, mine: Matcher) -> bool:
    r"""Whether one pattern's matches are all the other's: `\.php$` takes `/files/.*\.php$`."""
    is_end = mine.text.endswith(other.text) and not other.text.startswith("^")
    glued = len(mine.text) > len(other.text) and mine.text[: -len(other.text)].endswith("\\")
    return is_end and not glued and not has_choice(mine.text) and not has_choice(other.text)


_SERVER = "server {{\n    listen 8080;\n    server_name a.example.test;\n{}\n}}"
_SERVED = "    location ~ \\.php$ {\n        root /srv/www;\n    }"
_REFUSED = "    location ~ ^/private/ {\n        return 403;\n    }"
PATTERN_ORDER = Rule(
    "pattern-order-changed",
    "Locations with patterns changed places, or a new one stands before one that refuses",
    "Of several patterns that match, the first in the file is used (ngx_http_core_module, "
    "location).  It is a fault where all that a location refused goes to another one now.",
    http(_SERVER.format(f"{_SERVED}\n{_REFUSED}")),
    http(_SERVER.format(f"{_REFUSED}\n{_SERVED}")),
    compare=_order,
)
PATTERNS: tuple[Rule, ...] = (PATTERN_ORDER,)
