"""Faults round a unified diff: fences, prose, repetition, line ends, mail."""

from __future__ import annotations

import random  # noqa: TC003 - named in the table's types
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.patches.model import Fault, Scene, Truth
from bench.patches.sheets import draw

if TYPE_CHECKING:
    from collections.abc import Callable

LEAD = b"Sure! Here is the change that you asked for:\n\n- it keeps the rest as it is\n\n"
TRAIL = b"\nThis changes one thing only; the tests should pass.\n\n- I left the rest alone.\n"


def fenced(text: bytes, info: bytes = b"diff", mark: bytes = b"```") -> bytes:
    """A Markdown code block."""
    end = b"" if text.endswith(b"\n") else b"\n"
    return mark + info + b"\n" + text + end + mark + b"\n"


def _text(change: Callable[[random.Random, bytes], bytes | None]) -> Fault:
    """A fault that rewrites the whole text, and allows no other result."""

    def fault(rng: random.Random, scene: Scene) -> Scene | None:
        draft = change(rng, scene.draft)
        return None if draft is None else replace(scene, draft=draft)

    return fault


def _bounded(change: Callable[[random.Random, bytes], bytes | None], truth: Truth) -> Fault:
    """The same, with what may come of it."""
    fault = _text(change)

    def bounded(rng: random.Random, scene: Scene) -> Scene | None:
        done = fault(rng, scene)
        if done is None:
            return None
        return replace(done, truth=scene.truth if scene.truth is Truth.REFUSED else truth)

    return bounded


def _cut(rng: random.Random, scene: Scene) -> Scene | None:
    """An answer that ends in the middle of its last hunk, inside a fence that nothing closes.

    NOTE: a cut between two hunks would leave a draft that nobody can tell from a whole one, but for
    the fence.
    """
    if not scene.sheet.hunks:
        return None
    last = scene.sheet.hunks[-1][1].splitlines(keepends=True)
    signed = [at for at, line in enumerate(last) if line.startswith((b" ", b"-", b"+"))]
    if len(signed) < 2 or not scene.draft.endswith(b"".join(last)):  # noqa: PLR2004 - one to cut off
        return None
    cut = scene.draft[: -len(b"".join(last[rng.choice(signed[1:]) :]))]
    return replace(scene, draft=LEAD + b"```diff\n" + cut, truth=Truth.REFUSED)


def _crlf(_: random.Random, text: bytes) -> bytes | None:
    return None if b"\r" in text else text.replace(b"\n", b"\r\n")


def _unended(_: random.Random, text: bytes) -> bytes | None:
    if not text.endswith(b"\n"):
        return None
    # NOTE: after `+`, `-` or a blank, the end of the last line is all that the line has.
    return text[:-1] if text[-2:-1] not in b"\n\r" else None


def _respelled(rng: random.Random, text: bytes) -> bytes | None:
    """The diff with its names written in another way."""
    head = re.match(rb"--- a/([^\n]+)\n\+\+\+ b/\1\n", text)
    if head is None:
        return None
    old, new = rng.choice(
        ((b"a/", b"a/"), (b"", b""), (b"a/", b""), (b"i/", b"w/"), (b"./", b"./"))
    )
    return b"--- %b\n+++ %b\n" % (old + head[1], new + head[1]) + text[head.end() :]


def _twice_respelled(rng: random.Random, text: bytes) -> bytes | None:
    other = _respelled(rng, text)
    if other is None:
        return None
    return fenced(text) + fenced(other) if rng.randrange(2) else text + other


def _conflicting_respelled(rng: random.Random, text: bytes) -> bytes | None:
    other = _respelled(rng, text)
    changed = other and _changed(other)
    return fenced(text) + fenced(changed) if changed and changed != other else None


def _changed(text: bytes) -> bytes:
    """The diff with another added line."""
    return re.sub(rb"(?m)^\+(?!\+\+ )(.*[A-Za-z].*)$", rb"+\1 and_more", text, count=1)


def _conflicting(rng: random.Random, text: bytes) -> bytes | None:
    other = _changed(text)
    if other == text:
        return None
    both = [fenced(text), fenced(other)]
    rng.shuffle(both)
    return LEAD + (b"or better:\n" if rng.random() < 0.5 else b"\n").join(both)  # noqa: PLR2004 - evenly


def _mail(_: random.Random, scene: Scene) -> Scene | None:
    """What `git format-patch` writes: its last two lines must not be taken for a hunk's."""
    lead = (
        b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
        b"From: Ada <ada@example.test>\nDate: Fri, 2 Jan 2026 03:04:05 +0000\n"
        b"Subject: [PATCH] Change a file\n\nA reason.\n---\n a.txt | 2 +-\n"
        b" 1 file changed, 1 insertion(+), 1 deletion(-)\n\n"
    )
    if not scene.draft.endswith(b"\n"):
        return None
    truth = scene.truth
    if scene.sheet.hunks != draw(scene).hunks and truth is Truth.RIGHT:
        truth = Truth.EITHER  # without counts, nothing says where the last hunk ends
    return replace(scene, draft=lead + scene.draft + b"-- \n2.39.5\n\n", truth=truth)


def _bullets(_: random.Random, text: bytes) -> bytes:
    return text + TRAIL


WRAPS: dict[str, Fault] = {
    "fence": _text(lambda rng, text: fenced(text, rng.choice((b"diff", b"", b"patch", b"udiff")))),
    "tilde fence": _text(lambda _, text: fenced(text, mark=b"~~~~")),
    "long fence": _text(lambda _, text: fenced(text, mark=b"`````")),
    "fence never closed": _bounded(lambda _, text: b"```diff\n" + text, Truth.EITHER),
    "cut off inside a fence": _cut,
    "fence with prose round it": _text(lambda _, text: LEAD + fenced(text) + TRAIL),
    "the same fence twice": _text(lambda _, text: fenced(text) + b"\nAgain:\n\n" + fenced(text)),
    "the same diff twice": _bounded(lambda _, text: text + text, Truth.EITHER),
    "the same again in other spelling": _bounded(_twice_respelled, Truth.EITHER),
    "conflicting fence in other spelling": _bounded(_conflicting_respelled, Truth.REFUSED),
    "conflicting second fence": _bounded(_conflicting, Truth.REFUSED),
    "prose before, no fence": _text(lambda _, text: LEAD + text),
    "prose after, no fence": _bounded(_bullets, Truth.EITHER),
    "CRLF draft": _text(_crlf),
    "no newline at the end": _text(_unended),
    "mail of git format-patch": _mail,
}
