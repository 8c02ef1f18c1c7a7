"""Keeps values that a view shows within the string literals of source code.

Escapes mean something in literals only.  A view of a line of code has the line ends and quotes of
its literals in the open, so that a value may seem to begin in code and to end in a literal.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = frozenset(
    {
        *(".c", ".cc", ".cjs", ".cpp", ".cs", ".cxx", ".dart", ".go", ".gradle", ".groovy", ".h"),
        *(".hh", ".hpp", ".java", ".js", ".jsx", ".kt", ".kts", ".lua", ".m", ".mjs", ".php"),
        *(".pl", ".pm", ".py", ".pyi", ".pyw", ".rb", ".rs", ".scala", ".swift", ".ts", ".tsx"),
    }
)
_QUOTE = re.compile(rb"[\"'`]")
_REST = {
    quote: re.compile(rb"[^%b\\]*+(?:\\.[^%b\\]*+)*+%b" % (quote, quote, quote), re.DOTALL)
    for quote in (b'"', b"'", b"`")
}
"""What follows a quote, up to the one that closes it."""
_SYNTAX = re.compile(rb"[\"'`()\[\]{}]")


class Literals:
    """The literals of a text, a line at a time; text that is no source code has none."""

    def __init__(self, text: bytes, path: str) -> None:
        self._text = text
        self._is_code = PurePosixPath(path).suffix.lower() in _CODE
        self._line = 0, -1
        self._found: list[tuple[int, int]] = []

    def within(self, start: int, end: int) -> tuple[int, int] | None:
        """A place as far as its literal goes; None for one that is code.

        A place of several lines stays, and so does one in text that is no source code, or that
        looks as the inside of a literal of several lines does.
        """
        if not self._is_code or self._text.find(b"\n", start, end) >= 0:
            return start, end
        literals = self._on_line(start)
        at = bisect_right(literals, (start, len(self._text))) - 1
        if at >= 0 and start < literals[at][1]:
            return start, min(end, literals[at][1] - 1)
        return None if _SYNTAX.search(self._text, start, end) else (start, end)

    def _on_line(self, place: int) -> list[tuple[int, int]]:
        """Of the line that was asked for last, too: a line may be long and hold many values."""
        begin, until = self._line
        if not begin <= place <= until:
            begin = self._text.rfind(b"\n", 0, place) + 1
            until = self._text.find(b"\n", place)
            until = len(self._text) if until < 0 else until
            self._line = begin, until
            self._found = list(_literals(self._text, begin, until))
        return self._found


def _literals(text: bytes, begin: int, until: int) -> Iterator[tuple[int, int]]:
    """The literals of a line, with their quotes."""
    open_quotes = set()
    at = begin
    while quote := _QUOTE.search(text, at, until):
        at = quote.end()
        if quote[0] in open_quotes:
            continue
        if rest := _REST[quote[0]].match(text, at, until):
            yield quote.start(), rest.end()
            at = rest.end()
        else:  # Nor is there one that closes any quote of this sort behind it.
            open_quotes.add(quote[0])
