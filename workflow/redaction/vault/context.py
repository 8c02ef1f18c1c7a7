"""What a place in a file belongs to: its statement, and the blocks and headings around it.

Structure is read from strings, brackets, tags, indentation and section headings, the same way
before and after an edit, so what stays alike compares as alike.  Where a file's syntax is not
known, it is read by several, and has to be alike in all.  It is no parser: the reviewer sees an
edit that is made to deceive it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from workflow.redaction.vault.align import aligned
from workflow.redaction.vault.lexical import Event, Lexer
from workflow.redaction.vault.syntax import Layout, Syntax, syntaxes

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

# Of a call or list of more lines than this, only the first and the line itself are compared.
_MAX_LINES = 40
_HEADING = re.compile(rb"\s*\[\[?[^\[\]]+\]\]?\s*(?:[#;].*)?")
# Sections that a word begins and nothing ends: HAProxy, ssh_config, netrc, LDIF.
_SECTION = re.compile(
    rb"(?:global|defaults|frontend|backend|listen|userlist|peers|resolvers|program|mailers"
    rb"|Host|Match|machine|dn:)(?:\s[^;{=]*)?"
)
_COMMENT = (b"#", b"//", b"--", b";", b"/*", b"* ", b"<!--")
_NAMED = re.compile(rb"(?:async )?(?:def|class) \w+")
_TAG_LINE = re.compile(rb"\s*+</?[A-Za-z][^<>]*+>\s*+")
_TAG_NAME = re.compile(rb"</?([^\s<>/]+)")
_GOES_ON = re.compile(rb"(?:\\|&&|\|)$")
_OPERATOR = re.compile(rb"(?:[^=!<>]=|[^+]\+|[|?:.]|&&|=>)$")
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_ROOT = 0

_Key: TypeAlias = "tuple[str, int | bytes]"
_Chains: TypeAlias = "dict[Hashable, int]"


@dataclass(frozen=True, slots=True)
class Context:
    """Where a placeholder stands: its statement without needless blanks, and what is around it.

    `chain` is the same number, within one comparison, for the same blocks and headings.  The
    statement begins with the string or comment that is open there.
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
class _Level:
    """A text, or a string within it, with its open blocks, indentation and tags."""

    string: int
    frames: list[_Frame]
    base: int = _ROOT
    indent: int = _ROOT
    top: int = _ROOT
    indents: list[tuple[int, int]] = field(default_factory=list)
    tags: list[tuple[bytes, int]] = field(default_factory=lambda: [(b"", _ROOT)])
    names: Counter[bytes] = field(default_factory=Counter)
    tag: bytes = b""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line: the string and the blocks that it is in, and the lines of its statement."""

    string: int
    chain: int
    lines: list[int]


def compare(
    before: bytes, after: bytes, path: str, places: tuple[Sequence[int], Sequence[int]]
) -> tuple[list[Context], list[Context]]:
    """The contexts of offsets in a text before and after an edit; `places` has both, in order."""
    old, new = before.split(b"\n"), after.split(b"\n")
    pairs = aligned(old, new)
    stayed = set(pairs)

    def key_before(number: int) -> _Key:
        return ("line", number) if number in stayed else ("text", _head(old[number]))

    def key_after(number: int) -> _Key:
        same = pairs[number]
        return ("line", same) if same >= 0 else ("text", _head(new[number]))

    rows = _rows(before, places[0]), _rows(after, places[1])
    first: list[list[Context]] = []
    second: list[list[Context]] = []
    for syntax in syntaxes(path, before):
        chains: _Chains = {}
        first.append(_Reader(old, syntax, key_before, chains).contexts(rows[0]))
        second.append(_Reader(new, syntax, key_after, chains).contexts(rows[1]))
    joint: _Chains = {}
    return _joined(first, joint), _joined(second, joint)


def _rows(text: bytes, places: Sequence[int]) -> list[int]:
    """The line, from 0, of each offset."""
    rows, line, at = [], 0, 0
    for place in places:
        line += text.count(b"\n", at, place)
        at = place
        rows.append(line)
    return rows


def _joined(readings: Sequence[Sequence[Context]], joint: _Chains) -> list[Context]:
    """What several readings say of each place, as one."""
    found = []
    for same in zip(*readings, strict=True):
        chain = joint.setdefault(tuple(one.chain for one in same), len(joint) + 1)
        statements = dict.fromkeys(one.statement for one in same)
        found.append(Context(same[0].line, b"\n".join(statements), chain))
    return found


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
        syntax: Syntax,
        key: Callable[[int], _Key],
        chains: _Chains,
    ) -> None:
        self._lines = lines
        self._syntax = syntax
        self._key = key
        self._chains = chains
        self._levels = [_Level(_ROOT, [_Frame(_ROOT)])]
        self._lexer = Lexer(syntax.dialect)

    def contexts(self, rows: Sequence[int]) -> list[Context]:
        """The context of each of these lines."""
        if not rows:
            return []
        scan = self._scan()
        known: dict[tuple[int, int], bytes] = {}
        found = []
        for line in rows:
            row = scan[line]
            lines = row.lines
            if len(lines) > _MAX_LINES:
                lines = sorted({lines[0], line})
            name = lines[0], lines[-1]
            if name not in known:
                words = b" ".join(_squeezed(self._lines[number]) for number in lines)
                known[name] = words.strip().rstrip(b", ")
            statement = known[name]
            first = scan[lines[0]]
            if row.string or first.string:
                statement = b"%d %d %s" % (first.string, row.string, statement)
            found.append(Context(line + 1, statement, first.chain))
        return found

    def _scan(self) -> list[_Row]:
        scan: list[_Row] = []
        heading = 0
        for number, line in enumerate(self._lines):
            level = self._levels[-1]
            frame = level.frames[-1]
            blank = not line.strip()
            starts = not (frame.depth or frame.goes_on)
            if starts:
                frame.lines = []
                if not blank:
                    self._place(level, number, line)
            scan.append(_Row(level.string, self._chain(level), frame.lines))
            frame.lines.append(number)
            self._read(number, line, heading)
            if starts and level is self._levels[-1] and _TAG_LINE.fullmatch(line):
                self._tag(level, line.strip(), number)
            if not blank:
                heading = number
        return scan

    def _chain(self, level: _Level) -> int:
        frame, tag = level.frames[-1], level.tags[-1][1]
        return self._number(("all", frame.chain, level.indent, tag, level.top))

    def _number(self, name: Hashable) -> int:
        return self._chains.setdefault(name, len(self._chains) + 1)

    def _below(self, chain: int, numbers: Sequence[int], nth: int = 0) -> int:
        """The chain of what stands in the block or string that these lines open."""
        if len(numbers) > _MAX_LINES:
            numbers = numbers[0], numbers[-1]
        for number in numbers:
            chain = self._number((chain, self._key(number)))
        return self._number((chain, nth))

    def _place(self, level: _Level, number: int, line: bytes) -> None:
        """Say by headings and indentation where the statement that begins here stands."""
        layout, outer = self._syntax.layout, len(level.frames) == 1
        words = line.lstrip(b" \t")
        if layout is Layout.BLOCKS:
            if outer and (_HEADING.fullmatch(line) or _SECTION.fullmatch(line.rstrip())):
                level.top = self._below(_ROOT, [number])
                level.indents.clear()
            if words.startswith(_COMMENT) or not self._syntax.indented:
                return
        elif words.startswith(b"#") or not outer:
            return  # it may stand anywhere, and closes nothing
        elif layout is Layout.YAML and words.startswith(b"---"):
            level.top = self._below(_ROOT, [number])
            level.indents.clear()
        blanks = line[: len(line) - len(words)].expandtabs()
        depth = 2 * len(blanks) + words.startswith((b"- ", b"-\n", b"-\r"))
        while level.indents and level.indents[-1][0] >= depth:
            level.indents.pop()
        level.indent = level.indents[-1][1] if level.indents else level.base
        level.indents.append((depth, self._below(level.indent, [number])))

    def _read(self, number: int, line: bytes, heading: int) -> None:
        """Open and close what a line opens and closes, and say whether its statement goes on."""
        ended = 0
        for nth, (event, token, at) in enumerate(self._lexer.read(line)):
            level = self._levels[-1]
            match event:
                case Event.OPENED:
                    self._open(level, token, nth)
                case Event.CLOSED:
                    self._close(token, number)
                case Event.TAG:
                    self._tag(level, token, number)
                case Event.BRACKET:
                    alone = line.lstrip().startswith(b"{")
                    self._bracket(level, token, nth, heading if alone else number)
                    ended = at if token in b"{};" else ended
        code = line[: self._lexer.code_end].rstrip()
        self._continue(code, ended)

    def _bracket(self, level: _Level, token: bytes, nth: int, opener: int) -> None:
        frame = level.frames[-1]
        if self._syntax.layout is Layout.YAML:
            return
        match token:
            case b"{":
                lines = frame.lines if len(frame.lines) > 1 else [opener]
                level.frames.append(_Frame(self._below(frame.chain, lines, nth)))
            case b"}":
                if len(level.frames) > 1:
                    level.frames.pop()
            case b"(" | b"[":
                frame.depth += 1
            case b")" | b"]":
                frame.depth = max(frame.depth - 1, 0)
            case _:
                pass

    def _open(self, level: _Level, token: bytes, nth: int) -> None:
        """Begin a string: it is known by the statement that it belongs to."""
        frame = level.frames[-1]
        string = self._below(self._chain(level), frame.lines, nth)
        inner = _Level(string, [_Frame(frame.chain)], level.indent, level.indent, level.top)
        inner.tags = [level.tags[-1]]
        inner.tag = token if token[:1] == b"<" else b""
        self._levels.append(inner)

    def _close(self, token: bytes, number: int) -> None:
        level = self._levels.pop()
        lines = self._levels[-1].frames[-1].lines
        opener = lines[-1] if lines else number
        if level.tag and token == b">":
            self._tag(self._levels[-1], level.tag, opener)
        if opener != number:
            lines.append(number)

    def _tag(self, level: _Level, token: bytes, number: int) -> None:
        """Go into a tag or out of one; what never closes, or is closed at once, is none."""
        named = _TAG_NAME.match(token)
        name = named[1] if named else b""
        if not token.startswith(b"</"):
            if not token.endswith(b"/>") and name.lower() not in _VOID:
                level.tags.append((name, self._below(level.tags[-1][1], [number])))
                level.names[name] += 1
        elif level.names[name]:
            closed = b""
            while closed != name:
                closed, _ = level.tags.pop()
                level.names[closed] -= 1

    def _continue(self, code: bytes, ended: int) -> None:
        """Say whether the statement goes on; `ended` is where in the line one ended, or 0."""
        level = self._levels[-1]
        frame = level.frames[-1]
        syntax = self._syntax
        went_on, frame.goes_on = frame.goes_on, code.endswith(b"\\")
        if syntax.layout is not Layout.BLOCKS or frame.goes_on:
            return
        if syntax.semicolons and len(self._levels) == 1:
            frame.goes_on = bool(code[ended:].strip()) or (went_on and not ended)
        elif syntax.operators and _OPERATOR.search(code[-2:]):
            frame.goes_on = True
        else:
            table = code.lstrip().startswith(b"|")
            frame.goes_on = bool(_GOES_ON.search(code[-2:])) and not table
