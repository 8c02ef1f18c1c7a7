"""The values of a lossless nginx tree: every character belongs to exactly one token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from workflow.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class NginxSyntaxError(WorkflowError):
    """Text that nginx itself could not read: the line, counted from 1, and nginx's reason."""

    def __init__(self, line: int, reason: str) -> None:
        """Keep both parts; the message joins them."""
        super().__init__(
            f"line {line}: {reason}",
            hint="run `nginx -t` on the file and mend that line first",
        )
        self.line = line
        self.reason = reason


class TokenKind(Enum):
    """What a stretch of the text is."""

    BYTE_ORDER_MARK = auto()
    SPACE = auto()
    COMMENT = auto()
    WORD = auto()
    SEMICOLON = auto()
    OPEN = auto()
    CLOSE = auto()
    LUA = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One stretch of the text; `line` is where it starts, counted from 1."""

    kind: TokenKind
    text: str
    start: int
    line: int

    @property
    def end(self) -> int:
        """The offset just behind the token."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of the text, in characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """A directive's name or one of its arguments.

    `raw` is the spelling in the file, quotes included; `value` is what nginx sees; `quote` is the
    quote character or empty.
    """

    raw: str
    value: str
    quote: str
    span: Span
    line: int


@dataclass(frozen=True, slots=True)
class Comment:
    """From `#` to the end of the line, without the line's end."""

    text: str
    span: Span
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """`{ ... }`: the span includes both braces.  The content of a Lua block is `lua`, untouched."""

    span: Span
    children: tuple[Node, ...]
    lua: str | None = None


@dataclass(frozen=True, slots=True)
class Directive:
    """`name arg ... ;` or `name arg ... { ... }`; the span includes the `;` or the `}`."""

    word: Word
    args: tuple[Word, ...]
    block: Block | None
    span: Span

    @property
    def name(self) -> str:
        """The name as nginx sees it."""
        return self.word.value

    @property
    def line(self) -> int:
        """The line of the name, counted from 1."""
        return self.word.line

    @property
    def values(self) -> tuple[str, ...]:
        """The arguments as nginx sees them."""
        return tuple(arg.value for arg in self.args)

    @property
    def children(self) -> tuple[Node, ...]:
        """What the block holds; nothing where there is no block."""
        return self.block.children if self.block else ()


Node: TypeAlias = Directive | Comment


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole file: its text, the tokens that cover it without gaps, and its top-level nodes."""

    text: str
    tokens: tuple[Token, ...]
    children: tuple[Node, ...]


def directives(nodes: Sequence[Node], *names: str) -> tuple[Directive, ...]:
    """The directives among `nodes`, not below them; with `names`, only those so named."""
    return tuple(
        node for node in nodes if isinstance(node, Directive) and (not names or node.name in names)
    )


def walk(nodes: Sequence[Node]) -> Iterator[Directive]:
    """Every directive in and below `nodes`, in the order of the text."""
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if isinstance(node, Directive):
            yield node
            stack.extend(reversed(node.children))
