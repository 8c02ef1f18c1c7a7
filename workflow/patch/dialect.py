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
_GIT_HEAD = b"diff --git "
# What git writes above a file's hunks when more than its lines changes.
_BEYOND_EDITS = (
    *(b"new file mode ", b"deleted file mode ", b"old mode ", b"new mode "),
    *(b"rename from ", b"rename to ", b"copy from ", b"copy to "),
    *(b"GIT binary patch", b"Binary files "),
)


def parse(text: str) -> tuple[FileEdit, ...]:
    """The edits of a draft, in its order.

    `text` holds file bytes as UTF-8 with surrogate escapes; lines end at a line feed only, so that
    a carriage return stays part of its line.

    Raises `DraftError` for prose, for a file that is created, deleted, renamed or given another
    mode, for a file named twice, for a change above the first `@@`, and for a hunk without old
    lines.
    """
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        message = f"the draft is not text: {error.reason} at character {error.start + 1}"
        raise DraftError(message, hint=_ANSWER) from error
    lines = _fenced(data.split(b"\n"))
    files: dict[RepoPath, list[Hunk]] = {}
    counter = 0
    for path, body in _files(lines):
        if path in files:
            message = f"the draft has two diffs for {path}"
            raise DraftError(message, hint="put all hunks of a file under one --- / +++ pair")
        files[path] = []
        for hunk in _hunks(path, body):
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
    path: RepoPath | None = None
    body: list[bytes] = []
    rest = iter(range(len(lines)))
    for at in rest:
        is_head = _is_head(lines, at, body)
        if path and (is_head or lines[at].startswith(_GIT_HEAD)):
            yield path, body
            path, body = None, []
        if is_head:
            path, body = _same_path(lines[at], lines[next(rest)]), []
        elif path:
            body.append(lines[at])
        elif lines[at].startswith(_BEYOND_EDITS):
            shown = lines[at].decode("utf-8", "replace")
            message = f"the draft says {shown!r}; a surgeon only edits what existing files hold"
            raise DraftError(message, hint=_ANSWER)
    if path:
        yield path, body


def _is_head(lines: list[bytes], at: int, body: list[bytes]) -> bool:
    """Whether a file's header stands here, and not a removed `-- x` above an added `++ x`.

    Inside hunks, only a header is followed by another hunk's `@@`.
    """
    pair = b"\n".join(lines[at : at + 2])
    if not pair.startswith(b"--- ") or b"\n+++ " not in pair:
        return False
    following = next((line for line in lines[at + 2 :] if line.strip()), b"")
    return following.startswith(b"@@") or not any(line.startswith(b"@@") for line in body)


def _same_path(old_line: bytes, new_line: bytes) -> RepoPath:
    old, new = _name(old_line), _name(new_line)
    if old.startswith("a/") and new.startswith("b/"):
        old, new = old[2:], new[2:]
    if old != new:
        message = f"the draft turns {old!r} into {new!r}; a surgeon only edits existing files"
        raise DraftError(message, hint="name the same file after --- and +++")
    try:
        return RepoPath(new)
    except ValueError as error:
        raise DraftError(str(error), hint="name a file of the request") from error


def _name(line: bytes) -> str:
    return line[4:].split(b"\t")[0].strip().decode("utf-8", "surrogateescape")


def _hunks(path: RepoPath, body: list[bytes]) -> Iterator[list[bytes]]:
    """The lines of each hunk, without its `@@` line."""
    starts = [at for at, line in enumerate(body) if line.startswith(b"@@")]
    if any(line.strip() for line in body[: starts[0] if starts else None]):
        message = f"the draft has lines for {path} above its first @@"
        raise DraftError(message, hint=_ANSWER)
    for at, end in zip(starts, [*starts, len(body)][1:], strict=True):
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
