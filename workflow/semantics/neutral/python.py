"""What a Python file means: its syntax tree, and the comments that programs read.

Nothing is executed.  Line numbers, layout and all other comments are no meaning; a docstring is.
"""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING

from workflow.semantics.neutral.comments import is_meant
from workflow.semantics.python import parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SCRIPT = "# ///"
_LAYOUT = {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def tokens(text: str) -> Iterator[str]:
    """The meaning, in pieces.

    Raises `UnreadableError`, and what `tokenize` does: `SyntaxError` and `tokenize.TokenError`.
    """
    # An interpreter's line has to be the first, to the byte: `python3\r` is another program.
    yield text.split("\n", 1)[0] if text.startswith("#!") else ""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if plain.startswith(_BYTE_ORDER_MARK):
        yield "byte order mark"
        plain = plain[1:]
    yield from _nodes(parse_text(plain))
    if is_meant_anywhere(plain):
        yield from _comments(plain)


def is_meant_anywhere(text: str) -> bool:
    """Whether any line may have a comment that a program reads."""
    return any(is_meant(line) for line in text.split("\n") if "#" in line)


def _nodes(tree: ast.AST) -> Iterator[str]:
    """A syntax tree without positions, as a list whose order and lengths tell its shape."""
    stack: list[object] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.AST):
            yield type(node).__name__
            stack.extend(getattr(node, name, None) for name in reversed(node._fields))
        elif isinstance(node, list):
            yield f"[{len(node)}"
            stack.extend(reversed(node))
        elif type(node) is int:
            # Decimal digits would take quadratic time, and are refused beyond 4,300.
            yield f"{node:x}"
        else:
            yield f"{type(node).__name__} {node!r}"


def _comments(text: str) -> Iterator[str]:
    """Each comment that a program reads, with its place among the tokens.

    A place is the statement's number and which of its tokens stand before the comment, before it
    on its line: what a line is told to ignore is not told to another.
    """
    every = _SCRIPT in text
    statement = count = first = row = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if every or is_meant(token.string):
                beside = first if token.start[0] == row else "alone"
                yield f"{statement} {count} {beside} {token.string.rstrip()!r}"
        elif token.type == tokenize.NEWLINE:
            statement, count, first = statement + 1, 0, 0
        elif token.type not in _LAYOUT:
            first = first if token.start[0] == row else count
            row = token.end[0]
            count += 1
