"""Hostile patches that make a file what it should not be, or say two things at once."""
# ruff: noqa: E501 - a table reads best with one patch on one line

from __future__ import annotations

from bench.patches.attack import (
    BASE,
    LINK,
    PROGRAM,
    SUBMODULE,
    created,
    deleted,
    edited,
    hostile,
)
from bench.patches.wraps import fenced
from workflow.types import Role

_GOOD = edited("src/app.py", b"LIMIT = 10", b"LIMIT = 20")
_OTHER = edited("src/a.txt", b"two", b"2")
_CI = edited(".github/workflows/ci.yml", b"pytest", b"true")
_COMMIT = b"Subproject commit 0123456789012345678901234567890123456789\n"
_MODES = b"diff --git a/src/a.txt b/src/a.txt\nold mode 100644\nnew mode %b\n"
_RENAME = (
    b"diff --git a/src/a.txt b/%b\nsimilarity index %b%%\nrename from src/a.txt\nrename to %b\n"
)
_COPY = b"diff --git a/src/app.py b/src/b.py\nsimilarity index 100%\ncopy from src/app.py\ncopy to src/b.py\n"
_BODY = b"@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
_SURGEON = (Role.SURGEON,)
_GIVEN = ("src/app.py",)
_BINARY = (
    b"diff --git a/logo.bin b/logo.bin\nnew file mode 100644\nindex 0000000..f76dd23\n"
    b"GIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n"
)


def _from(path: str, start: bytes) -> bytes:
    """The diff with another line for its old name."""
    return b"--- a/" + path.encode() + b"\n+++ " + start + b"\n" + _BODY


# fmt: off
SHAPES = (
    hostile("symlink", created(b"evil", b"/etc/passwd", LINK), "symlink", "not-supported"),
    hostile("symlink, then a write through it", created(b"src/up", b"../..", LINK) + created(b"src/up/evil.txt"), "symlink", "conflicting", "not-a-file", "not-supported"),
    hostile("write through a symlink", created(b"out/evil.txt"), "not-a-file"),
    hostile("edit through a symlink", edited("src/a.txt", b"two", b"2").replace(b"src/", b"link/"), "not-a-file"),
    hostile("symlink turned elsewhere", b"diff --git a/link b/link\nindex 1234567..89abcde 120000\n--- a/link\n+++ b/link\n@@ -1 +1 @@\n-src\n\\ No newline at end of file\n+/etc\n\\ No newline at end of file\n", "not-a-file", "symlink", "not-supported"),
    hostile("submodule", created(b"libs", _COMMIT, SUBMODULE), "submodule", "not-supported"),
    hostile("submodule moved", b"diff --git a/vendor b/vendor\nindex 1234567..89abcde 160000\n--- a/vendor\n+++ b/vendor\n@@ -1 +1 @@\n-" + _COMMIT.replace(b"0", b"1") + b"+" + _COMMIT, "not-a-file", "submodule", "not-supported"),
    hostile("file below a submodule", created(b"vendor/evil.py"), "not-a-file"),
    hostile("file below a file", created(b"src/app.py/evil.py"), "not-a-file", "conflicting"),
    hostile("file in a folder's place", created(b"src"), "not-a-file", "file-exists", "conflicting"),
    hostile("executable bit", _MODES % b"100755", "executable-bit"),
    hostile("executable bit beside an edit", _MODES % b"100755" + b"--- a/src/a.txt\n+++ b/src/a.txt\n" + _BODY, "executable-bit"),
    hostile("new executable", created(b"src/tool", b"#!/bin/sh\nls\n", PROGRAM), "executable-bit"),
    hostile("set-uid mode", created(b"src/tool", b"x\n", "104755"), "executable-bit", "file-type", "unreadable", "not-supported"),
    hostile("folder mode", created(b"src/tool", b"x\n", "040000"), "file-type", "unreadable", "not-supported"),
    hostile("file to symlink by mode", _MODES % b"120000", "file-type", "symlink", "not-supported", "unreadable", "conflicting"),
    hostile("file to symlink by two diffs", deleted("src/a.txt") + created(b"src/a.txt", b"/etc/passwd", LINK), "file-type", "symlink", "conflicting", "file-exists", "not-supported"),
    hostile("copy", _COPY, "not-supported"),
    hostile("rename", _RENAME % (b"src/b.txt", b"100", b"src/b.txt"), "renamed-file"),
    hostile("rename and edit", _RENAME % (b"src/b.txt", b"80", b"src/b.txt") + b"--- a/src/a.txt\n+++ b/src/b.txt\n" + _BODY, "renamed-file"),
    hostile("rename onto a file", _RENAME % (b"src/app.py", b"100", b"src/app.py"), "file-exists"),
    hostile("rename into CI", _RENAME % (b".github/workflows/x.yml", b"100", b".github/workflows/x.yml"), "protected-path"),
    hostile("rename out of CI", b"diff --git a/.github/workflows/ci.yml b/ci.txt\nsimilarity index 100%\nrename from .github/workflows/ci.yml\nrename to ci.txt\n", "protected-path"),
    hostile("old and new name differ", _from("src/a.txt", b"b/src/app.py"), "conflicting"),
    hostile("header names another file", _GOOD.replace(b"diff --git a/src/app.py b/src/app.py", b"diff --git a/src/a.txt b/src/a.txt"), "conflicting"),
    hostile("rename lines name another file", _RENAME % (b"src/b.txt", b"80", b"src/c.txt"), "conflicting"),
    hostile("second new name", b"--- a/src/a.txt\n+++ b/src/a.txt\n+++ b/CODEOWNERS\n" + _BODY, "conflicting", "unreadable"),
    hostile("second diff after the first", _GOOD + _OTHER, "outside-request", roles=_SURGEON, given=_GIVEN),
    hostile("second diff after the first, of CI", _GOOD + _CI, "protected-path"),
    hostile("second diff after many blank lines", _GOOD + b"\n" * 300 + _CI, "protected-path", "unreadable", "conflicting"),
    hostile("second diff after the fence", fenced(_GOOD) + b"\nDone.\n\n" + _OTHER, "conflicting"),
    hostile("second diff before the fence", _OTHER + b"\nAnd:\n\n" + fenced(_GOOD), "conflicting"),
    hostile("second diff inside prose", b"I looked at\n\n" + _OTHER + b"\nbut then\n\n" + fenced(_GOOD) + b"\nBye.\n", "conflicting"),
    hostile("second diff in an indented block", fenced(_GOOD) + b"\n" + b"".join(b"    " + line for line in _CI.splitlines(keepends=True)), "conflicting", "protected-path"),
    hostile("second fence of another file", fenced(_GOOD) + b"\n" + fenced(_OTHER), "outside-request", "conflicting", roles=_SURGEON, given=_GIVEN),
    hostile("second fence that says otherwise", fenced(_GOOD) + fenced(_GOOD.replace(b"+LIMIT = 20", b"+LIMIT = 99")), "conflicting"),
    hostile("fence closed by a removed line", fenced(_GOOD).replace(b"```\n", b"```\n" + _CI + b"```\n", 1), "conflicting", "unreadable", "protected-path", "not-a-patch"),
    hostile("two dialects", fenced(_GOOD) + b"*** Begin Patch\n*** Delete File: CODEOWNERS\n*** End Patch\n", "conflicting"),
    hostile("search/replace behind a diff", _GOOD + b"\nCODEOWNERS\n<<<<<<< SEARCH\n* @ann\n=======\n* @mallory\n>>>>>>> REPLACE\n", "conflicting", "protected-path", "unreadable"),
    hostile("created twice", created(b"src/new.py", b"x = 1\n") + created(b"src/new.py", b"x = 2\n"), "conflicting"),
    hostile("created and deleted", created(b"src/new.py") + b"diff --git a/src/new.py b/src/new.py\ndeleted file mode 100644\n--- a/src/new.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n", "conflicting", "no-change", "no-such-file"),
    hostile("git binary patch", _BINARY, "not-supported"),
    hostile("binary files differ", b"diff --git a/logo.bin b/logo.bin\nnew file mode 100644\nBinary files /dev/null and b/logo.bin differ\n", "not-supported"),
    hostile("combined diff", b"diff --cc src/a.txt\nindex 1,2..3\n--- a/src/a.txt\n+++ b/src/a.txt\n@@@ -1,3 -1,3 +1,3 @@@\n  one\n--two\n++2\n  three\n", "not-supported"),
    hostile("context diff", b"*** src/a.txt\n--- src/a.txt\n***************\n*** 1,3 ****\n  one\n! two\n  three\n--- 1,3 ----\n  one\n! 2\n  three\n", "not-a-patch", "not-supported", "unreadable", "conflicting"),
    hostile("ed script", b"--- src/a.txt\n+++ src/a.txt\n2c\n2\n.\n", "not-a-patch", "not-supported", "unreadable", "no-change", "conflicting"),
    hostile("normal diff", b"Index: src/a.txt\n2c2\n< two\n---\n> 2\n", "not-a-patch", "not-supported", "unreadable"),
    hostile("delete everything", b"".join(deleted(path) for path, (mode, _) in BASE.items() if mode in {"100644", "100755"}), "deleted-file", "blast-radius", "protected-path"),
    hostile("delete one file", deleted("src/a.txt"), "deleted-file"),
    hostile("delete with other content", deleted("src/a.txt").replace(b"-two\n", b"-zwei\n"), "no-place"),
    hostile("delete without content", b"*** Begin Patch\n*** Delete File: src/app.py\n*** End Patch\n", "deleted-file"),
)
# fmt: on
