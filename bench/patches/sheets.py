"""Faults in the way a unified diff is written: headers, counts, prefixes, blank lines."""

from __future__ import annotations

import random  # noqa: TC003 - named in the table's types
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.patches.model import Fault, Piece, Scene, Sheet, Truth
from bench.patches.truth import judged

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_NEWLINE = b"\n\\ No newline at end of file\n"
_HEADERS = 2


def draw(scene: Scene) -> Sheet:
    """The unified diff of a scene, well-formed but for what its hunks say."""
    path = scene.path.encode()
    hunks = []
    offset = 0
    for piece in scene.written:
        old, new = len(piece.old), len(piece.new)
        start = (piece.start if piece.stated is None else piece.stated) + (old > 0)
        header = b"@@ -%d,%d +%d,%d @@" % (start, old, start + offset, new)
        hunks.append((header + _heading(scene, piece) + b"\n", body(piece)))
        offset += new - old
    return Sheet((b"--- a/" + path + b"\n", b"+++ b/" + path + b"\n"), tuple(hunks))


def body(piece: Piece, no_newline: bytes = _NO_NEWLINE) -> bytes:
    """The signed lines of a hunk."""
    return b"".join(
        sign + (text if text.endswith(b"\n") else text + no_newline) for sign, text in piece.lines
    )


def _heading(scene: Scene, piece: Piece) -> bytes:
    """The enclosing definition, the way that git finds it."""
    for line in reversed(scene.base[: piece.start]):
        if line[:1].isalpha():
            return b" " + line.rstrip()[:60]
    return b""


def _headed(change: Callable[[random.Random, bytes], bytes], truth: Truth = Truth.RIGHT) -> Fault:
    """A fault that rewrites every hunk header."""

    def fault(rng: random.Random, scene: Scene) -> Scene | None:
        hunks = tuple((change(rng, header), text) for header, text in scene.sheet.hunks)
        if hunks == scene.sheet.hunks:
            return None
        return replace(scene, sheet=replace(scene.sheet, hunks=hunks), truth=_worse(scene, truth))

    return fault


def _worse(scene: Scene, truth: Truth) -> Truth:
    order = (Truth.REFUSED, Truth.EITHER, Truth.RIGHT)
    return min(scene.truth, truth, key=order.index)


def _counts(rng: random.Random, header: bytes) -> bytes:
    return re.sub(
        rb",(\d+)", lambda found: b",%d" % max(0, int(found[1]) + rng.choice((-2, -1, 1, 2, 7))),
        header,
    )  # fmt: skip


def _lines(rng: random.Random, header: bytes) -> bytes:
    return re.sub(
        rb"([-+])(\d+)",
        lambda found: found[1] + b"%d" % max(1, int(found[2]) + rng.randint(-60, 60)),
        header,
        count=2,
    )


def _garbage(rng: random.Random, header: bytes) -> bytes:
    words = (
        b" class Nothing:",
        b" @@ again @@",
        b" \xff\xfe",
        b" def f(a, b):  # \xc3\xa9",
        b" -1,2",
    )
    return re.sub(rb"@@[^@]*\n\Z", lambda _: b"@@" + rng.choice(words) + b"\n", header)


def _only_heading(_: random.Random, header: bytes) -> bytes:
    return re.sub(rb"\A@@ -[^@]* @@", b"@@", header)


def _named(
    old: Callable[[bytes], bytes], new: Callable[[bytes], bytes], truth: Truth = Truth.RIGHT
) -> Fault:
    """A fault that rewrites the lines of the file header; an empty one is left out."""

    def fault(_: random.Random, scene: Scene) -> Scene | None:
        path = scene.path.encode()
        if scene.sheet.head != (_as_old(path), _as_new(path)):
            return None  # another fault has been at the names
        head = tuple(line for line in (old(path), new(path)) if line)
        return replace(scene, sheet=replace(scene.sheet, head=head), truth=_worse(scene, truth))

    return fault


def _as_old(path: bytes) -> bytes:
    return b"--- a/" + path + b"\n"


def _as_new(path: bytes) -> bytes:
    return b"+++ b/" + path + b"\n"


def _stamped(sign: bytes, prefix: bytes) -> Callable[[bytes], bytes]:
    stamp = b"\t2026-01-02 03:04:05.000000000 +0000\n"
    return lambda path: sign + b" " + prefix + path + stamp


def _first_in_heading(_: random.Random, scene: Scene) -> Scene | None:
    """The first line of context stands in the hunk's header, where nothing is proven by it."""
    if scene.truth is not Truth.RIGHT:
        return None  # what is wrong could be in the line that goes
    hunks, written = [], []
    for (header, text), piece in zip(scene.sheet.hunks, scene.written, strict=True):
        first, _end, rest = text.partition(b"\n")
        if not first.startswith(b" ") or not first.strip() or not rest:
            return None
        numbers = re.sub(rb"(?<=@@)[^@]*\n\Z", b"", header)
        hunks.append((numbers + first + b"\n", rest))
        written.append(replace(piece, start=piece.start + 1, lines=piece.lines[1:]))
    truth = judged(replace(scene, written=tuple(written)))
    sheet = replace(scene.sheet, hunks=tuple(hunks))
    return replace(scene, sheet=sheet, truth=truth) if truth else None


def _git_headers(_: random.Random, scene: Scene) -> Scene | None:
    if len(scene.sheet.head) != _HEADERS:
        return None  # another fault has taken a name away
    path = scene.path.encode()
    head = b"diff --git a/%b b/%b\nindex 1234567..89abcde 100644\n" % (path, path)
    return replace(scene, sheet=replace(scene.sheet, head=(head, *scene.sheet.head)))


def _every_hunk(_: random.Random, scene: Scene) -> Scene | None:
    """The file header stands again before each hunk."""
    if len(scene.sheet.hunks) < 2 or len(scene.sheet.head) != _HEADERS:  # noqa: PLR2004 - again
        return None
    first, *others = scene.sheet.hunks
    head = b"".join(scene.sheet.head)
    hunks = (first, *((head + header, text) for header, text in others))
    return replace(scene, sheet=replace(scene.sheet, hunks=hunks))


def _space_lost(_: random.Random, scene: Scene) -> Scene | None:
    """Blank context lines have lost their leading space."""
    hunks = tuple(
        (header, re.sub(rb"(?m)^ (?=\r?\n)", b"", text)) for header, text in scene.sheet.hunks
    )
    if hunks == scene.sheet.hunks:
        return None
    # At a hunk's end a bare blank line may as well be a stray one, which proves nothing.
    trimmed = replace(scene, written=tuple(map(_without_blank_ends, scene.written)))
    truth = scene.truth if judged(trimmed) is judged(scene) else Truth.EITHER
    return replace(scene, sheet=replace(scene.sheet, hunks=hunks), truth=_worse(scene, truth))


def _without_blank_ends(piece: Piece) -> Piece:
    start, lines = piece.start, piece.lines
    while lines and lines[0][0] == b" " and not lines[0][1].strip(b"\r\n"):
        start, lines = start + 1, lines[1:]
    while lines and lines[-1][0] == b" " and not lines[-1][1].strip(b"\r\n"):
        lines = lines[:-1]
    return replace(piece, start=start, lines=lines)


def _stray_blanks(rng: random.Random, scene: Scene) -> Scene | None:
    """Blank lines stand after hunks, where the file may have others."""
    hunks = tuple((header, text + b"\n" * rng.randint(0, 2)) for header, text in scene.sheet.hunks)
    if hunks == scene.sheet.hunks or b"\r" in scene.sheet.text():
        return None
    return replace(scene, sheet=replace(scene.sheet, hunks=hunks))


def _blank_before(_: random.Random, scene: Scene) -> Scene | None:
    """A blank line stands between the file header and the first hunk."""
    return replace(scene, sheet=replace(scene.sheet, head=(*scene.sheet.head, b"\n")))


SHEETS: dict[str, Fault] = {
    "wrong counts": _headed(_counts),
    "no numbers": _headed(lambda _, header: re.sub(rb"\A@@ .* @@.*", b"@@ @@", header)),
    "bare @@": _headed(lambda _, header: re.sub(rb"\A@@.*", b"@@", header)),
    "@@ and a heading": _headed(_only_heading),
    "@@ ... @@": _headed(lambda _, header: re.sub(rb"\A@@ .* @@", b"@@ ... @@", header)),
    "wrong line numbers": _headed(_lines),
    "garbage in the heading": _headed(_garbage),
    "no a/ and b/": _named(lambda p: b"--- " + p + b"\n", lambda p: b"+++ " + p + b"\n"),
    "one prefix only": _named(_as_old, lambda p: b"+++ " + p + b"\n"),
    "other prefix only": _named(lambda p: b"--- " + p + b"\n", _as_new),
    "mnemonic prefixes": _named(lambda p: b"--- i/" + p + b"\n", lambda p: b"+++ w/" + p + b"\n"),
    "timestamps": _named(_stamped(b"---", b"a/"), _stamped(b"+++", b"b/")),
    "quoted names": _named(lambda p: b'--- "a/' + p + b'"\n', lambda p: b'+++ "b/' + p + b'"\n'),
    "octal in quoted names": _named(
        lambda p: b'--- "a/\\%03o' % p[0] + p[1:] + b'"\n',
        lambda p: b'+++ "b/\\%03o' % p[0] + p[1:] + b'"\n',
    ),
    "no `+++`": _named(_as_old, lambda _: b"", Truth.EITHER),
    "no `---`": _named(lambda _: b"", _as_new, Truth.EITHER),
    "no file header": _named(lambda _: b"", lambda _: b"", Truth.REFUSED),
    "path altered": _named(
        lambda p: b"--- a/other/" + p + b"\n", lambda p: b"+++ b/other/" + p + b"\n", Truth.REFUSED
    ),
    "two paths": _named(_as_old, lambda p: b"+++ b/" + p + b".bak\n", Truth.REFUSED),
    "old side is /dev/null": _named(lambda _: b"--- /dev/null\n", _as_new, Truth.REFUSED),
    "new side is /dev/null": _named(_as_old, lambda _: b"+++ /dev/null\n", Truth.REFUSED),
    "first context line in the heading": _first_in_heading,
    "git's own headers": _git_headers,
    "file header before every hunk": _every_hunk,
    "blank context without its space": _space_lost,
    "stray blank lines after hunks": _stray_blanks,
    "blank line after the file header": _blank_before,
}
