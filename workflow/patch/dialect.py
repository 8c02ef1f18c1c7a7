"""Reads the surgeon's dialect: unified diffs, with or without numbers, fenced or not.

Hunk counts and line numbers are ignored, because models get them wrong (164 of 178 rejected diffs
in `facts/patch.md`) and the place is proven by content instead.  A draft that is not edits to
existing files is refused with a reason that its author can act on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.errors import DraftError
from workflow.patch.interface import FileEdit, Hunk
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANSWER = "answer with one ```diff fence: --- a/PATH, +++ b/PATH, then @@ hunks"
_NO_NEWLINE = b"\\"
_MIN_CONTEXT = 1


def parse(text: str) -> tuple[FileEdit, ...]:
    """The edits of a draft, in its order.

    `text` holds file bytes as UTF-8 with surrogate escapes; lines end at a line feed only, so that
    a carriage return stays part of its line.

    Raises `DraftError` for prose, for a file that is created, deleted or renamed, for a file named
    twice, and for a hunk without old lines.
    """
    lines = _fenced(text.encode("utf-8", "surrogateescape").split(b"\n"))
    files: dict[RepoPath, list[Hunk]] = {}
    counter = 0
    for path, body in _files(lines):
        if path in files:
            message = f"the draft has two diffs for {path}"
            raise DraftError(message, hint="put all hunks of a file under one --- / +++ pair")
        files[path] = []
        for hunk in _hunks(body):
            counter += 1
            files[path].append(_hunk(counter, path, hunk))
        if not files[path]:
            message = f"the draft names {path} and has no hunk for it"
            raise DraftError(message, hint=_ANSWER)
    if not files:
        message = "the draft holds no diff"
        raise DraftError(message, hint=_ANSWER)
    return tuple(FileEdit(path, tuple(hunks)) for path, hunks in files.items())


def _fenced(lines: list[bytes]) -> list[bytes]:
    """What stands between the fences, or everything when there is no fence."""
    fences = [at for at, line in enumerate(lines) if line.startswith(b"```")]
    if not fences:
        return lines
    if len(fences) != 2:  # noqa: PLR2004 - one opening, one closing
        message = f"the draft has {len(fences)} fence lines, not one opening and one closing"
        raise DraftError(message, hint=_ANSWER)
    return lines[fences[0] + 1 : fences[1]]


def _files(lines: list[bytes]) -> Iterator[tuple[RepoPath, list[bytes]]]:
    """Each file's path with the lines after its `+++`, up to the next file."""
    heads = [
        at
        for at in range(len(lines) - 1)
        if lines[at].startswith(b"--- ") and lines[at + 1].startswith(b"+++ ")
    ]
    for at, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        old, new = _name(lines[at]), _name(lines[at + 1])
        if old != new:
            message = f"the draft turns {old!r} into {new!r}; a surgeon only edits existing files"
            raise DraftError(message, hint="name the same file after --- and +++")
        try:
            path = RepoPath(new)
        except ValueError as error:
            raise DraftError(str(error), hint="name a file of the request") from error
        yield path, lines[at + 2 : end]


def _name(line: bytes) -> str:
    name = line[4:].split(b"\t")[0].strip().decode("utf-8", "surrogateescape")
    return name[2:] if name.startswith(("a/", "b/")) else name


def _hunks(body: list[bytes]) -> Iterator[list[bytes]]:
    """The lines of each hunk, without its `@@` line."""
    starts = [at for at, line in enumerate(body) if line.startswith(b"@@")]
    for at, end in zip(starts, [*starts[1:], len(body)], strict=True):
        hunk = body[at + 1 : end]
        # A blank line at the end separates; blank context inside a hunk has lost its space at most.
        while hunk and not hunk[-1]:
            hunk.pop()
        yield hunk


def _hunk(number: int, path: RepoPath, lines: list[bytes]) -> Hunk:
    old: list[bytes] = []
    new: list[bytes] = []
    touched: list[list[bytes]] = []
    for line in lines:
        sign, content = line[:1] or b" ", line[1:] + b"\n"
        if sign == _NO_NEWLINE:
            for side in touched:
                side[-1] = side[-1].removesuffix(b"\n")
            continue
        touched = {b" ": [old, new], b"-": [old], b"+": [new]}.get(sign, [])
        if not touched:
            shown = line.decode("utf-8", "replace")
            message = (
                f"hunk {number} of {path} has a line that begins with none of ' -+': {shown!r}"
            )
            raise DraftError(message, hint=_ANSWER)
        for side in touched:
            side.append(content)
    if len([line for line in old if line.strip()]) < _MIN_CONTEXT:
        message = f"hunk {number} of {path} has no old line to find its place by"
        raise DraftError(message, hint="keep at least 3 unchanged lines on each side")
    return Hunk(number, tuple(old), tuple(new))
