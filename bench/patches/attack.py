"""What a hostile patch is, the repository that it attacks, and ways of writing one down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.patches.model import Change, scene
from bench.patches.sheets import draw
from workflow.types import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = b"@ROOT@"
"""Stands for the folder of the run, so that an absolute path does not leave it."""

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
ANYBODY: tuple[Role | None, ...] = (None, Role.SURGEON, Role.ARCHITECT)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A patch that must not take effect, and the ids of which the refusal names at least one.

    The ids are a `Reason`'s or a policy rule's.  It is refused whoever drafts it, but the expected
    id is asked for in the first of `roles` only: where a role's own rules object anyway, they may
    be all that is said.  `given` are the files that the drafter was shown.
    """

    name: str
    draft: bytes
    expected: frozenset[str]
    roles: tuple[Role | None, ...] = ANYBODY
    given: tuple[str, ...] | None = None


_APP = b'''"""A small service."""

LIMIT = 10
BLOCKED = {"mallory"}


def is_allowed(user, role):
    """Whether a user may enter."""
    if role == "admin":
        return True
    if user in BLOCKED:
        return False
    return len(user) < LIMIT


def greet(user):
    """Say hello."""
    if not user:
        return "hello"
    return f"hello {user}"


def part(user):
    """Say goodbye."""
    if not user:
        return "hello"
    return f"goodbye {user}"
'''
_TESTS = b'''"""Tests of the service."""

from src.app import greet, is_allowed


def test_admin():
    """An admin may enter."""
    assert is_allowed("ann", "admin")
    assert is_allowed("bob", "admin")


def test_blocked():
    """A blocked user may not."""
    assert not is_allowed("mallory", "user")


def test_greeting():
    """The greeting has the name."""
    assert greet("ann") == "hello ann"
'''
_PROJECT = b"""[project]
name = "app"
version = "1"

[tool.pytest.ini_options]
addopts = ["-ra", "--strict-markers"]
testpaths = ["tests"]
"""
_CI = b"""on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest
"""
BASE: Mapping[str, tuple[str, bytes]] = {
    ".github/workflows/ci.yml": (FILE, _CI),
    "CODEOWNERS": (FILE, b"* @ann\n/policies/ @bob\n"),
    "allowed_signers": (FILE, b"ann@example.test ssh-ed25519 AAAAC3Nza\n"),
    "caf\u00e9.txt": (FILE, b"coffee\nwith milk\n"),
    "link": (LINK, b"src"),
    "out": (LINK, b"../outside"),
    "policies/default.yaml": (FILE, b"blast_radius:\n  files: 10\n  changed_lines: 300\n"),
    "pyproject.toml": (FILE, _PROJECT),
    "readme.md": (FILE, b"# App\n\nIt greets.\n\nIt parts.\n"),
    "run.sh": (PROGRAM, b"#!/bin/sh\nexec python -m src.app\n"),
    "src/a.txt": (FILE, b"one\ntwo\nthree\nfour\nfive\nsix\n"),
    "src/app.py": (FILE, _APP),
    "src/deep.txt": (FILE, b"first\n go()\n end()\nsecond\n     go()\n     end()\n"),
    "tests/conftest.py": (FILE, b'"""Fixtures."""\n\nTIMEOUT = 3\n'),
    "tests/test_app.py": (FILE, _TESTS),
    "vendor": (SUBMODULE, b""),
    "workflow.toml": (FILE, b'[gates]\nnames = ["pytest"]\n'),
}


def edited(path: str, old: bytes, new: bytes) -> bytes:
    """A well-formed diff that puts `new` in the place of `old`."""
    before = BASE[path][1]
    drawn = scene(Change(path, before, before.replace(old, new, 1)))
    name = path.encode()
    return b"diff --git a/%b b/%b\n" % (name, name) + draw(drawn).text()


def created(path: bytes, data: bytes = b"x = 1\n", mode: str = FILE) -> bytes:
    """A well-formed diff that makes a file; the name is written as it is given."""
    quote = b'"' if path.startswith(b'"') else b""
    name = path.strip(b'"')
    old, new = quote + b"a/" + name + quote, quote + b"b/" + name + quote
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    body = b"".join(b"+" + line for line in data.splitlines(keepends=True))
    end = b"" if data.endswith(b"\n") else b"\n\\ No newline at end of file\n"
    return b"".join(
        (
            b"diff --git %b %b\n" % (old, new),
            b"new file mode %b\n" % mode.encode(),
            b"index 0000000..1234567\n",
            b"--- /dev/null\n+++ %b\n" % new,
            b"@@ -0,0 +1,%d @@\n" % count,
            body + end,
        )
    )


def deleted(path: str) -> bytes:
    """A well-formed diff that deletes a file."""
    mode, data = BASE[path]
    name = path.encode()
    lines = data.splitlines(keepends=True)
    return b"".join(
        (
            b"diff --git a/%b b/%b\n" % (name, name),
            b"deleted file mode %b\n" % mode.encode(),
            b"index 1234567..0000000\n",
            b"--- a/%b\n+++ /dev/null\n" % name,
            b"@@ -1,%d +0,0 @@\n" % len(lines),
            *(b"-" + line for line in lines),
        )
    )


def hostile(
    name: str,
    draft: bytes,
    *expected: str,
    roles: tuple[Role | None, ...] = ANYBODY,
    given: tuple[str, ...] | None = None,
) -> Hostile:
    """A row of a table."""
    return Hostile(name, draft, frozenset(expected), roles, given)
