"""Joins what is split over lines or over string literals, so that a value can be seen whole."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from workflow.redaction.forms.view import View, Weaver

if TYPE_CHECKING:
    from collections.abc import Iterable

_OPERATOR = rb"(?:[+.&]|\.\.|\|\||<>)"
LITERALS = re.compile(
    rb"[\"'`](?:[ \t]*" + _OPERATOR + rb"[ \t]*(?:\\?\r?\n[ \t]*)?"
    rb"|[ \t]*\\?\r?\n[ \t]*" + _OPERATOR + rb"?[ \t]*)[rRbBuUfF]{0,2}[\"'`]"
    rb"|(?<=[^\s\\])\\\r?\n[ \t]*|(?<=[=(:,])[ \t]*\(?[ \t]*\r?\n[ \t]*(?=[rRbBuUfF]{0,2}[\"'`])"
)
"""Between two literals that a compiler would make one, and a line that a backslash continues."""
WRAPPED = re.compile(
    rb"(?<=[A-Za-z0-9+/_.~-])\r?\n[ \t]*"
    rb"(?=[A-Za-z_.~-]*(?:[0-9+/]|[a-z][A-Z])[A-Za-z0-9+/_.~-]*[=\"';,) \t\r]{0,4}$)",
    re.MULTILINE,
)
"""Between a token and a line that holds nothing but more of it: no word."""

_STATEMENT = rb"(?:-[ \t]+)?[\w.\"'-]+[ \t]*(?::(?:\s|\Z)|=(?!3D|0[9AD]|[C-F][0-9A-F]|\r?\n|\Z))"
SOFT = re.compile(rb"(?<=[^\s=])=\r?\n(?=\S)(?!" + _STATEMENT + rb")")
"""Quoted-printable's soft line break: no base64 that ends before a line with a name of its own."""
_MAIL = ("", ".eml", ".ldif", ".log", ".mbox", ".md", ".mht", ".mhtml", ".msg", ".txt", ".vcf")

_GOES_ON = (b"=", b"\\")


def joined(
    text: bytes, ends: Iterable[int], seam: re.Pattern[bytes], form: str, path: str
) -> View | None:
    """The lines of `text` around these places and the two lines before them, without the seams.

    Soft breaks are none in a file whose name says that its lines end where they end.
    """
    if seam is SOFT and PurePosixPath(path).suffix not in _MAIL:
        return None
    weaver = Weaver(text)
    for start, end in _regions(text, ends):
        weaver.gap()
        at = start
        for match in seam.finditer(text, start, end):
            weaver.copy(at, match.start())
            at = match.end()
        weaver.copy(at, end)
    return weaver.view(form, path)


def _regions(text: bytes, ends: Iterable[int]) -> list[tuple[int, int]]:
    """Each place's line and the two before; regions that touch are one."""
    regions: list[tuple[int, int]] = []
    for place in sorted(ends):
        if regions and place <= regions[-1][1]:
            continue
        line = text.rfind(b"\n", 0, max(place - 1, 0))
        line = text.rfind(b"\n", 0, max(line, 0))
        start = text.rfind(b"\n", 0, max(line, 0)) + 1
        end = text.find(b"\n", place)
        end = len(text) if end < 0 else end
        while end < len(text) and text[end - 2 : end].rstrip(b"\r").endswith(_GOES_ON):
            # It goes on, even where the line itself tells nobody that it holds a value.
            more = text.find(b"\n", end + 1)
            end = len(text) if more < 0 else more
        if regions and start <= regions[-1][1] + 1:
            start = regions.pop()[0]
        regions.append((start, end))
    return regions
