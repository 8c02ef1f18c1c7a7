"""Finds encoded and split parts of a text, and gives them decoded, so that detectors see in.

One pass of hyperscan picks the places; all else costs only where there is something to decode.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from workflow.redaction.database import compiled
from workflow.redaction.forms.codes import base64_views, hex_view
from workflow.redaction.forms.local import BACKSLASH, REFERENCE, percent_view, preformatted_view
from workflow.redaction.forms.split import LITERALS, SOFT, WRAPPED, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hyperscan import Database

    from workflow.redaction.forms.view import View
    from workflow.redaction.interface import Span

_HINT = (
    rb"(?:pass|pwd|secret|token|key|auth|cred|cookie|sess|bearer|login|private|salt|dsn|"
    rb"sign|conn|hook|://|begin)"
)
_NEAR = 3
_ESCAPE = rb"\\(?:[\"'/nrt]|u00[2-7]|x[2-7])"
_ENTITY = rb"&(?:quot|apos|amp|lt|gt|#[0-9]{2,3}|#x[0-9a-f]{2});"
_QUOTE, _BLANK = rb"[\"'`]", rb"[ \t]*"
_JOIN = rb"(?:[+.&]|\.\.|\|\||<>)"
_SOFT = rb"[^\s\"'`,\[({]"
_GROUP = rb"[ACDI-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
"""Four base64 digits that can stand for three bytes of ASCII text."""
_BYTE = rb"(?:[2-7][0-9a-fA-F]|0[9aAdD])"

# Each family's patterns, and whether letters count alike.  To the end of the line means: one hit
# for each line, however much is on it.
_FAMILIES: dict[str, tuple[bool, tuple[bytes, ...]]] = {
    "hinted": (True, (_HINT + rb"[^\n]*(?:" + _ESCAPE + rb"|" + _ENTITY + rb")[^\n]*$",)),
    "backslash": (
        True,
        (
            _ESCAPE + rb"[^\n]*" + _HINT + rb"[^\n]*$",
            rb"\\(?:u00|x)[2-7][0-9a-f][^\n]*$",
            rb"(?:\\[01][0-7]{2}){4}[^\n]*$",
        ),
    ),
    "escaped word": (True, (rb"\\[nrt\"'][A-Za-z0-9_-]{20}[^\n]*$",)),
    "percent": (True, (rb"%[0-7][0-9a-f][^\n]*$",)),
    "reference": (
        True,
        (
            _ENTITY + rb"[^\n]*" + _HINT + rb"[^\n]*$",
            rb"(?:&#x?[0-9a-f]{2,3};){4}[^\n]*$",
        ),
    ),
    "preformatted": (True, (rb"<(?:pre|textarea|listing)(?:[ \t][^<>]*)?>",)),
    "base64": (False, (rb"(?:^|[^A-Za-z0-9+])(?:" + _GROUP + rb"){3}",)),
    "hex": (False, (rb"(?:^|[^0-9A-Za-z]|0x)" + _BYTE + rb"{8}",)),
    "hex bytes": (
        False,
        (rb"(?:0x|\\x)?" + _BYTE + rb"(?:(?:[: -]|, ?)(?:0x)?" + _BYTE + rb"){7}",),
    ),
    "literals": (
        False,
        (
            _SOFT
            + _QUOTE
            + _BLANK
            + rb"(?:"
            + _JOIN
            + _BLANK
            + rb")?\\?\r?\n"
            + _BLANK
            + rb"(?:"
            + _JOIN
            + _BLANK
            + rb")?[rRbBuUfF]{0,2}"
            + _QUOTE
            + _SOFT,
            _SOFT + _QUOTE + _BLANK + _JOIN + _BLANK + _QUOTE + _SOFT,
            rb"[^\s\\]\\\r?\n[ \t]*\S",
        ),
    ),
    "soft": (False, (rb"[:=][ \t]*[\"']?[^\s:=]+=\r?\n\S",)),
    "wrapped": (
        False,
        (rb"[:=\"' ][A-Za-z0-9+/_~-]{8,}\r?\n[ \t]*[A-Za-z0-9+/_.~-]{4,}[=\"';,) \t\r]{0,4}$",),
    ),
}
_APART = ("escaped word",)
"""What has a database of its own: with the others in one, all of them take twice as long."""


@dataclass(frozen=True, slots=True)
class Unfolded:
    """Views of a text, and values that are known by their form alone."""

    views: tuple[View, ...] = ()
    spans: tuple[Span, ...] = ()


@cache
def _databases() -> tuple[tuple[tuple[str, ...], Database], ...]:
    """All patterns, compiled once per process, and the family of each."""
    others = tuple(name for name in _FAMILIES if name not in _APART)
    return tuple(_compiled(families) for families in (others, _APART))


def _compiled(families: tuple[str, ...]) -> tuple[tuple[str, ...], Database]:
    import hyperscan  # noqa: PLC0415 - large; only who scans needs it

    names, expressions, flags = [], [], []
    for name in families:
        caseless, patterns = _FAMILIES[name]
        for pattern in patterns:
            names.append(name)
            expressions.append(pattern)
            flag = hyperscan.HS_FLAG_MULTILINE
            flag |= hyperscan.HS_FLAG_CASELESS if caseless else 0
            flag |= hyperscan.HS_FLAG_SOM_LEFTMOST if name == "hex bytes" else 0
            flags.append(flag)
    return tuple(names), compiled(expressions, range(len(flags)), flags)


class Forms:
    """Decodes what is encoded in a text."""

    def unfold(self, text: bytes, path: str) -> Unfolded:
        """What is encoded or split in `text`, one layer of it."""
        hits = self._hits(text)
        if not hits:
            return Unfolded()
        hinted = _lines(text, hits["hinted"])
        escaped = [line for line in hinted if text.find(b"\\", *line) >= 0]
        backslashed = _lines(text, hits["backslash"] + hits["escaped word"])
        marked = [line for line in hinted if text.find(b"&", *line) >= 0]
        base64, spans = base64_views(text, (end - 12 for _, end in hits["base64"]), "")
        hexes = [end - 16 for _, end in hits["hex"]]
        hexes += [start for start, _ in hits["hex bytes"]]
        views = (
            BACKSLASH.view(text, _both(escaped, backslashed)),
            percent_view(text, _lines(text, hits["percent"])),
            REFERENCE.view(text, _around(text, _both(marked, _lines(text, hits["reference"])))),
            preformatted_view(text, [end for _, end in hits["preformatted"]]),
            base64,
            hex_view(text, hexes, ""),
            joined(text, (end for _, end in hits["literals"]), LITERALS, "split", path),
            joined(text, (end for _, end in hits["soft"]), SOFT, "soft", path),
            joined(text, (end for _, end in hits["wrapped"]), WRAPPED, "wrapped", path),
        )
        return Unfolded(tuple(view for view in views if view), spans)

    def _hits(self, text: bytes) -> dict[str, list[tuple[int, int]]]:
        hits: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for names, database in _databases():
            database.scan(text, match_event_handler=_noting(names, hits))
        return hits


def _noting(
    names: tuple[str, ...], hits: dict[str, list[tuple[int, int]]]
) -> Callable[[int, int, int, int, object], None]:
    def note(number: int, start: int, end: int, _flags: int, _context: object) -> None:
        hits[names[number]].append((start, end))

    return note


def _lines(text: bytes, hits: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The lines that end at these places, each once, in order."""
    return [(text.rfind(b"\n", 0, end) + 1, end) for end in sorted({end for _, end in hits})]


def _both(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The lines of two lists, each once, in order."""
    return sorted({*some, *others})


def _around(text: bytes, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """These lines and those before and behind, for what names a value may stand there."""
    wider: list[tuple[int, int]] = []
    for first, last in lines:
        start, end = first, last
        for _ in range(_NEAR):
            start = text.rfind(b"\n", 0, max(start - 1, 0)) + 1
            following = text.find(b"\n", end + 1)
            end = len(text) if following < 0 else following
        if wider and start <= wider[-1][1] + 1:
            wider[-1] = wider[-1][0], end
        else:
            wider.append((start, end))
    return wider
