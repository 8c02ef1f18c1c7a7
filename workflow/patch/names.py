"""What the names that a draft writes stand for, and that none of them leads out of the tree.

Git quotes a name with unusual bytes, so a name is unquoted first and judged afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from workflow.patch.interface import Names, Reason
from workflow.patch.refusal import refuse, shown
from workflow.text import is_hidden
from workflow.types import RepoPath

DEV_NULL = b"/dev/null"
# Git's own prefixes: a/ b/, those of diff.mnemonicPrefix (commit, index, object, work tree), and
# 1/ 2/ of two folders.
_PREFIXES = (b"a/", b"b/", b"c/", b"i/", b"o/", b"w/", b"1/", b"2/")
_HINT = "name a file of the repository by its path from the top, such as app/main.py"
_QUOTED = re.compile(rb'"((?:[^"\\\n]|\\(?:[abtnvfr"\\]|[0-3][0-7]{2}))*+)"')
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')
_ESCAPED = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
# What `surrogateescape` makes of bytes that are no UTF-8: they show, whatever they are.
_BYTES = frozenset(map(chr, range(0xDC80, 0xDD00)))
_SHORT_NAME = re.compile(r"git~[0-9]+\Z")
# A date behind a name where a tab should be, as `diff` writes it.
_DATE = re.compile(
    rb"[ ]{1,8}[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9](?::[0-9.]{2,12})?"
    rb"(?: ?[+-][0-9]{2}:?[0-9]{2}|Z)?[ ]*\Z"
)
_DRIVE = re.compile(r"[A-Za-z]:")


def name_of(line: bytes) -> tuple[bytes, bool]:
    """The name in a header line, and whether it was quoted.

    A tab ends it: git puts one after a name with spaces, and other tools put a date after it.
    Raises `PatchError` for a broken quotation.
    """
    if line.lstrip().startswith(b'"'):
        name, rest = unquote(line.strip())
        if rest and not rest.startswith(b"\t"):
            _refuse_quotation(line)
        return name, True
    name, tab, _ = line.partition(b"\t")
    return (name if tab else _DATE.sub(b"", name).strip()), False


def unquote(text: bytes) -> tuple[bytes, bytes]:
    """A name that git has quoted, without its quotation, and what follows it.

    Raises `PatchError` where the quotation does not end or holds an escape that git does not write.
    """
    found = _QUOTED.match(text)
    if found is None:
        _refuse_quotation(text)
    return _ESCAPE.sub(_unescape, found[1]), text[found.end() :]


def contained(name: bytes) -> RepoPath:
    """The path that a name is.

    Raises `PatchError` for one that leaves the tree or names git's own folder, in any spelling that
    some file system takes for it: HFS+ ignores characters that do not show, NTFS has short names,
    streams, and ignores dots and spaces at the end (git's `is_hfs_dotgit`, `is_ntfs_dotgit`).
    """
    text = name.decode("utf-8", "surrogateescape")
    path = _path(text)
    if path is None or "\\" in text or _DRIVE.match(text) or any(map(_is_odd, path.parts)):
        message = f"the draft names {shown(text)}, which is not a path inside the repository"
        refuse(Reason.UNSAFE_PATH, message, _HINT, path=text)
    return path


def alone(name: bytes) -> Names:
    """What a single written name stands for: itself, or what is behind git's prefix."""
    stripped = bare(name)
    itself = contained(name.removeprefix(b"./"))
    return (itself, contained(stripped)) if stripped else (itself,)


def prefixed(name: bytes) -> Names:
    """What the name of a file header stands for that has no partner to compare it with."""
    return alone(name)[::-1]


def pair(old: bytes, new: bytes) -> tuple[Names, bool]:
    """What the two names of a file header stand for, and whether they are written as git does.

    Raises `PatchError` where they do not name the same file.
    """
    old_bare, new_bare = bare(old), bare(new)
    if old == new:
        return alone(new), False
    is_usual = old_bare == new_bare != b""
    if not is_usual and old_bare != new and new_bare != old:
        for name in (old, new):
            contained(name.removeprefix(b"./"))
        message = f"the draft turns {shown(old)} into {shown(new)}"
        hint = "name the same file after --- and +++; a renamed file needs rename from and to"
        refuse(Reason.CONFLICTING, message, hint, path=new.decode("utf-8", "surrogateescape"))
    return (contained(old_bare if is_usual or old_bare == new else old),), is_usual


def agrees(rest: bytes, old: bytes, new: bytes) -> bool:
    """Whether what follows `diff --git ` can be the names `old` and `new`, prefixed or not.

    Either may be quoted.
    """
    if b'"' in rest:
        return any(is_same(left, old) and is_same(right, new) for left, right in _unquoted(rest))
    for right in _spellings(new):
        if rest.endswith(b" " + right):
            return is_same(rest[: -len(right) - 1], old)
    return False


def halves(rest: bytes) -> tuple[bytes, bytes] | None:
    """The two names after `diff --git ` if both are the same file's, else `None`."""
    if b'"' in rest:
        return next(((a, b) for a, b in _unquoted(rest) if (bare(a) or a) == (bare(b) or b)), None)
    middle = len(rest) // 2
    old, space, new = rest[:middle], rest[middle : middle + 1], rest[middle + 1 :]
    is_same = space == b" " and (bare(old) or old) == (bare(new) or new)
    return (old, new) if is_same else None


def _path(text: str) -> RepoPath | None:
    try:
        return RepoPath(text)
    except ValueError:
        return None


def _unquoted(rest: bytes) -> list[tuple[bytes, bytes]]:
    """The two names after `diff --git ` where at least one is quoted."""
    if rest.startswith(b'"'):
        left, after = unquote(rest)
        right = after[1:]
        return [(left, unquote(right)[0] if right.startswith(b'"') else right)]
    left, _, right = rest.partition(b' "')
    return [(left, unquote(b'"' + right)[0])]


def is_same(written: bytes, name: bytes) -> bool:
    """Whether a written name stands for `name`, prefixed or not."""
    return written == name or bare(written) == name


def _spellings(name: bytes) -> tuple[bytes, ...]:
    return (*(prefix + name for prefix in _PREFIXES), name)


def bare(name: bytes) -> bytes:
    """What is behind git's prefix; nothing if there is none."""
    return name[2:] if name.startswith(_PREFIXES) else b""


def _is_odd(part: str) -> bool:
    """Whether some file system takes a part of a path for `..` or for `.git`."""
    if part.isascii() and "git" not in part.lower():
        return not part.rstrip(" .")
    seen = "".join(
        char
        for char in unicodedata.normalize("NFKC", part)
        if char in _BYTES or not is_hidden(char)
    )
    name = seen.casefold().partition(":")[0].rstrip(" .")
    return name in {"", ".git"} or bool(_SHORT_NAME.match(name))


def _unescape(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) if len(code) > 1 else _ESCAPED[code[0]]])


def _refuse_quotation(text: bytes) -> NoReturn:
    message = f"the draft has a quoted name that does not end or is not git's: {shown(text)}"
    refuse(Reason.UNREADABLE, message, "write the path without quotation marks")
