"""Puts differences together that are one change: a name with its uses, one switch written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.change import Effect
from workflow.semantics.nginx.diff.compare import Kind
from workflow.semantics.nginx.diff.facts import gained_and_lost, http2
from workflow.semantics.nginx.diff.scopes import counted, cut, named
from workflow.semantics.nginx.diff.values import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.nginx.diff.compare import Difference
    from workflow.semantics.nginx.diff.scopes import Scopes
    from workflow.semantics.nginx.expanded import Config, Item

_CHOOSING = {"map", "split_clients"}
_ZONES = {"limit_req_zone": "limit_req", "limit_conn_zone": "limit_conn"}
_MOST_RENAMED = 20


def folded(found: Sequence[Difference], patched: Config) -> dict[Difference, list[Difference]]:
    """The differences that stay, in their order, each with those that are part of it."""
    parts: dict[Difference, list[Difference]] = {one: [] for one in found}
    listens: dict[Item, list[Difference]] = {}
    for one in found:
        if one.kind is Kind.DIRECTIVE and _name(one) == "listen" and _is_same_switch(one):
            listens.setdefault(one.new_block, []).append(one)
    for one in found:
        if one.kind is Kind.DIRECTIVE and _name(one) == "http2":
            _take(parts, one, listens.pop(one.new_block, ()))
    renames = [one for one in found if _is_rename(one)][:_MOST_RENAMED]
    chosen = _chosen(patched) if renames else frozenset()
    for one in renames:
        _take(parts, one, [each for each in parts if _follows(one, each, chosen)])
    zones = [one for one in found if _zone_rename(one)][:_MOST_RENAMED]
    for one in zones:
        _take(parts, one, [each for each in parts if _is_limit_with(one, each)])
    return parts


def with_the_name(one: Difference, parts: Sequence[Difference], scopes: Scopes) -> tuple[str, ...]:
    """What comes with another name of an upstream: its uses, and the `Host` that is sent to it."""
    is_zone = bool(_zone_rename(one))
    if not (is_zone or _is_rename(one)) or not parts or not (one.before and one.after):
        return ()
    said = [f"{counted(len(parts), 'use')} of the name changed with it"]
    if is_zone:
        return tuple(said)
    every = [place for part in parts for place in (part, *part.places)]
    without = [each.new_block for each in every if _sends_the_name(each)]
    if without:
        old, new = (cut(item.args[0]) for item in (one.before, one.after))
        said.append(
            f"the upstream gets `Host: {new}` instead of `Host: {old}` from "
            f"{named(without, scopes.told)}"
        )
    return tuple(said)


def _take(
    parts: dict[Difference, list[Difference]], one: Difference, others: Sequence[Difference]
) -> None:
    """Make some differences part of another one."""
    for each in others:
        parts[one].append(each)
        del parts[each]


def _name(one: Difference) -> str:
    item = one.after or one.before
    return item.name if item else ""


def _is_same_switch(one: Difference) -> bool:
    """Whether a `listen` gained or lost `http2`, and HTTP/2 stays as it was there."""
    if one.before is None or one.after is None or one.effect is not Effect.CHANGED:
        return False
    gained, lost = gained_and_lost(one.before.args, one.after.args)
    if [*gained, *lost] != ["http2"]:
        return False
    where = address(one.after.args[0])
    return http2(one.old_block).get(where) == http2(one.new_block).get(where)


def _is_rename(one: Difference) -> bool:
    """Whether an upstream has another name."""
    if one.kind is not Kind.HEAD or _name(one) != "upstream" or not (one.before and one.after):
        return False
    return bool(one.before.args and one.after.args)


def _chosen(patched: Config) -> frozenset[str]:
    """What is written where an upstream is named, such as the variable of a map."""
    return frozenset(
        item.args[0].rpartition("://")[2]
        for item in patched.main.walk()
        if item.name.endswith("_pass") and item.args
    )


def _follows(rename: Difference, one: Difference, chosen: frozenset[str]) -> bool:
    """Whether a directive differs by the new name of an upstream alone."""
    before, after = one.before, one.after
    if one.kind is not Kind.DIRECTIVE or not (before and after):
        return False
    if not (rename.before and rename.after and before.args and after.args):
        return False
    if before.name != after.name or one.new_block.within(rename.new_block.name) is None:
        return False
    old, new = rename.before.args[0], rename.after.args[0]
    if one.new_block.name in _CHOOSING:
        is_chosen = not chosen.isdisjoint(one.new_block.args[-1:])
        return is_chosen and (before.args, after.args) == ((old,), (new,))
    scheme, mark, rest = before.args[0].rpartition("://")
    is_named = rest == old or rest.startswith((f"{old}/", f"{old}$"))
    renamed = (f"{scheme}{mark}{new}{rest[len(old) :]}", *before.args[1:])
    return before.name.endswith("_pass") and is_named and after.args == renamed


def _zone_rename(one: Difference) -> tuple[str, str] | tuple[()]:
    """The old and the new name of a zone for limits that differs by its name alone."""
    before, after = one.before, one.after
    if one.kind is not Kind.DIRECTIVE or not (before and after) or before.name != after.name:
        return ()
    if before.name not in _ZONES:
        return ()
    gained, lost = gained_and_lost(before.args, after.args)
    if [each[:5] for each in (*lost, *gained)] != ["zone=", "zone="]:
        return ()
    (old, _, size), (new, _, other) = (each[0].partition(":") for each in (lost, gained))
    return (old[5:], new[5:]) if size == other and old != new else ()


def _is_limit_with(rename: Difference, one: Difference) -> bool:
    """Whether a limit differs by the new name of its zone alone."""
    before, after = one.before, one.after
    names = _zone_rename(rename)
    if not (names and rename.after and before and after) or before.name != after.name:
        return False
    if one.kind is not Kind.DIRECTIVE or before.name != _ZONES[rename.after.name]:
        return False
    start = "zone=" if before.name == "limit_req" else ""
    gained, lost = gained_and_lost(before.args, after.args)
    return (lost, gained) == ([start + names[0]], [start + names[1]])


def _sends_the_name(one: Difference) -> bool:
    """Whether a `proxy_pass` sends the name of its upstream as the header `Host`."""
    if _name(one) != "proxy_pass" or one.new_block.within("http") is None:
        return False
    hosts = [
        item.args[1]
        for item in one.new_block.effective("proxy_set_header")
        if item.args[0].lower() == "host" and len(item.args) > 1
    ]
    return not hosts or "$proxy_host" in hosts[-1]
