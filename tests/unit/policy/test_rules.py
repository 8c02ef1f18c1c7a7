"""Each rule lets a good change pass and names the file of a bad one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.canonical import sha256
from workflow.policy import Policy, judge
from workflow.types import (
    BlastRadius,
    BlobId,
    ChangeKind,
    FileChange,
    RepoPath,
    Role,
    TreeChange,
    TreeId,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TREES = (TreeId("a" * 40), TreeId("b" * 40))
OLD, NEW = BlobId("1" * 40), BlobId("2" * 40)
SMALL = BlastRadius(files=1, hunks=1, added=1, removed=1)


def policy(*protected: str) -> Policy:
    """Return a policy with room for 2 files and 10 lines."""
    return Policy(2, 10, protected, "test", sha256(b""))


def modified(path: str = "site.conf", new_mode: str = "100644") -> FileChange:
    """Return an ordinary edit."""
    return FileChange(RepoPath(path), ChangeKind.MODIFIED, "100644", new_mode, OLD, NEW)


def added(path: str = "new.py", mode: str = "100644") -> FileChange:
    """Return an ordinary new file."""
    return FileChange(RepoPath(path), ChangeKind.ADDED, None, mode, None, NEW)


def rules(
    *files: FileChange,
    role: Role = Role.SURGEON,
    with_policy: Policy | None = None,
    radius: BlastRadius = SMALL,
    given: tuple[str, ...] | None = None,
    blobs: Mapping[BlobId, bytes] | None = None,
) -> list[tuple[str, str]]:
    """Judge a change; return each finding's rule and file."""
    names = [file.path for file in files] if given is None else given
    contents = blobs or {OLD: b"old\n", NEW: b"new\n"}
    found = judge(
        TreeChange(*TREES, files),
        radius,
        with_policy or policy(),
        role=role,
        given=tuple(RepoPath(name) for name in names),
        read=contents.__getitem__,
    )
    assert all(finding.reason and "\n" not in finding.reason for finding in found)
    return [(finding.rule, finding.path) for finding in found]


def test_a_small_edit_of_a_named_file_passes() -> None:
    """Nothing to object to."""
    assert rules(modified()) == []
    assert rules(modified("run.sh", "100644"), modified("b")) == []


def test_a_new_file_of_an_architect_passes() -> None:
    """Creating is what an architect is for."""
    assert rules(added(), added("run.sh", "100755"), role=Role.ARCHITECT) == []


@pytest.mark.parametrize(
    "file",
    [
        added(),
        FileChange(RepoPath("x"), ChangeKind.DELETED, "100644", None, OLD, None),
        FileChange(RepoPath("x"), ChangeKind.TYPE_CHANGED, "100644", "120000", OLD, NEW),
    ],
)
def test_a_surgeon_only_edits(file: FileChange) -> None:
    """A file that appears, vanishes or becomes another type is not an edit."""
    assert ("surgeon-edits", file.path) in rules(file)


def test_a_surgeon_stays_with_the_files_given() -> None:
    """A file that the drafter was not shown is outside the request."""
    found = rules(modified("site.conf"), modified("other.conf"), given=("site.conf",))
    assert found == [("outside-request", "other.conf")]


def test_an_architect_only_creates() -> None:
    """What works already is not the architect's business."""
    assert rules(added(), modified(), role=Role.ARCHITECT) == [("architect-creates", "site.conf")]


@pytest.mark.parametrize("mode", ["120000", "160000", "100600"])
@pytest.mark.parametrize("role", list(Role))
def test_links_and_submodules_are_no_files(mode: str, role: Role) -> None:
    """Neither role may bring in anything but an ordinary file."""
    file = added("x", mode) if role is Role.ARCHITECT else modified("x", mode)
    assert ("file-mode", "x") in rules(file, role=role)


def test_a_mode_does_not_flip() -> None:
    """A file that becomes executable is more than an edit."""
    assert rules(modified("site.conf", "100755")) == [("file-mode", "site.conf")]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("CODEOWNERS", "CODEOWNERS"),
        ("CODEOWNERS", "codeowners"),
        (".github/**", ".github/workflows/ci.yml"),
        (".github/**", ".GitHub/x"),
        (".github/**", ".github/a\nb"),
        (".github/**", ".github/\u2028"),
        ("**/.gitattributes", ".gitattributes"),
        ("**/.gitattributes", "a/b/.gitattributes"),
        ("*.pem", "key.pem"),
        ("*.pem", "line\nbreak.pem"),
        ("conf/*.d/?", "conf/x.d/y"),
        ("a[b]+(c)", "a[b]+(c)"),
        ("**", "any/thing"),
        ("policies/**", "policies/x"),
    ],
)
def test_protected_paths_are_named(pattern: str, path: str) -> None:
    """Whatever the case and whatever is in the name, a protected path is one."""
    assert rules(modified(path), with_policy=policy("other", pattern)) == [("protected-path", path)]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("CODEOWNERS", "docs/CODEOWNERS"),
        (".github/**", "x/.github/y"),
        (".github/**", ".github2/x"),
        ("*.pem", "keys/key.pem"),
        ("conf/?", "conf/xy"),
        ("conf/?", "conf/x/y"),
        ("a.b", "axb"),
        ("policies/**", "policies.txt"),
    ],
)
def test_other_paths_are_not(pattern: str, path: str) -> None:
    """A star stays within one name, and a pattern is about the whole path."""
    assert rules(modified(path), with_policy=policy(pattern)) == []


@pytest.mark.parametrize(
    "char",
    [
        *("\x1b", "\0", "\x7f", "\x9b", "\x08", "\x0b"),
        *("\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad"),
        *("\u3164", "\u2800", "\ufe0f", "\U000e0101"),
    ],
)
def test_hidden_characters_are_named(char: str) -> None:
    """Controls and formats that a change brings in are objected to by their number."""
    blobs = {OLD: b"old\n", NEW: f"new {char}\n".encode()}
    assert rules(modified(), blobs=blobs) == [("hidden-character", "site.conf")]
    assert rules(added(), role=Role.ARCHITECT, blobs=blobs) == [("hidden-character", "new.py")]


def test_one_more_hidden_character_is_named() -> None:
    """A file that holds one already does not admit a second."""
    blobs = {OLD: "\ufeffone\n".encode(), NEW: "\ufeffo\ufeffne\n".encode()}
    assert rules(modified(), blobs=blobs) == [("hidden-character", "site.conf")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"one\n", b"\tone\r\ntwo\x0c\n"),
        ("\ufeffone\n".encode(), "\ufeffONE\n".encode()),
        ("\u200bone\n".encode(), b"one\n"),
        (b"one\n", "ünï → ✓ 漢字\n".encode()),
        (b"\xe9\n", b"\xe8\xff\n"),
    ],
)
def test_what_was_there_or_is_ordinary_is_not_hidden(old: bytes, new: bytes) -> None:
    """Tabs, line ends, other scripts, and what the base holds already pass."""
    assert rules(modified(), blobs={OLD: old, NEW: new}) == []


def test_a_deleted_file_hides_nothing() -> None:
    """There is nothing to read of a file that goes."""
    gone = FileChange(RepoPath("x"), ChangeKind.DELETED, "100644", None, OLD, None)
    assert rules(gone, role=Role.ARCHITECT) == [("architect-creates", "x")]


@pytest.mark.parametrize(
    ("radius", "count"),
    [
        (BlastRadius(2, 9, 5, 5), 0),
        (BlastRadius(3, 1, 1, 1), 1),
        (BlastRadius(1, 1, 11, 0), 1),
        (BlastRadius(1, 1, 0, 11), 1),
        (BlastRadius(3, 1, 6, 5), 2),
    ],
)
def test_the_budget(radius: BlastRadius, count: int) -> None:
    """Files and lines are counted each on their own; the limit itself is allowed."""
    assert rules(modified(), radius=radius) == [("blast-radius", "site.conf")] * count


def test_no_change_is_not_judged() -> None:
    """Without a file there is nothing to object to."""
    assert rules(radius=BlastRadius(99, 99, 99, 99)) == []
