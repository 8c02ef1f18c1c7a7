"""What a phrase has to know of one changed directive."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.semantics.nginx.change import Effect
from workflow.semantics.nginx.diff.scopes import cut, value
from workflow.semantics.nginx.diff.values import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.nginx.diff.compare import Difference
    from workflow.semantics.nginx.expanded import Item


@dataclass(frozen=True, slots=True)
class Facts:
    """One directive that came, went or changed; at least one of `old` and `new` is there.

    `where` names its blocks in a sentence; `old_block` and `new_block` are the first of them.
    """

    old: Item | None
    new: Item | None
    old_block: Item
    new_block: Item
    where: str

    @property
    def item(self) -> Item:
        """The newer version, or the older where there is none."""
        found = self.new or self.old
        if found is None:
            message = "a change of nothing"
            raise ValueError(message)
        return found

    @property
    def was(self) -> tuple[str, ...]:
        """The arguments before."""
        return self.old.args if self.old else ()

    @property
    def now(self) -> tuple[str, ...]:
        """The arguments after."""
        return self.new.args if self.new else ()

    def applied(self) -> Item | None:
        """What an added directive overrides, or what applies in the place of one that is gone."""
        if self.old is not None and self.new is not None:
            return None
        block = self.old_block if self.old is None else self.new_block
        found = block.effective(self.item.name)
        return found[-1] if found else None


def facts(one: Difference, where: str) -> Facts | None:
    """The facts of a difference; `None` for one that is of no directive."""
    if one.before is None and one.after is None:
        return None
    old = one.before if one.effect is not Effect.ADDED else None
    new = one.after if one.effect is not Effect.REMOVED else None
    return Facts(old, new, one.old_block, one.new_block, where)


def gained_and_lost(was: Sequence[str], now: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that came and those that went, each as often as it did."""
    before, after = Counter(was), Counter(now)
    return list((after - before).elements()), list((before - after).elements())


def quoted(text: str) -> str:
    """A value in a sentence."""
    return f"`{cut(text)}`" if text else "an empty value"


def arguments(item: Item | None, start: int = 0) -> str:
    """A directive's arguments from one on, in a sentence."""
    return f"`{value(item, start)}`" if item and item.args[start:] else "nothing"


def http2(server: Item) -> dict[str, bool]:
    """Where a server listens without QUIC, and whether HTTP/2 is spoken there.

    Either the directive or the parameter of `listen` switches it on.
    """
    switch = server.effective("http2")
    is_on = bool(switch) and switch[-1].args[:1] == ("on",)
    return {
        address(one.args[0]): is_on or "http2" in one.args[1:]
        for one in server.named("listen")
        if one.args and "quic" not in one.args
    }
