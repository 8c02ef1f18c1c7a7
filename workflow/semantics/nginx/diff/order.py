"""What changes place in a sequence: the fewest members that, put elsewhere, make the new order."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def moved(places: Sequence[int]) -> list[int]:
    """The positions in `places` that do not stay: all others are in ascending order already.

    `places` holds, in the new order, where each member stood in the old one; equal ones may change
    places with each other.  Takes n log n.
    """
    ends: list[int] = []
    ends_at: list[int] = []
    before: list[int] = []
    for at, place in enumerate(places):
        length = bisect_right(ends, place)
        before.append(ends_at[length - 1] if length else -1)
        if length == len(ends):
            ends.append(place)
            ends_at.append(at)
        else:
            ends[length] = place
            ends_at[length] = at
    staying = set()
    at = ends_at[-1] if ends_at else -1
    while at >= 0:
        staying.add(at)
        at = before[at]
    return [at for at in range(len(places)) if at not in staying]
