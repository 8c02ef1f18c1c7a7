"""Restores the result of a model's edits, and says which placeholders are not where they were.

Only results are restored, by place, once, and in exactly the spelling that was given out: nothing
of a draft's own text is, and nothing that merely looks alike.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from workflow.redaction.interface import Fault, FaultKind
from workflow.redaction.reading import read
from workflow.redaction.vault import placeholder
from workflow.redaction.vault.context import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.redaction.reading import Reading
    from workflow.redaction.vault.context import Context
    from workflow.redaction.vault.vault import Sealed, Value, Vault

_Spot: TypeAlias = tuple[bytes, bytes, int]
_Mark: TypeAlias = "tuple[int, bytes, Value]"
# So many characters of a placeholder in a row are no accident, and what is left of one.
_PIECE = 8
_RUN = re.compile(rb"[0-9A-Za-z]{%d,}" % _PIECE)
_JOINS = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Restored:
    """A file with its values again, and what stands against it."""

    data: bytes = field(repr=False)
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text and the placeholders in it: where they are and what they stand for."""

    text: bytes
    places: tuple[tuple[int, int], ...]
    values: tuple[Value | None, ...]

    def marks(self) -> Iterator[_Mark]:
        """The start of each placeholder that stands for a value, itself, and the value."""
        for (start, end), value in zip(self.places, self.values, strict=True):
            if value is not None:
                yield start, self.text[start:end], value


def restore(vault: Vault, before: Sealed | None, after: bytes, path: str) -> Restored:
    """The file `path` as an edit of `before` made it, with all known placeholders restored.

    `before` is what was sealed, `None` for a new file.  With any fault the data is for no use but
    to be looked at.  Raises `SealingError` when one of the two cannot be read.
    """
    reading = read(after)
    result = _look(vault, reading.text)
    was = None if before is None else _look(vault, read(before.data).text)
    data, faults = _filled(after, reading, result, path)
    if before is None or before.data != after:
        faults += _damaged(result, was, path)
        faults += _misplaced(vault, result, was, path)
    return Restored(data, tuple(sorted(faults, key=lambda fault: (fault.line, fault.kind))))


def _look(vault: Vault, text: bytes) -> _Text:
    places = tuple(placeholder.places(text))
    return _Text(text, places, tuple(vault.known(text[start:end]) for start, end in places))


def _filled(after: bytes, reading: Reading, result: _Text, path: str) -> tuple[bytes, list[Fault]]:
    """The bytes with values for placeholders, and a fault for each that stands for nothing."""
    faults: list[Fault] = []
    parts: list[bytes] = []
    end = 0
    rows = _lines(result.text, [start for start, _ in result.places])
    for place, value, line in zip(result.places, result.values, rows, strict=True):
        data = None if value is None else _encoded(value.data, reading)
        if data is None:
            kind = None if value is None else value.kind
            faults.append(Fault(FaultKind.UNKNOWN, path, line, kind))
            continue
        start, stop = reading.span(*place)
        parts += [after[end:start], data]
        end = stop
    return b"".join([*parts, after[end:]]), faults


def _encoded(value: bytes, reading: Reading) -> bytes | None:
    """A value in the encoding of a file; a value of another encoding may have no form in it."""
    if reading.marks is None:
        return value
    try:
        return value.decode().encode(reading.encoding)
    except UnicodeDecodeError:
        return None


def _lines(text: bytes, places: Iterable[int]) -> Iterator[int]:
    """The line, from 1, of each offset; offsets rise."""
    line, at = 1, 0
    for place in places:
        line += text.count(b"\n", at, place)
        at = place
        yield line


# --- damaged --------------------------------------------------------------------------------------


def _damaged(result: _Text, was: _Text | None, path: str) -> list[Fault]:
    """Placeholders that were changed themselves, on the lines that are not as they were."""
    old = set() if was is None else set(was.text.split(b"\n"))
    found = {start for start, _ in placeholder.damaged(result.text)}
    found |= set(_joined(result, was))
    fresh: list[tuple[int, int]] = []
    at = 0
    for line in result.text.split(b"\n"):
        if line not in old:
            fresh.append((at, at + len(line)))
        at += len(line) + 1
    if was is not None:
        found |= set(_pieces(result, was, fresh))
    starts = [start for start, _ in fresh]
    new = []
    for place in sorted(found):
        at = bisect_right(starts, place) - 1
        if at >= 0 and place <= fresh[at][1]:
            new.append(place)
    lines = sorted(set(_lines(result.text, new)))
    return [Fault(FaultKind.ALTERED, path, line) for line in lines]


def _joined(result: _Text, was: _Text | None) -> Iterator[int]:
    """Placeholders with a letter or digit directly beside them where none ever was."""
    known = set() if was is None else {(mark, side) for mark, side, _ in _sides(was)}
    for mark, side, start in _sides(result):
        if (mark, side) not in known:
            yield start


def _sides(text: _Text) -> Iterator[tuple[bytes, str, int]]:
    for start, mark, _ in text.marks():
        end = start + len(mark)
        if start and text.text[start - 1] in _JOINS:
            yield mark, "before", start
        if end < len(text.text) and text.text[end] in _JOINS:
            yield mark, "after", start


def _pieces(result: _Text, was: _Text, fresh: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Where a changed line has a part of a placeholder that the file had, in any case."""
    pieces = {
        mark[at : at + _PIECE].upper()
        for _, mark, _ in was.marks()
        if mark.startswith(placeholder.HEAD)
        for at in range(len(mark) - _PIECE + 1)
    }
    if not pieces:
        return
    starts = [start for start, _ in result.places]
    for begin, end in fresh:
        for run in _RUN.finditer(result.text, begin, end):
            if bisect_left(starts, run.start()) != bisect_left(starts, run.end()):
                continue
            word = run[0].upper()
            if any(word[at : at + _PIECE] in pieces for at in range(len(word) - _PIECE + 1)):
                yield run.start()


# --- misplaced ------------------------------------------------------------------------------------


def _misplaced(vault: Vault, result: _Text, was: _Text | None, path: str) -> list[Fault]:
    """Placeholders that stand elsewhere than before, or in a statement that says another thing."""
    old = [] if was is None else list(was.marks())
    had = {mark for _, mark, _ in old}
    new = [one for one in result.marks() if one[1] in had]
    faults = list(_brought(vault, result, had, path))
    if was is None or not new:
        return faults
    places = [start for start, _, _ in old], [start for start, _, _ in new]
    before, after = compare(was.text, result.text, path, places)
    stays = Counter(map(_spot, old, before))
    left = []
    for one, context in zip(new, after, strict=True):
        spot = _spot(one, context)
        if stays[spot]:
            stays[spot] -= 1
        else:
            left.append((one, context))
    gone: dict[bytes, Counter[int]] = {}
    for mark, _, chain in stays.elements():
        gone.setdefault(mark, Counter())[chain] += 1
    for (_, mark, value), context in left:
        kind = _what(gone.get(mark, Counter()), context.chain)
        faults.append(Fault(kind, path, context.line, value.kind, path))
    return faults


def _spot(one: _Mark, context: Context) -> _Spot:
    return one[1], context.statement, context.chain


def _what(gone: Counter[int], chain: int) -> FaultKind:
    """What happened to a placeholder whose statement is new; `gone` has the chains it left."""
    if not gone:
        return FaultKind.COPIED
    kind = FaultKind.REWIRED if chain in gone else FaultKind.MOVED
    left = chain if chain in gone else next(iter(gone))
    gone[left] -= 1
    if not gone[left]:
        del gone[left]
    return kind


def _brought(vault: Vault, result: _Text, had: set[bytes], path: str) -> Iterator[Fault]:
    """Placeholders that this file did not have; what only the request named may come in once."""
    seen: set[bytes] = set()
    marks = [one for one in result.marks() if one[1] not in had]
    rows = _lines(result.text, [start for start, _, _ in marks])
    for (_, mark, value), line in zip(marks, rows, strict=True):
        sources = vault.paths(value)
        if sources:
            source = path if path in sources else min(sources)
            yield Fault(FaultKind.MOVED, path, line, value.kind, source)
        elif mark in seen:
            yield Fault(FaultKind.COPIED, path, line, value.kind, path)
        seen.add(mark)
