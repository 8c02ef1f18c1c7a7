"""Objects, trees and refs are git's own, whatever the environment, hooks and settings say."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import git as gitpython
import pytest

from workflow import git_command
from workflow.errors import (
    BareRepositoryError,
    DetachedHeadError,
    GitError,
    NotARepositoryError,
    StaleProposalError,
    UnbornBranchError,
)
from workflow.git_store import GitStore, discover
from workflow.types import BlobId, ChangeKind, CommitId, Identity, RepoPath, TreeId

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory
    from tests.unit.conftest import Desk

ODD_NAMES = (
    *(
        "with space",
        "-leading-dash",
        "line\nbreak",
        'double "quote"',
        "single 'quote'",
        "tab\there",
    ),
    *(
        "star*",
        "quest?ion",
        "[bracket]",
        ":(glob)x",
        "back\\slash",
        "ünï",
        "\udcff\udcfe",
        "!x",
        "#x",
    ),
    *("a => b", "{a,b}", "$HOME", "trailing ", " leading", "--", "new\r", "\x1b[31m", "\u202eabc"),
)
BOB = Identity("Bob Builder", "bob@example.test")


@pytest.fixture
def repo(git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with a few ordinary files."""
    return git_repo({"a.txt": "one\n", "dir/b.txt": "two\n", "dir/c.txt": "three\n"})


@pytest.fixture
def store(repo: GitRepo) -> GitStore:
    """Return the store of that repository."""
    return discover(repo.path)


def hook(folder: Path, name: str, seen: Path) -> None:
    """Install a hook that leaves a trace."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {name} >> '{seen}'\n")
    path.chmod(0o755)


# --- finding the repository --------------------------------------------------------------------


def test_a_repository_is_found_from_below(repo: GitRepo) -> None:
    """From any folder of it, top and git directory are the same."""
    assert discover(repo.path / "dir") == discover(repo.path)
    assert discover(repo.path) == GitStore(repo.path, repo.path / ".git", repo.path / ".git")


def test_outside_a_repository(tmp_path: Path) -> None:
    """Git's own reason is passed on with the folder, and how to start one."""
    with pytest.raises(NotARepositoryError, match="not a git repository") as caught:
        discover(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "git init" in caught.value.hint


@pytest.mark.parametrize("inside", [False, True])
def test_without_a_work_tree(repo: GitRepo, *, inside: bool) -> None:
    """A bare repository, and the inside of a git directory, have nothing to change."""
    where = repo.path / ".git"
    if not inside:
        repo.git("clone", "--quiet", "--bare", ".", "bare")
        where = repo.path / "bare"
    with pytest.raises(BareRepositoryError, match="no work tree"):
        discover(where)


def test_a_detached_head(repo: GitRepo, store: GitStore) -> None:
    """Without a branch there is nothing to land on."""
    repo.git("checkout", "--quiet", "--detach")
    assert store.current_branch() is None
    with pytest.raises(DetachedHeadError, match="HEAD is detached"):
        store.snapshot()


def test_an_unborn_branch(git_repo: GitRepoFactory) -> None:
    """Before the first commit there is no base."""
    store = discover(git_repo().path)
    assert store.current_branch() == "main"
    assert store.head_of("main") is None
    with pytest.raises(UnbornBranchError, match="branch main has no commit"):
        store.snapshot()


@pytest.mark.parametrize(
    "name", ["a space", "ümlaut", "u\u2028nicode", "form\x0cfeed", "'q\"", "-d"]
)
def test_repositories_in_odd_folders(git_repo: GitRepoFactory, name: str) -> None:
    """The name of the folder does not matter, also where Python sees a line end in it."""
    repo = git_repo({"a": "1\n"}, name=name)
    store = discover(repo.path)
    assert store.top == repo.path
    assert store.git_dir == repo.path / ".git"
    assert store.worktrees_on("main") == (repo.path,)
    assert store.snapshot().branch == "main"


def test_a_folder_with_a_line_break_is_refused(git_repo: GitRepoFactory) -> None:
    """What git's own output cannot say is an error, and not another folder."""
    repo = git_repo({"a": "1\n"}, name="line\nbreak")
    with pytest.raises(NotARepositoryError, match="line break"):
        discover(repo.path)


@pytest.mark.parametrize("branch", ["feature/x", "ünï", "a@b", "-x".lstrip("-") + "-x", "HEAD2"])
def test_branches_with_odd_names(repo: GitRepo, store: GitStore, branch: str) -> None:
    """A snapshot names the branch as git does, without `refs/heads/`."""
    repo.git("switch", "--quiet", "-c", branch)
    snapshot = store.snapshot()
    assert snapshot.branch == branch
    assert snapshot.commit == repo.git("rev-parse", "HEAD")
    assert snapshot.tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_branch_that_is_not_utf8_is_refused(repo: GitRepo, store: GitStore) -> None:
    """A name that no record can hold is an error at the start."""
    repo.git("switch", "--quiet", "-c", os.fsdecode(b"latin-\xe9"))
    with pytest.raises(GitError, match="not UTF-8"):
        store.snapshot()


# --- what must not mislead ---------------------------------------------------------------------


MISLEADING = {
    "GIT_DIR": "{other}/.git",
    "GIT_WORK_TREE": "{other}",
    "GIT_INDEX_FILE": "{other}/.git/index",
    "GIT_OBJECT_DIRECTORY": "{other}/.git/objects",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "{other}/.git/objects",
    "GIT_NAMESPACE": "elsewhere",
    "GIT_CONFIG_PARAMETERS": "'core.bare=true'",
    "GIT_CONFIG_COUNT": "not a number",
    "GIT_LITERAL_PATHSPECS": "0",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_DIFF_OPTS": "--unified=9",
    "GIT_PREFIX": "dir/",
    "GIT_TRACE": "1",
    "GIT_COMMON_DIR": "{other}/.git",
}


def test_only_safe_directories_pass_from_variables(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What CI says of a checkout's owner is heard; any other setting by variable is not."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", str(repo.path))
    store = discover(repo.path)
    assert store.git("config", "--get-all", "safe.directory").decode().strip() == str(repo.path)
    assert store.git("config", "--get", "core.bare").decode().strip() == "false"


def test_the_environment_does_not_lead_elsewhere(
    git_repo: GitRepoFactory, repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called from a hook of another repository, everything happens in this one."""
    other = git_repo({"z.txt": "other\n"}, name="other")
    elsewhere = other.snapshot()
    for number, (name, value) in enumerate(MISLEADING.items()):
        with monkeypatch.context() as context:
            context.setenv(name, value.format(other=other.path))
            store = discover(repo.path)
            assert store.top == repo.path, name
            base = store.snapshot()
            blob = store.write_blob(f"{number}\n".encode())
            rows = {RepoPath("a.txt"): ("100644", blob)}
            tree = store.write_tree(base.tree, rows)
            assert store.patch(base.tree, tree).count(b"\n") == 7, name
            commit = store.commit(tree, (base.commit,), "m", BOB)
            store.move_ref("refs/heads/main", commit, base.commit, why="test")
        assert repo.git("show", "main:a.txt") == str(number), name
    assert other.snapshot() == elsewhere


def test_no_hook_ever_runs(repo: GitRepo, store: GitStore, tmp_path: Path) -> None:
    """Neither the repository's hooks nor those that its settings point to are started."""
    seen = tmp_path / "seen"
    hooks = subprocess.run(["git", "hook", "list"], capture_output=True, check=False, cwd=repo.path)
    assert hooks.returncode
    names = ("reference-transaction", "post-index-change", "post-commit", "pre-commit")
    for folder in (repo.path / ".git" / "hooks", tmp_path / "hooks"):
        for name in (*names, "post-checkout", "update", "fsmonitor-watchman", "commit-msg"):
            hook(folder, name, seen)
    repo.git("config", "core.fsmonitor", str(tmp_path / "hooks" / "fsmonitor-watchman"))
    repo.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    base = store.snapshot()
    blob = store.write_blob(b"x\n")
    tree = store.write_tree(base.tree, {RepoPath("n"): ("100644", blob)})
    commit = store.commit(tree, (base.commit,), "m", BOB)
    store.move_ref("refs/heads/main", commit, base.commit, why="w")
    store.set_ref("refs/workflow/x", commit, why="w")
    store.patch(base.tree, tree)
    store.git("update-index", "-q", "--refresh")
    assert not seen.exists()


def test_filters_never_touch_objects(repo: GitRepo, store: GitStore, tmp_path: Path) -> None:
    """A clean or smudge filter, and line-end conversion, leave blobs as they are."""
    seen = tmp_path / "seen"
    repo.git("config", "filter.f.clean", f"tee -a '{seen}'")
    repo.git("config", "filter.f.smudge", f"tee -a '{seen}'")
    repo.git("config", "core.autocrlf", "true")
    (repo.path / ".git" / "info" / "attributes").write_text("* filter=f text eol=crlf ident\n")
    data = b"$Id$\r\nmixed\nends\r\n"
    blob = store.write_blob(data)
    base = store.snapshot().tree
    tree = store.write_tree(base, {RepoPath("x"): ("100644", blob)})
    assert store.read(tree, RepoPath("x")) == store.blob(blob) == data
    assert store.blobs([blob, blob]) == (data, data)
    store.patch(base, tree)
    assert not seen.exists()


def test_a_replaced_object_is_not_believed(repo: GitRepo, store: GitStore) -> None:
    """`git replace` shows other bytes under a name; what is read is what the name stands for."""
    base = store.snapshot()
    repo.git(
        "replace", repo.git("rev-parse", "HEAD:a.txt"), repo.git("rev-parse", "HEAD:dir/b.txt")
    )
    assert repo.git("show", "HEAD:a.txt") == "two"
    assert store.read(base.tree, RepoPath("a.txt")) == b"one\n"


# --- objects -----------------------------------------------------------------------------------


def test_odd_names_survive(repo: GitRepo, store: GitStore) -> None:
    """Files of any name are written, listed, read, diffed, found by their names, and removed."""
    base = store.snapshot()
    blob = store.write_blob(b"x\n")
    paths = {RepoPath(form.format(name)) for name in ODD_NAMES for form in ("odd/{0}", "{0}/{0}")}
    tree = store.write_tree(base.tree, dict.fromkeys(paths, ("100644", blob)))
    for path in paths:
        assert [entry.path for entry in store.entries(tree, path)] == [path]
    assert {entry.path for entry in store.entries(tree, *paths)} == paths
    assert store.read(tree, RepoPath(f"odd/{ODD_NAMES[0]}")) == b"x\n"
    change = store.change(base.tree, tree)
    assert set(change.paths) == paths
    assert {file.kind for file in change.files} == {ChangeKind.ADDED}
    assert store.numstat(store.patch(base.tree, tree)) == (len(paths), 0)
    assert store.patch(base.tree, tree).count(b"\n@@ -0,0 +1 @@\n+x\n") == len(paths)
    assert store.write_tree(tree, dict.fromkeys(paths)) == base.tree
    # Another reader agrees about the names.
    commit = store.commit(tree, (base.commit,), "m", BOB)
    listed = gitpython.Repo(repo.path).commit(str(commit)).tree.list_traverse()
    found = {os.fsencode(str(item.path)) for item in listed if isinstance(item, gitpython.Blob)}
    assert {os.fsencode(path) for path in paths} <= found


def test_names_are_not_patterns(repo: GitRepo, store: GitStore) -> None:
    """`*` asks for a file called `*`, and a folder for all that is in it."""
    repo.commit({"*": "star\n", "[ab].txt": "bracket\n"})
    tree = store.snapshot().tree
    assert [entry.path for entry in store.entries(tree, "*")] == ["*"]
    assert [entry.path for entry in store.entries(tree, "[ab].txt")] == ["[ab].txt"]
    assert [entry.path for entry in store.entries(tree, "dir")] == ["dir/b.txt", "dir/c.txt"]
    assert store.entries(tree, "absent") == ()
    with pytest.raises(KeyError):
        store.read(tree, RepoPath("dir"))


def test_only_regular_files_are_read(repo: GitRepo, store: GitStore) -> None:
    """A symbolic link is not its target."""
    (repo.path / "link").symlink_to("a.txt")
    repo.commit()
    with pytest.raises(KeyError):
        store.read(store.snapshot().tree, RepoPath("link"))


def test_many_blobs_come_in_order(store: GitStore) -> None:
    """One process reads them all, whatever their sizes and bytes."""
    contents = [b"", b"\n", b"x" * 100_000, b"blob 3\n", bytes(range(256)), b""]
    ids = [store.write_blob(data) for data in contents]
    assert store.blobs(ids) == tuple(contents)
    assert store.blobs([]) == ()


def test_more_than_one_output_bound_of_blobs(store: GitStore) -> None:
    """A batch of files may be larger than what other commands may print."""
    data = b"\0" * (33 * 1024 * 1024)
    blob = store.write_blob(data)
    assert [len(found) for found in store.blobs([blob, blob])] == [len(data)] * 2


def test_a_missing_blob_is_named(store: GitStore) -> None:
    """What a shallow or damaged repository lacks is an error with its name."""
    with pytest.raises(GitError, match="bbbb is missing"):
        store.blobs([BlobId("b" * 40)])
    with pytest.raises(GitError, match="cat-file"):
        store.blob(BlobId("b" * 40))


def test_write_tree_changes_only_the_rows_given(repo: GitRepo, store: GitStore) -> None:
    """The other files, the user's index and the work tree stay as they are."""
    before, base = repo.snapshot(), store.snapshot().tree
    rows = {
        RepoPath("a.txt"): ("100755", store.write_blob(b"1\n")),
        RepoPath("dir/b.txt"): None,
        RepoPath("dir/new/d.txt"): ("100644", store.write_blob(b"4\n")),
    }
    tree = store.write_tree(base, rows)
    assert repo.git("ls-tree", "-r", "--name-only", tree).split() == [
        *("a.txt", "dir/c.txt", "dir/new/d.txt")
    ]
    kinds = {file.path: file for file in store.change(base, tree).files}
    assert kinds[RepoPath("a.txt")].kind is ChangeKind.MODIFIED
    assert kinds[RepoPath("a.txt")].new_mode == "100755"
    assert kinds[RepoPath("dir/b.txt")].kind is ChangeKind.DELETED
    assert kinds[RepoPath("dir/b.txt")].new is None
    assert kinds[RepoPath("dir/new/d.txt")].kind is ChangeKind.ADDED
    assert kinds[RepoPath("dir/new/d.txt")].old_mode is None
    assert repo.snapshot() == before


def test_a_commit_says_who_and_moves_nothing(repo: GitRepo, store: GitStore) -> None:
    """Author, committer, parents and message are as told; no branch moves."""
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    repo.git("config", "commit.gpgSign", "true")
    before, base = repo.snapshot(), store.snapshot()
    made = store.commit(base.tree, (base.commit,), "Tïtle\n\nBody: ü", BOB)
    read = gitpython.Repo(repo.path).commit(str(made))
    assert (read.author.name, read.author.email) == (BOB.name, BOB.email)
    assert read.committer.email == "carl@example.test"
    assert read.message == "Tïtle\n\nBody: ü"
    assert "\nencoding " not in repo.git("cat-file", "commit", made)
    assert [parent.hexsha for parent in read.parents] == [base.commit]
    assert repo.snapshot() == before


# --- differences -------------------------------------------------------------------------------


def edit(store: GitStore, path: str, data: bytes) -> tuple[TreeId, TreeId]:
    """Return the base tree and one in which a file has other bytes."""
    base = store.snapshot().tree
    rows = {RepoPath(path): ("100644", store.write_blob(data))}
    return base, store.write_tree(base, rows)


@pytest.mark.parametrize(
    ("settings", "attributes"),
    [
        ({"diff.suppressBlankEmpty": "true"}, ""),
        ({"diff.noprefix": "true", "diff.mnemonicPrefix": "true"}, ""),
        ({"diff.context": "0", "diff.interHunkContext": "50"}, ""),
        ({"diff.algorithm": "patience", "diff.indentHeuristic": "false"}, ""),
        ({"diff.external": "false", "color.ui": "always", "color.diff": "always"}, ""),
        ({"core.quotePath": "false", "core.abbrev": "4"}, ""),
        ({}, "* -diff\n"),
        ({}, "* binary\n"),
        ({"diff.own.xfuncname": "^one"}, "* diff=own\n"),
        ({"diff.own.textconv": "false", "diff.own.command": "false"}, "* diff=own\n"),
        ({"diff.own.binary": "true"}, "* diff=own\n"),
    ],
)
def test_nothing_configures_the_canonical_diff(
    repo: GitRepo, store: GitStore, tmp_path: Path, settings: dict[str, str], attributes: str
) -> None:
    """No setting and no attributes file changes a byte of the patch that an approval covers."""
    repo.commit({"x.py": "one\n\n\nthree\n\n" + "same\n" * 20 + "last\n"})
    base, tree = edit(store, "x.py", b"one\n\n\n3\n\n" + b"same\n" * 20 + b"end\n")
    patch, counts = store.patch(base, tree), store.numstat(store.patch(base, tree))
    for key, value in settings.items():
        repo.git("config", key, value)
    assert (store.patch(base, tree), store.numstat(store.patch(base, tree))) == (patch, counts)
    if attributes:
        # In the work tree, then in the index alone, then in the user's own file.
        repo.write({".gitattributes": attributes})
        assert store.patch(base, tree) == patch
        repo.git("add", ".gitattributes")
        (repo.path / ".gitattributes").unlink()
        assert store.patch(base, tree) == patch
        (tmp_path / "attributes").write_text(attributes)
        repo.git("config", "core.attributesFile", str(tmp_path / "attributes"))
        repo.git("rm", "--quiet", "--cached", ".gitattributes")
        assert store.patch(base, tree) == patch
    if "diff=own" not in attributes:
        # This one git always reads: it can name a driver, and must not hide a line.
        (repo.path / ".git/info/attributes").write_text(attributes)
        assert store.patch(base, tree) == patch
        assert store.numstat(store.patch(base, tree)) == counts
    assert counts == (2, 2)
    assert patch.count(b"\n@@ ") == 2
    assert b"index " + store.entries(base, "x.py")[0].blob.encode() in patch


def test_a_submodule_cannot_hide(repo: GitRepo, store: GitStore) -> None:
    """A setting that ignores submodules does not take one out of the change."""
    repo.git("config", "diff.ignoreSubmodules", "all")
    repo.git("config", "submodule.sub.ignore", "all")
    repo.git("config", "submodule.sub.path", "sub")
    base = store.snapshot()
    rows = {RepoPath("sub"): ("160000", BlobId(base.commit))}
    one = store.write_tree(base.tree, rows)
    other = {RepoPath("sub"): ("160000", BlobId("1" * 40))}
    two = store.write_tree(one, other)
    for old, new in ((base.tree, one), (one, two)):
        (file,) = store.change(old, new).files
        assert (file.path, file.new_mode) == ("sub", "160000")
        assert b"Subproject commit" in store.patch(old, new)
        assert store.numstat(store.patch(old, new))[0] == 1


def test_a_link_in_place_of_a_file_is_another_type(store: GitStore) -> None:
    """Git's raw rows say what the patch text may hide: the type has changed."""
    base = store.snapshot().tree
    rows = {RepoPath("a.txt"): ("120000", store.write_blob(b"/etc/passwd"))}
    (file,) = store.change(base, store.write_tree(base, rows)).files
    assert (file.kind, file.old_mode, file.new_mode) == (
        *(ChangeKind.TYPE_CHANGED, "100644", "120000"),
    )


def test_a_rename_is_a_deletion_and_an_addition(store: GitStore) -> None:
    """No similarity is guessed: two rows, each with its own name."""
    base = store.snapshot().tree
    (entry,) = store.entries(base, "a.txt")
    rows = {entry.path: None, RepoPath("z.txt"): (entry.mode, entry.blob)}
    change = store.change(base, store.write_tree(base, rows))
    assert [(file.path, file.kind) for file in change.files] == [
        ("a.txt", ChangeKind.DELETED),
        ("z.txt", ChangeKind.ADDED),
    ]


def test_a_path_that_git_could_take_for_its_own_is_an_error(repo: GitRepo, store: GitStore) -> None:
    """A tree made by hand with a `.GIT` in it is refused with git's word for what to do."""
    row = f"040000 tree {store.snapshot().tree}\t.GIT\n"
    made = subprocess.run(
        ["git", "mktree"], input=row.encode(), capture_output=True, check=True, cwd=repo.path
    )
    with pytest.raises(GitError, match=r"\.GIT/a\.txt"):
        store.entries(TreeId(made.stdout.decode().strip()))


# --- refs --------------------------------------------------------------------------------------


def test_a_ref_moves_by_compare_and_swap(repo: GitRepo, store: GitStore) -> None:
    """It moves from where it is expected, leaves a trace, and from nowhere else."""
    base = store.snapshot()
    one = store.commit(base.tree, (base.commit,), "one", BOB)
    two = store.commit(base.tree, (base.commit,), "two", BOB)
    store.move_ref("refs/heads/main", one, base.commit, why="because")
    assert store.head_of("main") == one
    assert "because" in repo.git("reflog", "show", "main")
    with pytest.raises(StaleProposalError, match=f"at {one.short}, not at {base.commit.short}"):
        store.move_ref("refs/heads/main", two, base.commit, why="because")
    assert store.head_of("main") == one


def test_a_new_ref_must_not_exist(store: GitStore) -> None:
    """Expecting nothing makes a ref once."""
    commit = store.snapshot().commit
    store.move_ref("refs/workflow/x", commit, None, why="because")
    assert store.read_ref("refs/workflow/x") == commit
    with pytest.raises(StaleProposalError, match="not at 0000000000"):
        store.move_ref("refs/workflow/x", commit, None, why="because")


def test_a_ref_that_is_gone_is_at_nothing(store: GitStore) -> None:
    """Moving a ref that does not exist says that it is nowhere."""
    commit = store.snapshot().commit
    with pytest.raises(StaleProposalError, match="is at nothing"):
        store.move_ref("refs/heads/gone", commit, commit, why="because")
    assert store.read_ref("refs/heads/gone") is None


def test_a_locked_ref_is_not_stale(repo: GitRepo, store: GitStore) -> None:
    """Another git at work on the ref is git's error: the branch is where it was expected."""
    base = store.snapshot()
    commit = store.commit(base.tree, (base.commit,), "m", BOB)
    (repo.path / ".git" / "refs" / "heads" / "main.lock").touch()
    with pytest.raises(GitError, match=r"main\.lock"):
        store.move_ref("refs/heads/main", commit, base.commit, why="because")
    assert store.head_of("main") == base.commit


def test_ancestors(store: GitStore) -> None:
    """A commit is reachable from itself and its children, and what cannot be told is an error."""
    base = store.snapshot()
    child = store.commit(base.tree, (base.commit,), "m", BOB)
    assert store.is_ancestor(base.commit, base.commit)
    assert store.is_ancestor(base.commit, child)
    assert not store.is_ancestor(child, base.commit)
    with pytest.raises(GitError, match="merge-base"):
        store.is_ancestor(base.commit, CommitId("a" * 40))


def test_work_trees_of_a_branch(repo: GitRepo, store: GitStore, tmp_path: Path) -> None:
    """Each branch is found where it is checked out; a detached checkout is on none."""
    linked = tmp_path / "a linked\u2028one"
    repo.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "detached"))
    repo.git("branch", "free")
    assert store.worktrees_on("main") == (repo.path,)
    assert store.worktrees_on("side") == (linked,)
    assert store.worktrees_on("free") == ()
    other = discover(linked)
    assert (other.top, other.common_dir) == (linked, store.common_dir)
    assert other.git_dir != other.common_dir
    assert other.worktrees_on("main") == (repo.path,)


def test_the_main_work_tree_of_a_separate_git_directory(tmp_path: Path, repo: GitRepo) -> None:
    """Where git itself misnames the main work tree, ours is the one that we are in."""
    place = tmp_path / "clone"
    separate = f"--separate-git-dir={tmp_path / 'kept'}"
    repo.git("clone", "--quiet", separate, ".", str(place))
    assert discover(place).worktrees_on("main") == (place,)


# --- people and git itself ---------------------------------------------------------------------


def test_who_the_user_is(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's own answer, from the environment or the settings."""
    assert discover(repo.path).identity() == Identity("Carl Committer", "carl@example.test")
    monkeypatch.delenv("GIT_COMMITTER_NAME")
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    repo.git("config", "user.name", "Ünï Code")
    repo.git("config", "user.email", "u@example.test")
    assert discover(repo.path).identity() == Identity("Ünï Code", "u@example.test")


def test_nobody(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name and address, the mend is named."""
    monkeypatch.delenv("GIT_COMMITTER_NAME")
    monkeypatch.delenv("GIT_COMMITTER_EMAIL")
    repo.git("config", "user.useConfigOnly", "true")
    with pytest.raises(GitError, match="does not know who you are"):
        discover(repo.path).identity()


def test_an_error_is_one_printable_line(store: GitStore) -> None:
    """What git complains about is passed on without its escape sequences."""
    with pytest.raises(GitError) as caught:
        store.git("rev-parse", "--verify", "\x1b[31mnone\nline")
    assert caught.value.message.isprintable()
    assert "git rev-parse" in caught.value.message


def test_the_version_is_a_number() -> None:
    """Git says which one it is."""
    assert git_command.git_version()[0].isdigit()


# --- SHA-256 -----------------------------------------------------------------------------------


def test_a_repository_of_sha256(desk: Desk, tmp_path: Path) -> None:
    """Everything works with the longer names, too."""
    desk.repo.git("init", "--quiet", "--object-format=sha256", "-b", "main", str(tmp_path / "new"))
    place = type(desk.repo)(tmp_path / "new")
    place.commit({"a.txt": "one\n", "gone": "x\n"})
    store = discover(place.path)
    base = store.snapshot()
    assert len(base.commit) == 64
    rows = {
        RepoPath("a.txt"): ("100644", store.write_blob(b"two\n")),
        RepoPath("gone"): None,
        RepoPath("new"): ("100644", store.write_blob(b"n\n")),
    }
    tree = store.write_tree(base.tree, rows)
    change = store.change(base.tree, tree)
    assert [file.kind.value for file in change.files] == ["M", "D", "A"]
    assert store.numstat(store.patch(base.tree, tree)) == (2, 2)
    assert store.blobs([change.files[0].new or BlobId("0" * 64)]) == (b"two\n",)
    commit = store.commit(tree, (base.commit,), "m", BOB)
    store.move_ref("refs/heads/main", commit, base.commit, why="w")
    store.move_ref("refs/workflow/x", commit, None, why="w")
    assert store.snapshot().tree == tree
