"""Signs and digits that show as ASCII ones and are others, where that could deceive.

Which sign looks like which was chosen by hand.  Typographic quotes, dashes and the minus are left
out: prose is full of them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Rare in prose, so they count wherever they stand.  Unicode even calls the first two the same as
# the ASCII ones.
_ALWAYS = {
    ";": "037E",
    "`": "1FEF",
    "!": "01C3",
    "|": "01C0",
    ".": "2024",
    "/": "2215 29F8",
    ":": "2236 A789",
    "=": "A78A",
    "-": "02D7",
}
# Full stops and commas of other scripts, the sign for a long vowel, wide slashes: right in prose of
# their own, and not between ASCII letters or digits as in a host name or a path.
_BETWEEN = {
    ":": "02D0 0589 05C3 A4FD",
    ",": "201A 066B",
    ".": "3002 FF61 FF0E A4F8",
    "/": "FF0F",
    "\\": "FF3C",
}
_FRACTION = "\u2044"
_SMALL = range(0xFE50, 0xFE6C)
_WIDE = range(0xFF01, 0xFF5F)
_BOLD_DIGITS = (range(0x1D7CE, 0x1D7D8), range(0x1D7E2, 0x1D800))


def _rows(rows: dict[str, str]) -> dict[str, str]:
    return {chr(int(number, 16)): sign for sign, row in rows.items() for number in row.split()}


def _forms(*ranges: range) -> dict[str, str]:
    """What characters stand for by their compatibility form, if that is one ASCII sign or digit."""
    pairs = ((chr(one), unicodedata.normalize("NFKC", chr(one))) for own in ranges for one in own)
    return {char: form for char, form in pairs if re.fullmatch("[!-@\\[-`{-~]", form)}


_ANYWHERE = _rows(_ALWAYS) | _forms(_SMALL, *_BOLD_DIGITS)
_NEIGHBOURS = _rows(_BETWEEN)
_FULL = _forms(_WIDE)
_READ = _ANYWHERE | _NEIGHBOURS | _FULL | {_FRACTION: "/"}


def _class(signs: Iterable[str]) -> str:
    return f"[{re.escape(''.join(signs))}]"


_COUNTS = re.compile(
    f"{_class(_ANYWHERE)}"
    # Of several in a row, as in a wide `://`, the last one counts.
    rf"|(?<=[0-9A-Za-z:/._@\uff0f-]){_class(_NEIGHBOURS)}(?=[0-9A-Za-z])"
    f"|(?<=[A-Za-z:/._-]){_FRACTION}|{_FRACTION}(?=[A-Za-z/])"
    # A digit of another script beside an ASCII one: together they are one number.
    r"|(?<=[0-9])(?![0-9])\d|(?![0-9])\d(?=[0-9])"
)
# Wide signs beside ASCII, and wide digits, where no line in Chinese, Japanese or Korean has them.
_COUNTS_ALONE = re.compile(
    f"(?<=[0-9A-Za-z]){_class(_FULL)}|{_class(_FULL)}(?=[0-9A-Za-z])|[\uff10-\uff19]"
)
_WIDE_SCRIPTS = re.compile(
    "[\u2e80-\u2fdf\u3041-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)


def may_deceive(text: str) -> bool:
    """Whether there is a sign or a digit to look at: a quick first look."""
    return any(char in _READ or (char.isdecimal() and not char.isascii()) for char in set(text))


def deceiving(line: str) -> Iterator[str]:
    """The signs and digits of a line that deceive, in their order."""
    yield from (found[0] for found in _COUNTS.finditer(line))
    if not _WIDE_SCRIPTS.search(line):
        yield from (found[0] for found in _COUNTS_ALONE.finditer(line))


def sign_as(sign: str) -> str:
    """The ASCII sign or digit that one shows as."""
    return _READ[sign] if sign in _READ else str(unicodedata.decimal(sign))
