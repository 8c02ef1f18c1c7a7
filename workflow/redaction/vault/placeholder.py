"""Placeholders: what stands for a value in all that a model, a person or a log may see.

A placeholder is a keyed digest of the value, so the same value has the same one in all files of a
repository, and in no other repository.  Each shape has a fixed length and a fixed head: none is the
beginning of another, and two never overlap.  Plain upper-case letters and digits come back from
models as they were far more often than any bracketed form (see the facts of the design).
"""

from __future__ import annotations

import hmac
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"ZQVX"
# No vowel, so no words; no Z, so the head never begins within a placeholder.  30 ** 12 > 2 ** 58.
_ALPHABET = b"0123456789BCDFGHJKLMNPQRSTVWXY"
_BODY = 12
_NUMBER_HEAD = b"7261"
_NUMBER_REST = 14
_IPV6_HEAD = b"fd5a:5156:"

_OCTET = rb"(?:1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_WORD = re.compile(rb"ZQVX[0-9B-DF-HJ-NP-TV-Y]{12}")
_NUMBER = re.compile(rb"(?<![0-9A-Za-z_.])7261[0-9]{14}(?![0-9A-Za-z_]|\.[0-9A-Za-z])")
_IPV4 = re.compile(
    rb"2(?:4[0-9]|5[0-4])(?<![0-9A-Za-z_.]...)(?:\."
    + _OCTET
    + rb"){3}(?![0-9A-Za-z_]|\.[0-9A-Za-z])"
)
_IPV6 = re.compile(rb"(?<![0-9A-Za-z_:.])fd5a:5156(?::[1-9a-f][0-9a-f]{3}){6}(?![0-9A-Za-z_:])")
_ANY = re.compile(
    rb"ZQVX[0-9B-DF-HJ-NP-TV-Y]{12}|7261[0-9]{14}|2[45][0-9](?:\.[0-9]{3}){3}"
    rb"|fd5a:5156(?::[0-9a-f]{4}){6}"
)
# The octet 255 at the end is a broadcast address, and no host's.
_BROADCAST = b".255"

_BARE_NUMBER = re.compile(
    rb"[+-]?(?:0[xX][0-9A-Fa-f_]+|[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
)
_BARE_IPV4 = re.compile(rb"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_BARE_IPV6 = re.compile(rb"(?=.*:.*:)[0-9A-Fa-f:]{2,39}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?")
_OPENS_NUMBER = re.compile(rb"(?:\A|[=:,(\[{\s])\Z")
_ENDS_NUMBER = re.compile(rb"\s*(?:\Z|[,;)\]}#])")
_TOUCHES_BEFORE = re.compile(rb"[0-9A-Za-z_.]\Z")
_TOUCHES_AFTER = re.compile(rb"[0-9A-Za-z_]|\.[0-9A-Za-z]")
_NEAR = 64


class Shape(StrEnum):
    """What a placeholder looks like, so that the file around it can still be read."""

    WORD = "word"
    """16 upper-case letters and digits: `ZQVX` and 12 more."""
    NUMBER = "number"
    """18 digits, for a number that stands without quotes."""
    IPV4 = "ipv4"
    """An address in 240.0.0.0/4, which nobody has; 15 characters."""
    IPV6 = "ipv6"
    """A unique local address of eight groups; 39 characters."""


def shape_of(kind: Kind, value: bytes, before: bytes, after: bytes) -> Shape:
    """The shape for a value between `before` and `after`, its neighbours on the same line."""
    before, after = before[-_NEAR:], after[:_NEAR]
    if kind is Kind.IP:
        touches = _TOUCHES_BEFORE.search(before) or _TOUCHES_AFTER.match(after)
        if not touches and _BARE_IPV4.fullmatch(value):
            return Shape.IPV4
        if not (touches or before.endswith(b":") or after.startswith(b":")) and (
            _BARE_IPV6.fullmatch(value)
        ):
            return Shape.IPV6
    is_number = _BARE_NUMBER.fullmatch(value) is not None
    if is_number and _OPENS_NUMBER.search(before) and _ENDS_NUMBER.match(after):
        return Shape.NUMBER
    return Shape.WORD


def make(key: bytes, value: bytes, shape: Shape, attempt: int = 0) -> bytes:
    """The placeholder of a value, as ASCII; `attempt` counts up when another value has it."""
    said = b"%s\0%d\0%s" % (shape.value.encode(), attempt, value)
    number = int.from_bytes(hmac.digest(key, said, "sha256"))
    match shape:
        case Shape.WORD:
            return HEAD + _word(number)
        case Shape.NUMBER:
            return _NUMBER_HEAD + b"%0*d" % (_NUMBER_REST, number % 10**_NUMBER_REST)
        case Shape.IPV4:
            return _ipv4(number)
        case Shape.IPV6:
            groups = (0x1000 + (number >> (16 * at)) % 0xF000 for at in range(6))
            return _IPV6_HEAD + b":".join(b"%04x" % group for group in groups)


def _word(number: int) -> bytes:
    digits = bytearray()
    for _ in range(_BODY):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return bytes(digits)


def _ipv4(number: int) -> bytes:
    """Octets of three digits each, so that no address begins another: 57 million in all."""
    number, last = divmod(number, 155)
    number, third = divmod(number, 156)
    number, second = divmod(number, 156)
    return b"%d.%d.%d.%d" % (240 + number % 15, 100 + second, 100 + third, 100 + last)


# --- in text --------------------------------------------------------------------------------------


def places(text: bytes) -> list[tuple[int, int]]:
    """Where a text has what looks like a placeholder of ours, in order; none overlap."""
    found: list[tuple[int, int]] = []
    if HEAD in text:
        found += (match.span() for match in _WORD.finditer(text))
    if _NUMBER_HEAD in text:
        found += (match.span() for match in _NUMBER.finditer(text))
    found += (match.span() for match in _ipv4_places(text))
    if _IPV6_HEAD in text:
        found += (match.span() for match in _IPV6.finditer(text))
    return sorted(found)


def _ipv4_places(text: bytes) -> Iterator[re.Match[bytes]]:
    for match in _IPV4.finditer(text):
        if not match[0].endswith(_BROADCAST):
            yield match


def words(text: bytes) -> list[tuple[int, int]]:
    """As `places`, for the shape that no text has by accident."""
    return [match.span() for match in _WORD.finditer(text)] if HEAD in text else []


def candidates(text: bytes) -> set[bytes]:
    """All that could be a placeholder, whatever stands beside it: in JSON, the `n` of an escape."""
    return set(_ANY.findall(text))


_SEPARATORS = rb"(?:[\s_.+\\\"'`-]|\xe2\x80[\x8b-\x8d]|\xc2\xad){0,24}"
_BROKEN = re.compile(
    rb"[Zz]" + _SEPARATORS + rb"[Qq]" + _SEPARATORS + rb"[Vv]" + _SEPARATORS + rb"[Xx]"
)
_BROKEN_NUMBER = re.compile(rb"(?<![0-9A-Za-z_.])7261[0-9]{8,26}(?![0-9])")
_BROKEN_IPV6 = re.compile(rb"fd5a:5156:", re.IGNORECASE)


def damaged(text: bytes) -> list[tuple[int, int]]:
    """Where a text has what was a placeholder once: respelled, cut, lengthened or broken up."""
    whole = places(text)
    starts = {start for start, _ in whole}
    found = [match.span() for match in _BROKEN.finditer(text) if match.start() not in starts]
    if _NUMBER_HEAD in text:
        found += [
            match.span() for match in _BROKEN_NUMBER.finditer(text) if match.start() not in starts
        ]
    found += [match.span() for match in _BROKEN_IPV6.finditer(text) if match.start() not in starts]
    return sorted(found)
