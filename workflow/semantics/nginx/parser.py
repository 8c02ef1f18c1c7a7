"""Tokens to tree and back.  Printing joins the tokens, so what was read comes out byte for byte."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.semantics.nginx.lexer import tokenize, unescape
from workflow.semantics.nginx.tree import (
    Block,
    Comment,
    Directive,
    NginxSyntaxError,
    Span,
    Token,
    TokenKind,
    Tree,
    Word,
)

if TYPE_CHECKING:
    from workflow.semantics.nginx.tree import Node

_MAX_DEPTH = 100
# Characters; a tree takes about sixty bytes for each.
_MOST_REMEMBERED = 128 * 1024


class _Open:
    """A block that is still being read."""

    __slots__ = ("children", "lua", "start", "words")

    def __init__(self, words: tuple[Word, ...], start: int) -> None:
        self.words = words
        self.start = start
        self.children: list[Node] = []
        self.lua: str | None = None

    def closed(self, end: int) -> Directive:
        """The finished directive; `end` is behind its `}`."""
        block = Block(Span(self.start, end), tuple(self.children), self.lua)
        return _directive(self.words, block, end)


def _word(token: Token) -> Word:
    """A word token as a value."""
    quote = token.text[0] if token.text[0] in "\"'" else ""
    inner = token.text[1:-1] if quote else token.text
    return Word(token.text, unescape(inner), quote, Span(token.start, token.end), token.line)


def _directive(words: tuple[Word, ...], block: Block | None, end: int) -> Directive:
    """A directive from its words."""
    return Directive(words[0], words[1:], block, Span(words[0].span.start, end))


def _close(stack: list[_Open], token: Token) -> None:
    """Finish the innermost block at its `}`."""
    if len(stack) == 1:
        raise NginxSyntaxError(token.line, 'unexpected "}"')
    finished = stack.pop()
    stack[-1].children.append(finished.closed(token.end))


def parse(text: str) -> Tree:
    """Read a whole file, decoded with `decode`.

    Raises `NginxSyntaxError` where nginx's own reader would stop, and for blocks nested deeper
    than 100.  The last few trees are remembered: a gate, a diff and rules read the same files.
    """
    return _remembered(text) if len(text) <= _MOST_REMEMBERED else _parse(text)


@lru_cache(maxsize=8)
def _remembered(text: str) -> Tree:
    return _parse(text)


def _parse(text: str) -> Tree:
    tokens = tuple(tokenize(text))
    root = _Open((), 0)
    stack = [root]
    words: list[Word] = []
    for token in tokens:
        top = stack[-1]
        match token.kind:
            case TokenKind.WORD:
                words.append(_word(token))
            case TokenKind.COMMENT:
                span = Span(token.start, token.end)
                top.children.append(Comment(token.text, span, token.line))
            case TokenKind.SEMICOLON:
                top.children.append(_directive(tuple(words), None, token.end))
                words.clear()
            case TokenKind.OPEN:
                if len(stack) > _MAX_DEPTH:
                    raise NginxSyntaxError(token.line, f"nested deeper than {_MAX_DEPTH} blocks")
                stack.append(_Open(tuple(words), token.start))
                words.clear()
            case TokenKind.LUA:
                top.lua = token.text
            case TokenKind.CLOSE:
                _close(stack, token)
            case _:
                pass
    if len(stack) > 1:
        line = text.count("\n") + 1
        raise NginxSyntaxError(line, 'unexpected end of file, expecting "}"')
    return Tree(text, tokens, tuple(root.children))


def print_tree(tree: Tree) -> str:
    """The text of a tree: `print_tree(parse(text)) == text`."""
    return "".join(token.text for token in tree.tokens)


def decode(data: bytes) -> str:
    """A file's bytes as text; bytes that are not UTF-8 survive the round trip."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text that `decode` made."""
    return text.encode("utf-8", "surrogateescape")


def byte_span(text: str, span: Span) -> Span:
    """A span in characters as a span in bytes."""
    start = len(encode(text[: span.start]))
    return Span(start, start + len(encode(text[span.start : span.end])))
