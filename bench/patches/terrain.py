"""Faults that need a base file of a certain kind: decoys, line ends, blanks, tabs, encodings.

The change is carried over to the altered file, so that what is right stays known.
"""

from __future__ import annotations

import random  # noqa: TC003 - named in the table's types
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.patches.model import Fault, Piece, Scene


def decoy(rng: random.Random, scene: Scene) -> Scene | None:
    """A hunk's old lines stand a second time elsewhere in the file."""
    return with_copy(rng, scene, lambda line: line)


def decoy_nearer(rng: random.Random, scene: Scene) -> Scene | None:
    """A decoy that the header's line number points at."""
    return with_copy(rng, scene, lambda line: line, is_stated=True)


def decoy_trailing(rng: random.Random, scene: Scene) -> Scene | None:
    """A decoy that differs in blanks at the ends of lines only: the exact place wins."""
    return with_copy(rng, scene, lambda line: line.rstrip(b"\n") + b"  \n", is_stated=True)


def decoy_indented(rng: random.Random, scene: Scene) -> Scene | None:
    """A decoy that differs in its indentation only: the exact place wins."""
    return with_copy(rng, scene, lambda line: b"    " + line, is_stated=True)


def decoys_trailing(rng: random.Random, scene: Scene) -> Scene | None:
    """The file has blanks at line ends in both places, the draft has lost them."""
    blanked = blanks_lost(rng, scene)
    if blanked is None:
        return None
    return with_copy(rng, blanked, lambda line: line.rstrip(b" \t\r\n") + b" \t\n", is_stated=True)


def with_copy(
    rng: random.Random,
    scene: Scene,
    view: Callable[[bytes], bytes],
    *,
    is_stated: bool = False,
) -> Scene | None:
    """Put a copy of one hunk's old lines where it touches no other hunk."""
    if not scene.base or not scene.base[-1].endswith(b"\n") or not scene.meant:
        return None
    number = rng.randrange(len(scene.meant))
    # Lines for a decoy are the file's: the draft's may have been damaged.
    copy = tuple(view(line) for line in scene.meant[number].old)
    spans = [(piece.start, piece.start + len(piece.old)) for piece in scene.meant]
    free = [
        at for at in range(len(scene.base) + 1) if not any(low < at < high for low, high in spans)
    ]
    if not free or not copy:
        return None
    at = rng.choice(free)
    base = (*scene.base[:at], *copy, *scene.base[at:])
    meant = tuple(_moved(piece, at, len(copy)) for piece in scene.meant)
    written = [_moved(piece, at, len(copy)) for piece in scene.written]
    if is_stated and len(written) == len(meant):
        written[number] = replace(written[number], stated=at)
    return replace(scene, base=base, meant=meant, written=tuple(written))


def _moved(piece: Piece, at: int, count: int) -> Piece:
    return replace(piece, start=piece.start + count) if piece.start >= at else piece


def crlf_file(_: random.Random, scene: Scene) -> Scene | None:
    """File and draft both have CRLF in their content, and the draft's headers do not."""
    return _recast(scene, _with_cr, _with_cr)


def lf_draft(_: random.Random, scene: Scene) -> Scene | None:
    """The file has CRLF, the draft has none: what it adds gets the file's line ends."""
    return _recast(scene, _with_cr, lambda line: line)


def _with_cr(line: bytes) -> bytes:
    return line.removesuffix(b"\n").rstrip(b"\r") + b"\r\n" if line.endswith(b"\n") else line


def no_final_newline(_: random.Random, scene: Scene) -> Scene | None:
    """The file ends without a line feed, and a hunk reaches its end and says so."""
    return _without_end(scene, is_marked=True)


def marker_lost(_: random.Random, scene: Scene) -> Scene | None:
    """The same, with the marker lost; the last line is context, so nothing hangs on it."""
    return _without_end(scene, is_marked=False)


def _without_end(scene: Scene, *, is_marked: bool) -> Scene | None:
    if not scene.meant or scene.written != scene.meant:
        return None
    last, end = scene.meant[-1], scene.meant[-1].start + len(scene.meant[-1].old)
    keep = scene.base[:end]
    sign, text = last.lines[-1]
    body = text.rstrip(b"\r\n")
    if sign != b" " or not body.strip() or keep[-1] != text:
        return None
    cut = replace(last, lines=(*last.lines[:-1], (sign, body)))
    meant = (*scene.meant[:-1], cut)
    written = meant if is_marked else scene.written
    return replace(scene, base=(*keep[:-1], body), meant=meant, written=written)


def blanks_lost(rng: random.Random, scene: Scene) -> Scene | None:
    """Context lines of the file end in blanks, which the draft has lost."""
    found = [
        (number, at)
        for number, piece in enumerate(scene.meant)
        for at, (sign, text) in enumerate(piece.lines)
        if sign == b" " and text.endswith(b"\n")
    ]
    if not found or scene.written != scene.meant:
        return None
    base, meant = list(scene.base), list(scene.meant)
    for number, at in rng.sample(found, rng.randint(1, len(found))):
        lines = list(meant[number].lines)
        body = lines[at][1].rstrip(b"\r\n")
        text = body + rng.choice((b" ", b"\t", b"   ")) + lines[at][1][len(body) :]
        row = meant[number].start + sum(sign != b"+" for sign, _ in lines[:at])
        lines[at] = (b" ", text)
        base[row] = text
        meant[number] = replace(meant[number], lines=tuple(lines))
    return replace(scene, base=tuple(base), meant=tuple(meant))


def tabbed_file(rng: random.Random, scene: Scene) -> Scene | None:
    """The file is indented with tabs, the draft with four spaces for each."""
    if not any(text.startswith(b"    ") for piece in scene.meant for _, text in piece.lines):
        return None
    if any(b"\t" in line for line in scene.base):
        return None
    if any((len(line) - len(line.lstrip(b" "))) % 4 for line in scene.base if line.strip()):
        return None
    width = rng.choice((2, 4))

    def spaced(line: bytes) -> bytes:
        depth = (len(line) - len(line.lstrip(b" "))) // 4
        return b" " * (width * depth) + line[4 * depth :]

    return _recast(scene, _tabbed, spaced)


def _tabbed(line: bytes) -> bytes:
    depth = (len(line) - len(line.lstrip(b" "))) // 4
    return b"\t" * depth + line[4 * depth :]


def _recast(
    scene: Scene, file: Callable[[bytes], bytes], draft: Callable[[bytes], bytes]
) -> Scene | None:
    """Rewrite every line of the file one way, and of the draft another way."""
    base = tuple(file(line) for line in scene.base)
    if base == scene.base:
        return None
    return replace(
        scene,
        base=base,
        meant=_rewritten(scene.meant, file),
        written=_rewritten(scene.written, draft),
    )


def _rewritten(pieces: Sequence[Piece], view: Callable[[bytes], bytes]) -> tuple[Piece, ...]:
    return tuple(
        replace(piece, lines=tuple((sign, view(text)) for sign, text in piece.lines))
        for piece in pieces
    )


def byte_order_mark(_: random.Random, scene: Scene) -> Scene | None:
    """The file begins with a byte-order mark outside the hunks."""
    if not scene.base or scene.meant[0].start == 0 or scene.base[0].startswith(b"\xef\xbb\xbf"):
        return None
    return replace(scene, base=(b"\xef\xbb\xbf" + scene.base[0], *scene.base[1:]))


def latin_1(_: random.Random, scene: Scene) -> Scene | None:
    """The file and the draft are Latin-1, which is no valid UTF-8."""
    return _recast(scene, _french, _french)


def _french(line: bytes) -> bytes:
    return line.replace(b"e", b"\xe9")


def controls(_: random.Random, scene: Scene) -> Scene | None:
    """Lines hold form feeds, vertical tabs and single carriage returns, which end no line."""
    return _recast(scene, _controlled, _controlled)


def _controlled(line: bytes) -> bytes:
    return line.replace(b"a", b"a\x0c\x0b\r\x85\x1c", 1)


TERRAINS: dict[str, Fault] = {
    "decoy": decoy,
    "decoy nearer to the stated line": decoy_nearer,
    "decoy but for trailing blanks": decoy_trailing,
    "decoy but for indentation": decoy_indented,
    "two places but for trailing blanks": decoys_trailing,
    "CRLF file": crlf_file,
    "LF draft of a CRLF file": lf_draft,
    "no final newline in the file": no_final_newline,
    "no-newline marker lost": marker_lost,
    "trailing blanks lost in context": blanks_lost,
    "tabs written as spaces": tabbed_file,
    "byte-order mark": byte_order_mark,
    "Latin-1": latin_1,
    "controls inside lines": controls,
}
