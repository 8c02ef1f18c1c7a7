"""Sees in a patch's Python what could make tests say something else than what they found.

None of it proves bad intent, and a determined author finds words that are not listed.  So it is a
doubt, which a person looks into, and never a verdict; only what a patch adds is looked at.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest.guard import infrastructure
from workflow.gates.pytest.tricks import Reader, Sign, modules_of
from workflow.gates.text import one_line
from workflow.semantics.python import UnreadableError, parse_text, weight
from workflow.semantics.python.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.interface import Case
    from workflow.types import FileChange, RepoPath

_MAX_DOUBTS = 20
_MAX_READ = 512 * 1024
# Words and signs of all files of a patch together: about 3 s of reading.
_MAX_WEIGHT = 200_000
_REGULAR = ("100644", "100755")

_DATA = "it is data that may be code: to load it can run what is in it"
# How such data begins: pickles, archives, programs.
_BEGINNINGS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"\x7fELF")
_LINK = "120000"
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN = re.compile(rb"(?i)utf-?8(?:-sig)?|(?:us-)?ascii|latin-?1|iso-8859-\d+|cp125\d")
_FILES: Final = (
    (re.compile(r"(?:.*/)?(?:site|user)customize\.py|.*\.pth"), "Python runs it by itself"),
    (
        re.compile(r"(?i).*\.(?:py[co]|so|pyd|dll|dylib)"),
        "it is code that nobody can read",
    ),
    (
        re.compile(
            r"(?i).*\.(?:pickle|pkl|p|joblib|dill|marshal|shelve|np[yz]|pt|ckpt|sav|whl|egg|jar|zip)"
        ),
        _DATA,
    ),
    (re.compile(r".*\.(?:dist|egg)-info/.*"), "it can name plugins for pytest to load"),
    (
        re.compile(r"(?i)(?:.*/)?[^/]*(?:junit|test-?results?|report)[^/]*\.xml"),
        "it looks like a report of tests",
    ),
)


def doubts(case: Case) -> tuple[str, ...]:
    """Return what a person should look at before believing the tests, a line for each place."""
    tests = frozenset(infrastructure(case))
    found: list[str] = []
    left = _MAX_WEIGHT
    for file in case.change.files:
        if _is_read(file):
            left -= weight(case.patched.read(file.path))
        if left < 0:
            found.append("the patch is larger than what is looked through for tricks")
            break
        found += _of_file(case, file, is_test=file.path in tests)
    shown = [one_line(line, 200) for line in found[:_MAX_DOUBTS]]
    if len(found) > _MAX_DOUBTS:
        shown.append(f"and {len(found) - _MAX_DOUBTS} more places like these")
    return tuple(shown)


def _is_read(file: FileChange) -> bool:
    return file.path.endswith(".py") and file.new_mode in _REGULAR


def _of_file(case: Case, file: FileChange, *, is_test: bool) -> Iterator[str]:
    if file.new_mode is None:
        return
    yield from (f"{one_line(file.path, 100)}: {why}" for why in _of_kind(case, file))
    if not _is_read(file):
        return
    new = case.patched.read(file.path)
    old = case.base.read(file.path) if file.old_mode in _REGULAR else b""
    try:
        signs = _signs(new, is_test=is_test)
    except UnreadableError as error:
        yield f"{one_line(file.path, 100)}: nobody looked for tricks in it, because it is {error}"
        return
    try:
        known = _signs(old, is_test=is_test)
    except UnreadableError:
        known = []
    yield from _surplus(file.path, signs, known)


def may_run(case: Case, file: FileChange) -> bool:
    """Whether a file that is no Python can do something when a program loads it."""
    return file.new_mode is not None and next(_of_kind(case, file), None) is not None


def _of_kind(case: Case, file: FileChange) -> Iterator[str]:
    """Yield what is to be said of a file for its name, or how it begins."""
    told = dict.fromkeys(why for pattern, why in _FILES if pattern.fullmatch(file.path))
    yield from told
    if file.new_mode == _LINK:
        target = case.patched.links[file.path]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), target))
        if target.startswith("/") or place.startswith(".."):
            yield "it is a link that leaves the tree"
    elif file.new_mode not in _REGULAR or told:
        return
    elif case.patched.read(file.path).startswith(_BEGINNINGS):
        yield _DATA


def _surplus(path: RepoPath, signs: list[Sign], known: list[Sign]) -> Iterator[str]:
    """Yield a line for each kind of sign that was not in its place before, with the lines."""
    left = Counter((one.what, one.where, one.text) for one in known)
    fresh: dict[str, set[int]] = {}
    for one in signs:
        key = (one.what, one.where, one.text)
        left[key] -= 1
        if left[key] < 0:
            fresh.setdefault(one.what, set()).add(one.line)
    for what in sorted(fresh):
        yield f"{one_line(path, 100)}, line {', '.join(map(str, sorted(fresh[what])[:5]))}: {what}"


def _signs(data: bytes, *, is_test: bool) -> list[Sign]:
    """Return what is seen in a file.  Raises `UnreadableError`."""
    if len(data) > _MAX_READ:
        message = "too large to be read"
        raise UnreadableError(message)
    for line in data.split(b"\n", 2)[:2]:
        coding = _CODING.match(line)
        if coding and not _PLAIN.fullmatch(coding[1]):
            message = "in an encoding that can hide code"
            raise UnreadableError(message)
    try:
        module = parse_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = "no UTF-8"
        raise UnreadableError(message) from error
    reader = Reader(names_of(module), modules_of(module), is_test=is_test)
    try:
        reader.read(module)
    except RecursionError as error:
        message = "nested too deeply"
        raise UnreadableError(message) from error
    return reader.found
