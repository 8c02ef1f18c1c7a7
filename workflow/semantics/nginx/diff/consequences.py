"""What follows from a difference elsewhere: by inheritance, by matching, by names.

A block that gets a header of its own loses all that it inherited; a directive has no effect in the
blocks in it that have their own; a new location takes requests from another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.change import Effect
from workflow.semantics.nginx.diff.compare import Kind
from workflow.semantics.nginx.diff.matching import matches
from workflow.semantics.nginx.diff.scopes import counted, cut, named, shown
from workflow.semantics.nginx.diff.uses import Uses, is_used
from workflow.semantics.nginx.expanded import FAMILIES, MAIN, NOT_INHERITED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Sized

    from workflow.semantics.nginx.diff.compare import Difference
    from workflow.semantics.nginx.diff.forms import Forms
    from workflow.semantics.nginx.diff.scopes import Scopes
    from workflow.semantics.nginx.expanded import Config, Item

_LEVELS = {MAIN, "http", "server", "location", "if", "limit_except", "stream"}
_LONGEST_PATH = 500
_MOST_BLOCKS = 5
_MOST_TRIED = 30
# What a block inherits as a whole or not at all, and what to call it.
_HEADERS = ("header", "headers")
_TO_UPSTREAM = ("header for the upstream", "headers for the upstream")
_PARAMETERS = ("parameter for the upstream", "parameters for the upstream")
_RULES = ("rule for answers of the upstream", "rules for answers of the upstream")
_WHOLE = {
    **dict.fromkeys(("add_header", "add_trailer"), _HEADERS),
    **dict.fromkeys(("proxy_set_header", "grpc_set_header"), _TO_UPSTREAM),
    **dict.fromkeys(("fastcgi_param", "uwsgi_param", "scgi_param"), _PARAMETERS),
    **dict.fromkeys(("access_log", "error_log"), ("log", "logs")),
    "error_page": ("error page", "error pages"),
    **dict.fromkeys(("limit_req", "limit_conn"), ("limit", "limits")),
    **dict.fromkeys(("allow", "deny"), ("access rule", "access rules")),
    **dict.fromkeys(("proxy_hide_header", "proxy_pass_header", "proxy_redirect"), _RULES),
    **dict.fromkeys(("proxy_cookie_path", "proxy_cookie_flags", "sub_filter"), _RULES),
    "set_real_ip_from": ("trusted address", "trusted addresses"),
}
_NAMED_BY_FIRST = (_HEADERS, _TO_UPSTREAM, _PARAMETERS)
# These define something that has a name; they are not handed down.
_DEFINITIONS = frozenset(
    {
        *("map", "upstream", "geo", "split_clients", "log_format", "limit_req_zone", "server"),
        *("limit_conn_zone", "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path"),
        *("scgi_cache_path", "lua_shared_dict", "js_import", "js_set", "perl_set", "types"),
        *("events", "http", "stream", "load_module", "user", "pid", "env", "worker_processes"),
        *("lua_package_path", "resolver_timeout", "geoip2", "match", "charset_map"),
    }
)


class Consequences:
    """Looks up what follows from a difference of two configurations."""

    __slots__ = ("_forms", "_locations", "_new", "_patched", "_regexes", "_seen", "_uses")

    def __init__(self, forms: Forms, patched: Config, scopes: Scopes) -> None:
        """`scopes` are those of `patched`; what is needed is looked up then."""
        self._forms = forms
        self._new = scopes
        self._patched = patched
        self._uses: Uses | None = None
        self._locations: dict[Item, dict[str, Item]] = {}
        self._regexes: dict[Item, dict[Item, int]] = {}
        self._seen: set[tuple[Item, str]] = set()

    def of(self, one: Difference) -> tuple[str, ...]:
        """What follows from a difference, in sentences."""
        said: list[str] = []
        if one.kind is Kind.INCLUDE:
            said += self._inherited(one, {item.name for item in (*one.items, *one.lost)})
        item = one.after or one.before
        if item is None or one.kind not in {Kind.DIRECTIVE, Kind.HEAD}:
            return tuple(said)
        if item.is_block:
            said += self._of_block(one)
        else:
            said += self._inherited(one, {item.name})
            said += self._reach(one, item)
        said += self._users(one, item)
        return tuple(said)

    @property
    def _used(self) -> Uses:
        if self._uses is None:
            self._uses = Uses(self._patched)
        return self._uses

    def _inherited(self, one: Difference, names: set[str]) -> Iterator[str]:
        """What a block no longer inherits since it has its own, or inherits again."""
        for name in sorted(names & _WHOLE.keys()):
            family = FAMILIES.get(name, (name,))
            if (one.new_block, family[0]) in self._seen:
                continue
            self._seen.add((one.new_block, family[0]))
            had = any(one.old_block.named(each) for each in family)
            has = any(one.new_block.named(each) for each in family)
            if had == has:
                continue
            before = [item for each in family for item in one.old_block.effective(each)]
            after = [item for each in family for item in one.new_block.effective(each)]
            topics = {self._forms.reading(item).topic for item in (before if had else after)}
            rest = [
                item
                for item in (after if had else before)
                if self._forms.reading(item).topic not in topics
            ]
            if rest and had:
                yield self._told(rest, "now applies", "now apply", one.new_block)
            elif rest:
                yield self._told(rest, "is lost", "are lost", one.new_block)

    def _told(self, items: Sequence[Item], verb: str, verbs: str, block: Item) -> str:
        one, many = _WHOLE[items[0].name]
        number = counted(len(items), f"inherited {one}", f"inherited {many}")
        what = verb if len(items) == 1 else verbs
        return f"{number} {what} in {self._new.told(block)}: {_names(items)}"

    def _reach(self, one: Difference, item: Item) -> Iterator[str]:
        """Where a directive of an outer block has no effect, and how many servers it reaches."""
        block = one.new_block
        name = item.name
        if block.name not in _LEVELS or name in NOT_INHERITED or name in _DEFINITIONS:
            return
        own = self._used.own(name, block) if block.blocks else ()
        if own:
            which = "which has its own" if len(own) == 1 else "which have their own"
            yield f"no effect in {named(own, self._new.told)}, {which}"
        number = len(self._patched.servers)
        if block.name == "http" and number > 1:
            reached = number - sum(1 for each in own if each.name == "server")
            of = f"all {number}" if reached == number else f"{reached} of the {number}"
            yield f"it reaches {of} servers"

    def _of_block(self, one: Difference) -> Iterator[str]:
        """Which requests a block takes, and what does not apply in it."""
        old, new = one.before, one.after
        if one.effect is Effect.MOVED:
            return
        if old is not None and old.name == "location":
            yield from self._freed(one, old)
        if new is not None and new.name == "location":
            yield from self._taken(one, new)
        if new is not None and one.effect is Effect.ADDED:
            inner = [each for each in new.walk() if each.is_block][:_MOST_BLOCKS]
            for block in inner:
                yield from self._without(block)

    def _without(self, block: Item) -> Iterator[str]:
        """What a new block does not inherit since it has its own."""
        for name in dict.fromkeys(item.name for item in block.items):
            family = FAMILIES.get(name, (name,))
            if name not in _WHOLE or block.parent is None or name != family[0]:
                continue
            own = {self._forms.reading(item).topic for item in block.effective(name)}
            rest = [
                item
                for item in block.parent.effective(name)
                if self._forms.reading(item).topic not in own
            ]
            if rest and not set(rest) <= set(block.effective(name)):
                yield self._told(rest, "does not apply", "do not apply", block)

    def _taken(self, one: Difference, new: Item) -> Iterator[str]:
        """Which location answered before what a new one takes."""
        mark, path = self._words(new)
        regex = self._patterns(one.old_block)
        if mark in {"~", "~*"}:
            every = self._patterns(one.new_block)
            later = list(every)[every.get(new, 0) + 1 :]
            others = named(later, _quoted)
            before = f", and before {others}" if later else ""
            yield f"`{shown(new)}` is tried before the plain prefixes{before}"
            return
        taker = self._longest(one.old_block, path)
        if mark == "=":
            taker, unsure = self._tried(one.old_block, path)
            others = f", or from {named(unsure, _quoted)}" if unsure else ""
        else:
            others = ""
        if taker is not None and taker is not one.before:
            yield f"`{shown(new)}` takes requests from `{shown(taker)}`{others}"
        if regex and mark == "^~":
            yield f"{named(list(regex), _quoted)} {_are(regex)} not tried for its requests"

    def _freed(self, one: Difference, old: Item) -> Iterator[str]:
        """Which location answers now what the old one took."""
        mark, path = self._words(old)
        if mark in {"~", "~*"} or path.startswith("@"):
            return
        if one.after is not None and self._words(one.after)[1] == path:
            yield from self._weaker(one, one.after, (mark, self._words(one.after)[0]), path)
            return
        taker = self._longest(one.new_block, path)
        unsure = list(self._patterns(one.new_block))
        if mark == "=":
            taker, unsure = self._tried(one.new_block, path)
        elif taker is not None and self._words(taker)[0] == "^~":
            unsure = []
        now = f"go to `{shown(taker)}`" if taker else "have no location of their own"
        unless = " (unless a regular expression takes them)" if unsure else ""
        yield f"requests to `{cut(path)}` {now}{unless}"

    def _weaker(
        self, one: Difference, new: Item, marks: tuple[str, str], path: str
    ) -> Iterator[str]:
        """Which patterns come before a location that lost its `=` or `^~`."""
        patterns = list(self._patterns(one.new_block))
        if marks == ("=", ""):
            taker, unsure = self._tried(one.new_block, path)
            if taker is not None and taker is not new:
                unsure = [taker]
            if unsure:
                may = "may go" if taker is new else "go"
                yield f"requests to `{cut(path)}` {may} to {named(unsure, _quoted)} now"
        elif marks == ("^~", "") and patterns:
            yield f"{named(patterns, _quoted)} {_are(patterns)} tried for its requests now"

    def _tried(self, block: Item, path: str) -> tuple[Item | None, list[Item]]:
        """The location that takes just this path, and the patterns before it that may take it."""
        longest = self._longest(block, path)
        if longest is not None and self._words(longest)[0] == "^~":
            return longest, []
        unsure: list[Item] = []
        for at, each in enumerate(self._patterns(block)):
            mark, pattern = self._words(each)
            is_taken = None
            if at < _MOST_TRIED:
                is_taken = matches(pattern, path, has_case=mark == "~")
            if is_taken:
                return each, unsure
            if is_taken is None:
                unsure.append(each)
        return longest, unsure

    def _words(self, location: Item) -> tuple[str, str]:
        words = self._forms.reading(location).words
        return (words[1], words[2]) if len(words) > 2 else ("", "")  # noqa: PLR2004 - name, mark, path

    def _patterns(self, block: Item) -> dict[Item, int]:
        """The locations with regular expressions, each with its place among them."""
        if block not in self._regexes:
            found = [one for one in block.named("location") if self._words(one)[0] in {"~", "~*"}]
            self._regexes[block] = {one: at for at, one in enumerate(found)}
        return self._regexes[block]

    def _longest(self, block: Item, path: str) -> Item | None:
        """The location without a regular expression that takes a path, as nginx picks it."""
        if path.startswith("@"):
            return None
        if block not in self._locations:
            found = {}
            for each in block.named("location"):
                mark, own = self._words(each)
                if mark in {"", "^~"}:
                    found[own] = each
            self._locations[block] = found
        prefixes = self._locations[block]
        for end in range(min(len(path), _LONGEST_PATH), 0, -1):
            if path[:end] in prefixes:
                return prefixes[path[:end]]
        return None

    def _users(self, one: Difference, item: Item) -> Iterator[str]:
        """Who uses a thing with a name that changed: an upstream, a variable of a map, a zone."""
        block = one.new_block if not item.is_block or one.effect is Effect.CHANGED else item
        thing = item if item.is_block or item.name.endswith("_zone") else block
        if one.effect is Effect.ADDED and thing is item:
            return
        users = self._used.users(thing) if is_used(thing) else ()
        if users:
            yield f"used by {named(users, self._new.told)}"
        if one.kind is Kind.HEAD and one.before and one.before.name == "upstream":
            still = self._used.users(one.before)
            if still:
                name = cut("".join(one.before.args[:1]))
                yield f"`{name}` is still asked for by {named(still, self._new.told)}"


def _quoted(item: Item) -> str:
    return f"`{shown(item)}`"


def _are(things: Sized) -> str:
    return "is" if len(things) == 1 else "are"


def _names(items: Sequence[Item]) -> str:
    """All names, since each that is missing may matter; or some of the directives."""
    if _WHOLE[items[0].name] in _NAMED_BY_FIRST:
        return ", ".join(dict.fromkeys(f"`{item.args[0]}`" for item in items if item.args))
    return named(items, _quoted)
