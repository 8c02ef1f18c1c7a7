"""What became of all checks, in the few words that a person reads first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.gates.text import listed, one_line
from workflow.types import Tally, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.service.compare import Compared

_MAX_NAMES = 50
_MAX_DOUBTS = 20
_MAX_PROOFS = 200


def summary(results: Sequence[Compared], problem: str, *, has_base: bool) -> str:
    """Return the verdict's line; `problem` is what went wrong with the service itself."""
    faults = [f"{one.check.name}: {one.fault}" for one in results if one.fault]
    if problem:
        return one_line(f"on the patched tree, {problem}")
    if faults:
        return one_line(f"{len(faults)} request(s) fail on the patched tree: {listed(faults, 3)}")
    if not results:
        return "it starts; nothing was asked of it"
    said = f"it starts and answers {len(results)} request(s)"
    if not has_base:
        return f"{said}; there is none on the base to compare it with"
    changed = sum(bool(one.differences) for one in results)
    how = f", {changed} of them otherwise than on the base" if changed else " as on the base"
    return f"{said}{how}"


def notes(results: Sequence[Compared]) -> list[str]:
    """Return what is answered otherwise; what is the same for several requests is one line."""
    groups: dict[str, list[str]] = {}
    for one in results:
        name = one_line(one.check.name, 120)
        for difference in one.differences:
            groups.setdefault(difference.removeprefix(name), []).append(name)
    return [
        f"{names[0]}{what}"
        if len(names) == 1
        else f"{len(names)} requests{what} ({listed(names, 3)})"
        for what, names in groups.items()
    ]


def tallies(results: Sequence[Compared]) -> tuple[Tally, ...]:
    """Return how many checks took each turn, and their names."""
    found: dict[Turn, list[str]] = {}
    for one in results:
        found.setdefault(one.turn, []).append(one_line(one.check.name, 120))
    return tuple(
        Tally(turn, len(found[turn]), tuple(found[turn][:_MAX_NAMES]))
        for turn in Turn
        if turn in found
    )


def doubts(results: Sequence[Compared]) -> tuple[str, ...]:
    """Return what a person should look at, the surplus counted."""
    said = [one_line(doubt) for one in results for doubt in one.doubts]
    left = len(said) - _MAX_DOUBTS
    return (*said[:_MAX_DOUBTS], f"and {left} more") if left > 0 else tuple(said)


def proofs(results: Sequence[Compared]) -> tuple[str, ...]:
    """Return the checks that the change is needed for."""
    names = [f"service: {one_line(one.check.name, 200)}" for one in results if one.is_proof]
    return tuple(names[:_MAX_PROOFS])
