"""Faults of access: protections that a change takes away, and those that never applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import Finder, listed, shown, site
from workflow.semantics.nginx.rules.pairs import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.pairs import Pair

_LOST = Finder("access-lost", Level.FAULT)
_ORDER = Finder("access-order", Level.FAULT)
_OPEN = Finder("access-allow-without-deny", Level.FAULT)
_RETURN = Finder("access-skipped-by-return", Level.FAULT)
_EITHER = Finder("access-either-suffices", Level.FAULT)
_RULES = ("allow", "deny")
_BLOCKS = ("http", "server", "location", "limit_except")
_ADDRESSES = "addresses"
_LOGINS = ("auth_basic", "auth_request", "auth_jwt", "auth_digest", "auth_ldap", "auth_pam")
_LIMITS = ("limit_req", "limit_conn")
_GUARDING = (
    *_RULES,
    *_LOGINS,
    *_LIMITS,
    "ssl_reject_handshake",
    "internal",
    "limit_except",
    "return",
    "if",
)
_ALL = {"all"}
_SERVING = (
    *("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "root", "alias"),
    *("try_files", "stub_status"),
)


def rules_of(block: Item) -> tuple[Item, ...]:
    """The `allow` and `deny` that apply: a block with one of them inherits neither."""
    mine = block.named(*_RULES)
    if mine or block.parent is None:
        return mine
    for around in block.around:
        # Each name by itself, which is indexed: `http` may hold thousands of servers.
        if any(around.named(name) for name in _RULES):
            return around.named(*_RULES)
    return ()


def guards(block: Item) -> dict[str, str]:
    """What keeps requests out of a block: the kind of each, and how it is written."""
    found: dict[str, str] = {}
    rules = rules_of(block)
    final = next((one for one in rules if set(one.args) & _ALL), None)
    lets_all_in = final is not None and final.name == "allow"
    either = block.value("satisfy") == "any"
    for name in () if lets_all_in and either else _LOGINS:
        items = block.effective(name)
        if items and items[-1].args and items[-1].args[0] != "off":
            found[name] = shown(items[-1])
    denied = [] if lets_all_in else [one for one in rules if one.name == "deny"]
    if denied:
        found[_ADDRESSES] = shown(denied[-1])
    for name in _LIMITS:
        if items := block.effective(name):
            found[name] = shown(items[-1])
    if block.name == "server" and block.value("ssl_reject_handshake") == "on":
        found["ssl_reject_handshake"] = "ssl_reject_handshake on"
    if internal := block.named("internal"):
        found["internal"] = shown(internal[0])
    for one in block.named("limit_except"):
        if one.named("deny", *_LOGINS):
            found["limit_except"] = shown(one)
    return found


def _refusals(block: Item) -> dict[str, str]:
    """The conditions under which a block itself refuses requests, by the variable they ask."""
    found = {}
    for item in block.named("return", "if"):
        answer = item.named("return")[:1] if item.name == "if" else (item,)
        code = answer[0].args[0] if answer and answer[0].args else ""
        if code.isdecimal() and code.startswith("4") and len(code) == len("404"):
            what = next((word for word in " ".join(item.args)[:500].split() if "$" in word), "")
            found[what.strip("()!")] = shown(item)
    return found


def _is_served(block: Item) -> bool:
    """Whether a block does more than to refuse or to send elsewhere."""
    return not block.named("return") and "" not in _refusals(block)


def _lost(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[tuple[int, str]] = set()
    for pair in saying(base, patched, *_GUARDING):
        old, new = guards(pair.old), guards(pair.new)
        gone = [name for name in old if name not in new]
        if pair.new.name == "server" and pair.old.label != pair.new.label:
            gone = [name for name in gone if name not in _LIMITS]
        around = () if pair.is_gone else tuple(pair.new.around)
        fresh = [name for name in gone if not any((id(one), name) in told for one in around)]
        if not pair.is_gone:
            told.update((id(pair.new), name) for name in gone)
        if fresh and (_is_served(pair.new) or not _is_served(pair.old)):
            yield _lost_guards(pair, [old[name] for name in fresh], fresh, new)
        elif not fresh and (said := _lost_refusal(pair)):
            yield said


def _lost_guards(pair: Pair, said: list[str], names: list[str], new: dict[str, str]) -> Fault:
    block = pair.new
    who = f"requests for `{pair.old.label}`" if pair.is_gone else f"requests for `{block.label}`"
    where = f", which `{block.label}` now answers," if pair.is_gone else ""
    is_replaced = any(name in new for name in (*_LOGINS, _ADDRESSES))
    is_switched_off = not pair.old.named(*_RULES, *_LOGINS) and (
        any(one.args == ("off",) for one in block.named(*names))
        or any(one.args == ("all",) for one in block.named("allow"))
    )
    # What is new beside a closed `location /` was mostly asked for; below /admin it was not.
    is_beside = not pair.is_gone and pair.old.words == ("location", "/") != block.words
    return _LOST.at(
        block,
        cause=f"{who}{where} are no longer held back by {listed([f'`{one}`' for one in said])}",
        fix=f"keep {listed([f'`{one}`' for one in said])} where these requests are answered",
        key=(pair.old.label, *sorted(names)),
        level=Level.DOUBT if is_replaced or is_switched_off or is_beside else None,
    )


def _lost_refusal(pair: Pair) -> Fault | None:
    """A `return 403` and the like that is gone while the block serves now."""
    old, new = _refusals(pair.old), _refusals(pair.new)
    gone = [said for what, said in old.items() if what not in new]
    if not gone or not _is_served(pair.new) or "" in new:
        return None
    if pair.new.name == "if" or (not pair.is_gone and pair.old.words != pair.new.words):
        return None
    return _LOST.at(
        pair.new,
        cause=f"requests for `{pair.old.label}` that `{gone[0]}` refused are answered now",
        fix=f"keep `{gone[0]}`",
        key=(pair.old.label, gone[0]),
        level=Level.DOUBT,
    )


def _order(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*_BLOCKS):
        final: Item | None = None
        for item in block.named(*_RULES):
            if final is None:
                final = item if set(item.args) & _ALL else None
            elif item.name != final.name:
                yield _ORDER.at(
                    item,
                    cause=f"`{shown(item)}` never applies, for `{shown(final)}` before it decides",
                    fix=f"move it above `{shown(final)}`",
                    key=item.words,
                )


def _open(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*_BLOCKS):
        rules = block.named(*_RULES)
        if not rules or any(one.name == "deny" or set(one.args) & _ALL for one in rules):
            continue
        if block.value("satisfy") != "any" or not set(_LOGINS) & guards(block).keys():
            yield _OPEN.at(
                rules[-1],
                cause=f"`{shown(rules[-1])}` keeps nobody out: no `deny` follows it in this block",
                fix="put `deny all;` behind it",
            )


def _return(config: Config) -> Iterator[Fault]:
    for block in config.blocks("server", "location"):
        answers = [one for one in block.named("return") if one.args]
        held = [one for one in block.named("deny", *_LOGINS) if one.args and one.args[0] != "off"]
        if answers and held and answers[0].args[0].startswith("2"):
            yield _RETURN.at(
                answers[0],
                cause=f"everybody gets it: `return` answers before `{shown(held[0])}` is looked at",
                fix="serve the text from a file or another location instead of `return`",
                key=(held[0].name,),
            )
        elif answers and held and answers[0].args[0][:1] in {"3", "h", "$"}:
            served = block.named(*_SERVING)
            if served and block.name == "location":
                yield _RETURN.at(
                    answers[0],
                    cause=(
                        f"everybody is sent elsewhere: `return` answers before `{shown(held[0])}`"
                        f" is looked at, and `{shown(served[0])}` is never reached"
                    ),
                    fix=f"remove `return`, or `{shown(served[0])}` if the move is meant",
                    key=(held[0].name,),
                    level=Level.DOUBT,
                )


def _either(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, "satisfy", *_RULES, *_LOGINS):
        said = pair.new.effective("satisfy")
        if pair.is_gone or not said or said[-1].args != ("any",) or id(said[-1]) in told:
            continue
        old, new = guards(pair.old), guards(pair.new)
        both = _ADDRESSES in new and any(name in new for name in _LOGINS)
        before = _ADDRESSES in old and any(name in old for name in _LOGINS)
        if both and before and pair.old.value("satisfy", "all") == "all":
            told.add(id(said[-1]))
            yield _EITHER.at(
                said[-1],
                cause="who has a right address needs no login any more, and the other way round",
                fix="keep `satisfy all;`",
            )


_AUTH = "auth_basic staff;\n    auth_basic_user_file htpasswd;"
_ADMIN = "location /admin/ {{\n    {}\n    proxy_pass http://127.0.0.1:8000;\n}}"
_LIST = "location /admin/ {{\n    {}\n    {}\n}}"
_OFFICE = "allow 192.0.2.0/24;"
ACCESS: tuple[Rule, ...] = (
    Rule(
        "access-lost",
        "A change lets in requests that were held back",
        "Compares logins, addresses, limits, `internal` and `limit_except` of base and patched, per"
        " location with inheritance applied; requests of a location that is gone are followed to"
        " the one that answers them now (ngx_http_access_module, ngx_http_auth_basic_module,"
        " ngx_http_auth_request_module, ngx_http_limit_req_module).  Something in its stead, an"
        " explicit `off` and a lost `return 4xx` are doubts.",
        bad=site(_LIST.format("proxy_set_header Host $host;", "proxy_pass http://127.0.0.1:8000;")),
        good=site(_ADMIN.format(_AUTH + "\n    proxy_set_header Host $host;")),
        compare=_lost,
    ),
    Rule(
        "access-order",
        "An allow or deny that is never reached",
        "nginx takes the first of `allow` and `deny` that fits (ngx_http_access_module); nothing"
        " counts behind one for `all`.",
        bad=site(_LIST.format("allow all;", "deny 192.0.2.7;")),
        good=site(_LIST.format("deny 192.0.2.7;", "allow all;")),
        find=_order,
    ),
    Rule(
        "access-allow-without-deny",
        "An allow list that keeps nobody out",
        "Whom no `allow` or `deny` fits is let in (ngx_http_access_module), and a block with an"
        " `allow` of its own inherits no `deny`.",
        bad=site(_LIST.format(_OFFICE, "root /srv/admin;")),
        good=site(_LIST.format(_OFFICE, "deny all;")),
        find=_open,
    ),
    Rule(
        "access-skipped-by-return",
        "`return` answers before anybody is held back",
        "`return` works in the rewrite phase, which comes before addresses and logins are looked"
        " at (nginx development guide, phases; ngx_http_rewrite_module).",
        bad=site(_LIST.format("deny all;", 'return 200 "secret";')),
        good=site(_LIST.format("deny all;", "try_files /status.txt =404;")),
        find=_return,
    ),
    Rule(
        "access-either-suffices",
        "A change makes one of two protections enough",
        "With `satisfy any`, a right address or a login is enough (ngx_http_core_module, satisfy).",
        bad=site(_ADMIN.format(f"satisfy any;\n    {_OFFICE}\n    deny all;\n    {_AUTH}")),
        good=site(_ADMIN.format(f"{_OFFICE}\n    deny all;\n    {_AUTH}")),
        compare=_either,
    ),
)
