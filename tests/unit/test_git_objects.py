"""Trees and blobs written many at a time are those that git itself would have written."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow import git_store
from workflow.errors import GitError
from workflow.git_objects import Trees, write_blobs
from workflow.types import BlobId, RepoPath, TreeId

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory
    from tests.unit.conftest import Desk
    from workflow.git_store import GitStore

Rows = dict[RepoPath, tuple[str, BlobId] | None]

FILES = {"a.txt": "1\n", "dir/b.txt": "2\n", "dir/in/c.txt": "3\n", "z": "4\n", "dir.x": "5\n"}


@pytest.fixture(params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path: Path, git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with some files, a link and a submodule, in either object format."""
    repo = git_repo()
    (tmp_path / "repo" / ".git").rename(tmp_path / "other.git")
    repo.git("init", "-q", "-b", "main", f"--object-format={request.param}")
    (repo.path / "link").symlink_to("a.txt")
    repo.commit(FILES)
    head = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.git("commit", "-qm", "a submodule")
    return repo


@pytest.fixture
def store(repo: GitRepo) -> GitStore:
    """Return the store of `repo`."""
    return git_store.discover(repo.path)


def by_index(store: GitStore, base: TreeId, rows: Rows, index: Path) -> TreeId:
    """Make the same tree as git does, by an index."""
    env = {"GIT_INDEX_FILE": str(index)}
    store.git("read-tree", base, env=env)
    absent = ("0", "0" * len(base))
    # What goes first makes room: an index refuses nothing else.
    pairs = sorted(rows.items(), key=lambda pair: pair[1] is not None)
    text = "".join(f"{' '.join(row or absent)}\t{path}\0" for path, row in pairs)
    stdin = text.encode("utf-8", "surrogateescape")
    store.git("update-index", "-z", "--index-info", stdin=stdin, env=env)
    return TreeId(store.git("write-tree", env=env).decode().strip())


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.txt": b"new\n"},
        {"new/deep/er/x": b"x", "dir/in/d": b"d", "dir-": b"", "dir0": b""},
        {"dir/in/c.txt": None},
        {"dir/in/c.txt": None, "dir/b.txt": None},
        {"a.txt": None, "a.txt/x": b"a folder now"},
        {"dir/b.txt": None, "dir/in/c.txt": None, "dir": b"a file now"},
        {"nowhere": None, "nowhere/at/all": None, "a.txt/x": None, "dir": None},
        {"dir/in": b"a file in the place of a folder"},
        {"\udcff\n\t\"'": b"odd", "ü/*": b"odd"},
        {"link": b"no link any more", "sub": None},
        dict.fromkeys([*FILES, "link", "sub"]),
    ],
)
def test_a_tree_is_the_one_that_an_index_gives(
    store: GitStore, tmp_path: Path, files: dict[str, bytes | None]
) -> None:
    """Files replaced, added and removed; files that become folders, and the other way round."""
    base = store.snapshot().tree
    blobs = write_blobs(store.git, [data for data in files.values() if data is not None])
    left = iter(blobs)
    rows: Rows = {
        RepoPath(name): None if data is None else ("100644", next(left))
        for name, data in files.items()
    }
    assert store.write_tree(base, rows) == by_index(store, base, rows, tmp_path / "index")
    assert store.blobs(blobs) == tuple(data for data in files.values() if data is not None)


def test_a_file_and_a_folder_of_one_name(store: GitStore) -> None:
    """No tree holds both, and neither is dropped in silence."""
    base, blob = store.snapshot().tree, store.write_blob(b"")
    for names in (("n", "n/x"), ("n/x", "n")):
        with pytest.raises(GitError, match="a file and a folder"):
            store.write_tree(base, {RepoPath(name): ("100644", blob) for name in names})


PATH = st.lists(st.sampled_from(["a", "b", "a.", "a0", "-"]), min_size=1, max_size=4).map("/".join)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(PATH, st.sampled_from([b"x", b"y"])), st.dictionaries(PATH, st.booleans()))
def test_any_tree_is_the_one_that_an_index_gives(
    desk: Desk, first: dict[str, bytes], second: dict[str, bool]
) -> None:
    """For any paths that can be files together, and any of them removed or replaced."""

    def without_nested(names: dict[str, bytes] | dict[str, bool]) -> list[str]:
        there = [name for name in names if names[name] is not False]
        return [
            name
            for name in names
            if name not in there or not any(other.startswith(f"{name}/") for other in there)
        ]

    blob = desk.git.write_blob(b"")
    made = {RepoPath(name): ("100644", blob) for name in without_nested(first)}
    empty = TreeId(desk.git.git("mktree").decode().strip())
    base = by_index(desk.git, empty, {**made}, desk.folder() / "1")
    assert desk.git.write_tree(empty, made) == base
    rows: Rows = {
        RepoPath(name): ("100755", blob) if second[name] else None
        for name in without_nested(second)
    }
    assert desk.git.write_tree(base, rows) == by_index(desk.git, base, rows, desk.folder() / "2")


def test_many_blobs_become_one_pack(store: GitStore, repo: GitRepo) -> None:
    """A hundred files are not a hundred files of git's, and each has its own name."""
    datas = [b"", b"\n", b"done\n", *(b"%d\0\r\n" % number for number in range(200)), b""]
    before = repo.git("count-objects")
    blobs = store.write_blobs(datas)
    assert repo.git("count-objects") == before
    assert store.blobs(blobs) == tuple(datas)
    assert store.write_blobs(datas[:3]) == blobs[:3]
    assert store.write_blobs(()) == ()
    hashed = subprocess.run(
        ["git", "hash-object", "--stdin"],
        input=datas[7],
        capture_output=True,
        cwd=repo.path,
        check=True,
    )
    assert hashed.stdout.decode().strip() == blobs[7]


def test_what_git_says_is_compared(store: GitStore) -> None:
    """Another name than the one computed here is an error, not a tree."""

    def lying(*arguments: str, stdin: bytes = b"") -> bytes:
        out = store.git(*arguments, stdin=stdin)
        return b"0" * (len(out) - 1) + b"\n" if "cat-file" not in arguments else out

    with pytest.raises(GitError, match="other objects"):
        write_blobs(lying, [b"1", b"2"])
    blob, tree = store.write_blob(b""), store.snapshot().tree
    with pytest.raises(GitError, match="other objects"):
        Trees(lying).edited(tree, {RepoPath("n"): ("100644", blob)})


def test_a_tree_that_cannot_be_read(store: GitStore, repo: GitRepo) -> None:
    """A missing or damaged tree is an error with its name."""
    with pytest.raises(GitError, match="is missing"):
        store.names(TreeId("b" * len(store.snapshot().tree)), "")
    command = ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
    made = subprocess.run(
        command, input=b"nonsense", capture_output=True, cwd=repo.path, check=True
    )
    with pytest.raises(GitError, match="cannot be read"):
        store.names(TreeId(made.stdout.decode().strip()), "")


def test_the_names_in_one_folder(store: GitStore) -> None:
    """Those right in it; none where there is no folder."""
    tree = store.snapshot().tree
    assert sorted(store.names(tree, "")) == ["a.txt", "dir", "dir.x", "link", "sub", "z"]
    assert sorted(store.names(tree, "dir")) == ["b.txt", "in"]
    for name in ("a.txt", "link", "sub", "nowhere", "dir/in/c.txt/x", "a.txt/x"):
        assert store.names(tree, name) == ()


def test_only_folders_on_the_way_are_read(store: GitStore) -> None:
    """Each once, a level by one process; what is not asked for is not looked at."""
    asked: list[bytes] = []

    def noting(*arguments: str, stdin: bytes = b"") -> bytes:
        asked.append(stdin)
        return store.git(*arguments, stdin=stdin)

    tree = store.snapshot().tree
    trees = Trees(noting)
    paths = [RepoPath(name) for name in ("a.txt", "dir/b.txt", "dir/none", "none/x", "link/x")]
    hits = trees.lookup(tree, paths)
    assert [hit and (hit.item.mode, hit.is_whole) for hit in map(hits.get, paths)] == [
        *(("100644", True), ("100644", True), None, None, ("120000", False))
    ]
    assert [rows.count(b"\n") for rows in asked] == [1, 1]
    trees.lookup(tree, paths)
    assert len(asked) == 2
    assert os.fsencode(tree) in asked[0]
