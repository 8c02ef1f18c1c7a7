"""Letters that look like ASCII letters, and what a word with such letters looks like.

The table was made from the data file of the Python package `confusable_homoglyphs` 3.3.1 of January
2024, which says that it derives from Unicode's confusables.txt (UTS #39) and not from which version
of it: the single letters of Cyrillic, Greek, Armenian, Cherokee, Coptic and Lisu that it maps to an
ASCII letter.  The Latin letters are a choice by hand from the same file, with small capitals added.
What compatibility forms (wide, bold, script letters) stand for, NFKC says.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# By number, so that this file does not hold what it warns of.
_ALIKE = {
    "A": "0391 0410 13AA A4EE",
    "B": "0392 0412 13F4 A4D0",
    "C": "03F9 0421 13DF 2CA4 A4DA",
    "D": "13A0 A4D3",
    "E": "0395 0415 13AC A4F0",
    "F": "03DC A4DD",
    "G": "050C 13C0 13F3 A4D6",
    "H": "0397 041D 13BB 2C8E A4E7",
    "J": "037F 0408 13AB A4D9",
    "K": "039A 041A 13E6 2C94 A4D7",
    "L": "13DE 2CD0 A4E1",
    "M": "039C 03FA 041C 13B7 2C98 A4DF",
    "N": "039D 2C9A A4E0",
    "O": "039F 041E 0555 2C9E A4F3",
    "P": "03A1 0420 13E2 2CA2 A4D1",
    "R": "13A1 13D2 A4E3",
    "S": "0405 054F 13D5 13DA A4E2",
    "T": "03A4 0422 13A2 2CA6 A4D4",
    "U": "054D A4F4",
    "V": "0474 13D9 A4E6",
    "W": "051C 13B3 13D4 A4EA",
    "X": "03A7 0425 2CAC A4EB",
    "Y": "03A5 03D2 0423 04AE 13A9 13BD 2CA8 A4EC",
    "Z": "0396 13C3 A4DC",
    "a": "03B1 0430",
    "b": "042C 13CF",
    "c": "03F2 0441 2CA5 ABAF",
    "d": "0501 13E7 A4D2",
    "e": "0435 04BD",
    "f": "0584",
    "g": "0581",
    "h": "04BB 0570 13C2",
    "i": "037A 03B9 0456 04CF 13A5 1FBE A647 AB75",
    "j": "03F3 0458",
    "l": "0399 0406 04C0 2C92 A4F2",
    "n": "0578 057C",
    "o": "03BF 03C3 043E 0585 2C9F",
    "p": "03C1 03F1 0440 2CA3",
    "q": "051B 0563 0566",
    "r": "0433 1D26 2C85 AB81",
    "s": "0455 ABAA",
    "u": "03C5 057D",
    "v": "03BD 0475 ABA9",
    "w": "0461 051D 0561 AB83",
    "x": "0445",
    "y": "03B3 0443 04AF",
    "z": "AB93",
}
# Small letters that look like small capitals: too common in words of their own script to count
# there, but not beside ASCII letters.
_NEAR = {"b": "0432", "h": "043D", "k": "043A 03BA", "m": "043C", "t": "0442 03C4"}
# Latin letters beyond ASCII: those of phonetics, dotless letters, small capitals.
_LATIN = {
    "B": "A7B4",
    "R": "01A6",
    "X": "A7B3",
    "a": "0251",
    "b": "0184",
    "c": "1D04",
    "g": "0261",
    "i": "0131 0269 026A",
    "j": "0237",
    "k": "1D0B",
    "l": "0196",
    "m": "1D0D",
    "o": "1D0F AB3D",
    "r": "AB47",
    "s": "01BD A731",
    "t": "1D1B",
    "u": "028B 1D1C AB4E",
    "v": "1D20",
    "w": "1D21",
    "y": "028F",
    "z": "1D22",
}
# Ordinal signs and raised letters are marks in prose, such as in `1º` or `xᵀ`.
_ORDINALS = "\u00aa\u00ba"
# Where letters with an ASCII compatibility form stand: long s, letter-like symbols, ligatures,
# wide letters, mathematical letters.
_FORMS = (
    (0x017F, 0x0180),
    (0x2100, 0x2150),
    (0xFB00, 0xFB07),
    (0xFF21, 0xFF5B),
    (0x1D400, 0x1D6A4),
)
_ALPHA = re.compile("[A-Za-z]")
# As symbols in formulas, and as the sign for information, these stand for themselves.
_SYMBOLS = re.compile("[\u03b1-\u03be\u03c0-\u03c9\u2139]")


def is_mixed(word: str) -> bool:
    """Whether a part between underscores has ASCII letters beside ones that look like them."""
    return any(_ALPHA.search(part) and not _any().isdisjoint(part) for part in _parts(word))


def is_respelled(word: str) -> bool:
    """Whether a part between underscores has Latin letters that look like ASCII, and no others."""
    latin = _latin().keys()
    return any(
        len(part) > 1 and all(char.isascii() or ord(char) in latin for char in part)
        for part in _parts(word)
    )


def has_latin_of_its_own(word: str) -> bool:
    """Whether there is a letter beyond ASCII that does not look like one of it."""
    known = _latin().keys()
    return any(not char.isascii() and char.isalpha() and ord(char) not in known for char in word)


def is_all_alike(word: str) -> bool:
    """Whether the whole word reads as an ASCII one, and is more than a symbol in a formula."""
    if all(_SYMBOLS.fullmatch(part) for part in _parts(word)):
        return False
    read = _form(word).translate(_table())
    return read.isascii() and read != word and _ALPHA.search(read) is not None


def own_scripts(word: str) -> set[str]:
    """The scripts, as names of characters begin, of letters that do not look like ASCII ones."""
    letters = _form(word).translate(_table())
    return {_script(char) for char in letters if char.isalpha()} - {"LATIN"}


def script_of(word: str) -> str:
    """The script of a word's first letter that is not ASCII."""
    return next((_script(char) for char in word if char.isalpha() and not char.isascii()), "")


def reads_as(word: str) -> str:
    """The ASCII word that a word looks like, as far as it does."""
    return _form(word).translate(_table() | _near() | _latin())


def may_be_alike(text: str) -> bool:
    """Whether there is a letter that looks like an ASCII one: a quick first look."""
    return not _any().isdisjoint(text) or any(ord(char) in _latin() for char in set(text))


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _parts(word: str) -> list[str]:
    """What of a word is not ASCII, between underscores."""
    return [part for part in word.split("_") if part and not part.isascii()]


def _form(word: str) -> str:
    if unicodedata.is_normalized("NFKC", word):
        return word
    return "".join(_formed(char) for char in word)


def _formed(char: str) -> str:
    is_mark = char in _ORDINALS or unicodedata.category(char) == "Lm"
    return char if is_mark else unicodedata.normalize("NFKC", char)


@cache
def _table() -> dict[int, str]:
    return _by_number(_ALIKE)


@cache
def _near() -> dict[int, str]:
    return _by_number(_NEAR)


@cache
def _latin() -> dict[int, str]:
    return _by_number(_LATIN)


def _by_number(rows: dict[str, str]) -> dict[int, str]:
    return {int(number, 16): char for char, row in rows.items() for number in row.split()}


@cache
def _any() -> frozenset[str]:
    forms = (chr(number) for low, high in _FORMS for number in range(low, high))
    ascii_forms = (form for form in forms if _formed(form).isascii())
    return frozenset({*map(chr, _table()), *map(chr, _near()), *ascii_forms})
