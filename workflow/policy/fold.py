"""What a name becomes where other file systems read it: HFS+, APFS and NTFS take many for one."""

from __future__ import annotations

import unicodedata

from workflow.text import is_hidden

_SHOWN = 60


def fold(name: str) -> str:
    """One name of a path as the most forgiving file system would take it.

    Case, compatibility forms and invisible characters do not count (HFS+, APFS), nor do trailing
    dots and blanks or anything from a colon on (NTFS streams).
    """
    return fold_forms(name).partition(":")[0].rstrip(". ")


def fold_forms(name: str) -> str:
    """One name without what case, compatibility forms and invisible characters make of it."""
    if name.isascii():
        return name.lower()
    seen = "".join(char for char in name if not is_hidden(char))
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())


def fold_path(path: str) -> str:
    """A whole path, each of its names folded."""
    return "/".join(map(fold, path.split("/")))


def shown(text: str) -> str:
    """Text of a patch as a reason may quote it: short, on one line, nothing hidden."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(_shown(char) for char in cut)


def spelled(text: str) -> str:
    """Text whose very characters matter: all that is not ASCII as escapes."""
    return shown(ascii(text)[1:-1])


def _shown(char: str) -> str:
    if char.isprintable() and not is_hidden(char):
        return char
    return ascii(char)[1:-1]
