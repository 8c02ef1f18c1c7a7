"""Finds the one place where a hunk's old lines stand, or says why there is none to be sure of.

Three tiers are tried in turn: exact, trailing blanks, one shift of the indentation.  The first one
in which the lines stand anywhere decides, and they must stand there once; no line number and no
heading breaks a tie (a stated line would be wrong in 0.07 %, `facts/patch.md`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from workflow.patch.comparing import signs as compared
from workflow.patch.interface import Fit, Hunk, PatchError, Reason, Refusal
from workflow.patch.lines import indent, joined, split, trimmed, turns
from workflow.patch.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.patch.interface import Snippet
    from workflow.patch.lines import Text, View

_SHOWN = 5
_SPACE, _PLUS, _MINUS = b" +-"
_LIMIT = _SHOWN + 1
_TAB_WIDTHS = (2, 3, 4, 8)
# What a line costs at most to compare with all its like, in ns.
_TO_COMPARE = 1000
_MORE = "add unchanged lines above and below it until the place is unique"

Shift: TypeAlias = "Callable[[bytes], bytes | None]"
"""Gives an added line the indentation of its place; `None` for a line that has too little."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A hunk as whole lines without their line feeds.

    `old_ends` and `new_ends` say whether the last line has one.  `is_last` wants the place at the
    file's end.  `is_marked` says that the dialect could have said that a line feed is missing.
    """

    number: int
    old: list[bytes]
    new: list[bytes]
    signs: bytes
    old_ends: bool
    new_ends: bool
    is_last: bool
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A proven place: its first line, from 0, how it fits, and how added lines are shifted."""

    line: int
    fit: Fit
    shift: Shift


def of_hunk(hunk: Hunk) -> Lines:
    """A hunk's lines; signs that do not fit them are made anew."""
    old, new = split(hunk.old), split(hunk.new)
    old_ends, new_ends = not old or hunk.old.endswith(b"\n"), not new or hunk.new.endswith(b"\n")
    signs = hunk.signs if _agree(hunk.signs, old, new) else compared(joined(old), joined(new))
    # Context that loses or gains its line feed is no context.
    kept = signs.rstrip(b"-")
    if kept.endswith(b" ") and (old_ends != new_ends if kept == signs else not new_ends):
        signs = kept[:-1] + b"-+" + signs[len(kept) :]
    is_last = hunk.at_end or not old_ends or not new_ends
    return Lines(
        hunk.number, old, new, signs, old_ends, new_ends, is_last, is_marked=not hunk.at_end
    )


def of_snippet(snippet: Snippet) -> Lines | None:
    """A snippet as whole lines, or `None` when what it puts there is not."""
    old_ends, new_ends = snippet.old.endswith(b"\n"), snippet.new.endswith(b"\n")
    if old_ends != new_ends and not (old_ends and not snippet.new):
        return None
    old, new = split(snippet.old), split(snippet.new)
    return Lines(
        snippet.number,
        old,
        new,
        compared(joined(old), joined(new)),
        old_ends=True,
        new_ends=True,
        is_last=False,
        is_marked=False,
    )


def _agree(signs: bytes, old: list[bytes], new: list[bytes]) -> bool:
    kept_old = [
        line for line, sign in zip(old, signs.replace(b"+", b""), strict=False) if sign == _SPACE
    ]
    kept_new = [
        line for line, sign in zip(new, signs.replace(b"-", b""), strict=False) if sign == _SPACE
    ]
    counts = (len(signs) - signs.count(b"+"), len(signs) - signs.count(b"-"))
    return (
        counts == (len(old), len(new))
        and kept_old == kept_new
        and not signs.translate(None, b" -+")
    )


def find(lines: Lines, text: Text, path: str) -> Found:
    """The one place of a hunk.

    Raises `PatchError` with `NO_ANCHOR`, `NO_PLACE`, `SEVERAL_PLACES` or `NOT_THE_END`.
    """
    if not any(line.strip() for line in lines.old):
        message = f"hunk {lines.number} of {path} has no old line that could prove its place"
        raise refused(Reason.NO_ANCHOR, message, "keep 3 unchanged lines on each side", path, lines)
    for tier in (_exact, _trailing, _reindented):
        found = tier(lines, text)
        if found:
            return _only(found, lines, text, path)
    shown, hint = nearest(lines.old, text)
    message = f"hunk {lines.number} of {path}: its old lines stand nowhere in the file"
    raise refused(Reason.NO_PLACE, message, hint, path, lines, shown)


def refused(  # noqa: PLR0913, PLR0917 - a refusal has this many parts
    reason: Reason,
    message: str,
    hint: str,
    path: str,
    change: Lines | Hunk | Snippet,
    shown: tuple[tuple[int, bytes], ...] = (),
) -> PatchError:
    """The error for one hunk or snippet."""
    return PatchError(Refusal(reason, message, hint, path, change.number, shown))


def several(numbers: list[int], change: Lines | Snippet, path: str) -> PatchError:
    """The error for something that stands at more than one place; `numbers` count from 1."""
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    more = " and more" if len(numbers) > _SHOWN else ""
    message = f"hunk {change.number} of {path} fits several places (lines {shown}{more})"
    return refused(Reason.SEVERAL_PLACES, message, _MORE, path, change)


def _only(found: list[Found], lines: Lines, text: Text, path: str) -> Found:
    last = text.count - len(lines.old)
    if lines.is_last:
        at_end = [place for place in found if place.line == last]
        if not at_end:
            where = found[0].line + len(lines.old)
            message = f"hunk {lines.number} of {path} says that the file ends after line {where}"
            hint = f"it goes on to line {text.count}; say that it ends only where it does"
            raise refused(Reason.NOT_THE_END, message, hint, path, lines)
        found = at_end
    if len(found) > 1:
        raise several([place.line + 1 for place in found], lines, path)
    return found[0]


# --- the tiers ----------------------------------------------------------------------------------


def _exact(lines: Lines, text: Text) -> list[Found]:
    # A file's missing last line feed is no proof of a place: models forget to say so.
    last = Fit.EXACT if lines.old_ends == text.has_end else Fit.TRAILING_SPACE
    return [
        Found(number, last if number + len(lines.old) == text.count else Fit.EXACT, _same)
        for number in _stand(text.exact, lines.old, is_last=lines.is_last)
    ]


def _trailing(lines: Lines, text: Text) -> list[Found]:
    wanted = [trimmed(line) for line in lines.old]
    return [
        Found(number, Fit.TRAILING_SPACE, _same)
        for number in _stand(text.trimmed, wanted, is_last=lines.is_last)
    ]


def _reindented(lines: Lines, text: Text) -> list[Found]:
    wanted = [trimmed(line) for line in lines.old]
    first = next(number for number, line in enumerate(wanted) if line)
    # The only place at the end may not be among the first that are found.
    last = [text.count - len(wanted)] if lines.is_last else []
    candidates = _chain(last, text.turned.find_turned(turns(wanted[first:])), first)
    proven = (
        Found(number, Fit.REINDENTED, shift)
        for number in candidates
        if (shift := _shift(lines, wanted, text, number))
    )
    found = {place.line: place for place in islice(proven, _LIMIT)}
    for shift, converted in _converted(wanted):
        for number in _stand(text.trimmed, converted, is_last=lines.is_last):
            found[number] = Found(number, Fit.REINDENTED, shift)
    return [found[number] for number in sorted(found)]


def _chain(last: list[int], found: Iterator[int], first: int) -> Iterator[int]:
    yield from last
    yield from (number - first for number in found)


def _stand(view: View, wanted: list[bytes], *, is_last: bool) -> list[int]:
    if is_last and view.lines[-len(wanted) :] == wanted:
        return [len(view.lines) - len(wanted)]
    return view.find(wanted, _LIMIT)


def _shift(lines: Lines, wanted: list[bytes], text: Text, number: int) -> Shift | None:
    """The shift that turns the old lines into those that stand at `number`, if there is one.

    `wanted` are the old lines, trimmed.
    """
    real = text.trimmed.lines[number : number + len(wanted)] if number >= 0 else []
    first = next(at for at, line in enumerate(wanted) if line)
    if len(real) < len(wanted) or not real[first]:
        return None
    here, there = indent(real[first]), indent(wanted[first])
    width = len(here) - len(there)
    if here.endswith(there):
        more = here[:width]
        is_same = all(is_ == (line and more + line) for is_, line in zip(real, wanted, strict=True))
        shift: Shift = partial(_indent, more)
    elif there.endswith(here):
        less = there[:-width]
        is_same = all((is_ and less + is_) == line for is_, line in zip(real, wanted, strict=True))
        shift = partial(_outdent, less)
    else:
        return None
    text.effort.spend(_TO_COMPARE * len(lines.signs))
    is_proven = is_same and _is_told(lines, real, shift, is_column=abs(width) == 1)
    return shift if is_proven else None


def _is_told(lines: Lines, real: list[bytes], shift: Shift, *, is_column: bool) -> bool:
    """Whether added lines can be meant to be shifted.

    A line that goes shows it.  Else they must not have indentations of the place as they are, and
    others when they are shifted.  Context by one column off says less: it may have lost its sign,
    or have it twice; then only lines that fit the place when shifted, and not as they are, show
    that all are meant.
    """
    signs = lines.signs
    old = zip(lines.old, signs.replace(b"+", b""), strict=True)
    new = zip(lines.new, signs.replace(b"-", b""), strict=True)
    gone = Counter(line for line, sign in old if sign == _MINUS and trimmed(line))
    come = Counter(line for line, sign in new if sign == _PLUS and trimmed(line))
    # What goes and comes again is context.
    if gone - come:
        return True
    indents = {indent(line) for line in real if line}
    fits = {indent(line) for line in come - gone} <= indents
    shifted = map(shift, come - gone)
    fits_shifted = {indent(line) for line in shifted if line} <= indents
    return (fits_shifted and not fits) if is_column else (fits_shifted or not fits)


def _converted(wanted: list[bytes]) -> Iterator[tuple[Shift, list[bytes]]]:
    """The old lines with spaces for tabs or tabs for spaces, wherever all of them can be."""
    used = set(b"".join(indent(line) for line in wanted))
    turn = {frozenset(b" "): _to_tabs, frozenset(b"\t"): _to_spaces}.get(frozenset(used))
    for width in _TAB_WIDTHS if turn else ():
        shift = partial(turn, width) if turn else _same
        lines = [shift(line) for line in wanted]
        converted = [line for line in lines if line is not None]
        if len(converted) == len(wanted):
            yield shift, converted


# --- shifts -------------------------------------------------------------------------------------


def _same(line: bytes) -> bytes:
    return line


def _indent(more: bytes, line: bytes) -> bytes:
    return more + line if trimmed(line) else line


def _outdent(less: bytes, line: bytes) -> bytes | None:
    if not trimmed(line):
        return line
    return line[len(less) :] if line.startswith(less) else None


def _to_tabs(width: int, line: bytes) -> bytes | None:
    before = indent(line)
    if not trimmed(line):
        return line
    is_odd = b"\t" in before or len(before) % width
    return None if is_odd else b"\t" * (len(before) // width) + line[len(before) :]


def _to_spaces(width: int, line: bytes) -> bytes | None:
    before = indent(line)
    if not trimmed(line):
        return line
    return None if b" " in before else b" " * (width * len(before)) + line[len(before) :]
