"""Reads comments that allow a value to be seen, in the comment syntax of any language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind
from workflow.redaction.settings import Allowance, Scope
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID = re.compile(rb"workflow:[ \t]*allow\b")
# What opens a comment in any language that we know of, and a string, as JSON has no comments.
_OPENING = re.compile(
    rb"(?:#|//|;|--|<!--|/\*|\*|\(\*|\{-|\{#|%|\.\.|!|\bREM|\bdnl|\"|')[#/;*!-]*[ \t]*\Z",
    re.IGNORECASE,
)
_OPENING_REACH = 40
_WORDS = re.compile(
    r"(?P<kinds>[\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)[ \t]+until[ \t]+"
    r"(?P<expires>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"[ \t]+because[ \t]+(?P<reason>\S.*)",
    re.ASCII,
)
# What closes the comment, or the string with what may stand behind it.
_CLOSING = ("-->", "*/", "*)", "-}", "#}", '"', "'", '",', "',", '"}', '"},')
_LONGEST = 2000
_HOW = "write: workflow: allow KIND until YYYY-MM-DD because REASON"
_ANY = "any"
_ALLOWABLE = tuple(kind for kind in Kind if kind is not Kind.MARKER)


@dataclass(frozen=True, slots=True)
class Comment:
    """What a comment on a line, counted from 1, says of the bytes from `start` to `end`.

    `said` is a `str` when it cannot be understood: why.
    """

    start: int
    end: int
    line: int
    said: Allowance | str


def comments(text: bytes, path: str) -> Iterator[Comment]:
    """The comments of a text that begin with `workflow: allow`, in their order."""
    line, counted, at = 1, 0, 0
    while found := _SAID.search(text, at):
        start, end = _line_around(text, found.start(), at)
        at = end
        before = text[start : found.start()]
        opening = _OPENING.search(before[-_OPENING_REACH:])
        if opening is None:
            continue
        line += text.count(b"\n", counted, start)
        counted = start
        said = _read(text[found.end() : min(end, found.end() + _LONGEST)], path)
        if not before[: len(before) - len(opening[0])].strip():
            below = end + (2 if text[end : end + 2] == b"\r\n" else 1)
            below = min(below, len(text))
            start, end = _line_around(text, below, below)
        yield Comment(start, end, line, said)


def _line_around(text: bytes, at: int, low: int) -> tuple[int, int]:
    """The line around an offset, which begins no earlier than `low`."""
    start = max(low, text.rfind(b"\n", low, at) + 1)
    start = max(start, text.rfind(b"\r", start, at) + 1)
    end = text.find(b"\n", at)
    end = len(text) if end < 0 else end
    carriage = text.find(b"\r", at, end)
    return start, end if carriage < 0 else carriage


def _read(said: bytes, path: str) -> Allowance | str:
    """The allowance in what follows `workflow: allow`, or what is wrong with it."""
    words = _WORDS.fullmatch(said.decode("utf-8", "replace").strip())
    if words is None:
        return f"it lacks a kind, a day or a reason; {_HOW}"
    names = [name.strip() for name in words["kinds"].split(",")]
    known = {kind.value: kind for kind in _ALLOWABLE}
    unknown = [name for name in names if name not in known and name != _ANY]
    if unknown:
        return f"no kind of this name can be allowed; the kinds are {', '.join((*known, _ANY))}"
    try:
        expires = date.fromisoformat(words["expires"])
    except ValueError:
        return f"its day is none of the calendar; {_HOW}"
    reason = _without_closing(words["reason"])
    if not any(char.isalnum() for char in reason):
        return f"it has no reason; {_HOW}"
    kinds = frozenset() if _ANY in names else frozenset(known[name] for name in names)
    return Allowance(Scope((path,) if path else ()), kinds, one_line(reason), expires)


def _without_closing(reason: str) -> str:
    reason = reason.rstrip()
    for closing in sorted(_CLOSING, key=len, reverse=True):
        if reason.endswith(closing):
            return reason.removesuffix(closing).rstrip()
    return reason
