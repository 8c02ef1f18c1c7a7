"""Inputs that grow: what takes four times as long must be four times as large."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from bench.patches.outcome import Folder
from workflow.patch import Content, PatchError, place, read

if TYPE_CHECKING:
    from collections.abc import Callable

FACTOR = 4
# A machine that is shared is noisy, so only a clear excess counts.
MOST = 3 * FACTOR
AT_LEAST_S = 0.3
_HEAD = b"--- a/x\n+++ b/x\n"


def _same_lines(size: int) -> tuple[bytes, bytes]:
    return _HEAD + b"@@\n" + b" same\n" * size + b"-gone\n+new\n", b"same\n" * (4 * size)


def _same_hunks(size: int) -> tuple[bytes, bytes]:
    return _HEAD + b"@@\n same\n-same\n+new\n same\n" * size, b"same\n" * (4 * size)


def _distinct_hunks(size: int) -> tuple[bytes, bytes]:
    lines = [b"line %d\n" % number for number in range(4 * size)]
    hunks = [
        b"@@\n %b-%b+new\n %b" % tuple(lines[at : at + 3]) for at in range(0, 4 * size, 4)
    ]  # fmt: skip
    return _HEAD + b"".join(hunks), b"".join(lines)


def _missing_hunks(size: int) -> tuple[bytes, bytes]:
    lines = [b"line %d\n" % number for number in range(4 * size)]
    hunks = [b"@@\n %b-gone %d\n+new\n" % (lines[at], at) for at in range(0, 4 * size, 4)]
    return _HEAD + b"".join(hunks), b"".join(lines)


def _shifted_hunks(size: int) -> tuple[bytes, bytes]:
    lines = [b"    line %d\n" % number for number in range(4 * size)]
    hunks = [
        b"@@\n %b-%b+new\n" % (lines[at][2:], lines[at + 1][2:]) for at in range(0, 4 * size, 4)
    ]
    return _HEAD + b"".join(hunks), b"".join(lines)


def _one_long_line(size: int) -> tuple[bytes, bytes]:
    return _HEAD + b"@@\n-" + b"ab" * size + b"c\n+x\n", b"ab" * (2 * size) + b"c\n"


def _blanks(size: int) -> tuple[bytes, bytes]:
    return _HEAD + b"@@\n a\n-" + b" " * size + b"b\n+c\n", b"a\n" + b" \t" * size + b"b\n"


def _long_snippet(size: int) -> tuple[bytes, bytes]:
    call = {"command": "str_replace", "path": "x", "old_str": "ab" * size + "c", "new_str": "d"}
    return json.dumps(call).encode(), b"ab" * (4 * size)


def _calls(size: int) -> tuple[bytes, bytes]:
    calls = [
        {"command": "str_replace", "path": "x", "old_str": f"line {at}.", "new_str": "d"}
        for at in range(size)
    ]
    return json.dumps(calls).encode(), b"".join(b"line %d.\n" % at for at in range(size))


def _blocks(size: int) -> tuple[bytes, bytes]:
    block = b"<<<<<<< SEARCH\nline %d.\n=======\nnew\n>>>>>>> REPLACE\n"
    return b"x\n" + b"".join(block % at for at in range(size)), b"".join(
        b"line %d.\n" % at for at in range(size)
    )


def _block_diff(size: int) -> tuple[bytes, bytes]:
    old = b"".join(b"line %d\n" % (at % 97) for at in range(size))
    new = b"".join(b"line %d\n" % (at % 89) for at in range(size))
    return b"x\n<<<<<<< SEARCH\n" + old + b"=======\n" + new + b">>>>>>> REPLACE\n", old


def _of(text: Callable[[int], bytes]) -> Callable[[int], tuple[bytes, bytes]]:
    return lambda size: (text(size), b"a\nb\nc\n")


FAMILIES: dict[str, Callable[[int], tuple[bytes, bytes]]] = {
    "identical lines": _same_lines,
    "identical hunks": _same_hunks,
    "distinct hunks": _distinct_hunks,
    "hunks without a place": _missing_hunks,
    "re-indented hunks": _shifted_hunks,
    "one long line": _one_long_line,
    "long blanks": _blanks,
    "long snippet of a repetitive file": _long_snippet,
    "many calls": _calls,
    "many blocks": _blocks,
    "one long block": _block_diff,
    "fences": _of(lambda size: b"```\n" * size),
    "fences that open": _of(lambda size: b"```diff\n--- a/x\n" * size),
    "backticks": _of(lambda size: b"`" * size),
    "longer and longer fences": _of(
        lambda size: b"".join(b"`" * (3 + at % 200) + b"x\n" for at in range(size))
    ),
    "file headers": _of(lambda size: _HEAD * size),
    "old names": _of(lambda size: b"--- a/x\n" * size),
    "hunk headers": _of(lambda size: _HEAD + b"@@ -1 +1 @@\n" * size),
    "git headers": _of(lambda size: b"diff --git a/x b/x\n" * size),
    "a long name": _of(lambda size: b"--- a/" + b"x/" * size + b"\n+++ b/y\n@@\n-a\n+b\n"),
    "a long git header": _of(lambda size: b"diff --git " + b"a/x b/" * size + b"\n"),
    "a long quoted name": _of(lambda size: b'--- "a/' + b"\\001" * size + b"\n+++ b/x\n@@\n-a\n"),
    "quotes": _of(lambda size: b"--- " + b'"\\' * size + b"\n+++ b/x\n@@\n-a\n+b\n"),
    "blank lines": _of(lambda size: _HEAD + b"@@\n a\n" + b"\n" * size + b"-b\n+c\n"),
    "no-newline markers": _of(lambda size: _HEAD + b"@@\n-a\n" + b"\\ No newline\n" * size),
    "prose": _of(lambda size: b"some words - and a dash\n" * size),
    "list of dashes": _of(lambda size: b"- x\n+ y\n" * size),
    "@ signs": _of(lambda size: _HEAD + b"@" * size + b"\n-a\n+b\n"),
    "SEARCH": _of(lambda size: b"x\n" + b"<<<<<<< SEARCH\n" * size),
    "=======": _of(lambda size: b"x\n<<<<<<< SEARCH\n" + b"=======\n" * size),
    "<": _of(lambda size: b"<" * size + b" SEARCH\n"),
    "Begin Patch": _of(lambda size: b"*** Begin Patch\n" * size),
    "Update File": _of(lambda size: b"*** Begin Patch\n" + b"*** Update File: x\n@@\n-a\n" * size),
    "brackets": _of(lambda size: b"[" * size),
    "objects": _of(lambda size: b'{"a":' * size),
    "open strings": _of(lambda size: b'"' * size + b"old_str"),
    "JSON lines": _of(lambda size: b'{"a": 1}\n' * size),
    "broken JSON lines": _of(lambda size: b'{"old_str": \n' * size),
    "backslashes": _of(lambda size: b'{"old_str": "' + b"\\" * size + b'"}'),
    "commas": _of(lambda size: b'{"old_str": [' + b"1," * size + b"]}"),
    "carriage returns": _of(lambda size: _HEAD + b"@@\n" + b"\r" * size + b"\n"),
    "mail": _of(lambda size: b"From 0 Mon\nSubject: x\n---\n" * size),
    "index lines": _of(lambda size: b"diff --git a/x b/x\n" + b"index 1..2 100644\n" * size),
    "added files": _of(
        lambda size: b"".join(b"--- /dev/null\n+++ b/y%d\n@@\n+x\n" % at for at in range(size))
    ),
    "whole files": _of(lambda size: b"".join(b"y%d\n```\nx\n```\n" % at for at in range(size))),
}


def seconds(draft: bytes, before: bytes) -> float:
    """CPU seconds of reading and placing a draft, whatever comes of it."""
    files = Folder({"x": Content("100644", before)})
    started = time.process_time()
    with contextlib.suppress(PatchError):
        place(read(draft).operations, files)
    return time.process_time() - started


def excess(family: Callable[[int], tuple[bytes, bytes]], size: int) -> tuple[float, float, bool]:
    """The seconds for `size` and for four times of it, and whether that is too much more."""
    small, large = seconds(*family(size)), seconds(*family(FACTOR * size))
    return small, large, large > max(AT_LEAST_S, MOST * small)
