"""Names that are one typing error away from another, found without comparing all with all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORTEST = 3
# Of short names (app, api), only swapped letters are an error.
_SHORT = 4
_LONGEST = 80


class Names:
    """The names that exist; `near` finds the one that was probably meant.

    Two names at one edit's distance share a text that is left when each loses at most one letter
    (symmetric deletion), so a look-up costs as many steps as the name has letters.
    """

    __slots__ = ("left",)

    def __init__(self, names: Iterable[str]) -> None:
        self.left: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            if _SHORTEST <= len(name) <= _LONGEST:
                for rest in _shortened(name):
                    self.left.setdefault(rest, []).append(name)

    def near(self, name: str) -> str:
        """The first name one deletion, insertion, change or swap away; else an empty text."""
        if not _SHORTEST <= len(name) <= _LONGEST:
            return ""
        for rest in _shortened(name):
            for one in self.left.get(rest, ())[:_LONGEST]:
                if one != name and _is_one_edit(one, name):
                    return one
        return ""


def _shortened(name: str) -> Iterator[str]:
    yield name
    yield from dict.fromkeys(name[:at] + name[at + 1 :] for at in range(len(name)))


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one deletion, insertion, change or swap of neighbours makes one of the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(one) < _SHORT:
        return sorted(one) == sorted(other)
    at = next((at for at, char in enumerate(one) if char != other[at]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    is_swap = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or is_swap
