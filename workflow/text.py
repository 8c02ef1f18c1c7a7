"""Text as it may be shown: which characters a reader would not see, and text on one line."""

from __future__ import annotations

import unicodedata

# Controls drive a terminal; formats reorder or hide; the rest has no glyph of its own.
_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# Letters and marks that show as nothing: Hangul fillers, the Braille blank, selectors (Unicode's
# Default_Ignorable_Code_Point as far as the categories above leave it out).
_BLANK = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
    | {0x1D159}
)


def is_hidden(char: str) -> bool:
    """Whether a character is a control, reorders text, or cannot be seen.  A line feed is one."""
    return unicodedata.category(char) in _CATEGORIES or ord(char) in _BLANK


def is_odd_blank(char: str) -> bool:
    """Whether a character shows as a blank and is not the one that programs take for a blank."""
    return char != " " and unicodedata.category(char) == "Zs"


def one_line(text: str) -> str:
    """Text as one line of printable characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
