"""Words for what happens to a request: who may send it, where it goes, what answers it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.diff.facts import arguments, quoted
from workflow.semantics.nginx.diff.scopes import contents, cut, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.semantics.nginx.diff.facts import Facts
    from workflow.semantics.nginx.expanded import Item

_PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
_TARGET = re.compile(r"(?:(\w+)://)?([^/$]+)(/.*)?\Z")
_METHODS = re.compile(r"[A-Z]+(?:\|[A-Z]+)*\Z")
_FEW = 3
_SHORT = 150
_CODE = re.compile(r"\d{3}\Z")


def _pass(told: Facts) -> str:
    """Where requests go."""
    old, new = (_target(item) for item in (told.old, told.new))
    what = "requests" if told.item.within("stream") is None else "connections"
    if told.old is None:
        return f"{what} to {told.where} go to {new}"
    if told.new is None:
        return f"{what} to {told.where} no longer go to {old}"
    if old == new:
        return ""
    return f"{what} to {told.where} go to {new} instead of {old}{_path(told)}"


def _target(item: Item | None) -> str:
    """What a `proxy_pass` names, with the servers of an upstream."""
    if item is None or not item.args:
        return "nothing"
    found = _TARGET.match(item.args[0])
    http = item.within("http")
    upstreams = http.named("upstream") if http and found else ()
    name = found[2] if found else ""
    known = next((one for one in upstreams if one.args[:1] == (name,)), None)
    servers = [one.args[0] for one in known.named("server") if one.args] if known else []
    return quoted(item.args[0]) + (f" ({listed(servers)})" if servers else "")


def _path(told: Facts) -> str:
    """What becomes of the path when an address gains or loses one."""
    before, after = (_TARGET.match("".join(args[:1])) for args in (told.was, told.now))
    if not before or not after or bool(before[3]) is bool(after[3]):
        return ""
    if after[3]:
        return f"; what the location matched is replaced by {quoted(after[3])}"
    return "; the path is passed on as it came"


def _if(told: Facts) -> str:
    """A condition on the request's method, or another one with its `return`."""
    was, now = (_method_rule(item) for item in (told.old, told.new))
    if now and was:
        answer = f", {now.rpartition(', ')[2]}"
        return f"{told.where} now {now} (before: {was.removesuffix(answer)})"
    if now and told.old is None:
        return f"{told.where} now {now}"
    if was and told.new is None:
        is_answer = was.startswith("answers")
        rest = was if is_answer else f"limits the methods (before: {was})"
        return f"{told.where} no longer {rest}"
    return ""


def _method_rule(item: Item | None) -> str:
    """What an `if` on the method makes of it; empty for any other `if`."""
    if item is None:
        return ""
    text = " ".join(item.args).strip()
    variable, _, rest = text.removeprefix("(").removesuffix(")").strip().partition(" ")
    mark, _, methods = rest.strip().partition(" ")
    names = methods.strip().strip("^$()")
    if variable != "$request_method" or not _METHODS.match(names):
        return ""
    answer = next((one for one in item.named("return") if one.args), None)
    told = listed(names.split("|"))
    if mark in {"!=", "!~", "!~*"} and answer and answer.args[0] in {"403", "405", "444"}:
        return f"allows {told} only, with {answer.args[0]} for others"
    if mark in {"=", "~", "~*"} and answer:
        return f"answers {told} with {cut(' '.join(answer.args))}"
    return ""


def contents_in_words(block: Item) -> str:
    """What a block holds: what it does with requests in words, the rest by name."""
    said: list[str] = []
    rest: list[Item] = []
    for item in block.items:
        if words := _in_words(item):
            said.append(words)
        else:
            rest.append(item)
    with_rest = f"with {_rest(rest)}"
    if rest and said:
        said.append(with_rest)
    return f": {', '.join(said)}" if said else f", {with_rest}" if rest else ""


def _rest(items: Sequence[Item]) -> str:
    """A few directives as they are written, more of them, or blocks, by their names."""
    is_short = len(items) <= _FEW and not any(item.is_block for item in items)
    if is_short and sum(len(" ".join(item.words)) for item in items) <= _SHORT:
        return listed(f"`{shown(item)}`" for item in items)
    return contents(items)


def _in_words(item: Item) -> str:
    """What one directive of a new or a lost block does with requests; empty for any other."""
    if item.name in _PASSES and item.args:
        return f"goes to {_target(item)}"
    if item.name == "if":
        return _method_rule(item)
    if item.name == "return" and item.args:
        return _answer(item.args)
    if item.name == "limit_except" and any(one.args == ("all",) for one in item.named("deny")):
        return f"allows {_open_methods(item)} only"
    return ""


def _limit_except(told: Facts) -> str:
    """Which methods are open to all."""
    was, now = (_open_methods(item) for item in (told.old, told.new))
    if told.old is None:
        denies = told.new is not None and any(
            one.args == ("all",) for one in told.new.named("deny")
        )
        return f"{told.where} now {'allows' if denies else 'leaves open'} {now} only"
    if told.new is None:
        return f"{told.where} no longer limits methods to {was}"
    return f"{told.where} now leaves open {now} (was {was})"


def _open_methods(item: Item | None) -> str:
    methods = [one.upper() for one in item.args] if item else []
    if "GET" in methods and "HEAD" not in methods:
        methods.append("HEAD")
    return listed(methods)


def _access(told: Facts) -> str:
    """Who may come in, and who may not."""
    if told.old is not None and told.new is not None:
        return f"in {told.where}, `{shown(told.old)}` became `{shown(told.new)}`"
    who = "".join(told.item.args[:1])
    named = "everybody" if who == "all" else quoted(who)
    is_allowed = told.item.name == "allow"
    if told.old is None:
        if who == "all" and _has_allow_before(told.item):
            named = "everybody else"
        return f"{named} is {'allowed' if is_allowed else 'refused'} in {told.where}"
    if who == "all" and not is_allowed and not told.new_block.effective("deny"):
        return f"everybody is let in to {told.where} (`deny all` is gone)"
    verb = "allowed" if is_allowed else "refused"
    return f"{named} is no longer {verb} in {told.where} by a rule of its own"


def _has_allow_before(item: Item) -> bool:
    """Whether a rule of the same block lets somebody in before another one is asked."""
    rules = item.parent.named("allow", "deny") if item.parent else ()
    before = rules[: rules.index(item)] if item in rules else ()
    return any(one.name == "allow" for one in before)


def _password(told: Facts) -> str:
    """Whether a password is asked for."""
    before = told.old or (told.applied() if told.old is None else None)
    after = told.new or (told.applied() if told.new is None else None)
    asked, asks = (
        bool(item and item.args and item.args[0].lower() != "off") for item in (before, after)
    )
    if asks == asked:
        return ""
    return f"{told.where} {'now asks' if asks else 'no longer asks'} for a password"


def _return(told: Facts) -> str:
    """What is answered at once."""
    was, now = (_answer(args) for args in (told.was, told.now))
    if told.old is None:
        return f"{told.where} now {now}"
    if told.new is None:
        return f"{told.where} no longer {was}"
    return f"{told.where} now {now} (before: {was})"


def _answer(args: tuple[str, ...]) -> str:
    code = args[0] if args and _CODE.match(args[0]) else "302"
    target = args[-1] if args and (len(args) > 1 or not _CODE.match(args[0])) else ""
    if target and code in {"301", "302", "303", "307", "308"}:
        return f"redirects to {quoted(target)} ({code})"
    return f"answers with {code}{f' {quoted(target)}' if target else ''}"


def _replaced(verb: str) -> Callable[[Facts], str]:
    """Words for a directive of which one takes the other's place."""

    def phrase(told: Facts) -> str:
        if told.old is not None and told.new is not None:
            new, old = arguments(told.new), arguments(told.old)
            return f"{told.where} {verb} {new} instead of {old}"
        applied = told.applied()
        other = f" instead of {arguments(applied)}" if applied else ""
        if told.old is None:
            return f"{told.where} {verb} {arguments(told.new)}{other}"
        then = f" (now {arguments(applied)})" if applied else ""
        return f"`{shown(told.item)}` is gone from {told.where}{then}"

    return phrase


def _error_page(told: Facts) -> str:
    """What answers which errors."""
    if told.old is not None and told.new is not None:
        return ""
    codes = listed(one for one in told.item.args[:-1] if one.isdigit())
    page = quoted("".join(told.item.args[-1:]))
    verb = "are" if told.old is None else "are no longer"
    return f"errors {codes} of {told.where} {verb} answered by {page}"


def _set(told: Facts) -> str:
    """A variable's value."""
    if told.old is None or told.new is None or told.was[:1] != told.now[:1]:
        return ""
    new, old = (quoted("".join(args[1:])) for args in (told.now, told.was))
    return f"`{cut(told.now[0])}` is {new} instead of {old} in {told.where}"


def _location(told: Facts) -> str:
    """A location that takes other requests."""
    old, new = told.old, told.new
    if old is None or new is None:
        return ""
    return f"`{shown(old)}` is now `{shown(new)}` in {told.where}"


REQUEST_PHRASES: dict[str, Callable[[Facts], str]] = {
    **dict.fromkeys(_PASSES, _pass),
    "if": _if,
    "limit_except": _limit_except,
    "allow": _access,
    "deny": _access,
    "auth_basic": _password,
    "auth_request": _replaced("asks for leave at"),
    "satisfy": _replaced("is satisfied with"),
    "return": _return,
    "root": _replaced("takes files from"),
    "alias": _replaced("takes files from"),
    "index": _replaced("looks in folders for"),
    "try_files": _replaced("tries"),
    "expires": _replaced("lets answers be kept for"),
    "default_type": _replaced("sends files of unknown type as"),
    "error_page": _error_page,
    "set": _set,
    "location": _location,
}
