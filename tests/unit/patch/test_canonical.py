"""The patch that people see is git's own, gives exactly the proposed tree, and is counted twice."""

from __future__ import annotations

import itertools
import subprocess
from typing import TYPE_CHECKING

import git as gitpython
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from workflow.errors import DraftError, GitError
from workflow.git_store import GitStore
from workflow.patch import canonical
from workflow.types import BlastRadius, BlobId, ChangeKind, RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.conftest import Desk
    from workflow.types import TreeId

OLD = b"".join(b"line %d\n" % number for number in range(30))


def patched(desk: Desk, files: Mapping[str, bytes | None]) -> tuple[bytes, BlastRadius]:
    """Return the canonical patch of a change, and its size."""
    return canonical(desk.git, desk.change(files), desk.folder() / "canonical.index")


def test_the_size_is_counted_by_files_hunks_and_lines(desk: Desk) -> None:
    """Two places of one file and one of another: three hunks."""
    desk.repo.commit({"long.txt": OLD})
    new = OLD.replace(b"line 2\n", b"two\n").replace(b"line 25\n", b"")
    patch, radius = patched(desk, {"long.txt": new, "site.conf": b"one\ntwo\nthree\nfour\n"})
    assert (radius.files, radius.hunks, radius.added, radius.removed) == (2, 3, 2, 2)
    assert patch.startswith(b"diff --git a/long.txt b/long.txt\nindex ")


STUMBLES = [
    (b"a\r\nb\r\n", b"a\r\nB\r\n"),
    (b"a\nb", b"a\nB"),
    (b"a\nb", b"a\nb\n"),
    (b"a\nb\n", b"a\nb"),
    (b"\xe9\n", b"\xe8\n"),
    (b"a\n-- drop guard\nb\n", b"a\n++ keep\nb\n"),
    (b"-- a/x\n", b"++ b/x\n"),
    (b"@@ -1 +1 @@\n", b"\\ No newline at end of file\n"),
    (b"a\x0cb\x1cc\x85\n", b"a\x0cb\x1cc\x85!\n"),
    ("a\u2028b\n".encode(), "a\u2028c\n".encode()),
    (b"a\rb\rc\n", b"a\rb\rC\n"),
    (b"diff --git a/x b/x\n", b"--- a/x\n+++ b/x\n"),
    (b"x" * 200_000 + b"\n", b"y" * 200_000 + b"\n"),
    (b"a\n" * 9000 + b"\0\n", b"a\n" * 9000 + b"\0b\n"),
    (b"a\0b\nc\n", b"a\0b\nC\n"),
]


def test_bytes_that_readers_stumble_over(desk: Desk) -> None:
    """Both readers count the same, and the patch gives the tree, whatever the lines hold."""
    desk.repo.commit({f"{number:02}": old for number, (old, _) in enumerate(STUMBLES)})
    new = {f"{number:02}": new for number, (_, new) in enumerate(STUMBLES)}
    patch, radius = patched(desk, dict(new))
    assert radius.files == len(STUMBLES)
    assert (radius.added, radius.removed) == (16, 15)
    # `git apply` to a checkout agrees.
    subprocess.run(["git", "apply", "-"], input=patch, check=True, cwd=desk.repo.path)
    assert {name: (desk.repo.path / name).read_bytes() for name in new} == new


def test_files_of_odd_names(desk: Desk) -> None:
    """A name that git quotes is one file to both readers."""
    names = [
        "with space",
        "-x",
        "line\nbreak",
        '"q"',
        "tab\tx",
        "ünï",
        "\udcff",
        "a/b c/d",
        "star*",
    ]
    desk.repo.commit(dict.fromkeys(names, "old\n"))
    assert patched(desk, dict.fromkeys(names, b"new\n"))[1].files == len(names)


@pytest.mark.parametrize("attributes", ["* -diff\n", "* binary\n", "* -text\n", "* diff=python\n"])
def test_attributes_do_not_spoil_it(desk: Desk, attributes: str) -> None:
    """A file that git is told not to diff is still shown to the reviewer line by line."""
    desk.repo.commit({".gitattributes": attributes})
    patch, radius = patched(desk, {"site.conf": b"one\n2\nthree\n"})
    assert b"\n-two\n+2\n" in patch
    assert (radius.added, radius.removed) == (1, 1)


def test_settings_do_not_spoil_it(desk: Desk) -> None:
    """What a user has set for `git apply` and `git diff` does not matter."""
    for key, value in (
        *(("apply.whitespace", "fix"), ("apply.ignoreWhitespace", "change")),
        *(("core.whitespace", "trailing-space"), ("diff.noprefix", "true")),
    ):
        desk.repo.git("config", key, value)
    patch, _ = patched(desk, {"site.conf": b"one  \ntwo\t\nthree\n"})
    assert b"+one  \n" in patch


def test_added_and_deleted_files(desk: Desk) -> None:
    """A new file is all plus, a removed one all minus."""
    _, radius = patched(desk, {"new/x": b"1\n2\n", "app/main.py": None})
    assert (radius.files, radius.added, radius.removed) == (2, 2, 1)


def test_every_kind_of_entry(desk: Desk) -> None:
    """Links, submodules, exec bits, empty files, and files and folders that change places."""
    git, base = desk.git, desk.git.snapshot()
    blob, empty = git.write_blobs((b"one\n", b""))
    first: dict[str, tuple[str, BlobId] | None] = {
        "link": ("120000", blob),
        "was/folder": ("100644", blob),
        "was-file": ("100644", blob),
        "sub": ("160000", BlobId(base.commit)),
        "run": ("100644", blob),
    }
    second: dict[str, tuple[str, BlobId] | None] = {
        "link": ("100644", empty),
        "was/folder": None,
        "was": ("100644", blob),
        "was-file": None,
        "was-file/x": ("120000", blob),
        "empty": ("100755", empty),
        "sub": ("160000", BlobId("a" * 40)),
        "run": ("100755", blob),
    }
    trees = [base.tree]
    for rows in (first, second, {"sub": None, "link": None, "empty": None}):
        trees.append(git.write_tree(trees[-1], {RepoPath(path): rows[path] for path in rows}))
    for before, after in itertools.permutations(trees, 2):
        change = git.change(before, after)
        patch, radius = canonical(git, change, desk.folder() / "index")
        assert radius.files == len(change.files)
        shown = len(change.files) + sum(
            file.kind is ChangeKind.TYPE_CHANGED for file in change.files
        )
        assert patch.count(b"diff --git ") == shown


def test_no_change_is_an_empty_patch(desk: Desk) -> None:
    """Nothing is shown and nothing counted."""
    assert patched(desk, {}) == (b"", BlastRadius(0, 0, 0, 0))


class Lying(GitStore):
    """A store whose patch is that of another change."""

    def patch(self, base: TreeId, proposed: TreeId, *, context: int = 3) -> bytes:
        """Diff the other way round."""
        return super().patch(proposed, base, context=context)


@pytest.mark.parametrize("new", [b"one\ntwo\nthree\nfour\n", b"one\nthree\n", b"one\nTWO\nthree\n"])
def test_a_patch_that_gives_another_tree_is_refused(desk: Desk, new: bytes) -> None:
    """The proof is made on every call, and what fails it is never shown."""
    git = Lying(desk.git.top, desk.git.git_dir, desk.git.common_dir)
    with pytest.raises((DraftError, GitError), match=r"does not (give|apply)|patch failed"):
        canonical(git, desk.change({"site.conf": new}), desk.folder() / "index")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.sampled_from([b"", b"a", b"b", b"-- x", b"++ x", b"a\r", b"\xff", b"\\"]), max_size=8
    ),
    st.lists(
        st.sampled_from([b"", b"a", b"b", b"-- x", b"++ x", b"a\r", b"\xff", b"\\"]), max_size=8
    ),
    st.booleans(),
)
def test_git_and_another_reader_agree(
    desk: Desk,
    old: list[bytes],
    new: list[bytes],
    end: bool,  # noqa: FBT001 - drawn
) -> None:
    """For any two contents the proofs hold, and GitPython sees the same change."""
    tail = b"\n" if end else b""
    base = desk.tree(desk.git.snapshot().tree, {"f": b"\n".join(old) + tail, "g": b"g\n"})
    proposed = desk.tree(base, {"f": b"\n".join(new), "g": b"G\n"})
    change = desk.git.change(base, proposed)
    assume(change.files)
    patch, radius = canonical(desk.git, change, desk.folder() / "index")
    diff = (
        gitpython.Repo(desk.repo.path)
        .tree(str(base))
        .diff(gitpython.Repo(desk.repo.path).tree(str(proposed)))
    )
    assert {item.b_path for item in diff} == set(change.paths)
    assert radius.files == len(diff)
    assert patch.count(b"\ndiff --git ") + 1 == radius.files
