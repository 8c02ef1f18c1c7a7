"""Puts a difference into words, with its places and with what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from workflow.semantics.nginx.change import Change, Effect
from workflow.semantics.nginx.diff.compare import Kind
from workflow.semantics.nginx.diff.phrases import block, changed, directive
from workflow.semantics.nginx.diff.phrases_requests import contents_in_words
from workflow.semantics.nginx.diff.scopes import (
    Scopes,
    contents,
    counted,
    cut,
    listed,
    named,
    shown,
)
from workflow.semantics.nginx.expanded import MAIN

if TYPE_CHECKING:
    from workflow.semantics.nginx.diff.compare import Difference
    from workflow.semantics.nginx.expanded import Config, Item

_LONGEST_TEXT = 480
_LONGEST_WORDS = 4000
_ORDERS = {
    "rewrite": "the order of `set`, `if`, `rewrite` and `return`",
    "access": "the order of `allow` and `deny`",
    "regex": "the order of the regular-expression locations (the first that matches wins)",
    "patterns": "the order of the regular expressions (the first that matches wins)",
    "shares": "the order of the shares",
    "balancing": "the order of the balancing method and `keepalive`",
    "servers": "the order of the servers (the hash picks one by its place)",
}
_NAMING = {"server_name", "listen"}
_MEMBERS = {
    "access": {"allow", "deny"},
    "rewrite": {"rewrite", "return", "set", "break", "if"},
}


class Teller:
    """Tells the differences between two configurations."""

    __slots__ = ("new", "old")

    def __init__(self, base: Config, patched: Config) -> None:
        """Learn the names of the servers."""
        self.old = Scopes(base)
        self.new = Scopes(patched)

    def change(self, one: Difference, consequences: tuple[str, ...] = ()) -> Change:
        """A difference as a change."""
        places = (one.before, one.after)
        words = [" ".join(item.words) if item else "" for item in places]
        written = [item.place if item else None for item in places]
        if one.kind is Kind.INCLUDE:
            both = (one.former, one.include)
            words = [
                f"include {found.pattern}" if found else said
                for found, said in zip(both, words, strict=True)
            ]
            written = [
                found.place if found else place for found, place in zip(both, written, strict=True)
            ]
        return Change(
            effect=one.effect,
            scope=self._scope(one),
            directive=cut(_directive(one)),
            text=cut(self._text(one), _LONGEST_TEXT),
            before=cut(words[0], _LONGEST_WORDS),
            after=cut(words[1], _LONGEST_WORDS),
            base=written[0],
            patched=written[1],
            consequences=tuple(cut(said, _LONGEST_TEXT) for said in consequences),
        )

    def _scope(self, one: Difference) -> str:
        """The labels of the blocks in which it is."""
        return named((one, *one.places), self._label)

    def _label(self, one: Difference) -> str:
        if one.effect is Effect.REMOVED:
            return self.old.label(one.old_block)
        return self.new.label(one.new_block)

    def where(self, one: Difference) -> str:
        """The blocks in a sentence."""
        return named((one, *one.places), self._where)

    def _where(self, one: Difference) -> str:
        # A server with another name or address is told by the one that its reader knows.
        is_named = one.effect is Effect.CHANGED and one.after and one.after.name in _NAMING
        is_old = one.effect is Effect.REMOVED or is_named
        said = self.old.told(one.old_block) if is_old else self.new.told(one.new_block)
        return "the main level" if said == MAIN else said

    def _text(self, one: Difference) -> str:
        match one.kind:
            case Kind.DIRECTIVE:
                return self._told_directive(one)
            case Kind.HEAD:
                return changed(one, self.where(one))
            case Kind.CODE:
                name = shown(one.after) if one.after else ""
                return f"the code of `{name}` in {self.where(one)} changed; it is not read"
            case Kind.ORDER:
                return self._told_order(one)
            case Kind.INCLUDE:
                return self._told_include(one)
            case Kind.DEFAULT | Kind.REGEX_SERVERS:
                return self._told_servers(one)
            case _:
                assert_never(one.kind)

    def _told_directive(self, one: Difference) -> str:
        item = one.after or one.before
        if item is None:
            return ""
        if one.effect is Effect.MOVED:
            old, new = self.old.told(one.old_block), self.new.told(one.new_block)
            return f"`{shown(item)}` moved from {old} to {new}"
        if not item.is_block or one.effect is Effect.CHANGED:
            return changed(one, self.where(one))
        return self._told_block(one, item)

    def _told_block(self, one: Difference, item: Item) -> str:
        """A block that came or went, with what is in it."""
        if said := block(one, self.where(one)):
            return said
        is_new = one.effect is Effect.ADDED
        label = (self.new if is_new else self.old).label(item)
        name = label if item.name == "server" else f"`{shown(item)}`"
        inside = ", with code that is not read" if item.code else contents_in_words(item)
        where = self.where(one)
        place = "" if where in {"http", "the main level"} else f" in {where}"
        return f"{name} is {'new' if is_new else 'gone'}{place}{inside}"

    def _told_order(self, one: Difference) -> str:
        what = _ORDERS.get(one.about, f"the order of `{one.about}`")
        names = listed(f"`{shown(item)}`" for item in one.items)
        said = f"{what} in {self.where(one)} changed"
        return f"{said}: {names} moved{self._neighbour(one)}"

    @staticmethod
    def _neighbour(one: Difference) -> str:
        """Before or behind which member of its group a single one went."""
        if len(one.items) != 1 or one.after is None:
            return ""
        items = one.new_block.items
        if one.after not in items:
            return ""
        at = items.index(one.after)
        names = _MEMBERS.get(one.about, {one.after.name})
        if one.new_block.name == "map":
            names = {each.name for each in items if each.name.startswith("~")}
        behind = next((each for each in items[at + 1 :] if each.name in names), None)
        if behind is not None:
            return f" before `{shown(behind)}`"
        before = next((each for each in reversed(items[:at]) if each.name in names), None)
        return f" behind `{shown(before)}`" if before else ""

    def _told_include(self, one: Difference) -> str:
        where = self.where(one)
        came, gone = contents(one.items), contents(one.lost)
        if one.include and one.former and one.effect is Effect.CHANGED:
            return (
                f"{where} reads `{one.include.pattern}` instead of `{one.former.pattern}`"
                f"{f', which brings {came}' if came else ''}"
                f"{f' and takes {gone} away' if gone else ''}"
            )
        if item := one.before or one.after:
            said = f"`include` became `{shown(item)}`" if one.former else "`include` is one again"
            what = one.former or one.include
            pattern = f" of `{what.pattern}`" if what else ""
            return f"the {said}{pattern} in {where}{f': {gone} gone' if gone else ''}"
        if one.include and one.effect is Effect.MOVED:
            old, new = self.old.told(one.old_block), self.new.told(one.new_block)
            return f"`include {one.include.pattern}` moved from {old} to {new}"
        if one.include:
            return f"{where} now includes `{one.include.pattern}`: {_brought(one.items, came)}"
        pattern = one.former.pattern if one.former else ""
        lost = counted(len(one.lost), "directive")
        said = f"{lost} gone ({gone})" if one.lost else "what it reads is not in the tree"
        return f"{where} no longer includes `{pattern}`: {said}"

    def _told_servers(self, one: Difference) -> str:
        said = "the order of the servers changed"
        if one.kind is Kind.DEFAULT:
            each = dict.fromkeys(map(self.taken_over, (one, *one.places)))
            return f"{said}: {'; '.join(each)}"
        names = listed(self.new.label(item) for item in one.items)
        return (
            f"{said}, and the first name that matches as a regular expression wins: {names} moved"
        )

    def taken_over(self, one: Difference) -> str:
        """Which server takes requests that another one took."""
        where, _, name = one.about.partition(" ")
        old = self.old.label(one.before) if one.before else ""
        new = self.new.label(one.after) if one.after else ""
        what = f"`{name}`" if name else "names that no server has"
        return f"requests for {what} on {where} go to {new} instead of {old}"


def _brought(items: tuple[Item, ...], names: str) -> str:
    if not items:
        return "what it reads is not in the tree"
    return f"{counted(len(items), 'directive')} ({names})"


def _directive(one: Difference) -> str:
    """What a difference is about: the directive with what names it."""
    if one.kind is Kind.INCLUDE:
        include = one.include or one.former
        return f"include {include.pattern}" if include else "include"
    item = one.after or one.before
    return directive(item) if item else ""
