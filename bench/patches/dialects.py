"""The same change in the other dialects that models write."""

from __future__ import annotations

import json
import random  # noqa: TC003 - named in the table's types
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.patches.model import Fault, Piece, Scene, Truth
from bench.patches.sheets import body
from bench.patches.truth import Misled, judged, located
from bench.patches.wraps import LEAD, TRAIL, fenced

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKERS = re.compile(rb"(?m)^[ \t]*(?:<{5,9}|={5,9}|>{5,9}|\*\*\* )")


def _is_plain(scene: Scene) -> bool:
    """Whether every line has its end and nothing in it could be a marker of a dialect."""
    texts = [text for piece in scene.written for _, text in piece.lines]
    whole = b"".join(texts)
    return (
        all(text.endswith(b"\n") for text in texts)
        and b"\r" not in whole
        and not _MARKERS.search(whole)
        and len(set(scene.written)) == len(scene.written)
    )


def _wrapped(rng: random.Random, text: bytes, info: bytes) -> bytes:
    """Bare, or in a fence that is longer than any inside, with prose or without."""
    longest = max((len(run) for run in re.findall(rb"`+", text)), default=0)
    mark = b"`" * max(3, longest + 1)
    kind = rng.randrange(3)
    if kind == 0:
        return text
    inside = fenced(text, info, mark)
    return inside if kind == 1 else LEAD + inside + TRAIL


# --- in turn: each block finds its text in what the block before left -----------------------------


def search_replace(rng: random.Random, scene: Scene) -> Scene | None:
    """`<<<<<<< SEARCH` blocks below the file's path."""
    truth = _in_turn(scene, is_text=False)
    if truth is None or not _is_plain(scene) or b"```" in b"".join(scene.base):
        return None
    size = rng.choice((5, 7, 7, 7, 9))
    head, middle, end = b"<" * size, b"=" * size, b">" * size
    path = scene.path.encode()
    blocks = [
        head + b" SEARCH\n" + b"".join(piece.old) + middle + b"\n" + b"".join(piece.new)
        + end + b" REPLACE\n"
        for piece in scene.written
    ]  # fmt: skip
    inner = b"\n".join(blocks)
    draft = rng.choice(
        (
            path + b"\n```\n" + inner + b"```\n",
            b"```python\n" + path + b"\n" + inner + b"```\n",
            path + b"\n" + inner,
            LEAD + b"**`" + path + b"`**\n```\n" + inner + b"```\n",
            b"".join(path + b"\n```\n" + block + b"```\n\n" for block in blocks),
        )
    )
    return replace(scene, draft=draft, truth=truth)


def str_replace(rng: random.Random, scene: Scene) -> Scene | None:
    """Calls of the text editor tool, as JSON."""
    truth = _in_turn(scene, is_text=True)
    if truth is None or not _is_plain(scene):
        return None
    is_short = rng.random() < 0.5 and all(piece.new for piece in scene.written)  # noqa: PLR2004 - evenly
    if is_short:
        # Text without its last line feed may stand inside other lines, too.
        truth = _short(scene, truth)
    pairs = []
    try:
        for piece in scene.written:
            old, new = b"".join(piece.old).decode(), b"".join(piece.new).decode()
            pairs.append((old[:-1], new[:-1]) if is_short else (old, new))
    except UnicodeDecodeError:
        return None
    return replace(scene, draft=_calls(rng, scene.path, pairs), truth=truth)


def _calls(rng: random.Random, path: str, pairs: Sequence[tuple[str, str]]) -> bytes:
    if rng.randrange(2):
        calls = [
            {"command": "str_replace", "path": path, "old_str": old, "new_str": new}
            for old, new in pairs
        ]
    else:
        calls = [{"file_path": path, "old_string": old, "new_string": new} for old, new in pairs]
    if rng.randrange(2):
        text = json.dumps(calls if len(calls) > 1 else calls[0], indent=rng.choice((None, 2)))
    else:
        text = "\n".join(json.dumps(call, ensure_ascii=False) for call in calls)
    return _wrapped(rng, text.encode() + b"\n", b"json")


def _short(scene: Scene, truth: Truth) -> Truth:
    whole = b"".join(scene.base)
    counts = [_count(whole, b"".join(piece.old)[:-1]) for piece in scene.written]
    return Truth.EITHER if truth is Truth.RIGHT and max(counts) > 1 else truth


def _count(text: bytes, wanted: bytes) -> int:
    """Occurrences, those that overlap included."""
    count, at = 0, text.find(wanted)
    while at >= 0:
        count, at = count + 1, text.find(wanted, at + 1)
    return count


def _in_turn(scene: Scene, *, is_text: bool) -> Truth | None:
    """What comes of edits that are made one after the other; `None` when they prove another."""
    lines = list(scene.base)
    truths = {scene.truth}
    moved: list[tuple[int, int]] = []
    for piece in scene.written:
        start = piece.start + sum(size for at, size in moved if at < piece.start)
        found = located(lines, replace(piece, start=start))
        is_exact = tuple(lines[start : start + len(piece.old)]) == piece.old
        if isinstance(found, Misled) or (not is_exact and _is_unclear(piece)):
            return None
        text = b"".join(piece.old)
        if is_text and found is Truth.RIGHT and _count(b"".join(lines), text) > 1:
            found = Truth.EITHER
        truths.add(found)
        new = _kept(lines[start : start + len(piece.old)], piece)
        lines[start : start + len(piece.old)] = new
        moved.append((piece.start, len(new) - len(piece.old)))
    return next((worst for worst in (Truth.REFUSED, Truth.EITHER) if worst in truths), Truth.RIGHT)


def _is_unclear(piece: Piece) -> bool:
    """Whether a line stands in it twice: without signs, either may be the one that is kept."""
    texts = [text.rstrip() for _, text in piece.lines]
    return len(set(texts)) < len(texts)


def _kept(real: Sequence[bytes], piece: Piece) -> list[bytes]:
    """The hunk's new lines, with context as it stands in the file."""
    result, at = [], 0
    for sign, text in piece.lines:
        if sign == b"+":
            result.append(text)
            continue
        if sign == b" " and at < len(real):
            result.append(real[at])
        at += 1
    return result


# --- at once: all hunks find their text in the file as it was -------------------------------------


def v4a(rng: random.Random, scene: Scene) -> Scene | None:
    """`*** Begin Patch` with one `*** Update File`."""
    if not _is_plain(scene):
        return None
    text = b"*** Begin Patch\n*** Update File: %b\n%b*** End Patch\n"
    filled = text % (scene.path.encode(), _sections(rng, scene))
    return _judged(scene, _wrapped(rng, filled, rng.choice((b"", b"diff", b"patch"))))


def v4a_cut(rng: random.Random, scene: Scene) -> Scene | None:
    """The same, cut off: the envelope begins and does not end."""
    made = v4a(rng, scene)
    if made is None or b"```" in made.draft:
        return None
    lines = made.draft.splitlines(keepends=True)
    return replace(made, draft=_cut(rng, lines), truth=Truth.REFUSED)


def _cut(rng: random.Random, lines: Sequence[bytes]) -> bytes:
    return b"".join(lines[: rng.randint(len(lines) // 2, len(lines) - 2)])


def operations(rng: random.Random, scene: Scene) -> Scene | None:
    """An `apply_patch` call with an `update_file` operation."""
    if not _is_plain(scene):
        return None
    try:
        diff = _sections(rng, scene).decode()
    except UnicodeDecodeError:
        return None
    operation = {"type": "update_file", "path": scene.path, "diff": diff}
    call: object = rng.choice(
        (operation, {"type": "apply_patch_call", "operation": operation}, [operation])
    )
    return _judged(scene, _wrapped(rng, json.dumps(call).encode() + b"\n", b"json"))


def _sections(rng: random.Random, scene: Scene) -> bytes:
    parts = []
    for piece in scene.written:
        heading = scene.base[max(0, piece.start - 1)].strip() if scene.base else b""
        parts.append(b"@@ " + heading + b"\n" if rng.randrange(2) and heading else b"@@\n")
        parts.append(body(piece))
        if piece.start + len(piece.old) == len(scene.base) and rng.randrange(2):
            parts.append(b"*** End of File\n")
    return b"".join(parts)


def _judged(scene: Scene, draft: bytes) -> Scene | None:
    truth = judged(scene)
    if truth is Truth.REFUSED and b"*** End of File" in draft:
        truth = Truth.EITHER  # of several places, one may be the file's end
    return None if truth is None else replace(scene, draft=draft, truth=truth)


# --- what is no patch -----------------------------------------------------------------------------


def whole_file(_: random.Random, scene: Scene) -> Scene | None:
    """The file written anew below its path: a rewrite is refused, however right it is."""
    after = scene.after()
    if b"```" in after or not after.endswith(b"\n"):
        return None
    draft = LEAD + scene.path.encode() + b"\n" + fenced(after, b"")
    return replace(scene, draft=draft, truth=Truth.REFUSED)


def prose(_: random.Random, scene: Scene) -> Scene | None:
    """The change told in words."""
    said = b"In %b, replace the line\n\n    %b\n\nby something better.\n"
    line = scene.base[0].strip() if scene.base else b""
    return replace(scene, draft=said % (scene.path.encode(), line), truth=Truth.REFUSED)


DIALECTS: dict[str, Fault] = {
    "search/replace blocks": search_replace,
    "str_replace calls": str_replace,
    "V4A": v4a,
    "V4A cut off": v4a_cut,
    "apply_patch operations": operations,
    "whole-file rewrite": whole_file,
    "prose": prose,
}
