"""Faults of conditions: `if` in a location, checks of the request's method, `limit_except`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.pairs import pairs
from workflow.semantics.nginx.rules.routes import PASSES, Finding, locations, short, site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_LEAVING = frozenset({"last", "redirect", "permanent"})
# The directives of the rewrite module, which work in an `if` as they do outside of one.
_REWRITING = frozenset({"return", "rewrite", "set", "break", "rewrite_log", "if"})
_METHOD = frozenset({"$request_method", "${request_method}"})
_CONDITION = 3
_COMPARED = 30
_WORDS = re.compile(r"[A-Za-z]+(?:\|[A-Za-z]+)*\Z")
_LIMITING = ("deny", "auth_basic", "auth_jwt", "perl", "auth_oidc")


def condition(block: Item) -> tuple[str, ...]:
    """The words of an `if`, without the brackets."""
    words = list(block.args)
    if words and words[0].startswith("("):
        words[0] = words[0][1:]
    if words and words[-1].endswith(")"):
        words[-1] = words[-1][:-1]
    return tuple(word for word in words if word)


def leaves(block: Item) -> bool:
    """Whether an `if` ends the work of its location: with an answer or another path."""
    return any(
        one.name == "return"
        or (one.name == "rewrite" and one.args[-1:] and one.args[-1] in _LEAVING)
        for one in block.items
    )


def _said(block: Item) -> str:
    return short(f"if ({' '.join(condition(block))})")


def _ifs(location: Item) -> tuple[Item, ...]:
    return tuple(one for one in location.named("if") if one.is_block)


def _files_lost(config: Config) -> Iterator[Fault]:
    found = Finding("if-loses-try-files")
    for location in locations(config):
        files = location.named("try_files")
        if not files:
            continue
        for block in _ifs(location):
            if not leaves(block) and not block.named(*PASSES):
                yield found.fault(
                    block,
                    f"where `{_said(block)}` holds, the location's `try_files` does not run: an "
                    "`if` is a location of its own, and try_files is not inherited",
                    "set the variable with a map instead of the `if`, or return or rewrite in it",
                )


FILES_LOST = Rule(
    "if-loses-try-files",
    "An `if` switches try_files off",
    "A request for which an `if` of the location holds gets the configuration of that `if`, which "
    "has no try_files, even if it only sets a variable (ngx_http_rewrite_module, if; measured with "
    "1.31).",
    site(
        "root /srv/www;\nlocation / {\n    try_files $uri =404;\n"
        "    if ($arg_old) {\n        set $kind old;\n    }\n}"
    ),
    site("root /srv/www;\nlocation / {\n    try_files $uri =404;\n}"),
    find=_files_lost,
)


def _last_wins(config: Config) -> Iterator[Fault]:
    found = Finding("if-content")
    for location in locations(config):
        seen: list[Item] = []
        for block in _ifs(location):
            content = [one for one in block.items if one.name not in _REWRITING]
            if leaves(block) or not content:
                continue
            earlier = next((one for one in seen if not _exclusive(one, block)), None)
            names = ", ".join(dict.fromkeys(one.name for one in content[:4]))
            if earlier is not None:
                yield found.fault(
                    block,
                    f"where both `{_said(earlier)}` and `{_said(block)}` hold, only the second "
                    "counts: what the first one sets is lost",
                    "choose the values with maps and write the directives once, in the location",
                )
            else:
                yield found.doubt(
                    block,
                    f"`{short(names)}` stands in an `if` of a location, which is a location of its "
                    "own: of several that hold only the last counts",
                    "choose the value with a map, or use a location of its own",
                )
            seen = [*seen[-_COMPARED:], block]


def _exclusive(one: Item, other: Item) -> bool:
    """Whether two conditions can never hold together, as far as `=` on one variable shows."""
    first, second = condition(one), condition(other)
    if len(first) != _CONDITION or len(second) != _CONDITION or first[0] != second[0]:
        return False
    if first[1] == second[1] == "=":
        return first[2] != second[2]
    return {first[1], second[1]} == {"=", "!="} and first[2] == second[2]


LAST_WINS = Rule(
    "if-content",
    "Directives other than rewriting ones in an `if` of a location",
    "Each `if` with other directives than those of the rewrite module is a hidden location; where "
    "several hold, the request gets the last one's (ngx_http_rewrite_module, if; measured).",
    site(
        "location / {\n    if ($arg_a) {\n        expires 1h;\n    }\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site("location / {\n    expires 1h;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    find=_last_wins,
)


def _method_checks(config: Config) -> Iterator[Fault]:
    found = Finding("method-check")
    for block in config.every("if"):
        words = condition(block)
        if not block.is_block or len(words) != _CONDITION or words[0] not in _METHOD:
            continue
        _, operator, value = words
        if operator in {"=", "!="} and "|" in value:
            effect = "never holds" if operator == "=" else "holds for every request"
            yield found.fault(
                block,
                f"`{_said(block)}` {effect}: `{operator}` compares the whole method with the text "
                f"`{short(value)}`",
                f"write `{'!~' if operator == '!=' else '~'} ^({short(value.strip('()^$'))})$`",
            )
        elif operator in {"!~", "!~*"} and _is_unanchored(value):
            bare = value.strip("()^$")
            yield found.doubt(
                block,
                f"the pattern `{short(value)}` is not anchored, so a method that only contains one "
                f"of the words, such as `X{short(bare.partition('|')[0])}`, passes the check",
                f"write `^({short(bare)})$`",
            )
    yield from _all_refused(found, config)


def _is_unanchored(value: str) -> bool:
    grouped = value.startswith("^(") and value.endswith(")$")
    single = value.startswith("^") and value.endswith("$") and "|" not in value
    words = value.strip("()^$").replace("(", "").replace(")", "")
    return not grouped and not single and _WORDS.match(words) is not None


def _all_refused(found: Finding, config: Config) -> Iterator[Fault]:
    """Two checks in one block, of which one refuses what the other lets through."""
    for block in config.blocks("server", "location"):
        first: str = ""
        for one in _ifs(block):
            words = condition(one)
            if len(words) != _CONDITION or words[0] not in _METHOD or words[1] != "!=":
                continue
            if not one.named("return"):
                continue
            if first and first != words[2]:
                yield found.fault(
                    one,
                    f"every request is refused: the method cannot be {short(first)} and "
                    f"{short(words[2])} at once, and each of the two checks refuses the others",
                    f"write one check: `if ($request_method !~ ^({short(first)}|"
                    f"{short(words[2])})$)`",
                )
            first = first or words[2]


METHOD_CHECK = Rule(
    "method-check",
    "A check of the request's method that does not check what it says",
    "`=` compares texts, `~` matches anywhere unless anchored, and nginx accepts any method made "
    "of letters (ngx_http_rewrite_module, if).",
    site(
        "location / {\n    if ($request_method !~ GET|POST) {\n        return 405;\n    }\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site(
        "location / {\n    if ($request_method !~ ^(GET|POST)$) {\n        return 405;\n    }\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    find=_method_checks,
)


def _no_limit(config: Config) -> Iterator[Fault]:
    found = Finding("limit-except-ineffective")
    for block in config.every("limit_except"):
        if not block.is_block:
            continue
        if block.named(*PASSES):
            continue  # it sends the other methods elsewhere
        access = block.named("allow", "deny")
        methods = short(" ".join(block.args))
        if not access and any(block.effective(name) for name in _LIMITING):
            continue
        if not access or access[0].words == ("allow", "all") or not block.named("deny"):
            closed = any(block.named(name) for name in _LIMITING[1:])
            if access and closed:
                continue
            yield found.fault(
                block,
                f"methods other than {methods} are let through: the block refuses nobody",
                "write `deny all;` in the block, behind any `allow`",
            )


NO_LIMIT = Rule(
    "limit-except-ineffective",
    "A limit_except that limits nothing",
    "The block applies to the methods that are not listed, and refuses them only by what stands "
    "in it, such as `deny all` (ngx_http_core_module, limit_except).",
    site("location / {\n    limit_except GET {\n    }\n    proxy_pass http://127.0.0.1:9000;\n}"),
    site(
        "location / {\n    limit_except GET {\n        deny all;\n    }\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    find=_no_limit,
)


def _limits(block: Item) -> tuple[str, ...]:
    """How a location limits methods: its limit_except and its refusing checks, as texts."""
    said = [
        " ".join(("limit_except", *sorted(one.args)))
        for one in block.named("limit_except")
        if one.is_block
    ]
    for one in _ifs(block):
        words = condition(one)
        if words[:1] and words[0] in _METHOD and words[1:2] != ("=",) and _refuses(one.items):
            said.append(_said(one))
    return tuple(said)


def _refuses(items: Sequence[Item]) -> bool:
    return any(one.name == "return" and one.args and one.args[0][:1] == "4" for one in items)


def _limit_lost(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("method-limit-lost")
    for pair in pairs(base, patched):
        old, new = pair.old, pair.new
        if old.name != "location" or old.words != new.words:
            continue
        before, after = _limits(old), _limits(new)
        if before and not after and not new.named("return", "deny"):
            yield found.fault(
                new,
                f"`{short(new.label)}` takes all methods now: `{short(before[0])}` is gone",
                f"put `{short(before[0])}` back",
                *before,
            )
        elif _excepted(old) and (more := _excepted(new) - _excepted(old)):
            added = ", ".join(sorted(more))
            yield found.doubt(
                new.named("limit_except")[0],
                f"`{short(new.label)}` takes {short(added)} now, which its `limit_except` refused "
                "before",
                f"take {short(added)} out, unless it is meant",
            )


def _excepted(block: Item) -> set[str]:
    """The methods that a location's `limit_except` lets through."""
    return {name for one in block.named("limit_except") if one.is_block for name in one.args}


LIMIT_LOST = Rule(
    "method-limit-lost",
    "A location no longer limits the methods",
    "Without `limit_except` or a check of `$request_method` every method reaches the handler "
    "(ngx_http_core_module, limit_except).",
    site("location / {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    site(
        "location / {\n    limit_except GET {\n        deny all;\n    }\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    compare=_limit_lost,
)

CONDITIONS: tuple[Rule, ...] = (FILES_LOST, LAST_WINS, METHOD_CHECK, NO_LIMIT, LIMIT_LOST)
