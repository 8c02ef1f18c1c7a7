"""Private keys in their armour: PEM, OpenSSH, PGP, PuTTY and the like, whole bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.structural.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source

# What may stand within armour, quoted, escaped, indented or commented out, up to the next dashes.
_BODY = re.compile(rb"(?:[A-Za-z0-9+/=\s\\\"'`,;:.()@_|*#>&%$!-](?!----))*+[^-\r\n]?")
_TEXT = re.compile(rb"[A-Za-z0-9+/=]{16}")
_LEAD = re.compile(rb"(?:\\{1,4}[nrt]|[\s\"'`,+.|*#>;]|%0[AaDd])*+")
_TAIL = re.compile(rb"(?:[nr]\\{1,4}|[\s\"'`,+.|*#>;\\]|[AaDd]0%)*+")
_MARK = re.compile(rb"[\s\\rn\"'`,+>|*#;]*-{4,6}\s?END")
# Lines of an armour that nobody closed: they go on while they look like base64.
_LINES = re.compile(
    rb"(?:[ \t>|*#\"'+]*(?:[A-Za-z0-9+/=]{16,}+|[A-Za-z-]{4,20}:[^\n]{0,200}|"
    rb"[A-Za-z0-9+/]{0,15}={1,2})?"
    rb"(?:\\n)?[ \t\\\"'+,;]*\r?(?:\n|\Z|\\n))*+"
)
_PUTTY = re.compile(
    rb"Private-Lines:[ \t]*\d+(?:\\{1,3}n|[^\n]{0,8}\n)((?:[ \t#*|"
    rb">+\"'-]*[A-Za-z0-9+/=]{4,}+(?:\\{1,3}n|[^\w\n]{0,8}\r?(?:\n|\Z)))+)(?:[ \t#*|"
    rb">+\"'-]*Private-MAC:[ \t]*(\w+))?"
)


def _armour(source: Source, at: int) -> Iterator[Span]:
    """The body between `-----BEGIN … PRIVATE KEY-----` and the next dashes."""
    text = source.text
    while text[at : at + 1] == b"-":
        at += 1
    end = _body_end(text, at)
    start = _LEAD.match(text, at, end)
    low = start.end() if start else at
    inner = text[low:end]
    back = _TAIL.match(inner[-64:][::-1])
    high = end - (back.end() if back else 0)
    if _TEXT.search(text, low, high):
        yield Span(low, high, Kind.PRIVATE_KEY, "armour")


def _body_end(text: bytes, at: int) -> int:
    """Where the armour ends that was opened before `at`."""
    body = _BODY.match(text, at)
    end = body.end() if body else at
    if _MARK.match(text, end):
        return end
    lines = _LINES.match(text, at)
    return lines.end() if lines else end


def _putty(source: Source, at: int) -> Iterator[Span]:
    """The private lines of a PuTTY key."""
    found = _PUTTY.match(source.text, source.text.rfind(b"P", max(0, at - 16), at))
    if found:
        start = found.start(1)
        yield Span(start, start + len(found[1].rstrip()), Kind.PRIVATE_KEY, "armour")
        if found[2]:
            yield Span(*found.span(2), Kind.PRIVATE_KEY, "armour")


RULES = (
    Rule(rb"-----?\s?BEGIN[A-Z0-9 ]{0,40} PRIVATE KEY(?: BLOCK)?\s?-----?", _armour, caseless=True),
    Rule(rb"Private-Lines:", _putty),
)
