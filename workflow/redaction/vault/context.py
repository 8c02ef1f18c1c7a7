"""What a place in a file belongs to: its statement, and the blocks and headings around it.

Structure is read from brackets, indentation and section headings, the same way before and after an
edit, so what stays alike compares as alike in any syntax.  It is no parser: an edit that is made to
deceive it, such as a bracket in a comment, can; the reviewer sees that edit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from workflow.redaction.vault.align import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A call or list of more lines than this is no statement to compare as one: its lines are.
_MAX_LINES = 40
_INDENTED = {".py", ".pyi"}
_LISTED = {".yaml", ".yml"}
_TOKENS = re.compile(
    rb"\\.|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|'[^'\\]*+(?:\\.[^'\\]*+)*+'|[(){}\[\]]", re.DOTALL
)
_BRACKETS = re.compile(rb"[(){}\[\]]")
_HEADING = re.compile(rb"\s*\[\[?[^\[\]]+\]\]?\s*(?:[#;].*)?")
_NAMED = re.compile(rb"(?:async )?(?:def|class) \w+")
_ROOT = 0

_Key: TypeAlias = "tuple[str, int | bytes]"


class _Style(Enum):
    BLOCKS = "brackets and section headings"
    PYTHON = "indentation and brackets"
    YAML = "indentation alone"


@dataclass(frozen=True, slots=True)
class Context:
    """Where a placeholder stands: its statement without needless blanks, and what is around it.

    `chain` is the same number, within one comparison, for the same blocks and headings.
    """

    line: int
    statement: bytes
    chain: int


@dataclass(slots=True)
class _Frame:
    """An open block: its chain, the statement that is being read in it, and its open brackets."""

    chain: int
    lines: list[int] = field(default_factory=list)
    depth: int = 0
    goes_on: bool = False


@dataclass(slots=True)
class _Scan:
    """For each line the chain that it is in, and the lines of its statement."""

    chains: list[int] = field(default_factory=list)
    statements: list[list[int]] = field(default_factory=list)


def compare(
    before: bytes, after: bytes, path: str, places: tuple[Sequence[int], Sequence[int]]
) -> tuple[list[Context], list[Context]]:
    """The contexts of offsets in a text before and after an edit; `places` has both, in order."""
    old, new = before.split(b"\n"), after.split(b"\n")
    pairs = aligned(old, new)
    stayed = set(pairs)
    chains: dict[tuple[int, _Key, int], int] = {}

    def key_before(number: int) -> _Key:
        return ("line", number) if number in stayed else ("text", _head(old[number]))

    def key_after(number: int) -> _Key:
        same = pairs[number]
        return ("line", same) if same >= 0 else ("text", _head(new[number]))

    style = _style(path)
    first = _Reader(old, style, key_before, chains).contexts(before, places[0])
    return first, _Reader(new, style, key_after, chains).contexts(after, places[1])


def _style(path: str) -> _Style:
    ending = PurePosixPath(path).suffix.lower()
    if ending in _LISTED:
        return _Style.YAML
    return _Style.PYTHON if ending in _INDENTED else _Style.BLOCKS


def _squeezed(line: bytes) -> bytes:
    return b" ".join(line.split())


def _head(line: bytes) -> bytes:
    """What an opening line is known by when the line itself was edited."""
    squeezed = _squeezed(line)
    named = _NAMED.match(squeezed)
    return named[0] if named else squeezed


class _Reader:
    """Reads the structure of one text, line by line."""

    def __init__(
        self,
        lines: Sequence[bytes],
        style: _Style,
        key: Callable[[int], _Key],
        chains: dict[tuple[int, _Key, int], int],
    ) -> None:
        self._lines = lines
        self._style = style
        self._key = key
        self._chains = chains
        self._frames = [_Frame(_ROOT)]
        self._indents: list[tuple[int, int]] = []
        self._top = _ROOT

    def contexts(self, text: bytes, places: Sequence[int]) -> list[Context]:
        """The context of each offset in the text."""
        if not places:
            return []
        scan = self._scan()
        known: dict[int, bytes] = {}
        found, line, at = [], 0, 0
        for place in places:
            line += text.count(b"\n", at, place)
            at = place
            lines = scan.statements[line]
            if len(lines) > _MAX_LINES:
                lines = [line]
            if lines[0] not in known:
                words = b" ".join(_squeezed(self._lines[number]) for number in lines)
                known[lines[0]] = words.rstrip(b", ")
            found.append(Context(line + 1, known[lines[0]], scan.chains[lines[0]]))
        return found

    def _scan(self) -> _Scan:
        scan = _Scan()
        heading = 0
        for number, line in enumerate(self._lines):
            frame = self._frames[-1]
            if not (frame.depth or frame.goes_on):
                frame.lines = []
                if len(self._frames) == 1 and line.strip():
                    frame.chain = self._outer(number, line)
            frame.goes_on = False
            scan.chains.append(frame.chain)
            frame.lines.append(number)
            scan.statements.append(frame.lines)
            if self._style is not _Style.YAML:
                opener = heading if line.lstrip().startswith(b"{") else number
                self._read(line, opener)
                self._continue(line)
            if line.strip():
                heading = number
        return scan

    def _outer(self, number: int, line: bytes) -> int:
        """The chain of a line that no bracket is open around."""
        if self._style is _Style.BLOCKS:
            if _HEADING.fullmatch(line):
                self._top = self._chained(_ROOT, number, 0)
            return self._top
        words = line.lstrip(b" \t")
        if words.startswith(b"#"):
            return self._frames[0].chain  # it may stand anywhere, and closes nothing
        level = 2 * (len(line) - len(words)) + words.startswith((b"- ", b"-\n", b"-\r"))
        while self._indents and self._indents[-1][0] >= level:
            self._indents.pop()
        chain = self._indents[-1][1] if self._indents else self._top
        if self._style is _Style.YAML and words.startswith(b"---"):
            self._top = self._chained(_ROOT, number, 0)
        else:
            self._indents.append((level, self._chained(chain, number, 0)))
        return chain

    def _read(self, line: bytes, opener: int) -> None:
        """Open and close what the brackets of a line open and close."""
        if not _BRACKETS.search(line):
            return
        for nth, token in enumerate(_TOKENS.finditer(line)):
            frame = self._frames[-1]
            match token[0]:
                case b"{":
                    self._frames.append(_Frame(self._chained(frame.chain, opener, nth)))
                case b"}":
                    if len(self._frames) > 1:
                        self._frames.pop()
                case b"(" | b"[":
                    frame.depth += 1
                case b")" | b"]":
                    frame.depth = max(frame.depth - 1, 0)
                case _:
                    pass

    def _continue(self, line: bytes) -> None:
        """Go on with a statement that has a backslash at the end of its line."""
        if line.rstrip(b"\r").endswith(b"\\"):
            self._frames[-1].goes_on = True

    def _chained(self, parent: int, number: int, nth: int) -> int:
        return self._chains.setdefault((parent, self._key(number), nth), len(self._chains) + 1)
