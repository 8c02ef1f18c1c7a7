"""Looks through many files of any size, so that a value found in one is found in all of them.

Two readings: the first finds, the second looks for what the first has found elsewhere.  Memory
holds neither the files nor what was found in them: places go to a file without a name, values stay
in memory up to a bound.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field, replace
from io import UnsupportedOperation
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final, Protocol, Self

from workflow.redaction.files.stream import clipped, windows
from workflow.redaction.files.walk import UnreadableError
from workflow.redaction.interface import Kind, SealingError, Span
from workflow.redaction.reading import read
from workflow.redaction.spread import Spread, is_strong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from workflow.redaction.allow import Allow
    from workflow.redaction.files.stream import Window
    from workflow.redaction.settings import Allowance

MOST_VALUES: Final = 5_000
"""How many values are looked for in all files; more are looked for in the window around them."""
_SPOOL: Final = 8 * 1024 * 1024
_ROW: Final = struct.Struct("<QIIIHH")
_ROWS: Final = 4096
_KINDS: Final = tuple(Kind)
_KNOWN: Final = "known:"
_COMMENT: Final = b"workflow:"


class Finds(Protocol):
    """What finds values: `Finder`."""

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """The values in `data`, by their place in it: in order, apart, each within a line."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was found first, in words for people.  `line` counts from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A value's place in a file, in bytes of the file; `line` and `column` count from 1.

    `origin` is where it was found first, when it is only known here.
    """

    span: Span
    line: int
    column: int
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A value that stays readable, and what allows it."""

    path: str
    line: int
    kind: Kind
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Misallowed:
    """A comment that is meant to allow a value and does not, and why."""

    path: str
    line: int
    why: str


@dataclass(slots=True)
class Recorded:
    """The allow-list, and a record of what it has allowed.  Implements `find.Allowing`.

    `at` is the line at which the text begins that is being looked at.
    """

    allow: Allow
    at: int = 1
    allowed: dict[Allowed, None] = field(default_factory=dict)

    def drops(self, text: bytes, path: str, span: Span) -> Allowance | None:
        """What allows a value to be seen, if anything does."""
        allowance = self.allow.drops(text, path, span)
        if allowance:
            line = self.at + text.count(b"\n", 0, span.start)
            self.allowed[Allowed(path, line, span.kind, allowance)] = None
        return allowance


class ChangedError(UnreadableError):
    """A file changed while it was looked through, so what was found is true of no state of it."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A file that was read once: its state then, and how many places were found in it."""

    state: tuple[int, ...]
    rows: int


class Scan:
    """Finds the values of files.  `learn` takes each file first, `look` gives what is in it.

    It is a context manager, since it holds a file of places until the end.
    """

    def __init__(self, finder: Finds, allow: Recorded) -> None:
        self.allow = allow
        self.misallowed: dict[Misallowed, None] = {}
        self.bytes_read = 0
        self.is_bounded = False
        """Whether there were more values than are looked for in all files."""
        self.finder = finder
        self._values: dict[bytes, tuple[Kind, Origin]] = {}
        self._spread: Spread | None = None
        self._rules: dict[str, int] = {}
        self._spool = SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 - lives as long as the scan
        self._files: dict[str, _Known] = {}
        self._reading = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    # --- the first reading ------------------------------------------------------------------------

    def learn(self, path: str, file: BinaryIO, tick: Callable[[], None]) -> int:
        """Find the values in a file, and say how many; `tick` is called now and then.

        Raises what the finder raises, such as `UndecodableError`, and `ChangedError`.
        """
        state, begin = _state(file), self._spool.tell()
        count = done = 0
        try:
            for window in windows(file):
                self.bytes_read += window.until - window.first
                spans = clipped(window, self._find(window, path), done)
                done = spans[-1].end if spans else done
                found = _placed(window, spans)
                self._keep(found)
                self._collect(window, path, found)
                count += len(found)
                tick()
        except SealingError:
            self._spool.seek(begin)  # a file is looked through as a whole, or not at all
            self._spool.truncate()
            raise
        self._require_same(path, file, state)
        self._files[path] = _Known(state, count)
        return count

    def _find(self, window: Window, path: str) -> tuple[Span, ...]:
        self.allow.at = window.line
        if window.wide or _COMMENT in window.data:
            for line, why in self.allow.allow.faults(read(window.data).text, path):
                self.misallowed[Misallowed(path, window.line + line - 1, why)] = None
        return self.finder.find(window.data, path)

    def _keep(self, found: Sequence[Finding]) -> None:
        for each in found:
            span = each.span
            rule = self._rules.setdefault(span.rule, len(self._rules))
            kind, length = _KINDS.index(span.kind), span.end - span.start
            row = _ROW.pack(span.start, length, each.line, each.column, kind, rule)
            self._spool.write(row)

    def _collect(self, window: Window, path: str, found: Sequence[Finding]) -> None:
        """Remember the values that are looked for in all files."""
        for each in found:
            value = window.text(each.span)
            is_here = each.span.rule.startswith(_KNOWN)  # what it is known from comes as well
            if is_here or value in self._values or not is_strong(value):
                continue
            if len(self._values) >= MOST_VALUES:
                self.is_bounded = True
                return
            self._values[value] = (each.span.kind, Origin(path, each.line))

    # --- the second reading -----------------------------------------------------------------------

    def places(self, path: str, file: Callable[[], BinaryIO]) -> Iterator[Finding]:
        """What is in a file that was learned.  It is opened only if other places have to be seen.

        Files come in the order in which they were learned.  Raises `ChangedError`.
        """
        if self._known():
            with file() as opened:
                for _, found in self.look(path, opened):
                    yield from found
        else:
            yield from self._rows(path)

    def look(self, path: str, file: BinaryIO) -> Iterator[tuple[Window, tuple[Finding, ...]]]:
        """The windows of a file that was learned, and what is in the part that each answers for.

        Files come in the order in which they were learned.  Raises `ChangedError`.
        """
        state = self._files[path].state
        self._require_same(path, file, state)
        rows = _Ahead(self._rows(path))
        done = 0
        for window in windows(file):
            found = rows.until(window.until)
            known = clipped(window, self._elsewhere(window, path), done)
            if known:
                spans = _united([each.span for each in found], known)
                found = [
                    replace(each, origin=self._origin(window, each.span))
                    for each in _placed(window, spans)
                ]
            done = max(done, found[-1].span.end) if found else done
            yield window, tuple(found)
        self._require_same(path, file, state)

    def _known(self) -> Spread | None:
        """What looks for the values that were found, if there are any."""
        if self._spread is None:
            self._spread = Spread((value, kind) for value, (kind, _) in self._values.items())
        return self._spread if len(self._spread) else None

    def _elsewhere(self, window: Window, path: str) -> list[Span]:
        """The known values in a window, by their place in its data."""
        spread = self._known()
        if spread is None:
            return []
        reading = read(window.data)
        self.allow.at = window.line
        spans = [
            span
            for span in spread.find(reading.text)
            if not self.allow.drops(reading.text, path, span)
        ]
        return [Span(*reading.span(s.start, s.end), s.kind, s.rule) for s in spans]

    def _origin(self, window: Window, span: Span) -> Origin | None:
        if not span.rule.startswith(_KNOWN):
            return None
        found = self._values.get(window.text(span))
        return found[1] if found else None

    def _rows(self, path: str) -> Iterator[Finding]:
        """What the first reading has found in the next file."""
        names = tuple(self._rules)
        left = self._files[path].rows
        while left:
            self._spool.seek(self._reading)
            block = self._spool.read(min(left, _ROWS) * _ROW.size)
            self._reading += len(block)
            left -= len(block) // _ROW.size
            for start, length, line, column, kind, rule in _ROW.iter_unpack(block):
                yield Finding(Span(start, start + length, _KINDS[kind], names[rule]), line, column)

    @staticmethod
    def _require_same(path: str, file: BinaryIO, state: tuple[int, ...]) -> None:
        if _state(file) != state:
            message = f"{path} changed while it was read"
            raise ChangedError(message, hint="run the command again")


class _Ahead:
    """Findings, taken up to a place in the file."""

    def __init__(self, found: Iterator[Finding]) -> None:
        self._found = found
        self._next = next(found, None)

    def until(self, end: int) -> list[Finding]:
        """What begins before a place and was not taken yet."""
        taken = []
        while self._next and self._next.span.start < end:
            taken.append(self._next)
            self._next = next(self._found, None)
        return taken


def _placed(window: Window, spans: Sequence[Span]) -> list[Finding]:
    places = window.places(spans)
    return [Finding(span, *place) for span, place in zip(spans, places, strict=True)]


def _united(found: Sequence[Span], known: Sequence[Span]) -> list[Span]:
    """All places, in order; those that overlap are one, and called what the finder called them."""
    united: list[Span] = []
    for span in sorted((*found, *known), key=lambda each: (each.start, each.end)):
        if not united or span.start >= united[-1].end:
            united.append(span)
            continue
        last = united[-1]
        name = span if last.rule.startswith(_KNOWN) else last
        end = max(last.end, span.end)
        united[-1] = Span(last.start, end, name.kind, name.rule)
    return united


def _state(file: BinaryIO) -> tuple[int, ...]:
    """What tells whether a file is still the one that was read; nothing does for text in memory."""
    try:
        about = os.fstat(file.fileno())
    except UnsupportedOperation:
        return ()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
