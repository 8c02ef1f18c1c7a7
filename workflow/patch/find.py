"""Finds the one place where a hunk's old lines stand, or says why there is none to be sure of.

Three tiers are tried in turn: exact, trailing blanks, one shift of the indentation.  The first one
in which the lines stand anywhere decides, and they must stand there once; no line number and no
heading breaks a tie (a stated line would be wrong in 0.07 %, `facts/patch.md`).  A place whose old
lines match counts, whatever is to be thought of the new ones: a doubt about a place never makes
another one unique.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from workflow.patch.comparing import signs as compared
from workflow.patch.interface import Fit, Hunk, PatchError, Reason, Refusal
from workflow.patch.lines import MARK, indent, joined, split, trimmed, turns
from workflow.patch.nearest import around, nearest
from workflow.patch.refusal import short

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
_SIGNS_DOUBT = (
    "context lines seem to have lost or doubled their sign; begin each with one space, and then the"
    " line exactly as the file has it"
)
_TABS_DOUBT = "write the tabs or spaces with which the file is indented, in all lines of the hunk"
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
    """A place: its first line, from 0, how it fits, and how added lines are shifted.

    `doubt` is a hint where the hunk does not show that they are meant to be.  `is_under_mark` says
    that its first line stands behind the file's byte-order mark, which the hunk does not show.
    """

    line: int
    fit: Fit
    shift: Shift
    doubt: str = ""
    is_under_mark: bool = False


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
        message = f"hunk {lines.number} of {short(path)} has no old line that could prove its place"
        raise refused(Reason.NO_ANCHOR, message, "keep 3 unchanged lines on each side", path, lines)
    for tier in (_exact, _trailing, _reindented):
        found = tier(lines, text)
        if found:
            return _only(found, lines, text, path)
    shown, hint = nearest(lines.old, text)
    message = f"hunk {lines.number} of {short(path)}: its old lines stand nowhere in the file"
    applied = _applied(lines, text)
    if applied is not None:
        message += f", and its new lines stand at line {applied + 1}: is it applied already?"
        hint = "if it is, leave this hunk out; else copy its old lines from the file"
    raise refused(Reason.NO_PLACE, message, hint, path, lines, shown)


def _applied(lines: Lines, text: Text) -> int | None:
    """Where the new lines stand exactly and once, which may be what the hunk has done before."""
    if lines.new == lines.old or not any(line.strip() for line in lines.new):
        return None
    # Where only lines go, what is left on one side of them says nothing.
    if b"+" not in lines.signs and not lines.signs[:1] == lines.signs[-1:] == b" ":
        return None
    found = text.exact.find(lines.new, 2)
    return found[0] if len(found) == 1 else None


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
    message = f"hunk {change.number} of {short(path)} fits several places (lines {shown}{more})"
    return refused(Reason.SEVERAL_PLACES, message, _MORE, path, change)


def _only(found: list[Found], lines: Lines, text: Text, path: str) -> Found:
    last = text.count - len(lines.old)
    if lines.is_last:
        at_end = [place for place in found if place.line == last]
        if not at_end:
            where = found[0].line + len(lines.old)
            message = (
                f"hunk {lines.number} of {short(path)} says that the file ends after line {where}"
            )
            hint = f"it goes on to line {text.count}; say that it ends only where it does"
            raise refused(Reason.NOT_THE_END, message, hint, path, lines)
        found = at_end
    if len(found) > 1:
        raise several([place.line + 1 for place in found], lines, path)
    if found[0].doubt:
        raise _doubted(found[0], lines, text, path)
    return found[0]


def _doubted(found: Found, lines: Lines, text: Text, path: str) -> PatchError:
    message = (
        f"hunk {lines.number} of {short(path)} stands at line {found.line + 1} with another"
        " indentation, and does not tell whether its added lines are meant to be shifted alike"
    )
    shown = around(found.line, text)
    return refused(Reason.NO_PLACE, message, found.doubt, path, lines, shown)


# --- the tiers ----------------------------------------------------------------------------------


def _exact(lines: Lines, text: Text) -> list[Found]:
    # A file's missing last line feed is no proof of a place: models forget to say so.
    last = Fit.EXACT if lines.old_ends == text.has_end else Fit.TRAILING_SPACE
    found = [
        Found(number, last if number + len(lines.old) == text.count else Fit.EXACT, _same)
        for number in _stand(text.exact, lines.old, is_last=lines.is_last)
    ]
    # A byte-order mark does not show: alone it is no exact place, but it hides one from no other.
    return [*_under_mark(text.exact, lines.old, text), *found] if found else []


def _trailing(lines: Lines, text: Text) -> list[Found]:
    wanted = [trimmed(line) for line in lines.old]
    found = [
        Found(number, Fit.TRAILING_SPACE, _same)
        for number in _stand(text.trimmed, wanted, is_last=lines.is_last)
    ]
    return [*_under_mark(text.trimmed, wanted, text), *found]


def _reindented(lines: Lines, text: Text) -> list[Found]:
    wanted = [trimmed(line) for line in lines.old]
    first = next(number for number, line in enumerate(wanted) if line)
    # The only place at the end, and the one behind a byte-order mark, may not be among the first
    # that are found.
    certain = [text.count - len(wanted)] * lines.is_last + [0] * text.has_mark
    candidates = _chain(certain, text.turned.find_turned(turns(wanted[first:])), first)
    shifted = (_shifted(lines, wanted, text, number) for number in candidates)
    some = islice(filter(None, shifted), _LIMIT + len(certain))
    found = {place.line: place for place in some}
    # NOTE: no place is found in both ways: converted lines are indented with what the hunk's are
    # not, and shifted ones keep theirs.
    # Added lines are not converted: blanks at the beginning of a line may be part of a text of
    # several lines, and that would be wrong in one of 75 seeded cases.
    new = zip(lines.new, lines.signs.replace(b"-", b""), strict=True)
    is_indented = any(sign == _PLUS and trimmed(line) and indent(line) for line, sign in new)
    doubt = _TABS_DOUBT if is_indented else ""
    for converted in _converted(wanted):
        places = [
            Found(number, Fit.REINDENTED, _same)
            for number in _stand(text.trimmed, converted, is_last=lines.is_last)
        ]
        for place in (*places, *_under_mark(text.trimmed, converted, text)):
            found[place.line] = replace(place, fit=Fit.REINDENTED, doubt=doubt)
    return [found[number] for number in sorted(found)]


def _chain(certain: list[int], found: Iterator[int], first: int) -> Iterator[int]:
    yield from certain
    yield from (number - first for number in found)


def _stand(view: View, wanted: list[bytes], *, is_last: bool) -> list[int]:
    if is_last and view.lines[-len(wanted) :] == wanted:
        return [len(view.lines) - len(wanted)]
    return view.find(wanted, _LIMIT)


def _under_mark(view: View, wanted: list[bytes], text: Text) -> list[Found]:
    """The place at the top of a file whose byte-order mark the wanted lines do not show."""
    is_there = text.has_mark and _unmarked(view.lines, len(wanted)) == wanted
    return [Found(0, Fit.TRAILING_SPACE, _same, is_under_mark=True)] if is_there else []


def _unmarked(lines: list[bytes], count: int) -> list[bytes]:
    """The first lines of a file without its byte-order mark."""
    return [lines[0].removeprefix(MARK), *lines[1:count]]


def _shifted(lines: Lines, wanted: list[bytes], text: Text, number: int) -> Found | None:
    """The place at `number` if one shift turns the old lines into those that stand there.

    `wanted` are the old lines, trimmed.
    """
    lines_there = text.trimmed.lines
    is_under_mark = text.has_mark and number == 0 and MARK not in wanted[0]
    real = lines_there[number : number + len(wanted)] if number >= 0 else []
    real = _unmarked(lines_there, len(wanted)) if is_under_mark else real
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
    if not is_same:
        return None
    is_told = _is_told(lines, real, shift, is_column=abs(width) == 1)
    return Found(number, Fit.REINDENTED, shift, "" if is_told else _SIGNS_DOUBT, is_under_mark)


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


def _converted(wanted: list[bytes]) -> Iterator[list[bytes]]:
    """The old lines with spaces for tabs or tabs for spaces, wherever all of them can be."""
    used = set(b"".join(indent(line) for line in wanted))
    turn = {frozenset(b" "): _to_tabs, frozenset(b"\t"): _to_spaces}.get(frozenset(used))
    for width in _TAB_WIDTHS if turn else ():
        lines = [turn(width, line) for line in wanted] if turn else []
        converted = [line for line in lines if line is not None]
        if len(converted) == len(wanted):
            yield converted


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
