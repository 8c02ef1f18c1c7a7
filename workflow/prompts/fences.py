"""Encloses what is data between lines that it cannot hold, since they bear a word drawn by chance.

A file that quotes an end mark would have to know the word before it was drawn; that no block holds
the word is checked all the same, because a draft of an earlier round may have seen it.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from workflow.prompts.interface import FenceError
from workflow.text import is_hidden, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.types import LeftOut, SourceFile, Wanted

_WORD = re.compile(r"[0-9a-f]{32}\Z")
_BYTES = 16
_ESCAPES = {0x07: "a", 0x08: "b", 0x09: "t", 0x0A: "n", 0x0B: "v", 0x0C: "f", 0x0D: "r"}
_PLAIN_ESCAPES = {ord('"'): '"', ord("\\"): "\\"}


def fence(*texts: str, keep: str = "") -> str:
    """A word of 32 hexadecimal digits that stands in none of the texts, whatever its case.

    It is drawn by chance, 128 bits of it.  `keep` is the one of the round before, which is taken
    again where it can be: the same data is then the same bytes, which a provider may have cached.
    """
    word = keep or secrets.token_hex(_BYTES)
    while any(_holds(text, word) for text in texts):
        word = secrets.token_hex(_BYTES)
    return word


def require_apart(word: str, texts: Iterable[str]) -> None:
    """Check that a fence is one, and stands in no text.  Raises `FenceError`."""
    if not _WORD.match(word):
        message = "a fence is 32 hexadecimal digits"
        raise FenceError(message, hint="make one with prompts.fence")
    if any(_holds(text, word) for text in texts):
        message = "what is to be sent holds the very fence that was drawn for it"
        raise FenceError(message, hint="propose it again: another fence is drawn")


def without(word: str, text: str) -> str:
    """A text that may quote a draft, whose writer has seen the fence, without it in any case."""
    return re.sub(re.escape(word), "(mark)", text, flags=re.IGNORECASE)


def _holds(text: str, word: str) -> bool:
    return word in text.lower()


def files(word: str, shown: Sequence[SourceFile]) -> str:
    """Files, each whole between its marks, with its path and its size."""
    return "\n".join(_file(word, file) for file in shown)


def _file(word: str, file: SourceFile) -> str:
    size = f"{len(file.data):,} bytes"
    ending = "" if file.data.endswith(b"\n") or not file.data else ", no line feed at its end"
    text = file.data.decode("utf-8", "surrogateescape")
    return block(word, f"file {path(file.path)} ({size}{ending})", text, end="file")


def paths(word: str, names: Sequence[str]) -> str:
    """Paths, one in a line: names are data, too."""
    return _rows(word, "paths", map(path, names), len(names))


def left_out(word: str, rows: Sequence[LeftOut]) -> str:
    """Files that are not shown, each with the reason."""
    lines = (f"{path(row.path)}: {one_line(row.why)}" for row in rows)
    return _rows(word, "not shown", lines, len(rows))


def wanted(word: str, rows: Sequence[Wanted]) -> str:
    """Edits that an architect asks for, one in a line."""
    lines = (f"{path(row.path)}: {one_line(row.request)}" for row in rows)
    return _rows(word, "edits wanted", lines, len(rows))


def _rows(word: str, what: str, lines: Iterator[str], count: int) -> str:
    return block(word, f"{what} ({count:,})", "\n".join(lines), end=what) if count else ""


def block(word: str, head: str, text: str, *, end: str) -> str:
    """A text between two marks: as it is, and ended by a line feed where it is not."""
    last = "" if text.endswith("\n") or not text else "\n"
    return f"=== {word} {head} ===\n{text}{last}=== {word} end of {end} ==="


def path(name: str) -> str:
    """A path as a patch would write it: quoted as git does where a character does not show."""
    if not any(is_hidden(char) or char in '"\\' for char in name):
        return name
    return '"' + "".join(map(_quoted, name)) + '"'


def _quoted(char: str) -> str:
    escape = {**_ESCAPES, **_PLAIN_ESCAPES}.get(ord(char))
    if escape:
        return f"\\{escape}"
    if not is_hidden(char):
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
