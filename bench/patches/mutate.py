"""Mutates drafts by their lines and markers, and says what must hold of whatever comes of them."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.patches.model import Change, scene
from bench.patches.outcome import Folder
from bench.patches.sheets import draw
from workflow.patch import Content, PatchError, Placement, Reading, place, read
from workflow.patch.interface import Edit

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from bench.patches.faults import Case

# A byte of draft and file may cost this much, beside a constant; figures from a loaded machine.
SECONDS_A_BYTE = 10e-6
SECONDS = 0.5
_MARKS = (
    *(b"--- a/x\n", b"+++ b/x\n", b"--- /dev/null\n", b"+++ /dev/null\n", b"@@\n"),
    *(b"@@ -1 +1 @@\n", b"```\n", b"```diff\n", b"~~~\n", b"````\n", b"diff --git a/x b/x\n"),
    *(b"new file mode 100644\n", b"rename from x\n", b"rename to y\n"),
    *(b"similarity index 90%\n", b"old mode 100644\n", b"\\ No newline at end of file\n"),
    *(b"-- \n2.39.5\n", b"GIT binary patch\n", b"index 1..2\n", b"<<<<<<< SEARCH\n"),
    *(b"=======\n", b">>>>>>> REPLACE\n", b"*** Begin Patch\n", b"*** End Patch\n"),
    *(b"*** Update File: x\n", b"*** Add File: y\n", b"*** Delete File: x\n"),
    *(b"*** Move to: z\n", b"*** End of File\n"),
    *(b'{"path": "x", "old_str": "a", "new_str": "b"}\n', b"[", b"]", b"{", b"}", b'"'),
    *(b"\\", b"\x00", b"\r", b"\r\n", b"\n", b"\xff", b"\xef\xbb\xbf", b" ", b"\t", b"+"),
    *(b"-", b"@", b"`", b"a/", b"b/", b"\xe2\x80\x8b", b"\\u0000", b"\\ud800"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be, and the input that showed it."""

    what: str
    draft: bytes
    before: bytes
    path: str


def mutated(rng: random.Random, draft: bytes, others: Sequence[bytes]) -> bytes:
    """A draft after one to six mutations."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        draft = rng.choice(_MUTATIONS)(rng, draft, others)
    return draft


def _dropped(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    lines = draft.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    return b"".join(lines[:at] + lines[at + rng.choice((1, 1, 2, 5)) :])


def _doubled(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    lines = draft.splitlines(keepends=True)
    at, to = sorted(rng.randrange(len(lines) + 1) for _ in range(2))
    return b"".join(lines[:to] + lines[at:])


def _moved(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    lines = draft.splitlines(keepends=True)
    if lines:
        lines.insert(rng.randrange(len(lines)), lines.pop(rng.randrange(len(lines))))
    return b"".join(lines)


def _marked(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    starts = [0, *(found.end() for found in re.finditer(rb"\n", draft))]
    at = rng.choice(starts) if rng.randrange(3) else rng.randrange(len(draft) + 1)
    return draft[:at] + rng.choice(_MARKS) + draft[at:]


def _flipped(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    if not draft:
        return draft
    at = rng.randrange(len(draft))
    return draft[:at] + bytes([rng.randrange(256)]) + draft[at + 1 :]


def _signed(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    """Another sign at the beginning of a line, or none."""
    starts = [0, *(found.end() for found in re.finditer(rb"\n", draft))]
    at = rng.choice(starts)
    return draft[:at] + rng.choice((b" ", b"+", b"-", b"\\", b"")) + draft[at + 1 :]


def _cut(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    return draft[: rng.randrange(len(draft) + 1)]


def _joined(rng: random.Random, draft: bytes, others: Sequence[bytes]) -> bytes:
    return draft + rng.choice(others) if rng.randrange(2) else rng.choice(others) + draft


def _spliced(rng: random.Random, draft: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others).splitlines(keepends=True)
    lines = draft.splitlines(keepends=True)
    at, start = rng.randrange(len(lines) + 1), rng.randrange(len(other) + 1)
    return b"".join(lines[:at] + other[start : start + rng.randint(1, 8)] + lines[at:])


def _reended(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    return draft.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b" \n", b"\t\n")))


def _repeated(rng: random.Random, draft: bytes, _: Sequence[bytes]) -> bytes:
    lines = draft.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    part = b"".join(lines[at : at + rng.randint(1, 4)])
    return b"".join(lines[:at]) + part * rng.choice((3, 30, 300)) + b"".join(lines[at:])


_MUTATIONS: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_dropped, _doubled, _moved, _marked, _marked, _flipped, _signed, _signed),
    *(_cut, _joined, _spliced, _reended, _repeated),
)


def checked(draft: bytes, before: bytes, path: str) -> tuple[str, bytes | None]:
    """What is wrong with what the engine makes of a draft, and the file that comes of it, if any.

    Anything but a `PatchError` that is raised is left to the caller.
    """
    files = Folder({path: Content("100644", before)})
    started = time.process_time()
    reading: Reading | None = None
    placement: Placement | None = None
    with contextlib.suppress(PatchError):
        reading = read(draft)
        placement = place(reading.operations, files)
    seconds = time.process_time() - started
    if seconds > SECONDS + SECONDS_A_BYTE * (len(draft) + len(before)):
        return f"slow: {seconds:.1f} s", None
    if reading is None or placement is None:
        return "", None
    after = next((one.data for name, one in placement.files if one and name == path), None)
    if after is None:
        return "", None
    what = _kept(reading, placement, before, path)
    own = draw(scene(Change(path, before, after))).text()
    return what or round_trip(own, before, after, path), after


def _kept(reading: Reading, placement: Placement, before: bytes, path: str) -> str:
    """Whether the bytes between the places are those of the file, in the same order."""
    edits = [one for one in reading.operations if isinstance(one, Edit) and path in one.names]
    after = next((one.data for name, one in placement.files if one and name == path), b"")
    if len(edits) != 1:
        return ""
    lines = before.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    gaps, done = [], 0
    for start, end in sorted(
        (one.line - 1, one.line - 1 + one.lines) for one in placement.places if one.path == path
    ):
        gaps.append(b"".join(lines[done:start]))
        done = max(done, end)
    last = b"".join(lines[done:])
    at = 0
    for number, gap in enumerate(gaps):
        found = after.find(gap, at)
        if found < 0 or (number == 0 and found):
            return "bytes outside of the hunks have changed"
        at = found + len(gap)
    is_kept = after.endswith(last) and len(after) - len(last) >= at
    return "" if is_kept else "bytes after the last hunk have changed"


def round_trip(text: bytes, before: bytes, after: bytes, path: str) -> str:
    """Whether a diff of the result, read and placed again, gives the result or a refusal."""
    try:
        again = place(read(text).operations, Folder({path: Content("100644", before)}))
    except PatchError:
        return ""
    found = next((one.data for name, one in again.files if one and name == path), None)
    return "" if found == after else "the diff of the result gives another result"


def smallest(finding: Finding, is_still: Callable[[bytes], bool], budget: int = 400) -> bytes:
    """The draft with as many lines taken out as the finding allows."""
    lines = finding.draft.splitlines(keepends=True)
    size = max(1, len(lines) // 2)
    while size and budget:
        at, is_cut = 0, False
        while at < len(lines) and budget:
            budget -= 1
            less = lines[:at] + lines[at + size :]
            if is_still(b"".join(less)):
                lines, is_cut = less, True
            else:
                at += size
        size = size if is_cut and size == 1 else size // 2
    return b"".join(lines)


def drafts(cases: Sequence[Case]) -> tuple[tuple[bytes, bytes, str], ...]:
    """What is mutated: drafts with the files that they are made for."""
    return tuple((case.draft, case.before, case.path) for case in cases)
