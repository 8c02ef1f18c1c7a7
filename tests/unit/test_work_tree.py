"""A checkout follows a landing: the changed files exactly, everything else not at all."""

from __future__ import annotations

import os
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.errors import BusyError, DirtyFileError, GitError
from workflow.git_store import discover
from workflow.work_tree import WorkTree, in_checkout, release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import GitRepo, GitRepoFactory
    from tests.unit.conftest import Desk, DeskFactory
    from workflow.types import RepoPath, TreeChange

NEW = b"one\nTWO\nthree\n"


@pytest.fixture
def checkout(desk: Desk) -> WorkTree:
    """Return the desk's own checkout."""
    return WorkTree(desk.git)


def bring(desk: Desk, change: TreeChange, checkout: WorkTree | None = None) -> tuple[RepoPath, ...]:
    """Let a checkout follow, from a fresh staging folder, the branch first, as a landing does."""
    tree = checkout or WorkTree(desk.git)
    head = desk.git.snapshot().commit
    commit = desk.git.commit(change.proposed, (head,), "m", desk.git.identity())
    desk.repo.git("update-ref", "refs/heads/main", commit)
    return tree.bring(change, tree.stage(change, desk.folder()))


def status(repo: GitRepo) -> str:
    """Return what git thinks of the checkout."""
    return repo.git("--no-optional-locks", "status", "--porcelain", "--untracked-files=all")


# --- refusals ----------------------------------------------------------------------------------


def test_a_clean_checkout_may_follow(desk: Desk, checkout: WorkTree) -> None:
    """Nothing in the way is nothing to say; looking changes nothing, not even the index file."""
    change = desk.change({"site.conf": NEW, "app/main.py": None, "new/deep/x.py": b"x\n"})
    index = (desk.repo.path / ".git" / "index").read_bytes()
    before = desk.repo.snapshot()
    checkout.check(change)
    assert desk.repo.snapshot() == before
    assert (desk.repo.path / ".git" / "index").read_bytes() == index


def test_a_file_with_changes_of_its_own(desk: Desk, checkout: WorkTree) -> None:
    """An edit that is not committed would be lost, so the file is named."""
    change = desk.change({"site.conf": NEW})
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(DirtyFileError, match=r"site\.conf has changes of its own"):
        checkout.check(change)


def test_a_file_with_staged_changes(desk: Desk, checkout: WorkTree) -> None:
    """An edit that is only in the index would be lost, too."""
    change = desk.change({"site.conf": NEW})
    desk.repo.write({"site.conf": "staged\n"})
    desk.repo.git("add", "site.conf")
    desk.repo.write({"site.conf": "one\ntwo\nthree\n"})
    with pytest.raises(DirtyFileError, match="staged"):
        checkout.check(change)


def test_a_file_that_was_deleted_here(desk: Desk, checkout: WorkTree) -> None:
    """A deletion is a change of one's own."""
    change = desk.change({"site.conf": NEW})
    (desk.repo.path / "site.conf").unlink()
    with pytest.raises(DirtyFileError, match="has changes of its own"):
        checkout.check(change)


def test_a_file_that_is_no_longer_tracked(desk: Desk, checkout: WorkTree) -> None:
    """Taken out of the index and still there, it is somebody's file."""
    change = desk.change({"site.conf": NEW})
    desk.repo.git("rm", "--quiet", "--cached", "site.conf")
    with pytest.raises(DirtyFileError, match="not in the index"):
        checkout.check(change)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling", "fifo", "ignored"])
def test_something_untracked_in_the_way(desk: Desk, checkout: WorkTree, kind: str) -> None:
    """Where a new file goes there must be nothing at all, ignored or not."""
    change = desk.change({"new.txt": b"x\n"})
    place = desk.repo.path / "new.txt"
    match kind:
        case "folder":
            place.mkdir()
        case "link":
            place.symlink_to("site.conf")
        case "dangling":
            place.symlink_to("nowhere")
        case "fifo":
            os.mkfifo(place)
        case _:
            place.write_text("mine\n")
    if kind == "ignored":
        (desk.repo.path / ".git" / "info" / "exclude").write_text("new.txt\n")
    with pytest.raises(DirtyFileError, match=r"new\.txt is in the way"):
        checkout.check(change)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_folder_that_is_none(desk: Desk, checkout: WorkTree, kind: str, tmp_path: Path) -> None:
    """A symbolic link on the way could lead anywhere: it is named, and nothing is written there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "main.py").write_text("print(1)\n")
    changes = [desk.change({"app/main.py": b"2\n"}), desk.change({"app/sub/new.py": b"2\n"})]
    (desk.repo.path / "app" / "main.py").unlink()
    (desk.repo.path / "app").rmdir()
    if kind == "link":
        (desk.repo.path / "app").symlink_to(elsewhere)
    else:
        (desk.repo.path / "app").write_text("a file\n")
    for change in changes:
        with pytest.raises(DirtyFileError, match="app is not a folder"):
            checkout.check(change)
        assert bring(desk, change) == change.paths
    assert [path.name for path in elsewhere.iterdir()] == ["main.py"]
    assert (elsewhere / "main.py").read_text() == "print(1)\n"


def test_git_at_work_in_the_checkout(desk: Desk, checkout: WorkTree) -> None:
    """While the index is locked nothing begins."""
    (desk.repo.path / ".git" / "index.lock").touch()
    with pytest.raises(BusyError, match=r"index\.lock"):
        checkout.check(desk.change({"site.conf": NEW}))


SPARSE = {"cone": ("--cone", "app"), "patterns": ("--no-cone", "/app/", "!/app/sub/")}


@pytest.mark.parametrize("kind", SPARSE)
def test_a_sparse_checkout_stays_sparse(desk: Desk, checkout: WorkTree, kind: str) -> None:
    """Files outside change in the index alone, new and deleted ones, too; git finds all clean."""
    desk.repo.commit({"out/gone.txt": "1\n", "out/kept.txt": "1\n"})
    desk.repo.git("sparse-checkout", "set", *SPARSE[kind])
    change = desk.change(
        {
            "app/main.py": b"2\n",
            "app/new.py": b"n\n",
            "out/kept.txt": b"2\n",
            "out/gone.txt": None,
            "out/new.txt": b"n\n",
        }
    )
    checkout.check(change)
    assert bring(desk, change) == ()
    assert checkout.different(change) == ()
    assert not (desk.repo.path / "out").exists()
    assert (desk.repo.path / "app/new.py").read_bytes() == b"n\n"
    assert status(desk.repo) == ""
    flags = desk.repo.git("ls-files", "-t", "app/new.py", "out").splitlines()
    assert flags == ["H app/new.py", "S out/kept.txt", "S out/new.txt"]
    desk.repo.git("sparse-checkout", "disable")
    assert (desk.repo.path / "out/new.txt").read_bytes() == b"n\n"
    assert status(desk.repo) == ""


def test_a_sparse_checkout_with_a_sparse_index(desk: Desk, checkout: WorkTree) -> None:
    """Folders that the index holds as one row are opened where a file in them changes."""
    desk.repo.commit({"out/kept.txt": "1\n", "far/x.txt": "1\n"})
    desk.repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "app")
    change = desk.change({"out/kept.txt": b"2\n", "app/main.py": b"2\n"})
    checkout.check(change)
    assert bring(desk, change) == ()
    assert checkout.different(change) == ()
    assert (status(desk.repo), (desk.repo.path / "out").exists()) == ("", False)


def test_a_sparse_bringing_is_completed(desk: Desk, checkout: WorkTree) -> None:
    """Brought twice, once after a kill before the files, the flags are what they have to be."""
    desk.repo.commit({"out/kept.txt": "1\n"})
    desk.repo.git("sparse-checkout", "set", "--cone", "app")
    change = desk.change({"out/kept.txt": b"2\n", "out/new.txt": b"n\n", "app/main.py": b"2\n"})
    with checkout.hold(change, checkout.stage(change, desk.folder())):
        pass
    assert bring(desk, change) == ()
    assert checkout.bring(change, checkout.stage(change, desk.folder())) == ()
    assert (checkout.different(change), status(desk.repo)) == ((), "")


def test_something_in_the_way_outside_the_sparse_checkout(desk: Desk, checkout: WorkTree) -> None:
    """A file that was made by hand where git would have none is the user's."""
    desk.repo.git("sparse-checkout", "set", "--no-cone", "/app/")
    change = desk.change({"site.conf": NEW})
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(DirtyFileError, match=r"site\.conf"):
        checkout.check(change)


def test_a_file_that_is_hidden_by_hand(desk: Desk, checkout: WorkTree) -> None:
    """Without a sparse checkout, a file that git was told to overlook is not changed unseen."""
    change = desk.change({"site.conf": NEW})
    desk.repo.git("update-index", "--skip-worktree", "site.conf")
    (desk.repo.path / "site.conf").unlink()
    with pytest.raises(DirtyFileError, match=r"site\.conf is not in the index"):
        checkout.check(change)


def test_a_file_that_is_only_intended(desk: Desk, checkout: WorkTree) -> None:
    """`git add -N` marks a file as somebody's, whether it is still there or not."""
    change = desk.change({"new.txt": b"x\n"})
    desk.repo.write({"new.txt": "mine\n"})
    desk.repo.git("add", "--intent-to-add", "new.txt")
    with pytest.raises(DirtyFileError, match=r"new\.txt is in the way"):
        checkout.check(change)
    (desk.repo.path / "new.txt").unlink()
    with pytest.raises(DirtyFileError, match=r"new\.txt has staged changes"):
        checkout.check(change)


def test_another_case_is_in_the_way_where_case_is_ignored(desk: Desk, checkout: WorkTree) -> None:
    """What answers to a new file's name, whatever it calls itself, is in the way."""
    change = desk.change({"SITE.conf": b"x\n"})
    # A hard link answers to both names, as on a file system that ignores case.
    (desk.repo.path / "SITE.conf").hardlink_to(desk.repo.path / "site.conf")
    with pytest.raises(DirtyFileError, match=r"SITE\.conf is in the way"):
        checkout.check(change)


@pytest.mark.parametrize(
    "state", ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"]
)
def test_something_under_way(desk: Desk, checkout: WorkTree, state: str) -> None:
    """In the middle of a merge and the like nothing moves."""
    desk.repo.git("switch", "--quiet", "-c", "side")
    desk.repo.commit({"site.conf": "side\n"})
    desk.repo.git("switch", "--quiet", "main")
    desk.repo.commit({"site.conf": "main\n"})
    desk.repo.commit({"other.txt": "main\n"})
    commands = {
        "MERGE_HEAD": ("merge", "side"),
        "CHERRY_PICK_HEAD": ("cherry-pick", "side"),
        "REVERT_HEAD": ("revert", "--no-commit", "HEAD"),
        "rebase-merge": ("rebase", "side"),
        "rebase-apply": ("rebase", "--apply", "side"),
    }
    change = desk.change({"app/main.py": b"2\n"})
    subprocess.run(["git", *commands[state]], cwd=desk.repo.path, check=False, capture_output=True)
    assert (desk.repo.path / ".git" / state).exists()
    with pytest.raises(BusyError, match="is under way"):
        checkout.check(change)


def test_submodules_are_left_as_they_are(
    desk: Desk, checkout: WorkTree, git_repo: GitRepoFactory
) -> None:
    """A dirty submodule on another commit stays exactly so while files beside it change."""
    other = git_repo({"inner.txt": "1\n"}, name="other")
    desk.repo.git(
        *("-c", "protocol.file.allow=always", "submodule", "--quiet", "add"), str(other.path), "sub"
    )
    desk.repo.commit(message="a submodule")
    inner = type(desk.repo)(desk.repo.path / "sub")
    inner.commit({"inner.txt": "2\n"})
    inner.write({"inner.txt": "dirty\n"})
    before = (status(desk.repo), inner.git("rev-parse", "HEAD"), inner.git("status", "--porcelain"))
    change = desk.change({"site.conf": NEW, "new.txt": b"x\n"})
    checkout.check(change)
    assert bring(desk, change) == ()
    after = (status(desk.repo), inner.git("rev-parse", "HEAD"), inner.git("status", "--porcelain"))
    assert after == before
    assert (inner.path / "inner.txt").read_text() == "dirty\n"


def test_the_index_is_held_meanwhile(desk: Desk, checkout: WorkTree) -> None:
    """While a checkout is held, git can write no index there; afterwards it can."""
    change = desk.change({"site.conf": NEW})
    staged = checkout.stage(change, desk.folder())
    index = (desk.repo.path / ".git/index").read_bytes()
    desk.repo.write({"mine.txt": "mine\n"})
    add = ["git", "add", "mine.txt"]
    with checkout.hold(change, staged):
        refused = subprocess.run(add, cwd=desk.repo.path, check=False, capture_output=True)
        assert b"index.lock" in refused.stderr
        with pytest.raises(BusyError), checkout.hold(change, staged):
            pytest.fail("it was held twice")
    assert (desk.repo.path / ".git/index").read_bytes() == index
    subprocess.run(add, cwd=desk.repo.path, check=True)
    left = [path.name for path in (desk.repo.path / ".git").glob("index*")]
    assert left == ["index"]


def test_only_our_own_locks_are_released(desk: Desk, tmp_path: Path) -> None:
    """A lock that a killed landing left goes, in linked work trees, too; git's own stays."""
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    change = desk.change({"site.conf": NEW})
    for top in (desk.repo.path, linked):
        tree = in_checkout(desk.git, top)
        tree._take()
        (tree.git.git_dir / "index.workflow").write_bytes(b"half")
        (tree.git.git_dir / "index.workflow.lock").write_bytes(b"half")
    release(desk.git)
    for top in (desk.repo.path, linked):
        in_checkout(desk.git, top).check(change)
        git_dir = in_checkout(desk.git, top).git.git_dir
        assert [path.name for path in git_dir.glob("index*")] == ["index"]
    lock = desk.repo.path / ".git/index.lock"
    lock.write_bytes(b"")
    release(desk.git)
    assert lock.exists()


def test_a_folder_that_cannot_be_written_to(desk: Desk) -> None:
    """It is named before anything moves; root, who may write anywhere, is asked by another."""
    change = desk.change({"app/main.py": b"2\n", "app/deep/new.py": b"2\n"})
    (desk.repo.path / "app").chmod(0o555)
    writable = os.access(desk.repo.path / "app", os.W_OK)
    try:
        with nullcontext() if writable else pytest.raises(GitError, match="app cannot be written"):
            WorkTree(desk.git).check(change)
    finally:
        (desk.repo.path / "app").chmod(0o755)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_edits_that_git_is_told_to_overlook(desk: Desk, checkout: WorkTree, flag: str) -> None:
    """A flag that hides an edit from `git status` does not lose it here."""
    change = desk.change({"site.conf": NEW})
    desk.repo.git("update-index", flag, "site.conf")
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(DirtyFileError, match=r"site\.conf"):
        checkout.check(change)


# --- following ---------------------------------------------------------------------------------


def test_only_changed_files_are_touched(desk: Desk) -> None:
    """Edited, staged, untracked and ignored files survive byte for byte, with their own state."""
    desk.repo.commit(
        {"dirty.txt": "a\n", "staged.txt": "a\n", "both.txt": "a\n", "gone.txt": "a\n"}
    )
    change = desk.change({"site.conf": NEW, "app/main.py": None, "new/x.py": b"x\n"})
    desk.repo.write({"staged.txt": "s\n", "both.txt": "s\n", "added.txt": "added\n"})
    desk.repo.git("add", "staged.txt", "both.txt", "added.txt")
    desk.repo.write({"dirty.txt": b"d\r\n\0", "both.txt": "w\n", "new/mine.txt": "untracked\n"})
    (desk.repo.path / "gone.txt").unlink()
    before, looked = desk.repo.snapshot(), status(desk.repo)
    untouched = {
        name: (desk.repo.path / name).stat().st_mtime_ns for name in ("dirty.txt", "staged.txt")
    }
    assert bring(desk, change) == ()
    after = desk.repo.snapshot()
    changed = {"site.conf", "app/main.py", "new/x.py"}
    assert {name: text for name, text in before.files.items() if name not in changed} == {
        name: text for name, text in after.files.items() if name not in changed
    }
    assert status(desk.repo) == looked
    for name, when in untouched.items():
        assert (desk.repo.path / name).stat().st_mtime_ns == when
    assert (desk.repo.path / "site.conf").read_bytes() == NEW
    assert (desk.repo.path / "new" / "x.py").read_bytes() == b"x\n"
    assert not (desk.repo.path / "app").exists()
    assert WorkTree(desk.git).different(change) == ()


def test_permissions_are_kept(desk: Desk) -> None:
    """A file that only its owner may read stays one; nobody gains or loses a right."""
    modes = (0o600, 0o640, 0o644, 0o664, 0o660, 0o400, 0o444, 0o755, 0o700, 0o750)
    desk.repo.commit({f"{mode:o}": "old\n" for mode in modes})
    for mode in modes:
        (desk.repo.path / f"{mode:o}").chmod(mode)
    desk.repo.commit()
    base = desk.git.snapshot().tree
    scripts = {f"{mode:o}": b"new\n" for mode in modes if mode & 0o100}
    plain = {f"{mode:o}": b"new\n" for mode in modes if not mode & 0o100}
    proposed = desk.tree(desk.tree(base, plain), scripts, "100755")
    assert bring(desk, desk.git.change(base, proposed)) == ()
    for mode in modes:
        path = desk.repo.path / f"{mode:o}"
        assert path.read_bytes() == b"new\n"
        assert path.stat().st_mode & 0o7777 == mode
    assert status(desk.repo) == ""


def test_the_executable_bit_follows_git(desk: Desk) -> None:
    """A file that becomes executable is so for its readers, and no longer when it is taken back."""
    modes = {0o644: 0o755, 0o600: 0o700, 0o640: 0o750}
    desk.repo.commit({f"{mode:o}": "old\n" for mode in modes})
    for mode in modes:
        (desk.repo.path / f"{mode:o}").chmod(mode)
    base = desk.git.snapshot().tree
    tree = desk.tree(base, {f"{mode:o}": b"new\n" for mode in modes}, "100755")
    bring(desk, desk.git.change(base, tree))
    for mode, after in modes.items():
        assert (desk.repo.path / f"{mode:o}").stat().st_mode & 0o7777 == after
    assert status(desk.repo) == ""
    bring(desk, desk.git.change(tree, base))
    for mode in modes:
        assert (desk.repo.path / f"{mode:o}").stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_new_files_follow_the_umask(desk: Desk, umask: int) -> None:
    """A file without a predecessor is as readable as the user's other new files."""
    change = desk.change({"new/x.py": b"x\n"})
    before = os.umask(umask)
    try:
        bring(desk, change)
    finally:
        os.umask(before)
    assert (desk.repo.path / "new/x.py").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize(
    ("settings", "attributes", "seen"),
    [
        ({"core.autocrlf": "true"}, "", b"one\r\nTWO\r\nthree\r\n"),
        ({}, "* text eol=crlf\n", b"one\r\nTWO\r\nthree\r\n"),
        ({"core.autocrlf": "input"}, "", NEW),
        ({"core.eol": "crlf"}, "* text=auto\n", b"one\r\nTWO\r\nthree\r\n"),
        ({"filter.up.smudge": "tr a-z A-Z", "filter.up.clean": "tr A-Z a-z"}, "* filter=up\n", b""),
    ],
)
def test_conversions_round_trip(
    git_repo: GitRepoFactory,
    desk_for: DeskFactory,
    settings: Mapping[str, str],
    attributes: str,
    seen: bytes,
) -> None:
    """What git would check out is what appears, and git calls the result clean."""
    repo = git_repo()
    for key, value in settings.items():
        repo.git("config", key, value)
    repo.commit({".gitattributes": attributes, "site.conf": "one\ntwo\nthree\n", "other": "x\n"})
    (repo.path / "site.conf").unlink()
    repo.git("checkout", "--", ".")
    desk = desk_for(repo)
    checkout = WorkTree(desk.git)
    new = NEW if seen else b"one\nanother\n"
    change = desk.change({"site.conf": new, "new.conf": new})
    checkout.check(change)
    assert bring(desk, change) == ()
    for name in ("site.conf", "new.conf"):
        assert (repo.path / name).read_bytes() == (seen or b"ONE\nANOTHER\n")
    assert (status(repo), checkout.different(change)) == ("", ())
    back = desk.git.change(change.proposed, change.base)
    checkout.check(back)
    assert bring(desk, back) == ()
    assert status(repo) == ""


@pytest.mark.parametrize("setting", ["true", "input"])
def test_files_that_hold_crlf_in_git_itself(desk: Desk, setting: str) -> None:
    """Git leaves such a file alone under autocrlf and calls it clean; so do we."""
    desk.repo.commit({"crlf.conf": b"one\r\ntwo\r\n"})
    desk.repo.git("config", "core.autocrlf", setting)
    assert status(desk.repo) == ""
    change = desk.change({"crlf.conf": b"one\r\nTWO\r\n"})
    checkout = WorkTree(desk.git)
    checkout.check(change)
    assert bring(desk, change) == ()
    assert (desk.repo.path / "crlf.conf").read_bytes() == b"one\r\nTWO\r\n"
    assert (status(desk.repo), checkout.different(change)) == ("", ())


def test_deletions_prune_empty_folders(desk: Desk) -> None:
    """A folder goes with its last file, and stays when somebody's own file is in it."""
    desk.repo.commit({"deep/a/b/x": "1\n", "kept/a/x": "1\n"})
    desk.repo.write({"kept/mine": "untracked\n"})
    change = desk.change({"deep/a/b/x": None, "kept/a/x": None})
    assert bring(desk, change) == ()
    assert not (desk.repo.path / "deep").exists()
    assert [path.name for path in (desk.repo.path / "kept").iterdir()] == ["mine"]


def test_odd_names_follow_too(desk: Desk) -> None:
    """Files of any name are changed, added below a folder of that name, and removed."""
    names = ["with space", "-dash", "line\nbreak", '"quote"', "star*", "ünï", "\udcff", "t\t", "--"]
    desk.repo.commit(dict.fromkeys(names, "old\n"))
    changed: dict[str, bytes | None] = dict.fromkeys(names, b"new\n")
    added: dict[str, bytes | None] = {f"dir/{name}/{name}": b"x\n" for name in names}
    change = desk.change({**changed, **added})
    WorkTree(desk.git).check(change)
    assert bring(desk, change) == ()
    for name in names:
        assert (desk.repo.path / name).read_bytes() == b"new\n"
        assert (desk.repo.path / "dir" / name / name).read_bytes() == b"x\n"
    assert status(desk.repo) == ""
    bring(desk, desk.change(dict.fromkeys(names)))
    assert sorted(path.name for path in desk.repo.path.iterdir()) == [
        *(".git", "app", "dir", "site.conf")
    ]
    assert status(desk.repo) == ""


def test_bringing_twice_is_bringing_once(desk: Desk, checkout: WorkTree) -> None:
    """The second time there is nothing left to do."""
    change = desk.change({"site.conf": NEW, "app/main.py": None, "new/x.py": b"x\n"})
    assert bring(desk, change) == ()
    before = desk.repo.snapshot()
    index = (desk.repo.path / ".git" / "index").read_bytes()
    assert checkout.bring(change, checkout.stage(change, desk.folder())) == ()
    assert desk.repo.snapshot() == before
    assert (desk.repo.path / ".git" / "index").read_bytes() == index


@pytest.mark.parametrize("done", [1, 2, 4, 5])
def test_a_partial_bringing_is_completed(desk: Desk, checkout: WorkTree, done: int) -> None:
    """Whichever files and index rows had followed already, the rest does."""
    change = desk.change({"site.conf": NEW, "app/main.py": None, "new/x.py": b"x\n"})
    if done & 1:
        desk.repo.write({"site.conf": NEW})
    if done & 2:
        (desk.repo.path / "app/main.py").unlink()
        desk.repo.git("update-index", "--force-remove", "app/main.py")
    if done & 4:
        desk.repo.write({"new/x.py": b"x\n"})
        desk.repo.git("add", "new/x.py")
    assert bring(desk, change) == ()
    assert checkout.different(change) == ()
    assert status(desk.repo) == ""


def test_an_edit_in_the_last_moment_is_left_alone(desk: Desk, checkout: WorkTree) -> None:
    """What changed since the check is kept and named; all else follows."""
    change = desk.change({"site.conf": NEW, "app/main.py": b"2\n", "new.txt": b"x\n"})
    checkout.check(change)
    desk.repo.write({"site.conf": "mine\n", "new.txt": "mine, too\n"})
    assert set(bring(desk, change)) == {"site.conf", "new.txt"}
    assert (desk.repo.path / "site.conf").read_text() == "mine\n"
    assert (desk.repo.path / "new.txt").read_text() == "mine, too\n"
    assert (desk.repo.path / "app/main.py").read_text() == "2\n"
    assert set(checkout.different(change)) == {"site.conf", "new.txt"}
    # The edits show as edits of what has landed.
    assert status(desk.repo) == " M new.txt\n M site.conf"


def test_a_busy_index_is_an_error_that_can_be_mended(desk: Desk, checkout: WorkTree) -> None:
    """When git takes the index in this very moment, doing it again completes it."""
    change = desk.change({"site.conf": NEW})
    lock = desk.repo.path / ".git" / "index.lock"
    lock.touch()
    with pytest.raises(BusyError, match=r"index\.lock"):
        bring(desk, change)
    lock.unlink()
    assert checkout.bring(change, checkout.stage(change, desk.folder())) == ()
    assert status(desk.repo) == ""


def test_a_git_directory_on_another_file_system(desk: Desk, checkout: WorkTree) -> None:
    """Where nothing can be renamed across, the file is copied beside first; nothing stays."""
    (desk.repo.path / "site.conf").chmod(0o640)
    change = desk.change({"site.conf": NEW, "new.txt": b"x\n"})
    memory = Path("/dev/shm")  # noqa: S108 - another file system than the repository's
    assert memory.stat().st_dev != desk.repo.path.stat().st_dev
    folder = memory / f"workflow-test-{os.getpid()}"
    folder.mkdir()
    try:
        assert checkout.bring(change, checkout.stage(change, folder)) == ()
    finally:
        subprocess.run(["rm", "-r", str(folder)], check=True)
    assert (desk.repo.path / "site.conf").read_bytes() == NEW
    assert (desk.repo.path / "site.conf").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in desk.repo.path.iterdir()) == [
        *(".git", "app", "new.txt", "site.conf")
    ]


def test_hooks_do_not_run(desk: Desk, tmp_path: Path) -> None:
    """Bringing a checkout along starts none of the repository's hooks."""
    for name in ("post-checkout", "post-index-change", "post-merge", "reference-transaction"):
        hook = desk.repo.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/seen'\n")
        hook.chmod(0o755)
    change = desk.change({"site.conf": NEW})
    checkout = WorkTree(desk.git)
    checkout.check(change)
    checkout.bring(change, checkout.stage(change, desk.folder()))
    assert not (tmp_path / "seen").exists()


def test_a_linked_work_tree_follows(desk: Desk, tmp_path: Path) -> None:
    """Another checkout of the repository is brought along with its own index, and ours is not."""
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    change = desk.change({"site.conf": NEW, "app/main.py": None})
    other = in_checkout(desk.git, linked)
    assert other.git.top == linked
    assert in_checkout(desk.git, desk.repo.path).git is desk.git
    before = desk.repo.snapshot()
    other.check(change)
    desk.repo.git("update-ref", "refs/heads/side", bare_commit(desk, change))
    assert other.bring(change, other.stage(change, desk.folder())) == ()
    assert (linked / "site.conf").read_bytes() == NEW
    assert status(type(desk.repo)(linked)) == ""
    after = desk.repo.snapshot()
    assert (after.files, after.index, after.status) == (before.files, before.index, before.status)


def bare_commit(desk: Desk, change: TreeChange) -> str:
    """Return a commit of the proposed tree that no branch holds."""
    head = desk.git.snapshot().commit
    return desk.git.commit(change.proposed, (head,), "m", desk.git.identity())


def test_a_repository_of_sha256_follows(desk_for: DeskFactory, git_repo: GitRepoFactory) -> None:
    """Changed, added and removed files, with the longer names."""
    outer = git_repo()
    outer.git("init", "--quiet", "--object-format=sha256", "-b", "main", "inner")
    repo = type(outer)(outer.path / "inner")
    repo.commit({"a.txt": "one\n", "gone/x": "x\n"})
    desk = desk_for(repo)
    change = desk.change({"a.txt": b"two\n", "gone/x": None, "new/y": b"y\n"})
    WorkTree(desk.git).check(change)
    assert bring(desk, change) == ()
    assert status(repo) == ""
    assert not (repo.path / "gone").exists()
    assert (repo.path / "new/y").read_bytes() == b"y\n"
    assert discover(repo.path).snapshot().tree == change.proposed
