"""Decides, by counting lines in the base file, what has to come of a draft.

Slow, plain and independent of the engine: every tier is a scan over the file's lines.
"""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from bench.patches.model import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.patches.model import Piece, Scene

_BLANKS = b" \t\r\n"


class Misled(Enum):
    """The draft is proven at a place that the commit did not mean: nobody could tell."""

    MISLED = "misled"


def judged(scene: Scene) -> Truth | None:
    """What the places allow; `None` for a draft that proves something else than the commit."""
    found = [_told(scene.base, piece) for piece in scene.written]
    if Misled.MISLED in found or _is_shift_untold(scene):
        return None
    if Truth.REFUSED not in found and _bare(scene.base, scene.written) != _bare(
        scene.base, scene.meant
    ):
        return None  # two faults have made another change, which stands as it is written
    verdicts = {verdict for verdict in found if isinstance(verdict, Truth)} | {scene.truth}
    for worst in (Truth.REFUSED, Truth.EITHER):
        if worst in verdicts:
            return worst
    return Truth.RIGHT


def _bare(base: Sequence[bytes], pieces: Sequence[Piece]) -> list[bytes]:
    """The file that comes of hunks at their own places, without blanks at the ends of lines."""
    lines: list[bytes | None] = list(base)
    parts: dict[int, list[bytes]] = {}
    for piece in dict.fromkeys(pieces):
        at = piece.start
        for sign, text in piece.lines:
            if sign == b"+":
                parts.setdefault(at, []).append(text)
                continue
            if sign == b"-":
                lines[at] = None
            at += 1
    whole = []
    for at, line in enumerate((*lines, None)):
        whole += [*parts.get(at, ()), *([line] if line is not None else [])]
    return [line.strip() for line in whole]


def _is_shift_untold(scene: Scene) -> bool:
    """Whether a hunk's added lines are indented otherwise than meant, and its old lines are not."""
    meant = {
        text.rstrip(b"\r\n") for piece in scene.meant for sign, text in piece.lines if sign == b"+"
    }
    real = {line.rstrip(_BLANKS) for line in scene.base}
    return any(
        any(sign == b"+" and text.rstrip(b"\r\n") not in meant for sign, text in piece.lines)
        and all(line.rstrip(_BLANKS) in real for line in piece.old)
        for piece in scene.written
    )


def _told(base: Sequence[bytes], piece: Piece) -> Truth | Misled:
    """The same, for a diff: of several places, one may be the file's end that the hunk claims."""
    found = located(base, piece)
    claims_end = any(not text.endswith(b"\n") for _, text in piece.lines)
    return Truth.EITHER if found is Truth.REFUSED and claims_end else found


def located(base: Sequence[bytes], piece: Piece) -> Truth | Misled:
    """What one hunk's old lines prove in a file."""
    old = piece.old
    if not any(line.strip(_BLANKS) for line in old):
        return Truth.REFUSED
    exact = _places(base, old, lambda line: line)
    if exact:
        return _verdict(exact, piece.start, Truth.RIGHT)
    ends_early = bool(old) and not old[-1].endswith(b"\n")
    mild = Truth.EITHER if ends_early else Truth.RIGHT
    trailing = _places(base, old, lambda line: line.rstrip(_BLANKS))
    if trailing:
        return _verdict(trailing, piece.start, mild)
    shifted = _shifted(base, old, lambda line: line.rstrip(b"\n"))
    loose = _shifted(base, old, lambda line: line.rstrip(_BLANKS))
    if shifted:
        is_plain = shifted == loose and not _is_one_blank(base, piece)
        return _verdict(shifted, piece.start, mild if is_plain else Truth.EITHER)
    if loose:
        return _verdict(loose, piece.start, Truth.EITHER)
    return _tabs(base, piece)


def _is_one_blank(base: Sequence[bytes], piece: Piece) -> bool:
    """Whether the draft is off by one blank: a lost sign looks the same, so it may be refused."""
    real = base[piece.start : piece.start + len(piece.old)]
    return any(
        abs(len(one.rstrip(_BLANKS)) - len(other.rstrip(_BLANKS))) == 1
        for one, other in zip(real, piece.old, strict=False)
        if one.strip()
    )


def _tabs(base: Sequence[bytes], piece: Piece) -> Truth | Misled:
    """Tabs written as spaces: whether to take that is the engine's to choose."""
    for width in (2, 4, 8):
        found = _shifted(base, piece.old, partial(_expanded, width=width))
        if len(found) == 1:
            return _verdict(found, piece.start, Truth.EITHER)
        if found:
            return Truth.EITHER  # which of them are alike hangs on the width of a tab
    return Truth.REFUSED


def _verdict(places: Sequence[int], start: int, unique: Truth) -> Truth | Misled:
    if len(places) > 1:
        return Truth.REFUSED
    return unique if places[0] == start else Misled.MISLED


def _places(
    base: Sequence[bytes], old: Sequence[bytes], view: Callable[[bytes], bytes]
) -> list[int]:
    lines, wanted = [view(line) for line in base], [view(line) for line in old]
    found: list[int] = []
    count, at = len(wanted), -1
    while True:
        try:
            at = lines.index(wanted[0], at + 1)
        except ValueError:
            return found
        if lines[at : at + count] == wanted:
            found.append(at)


def _shifted(
    base: Sequence[bytes], old: Sequence[bytes], view: Callable[[bytes], bytes]
) -> list[int]:
    """Places where all lines that are not blank differ by one and the same blanks in front."""
    bare = [line.strip(_BLANKS) for line in base]
    wanted = [line.strip(_BLANKS) for line in old]
    first = next(number for number, text in enumerate(wanted) if text)
    found: list[int] = []
    at = first - 1
    while True:
        try:
            at = bare.index(wanted[first], at + 1)
        except ValueError:
            return found
        start = at - first
        if bare[start : start + len(wanted)] == wanted and _is_one_shift(
            [view(line) for line in base[start : start + len(old)]], [view(line) for line in old]
        ):
            found.append(start)


def _is_one_shift(real: Sequence[bytes], old: Sequence[bytes]) -> bool:
    shifts = set()
    for one, other in zip(real, old, strict=True):
        if not one.strip(_BLANKS):
            continue
        if one.endswith(other):
            shifts.add((one[: len(one) - len(other)], b""))
        elif other.endswith(one):
            shifts.add((b"", other[: len(other) - len(one)]))
        else:
            return False
    return len(shifts) == 1 and not any(part.strip(b" \t") for part in next(iter(shifts)))


def _expanded(line: bytes, width: int) -> bytes:
    body = line.lstrip(b" \t")
    return line[: len(line) - len(body)].expandtabs(width) + body.rstrip(_BLANKS)
