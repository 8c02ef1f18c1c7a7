"""Of git's hooks the user's own run where that is asked for, and none that a patch could bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval
from workflow.apply import HookError, Terms
from workflow.apply.hooks import hooks_folder
from workflow.types import State

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Desk
    from workflow.apply import Move

NEW = b"one\nTWO\nthree\n"
ASKED = Terms(hooks=True)


def hook(folder: Path, name: str, script: str) -> None:
    """Write a hook."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def prepare(desk: Desk, terms: Terms = ASKED) -> Move:
    """Prepare the landing of a change."""
    number = desk.approved({"site.conf": NEW}).id if not desk.store.rows() else 1
    cleared = approval.cleared(desk.store, desk.git, number)
    return apply.prepare(desk.git, desk.store, cleared, terms)


def test_the_user_s_hooks_see_a_landing(desk: Desk, tmp_path: Path) -> None:
    """commit-msg reads the message before anything moves, and post-commit sees the commit."""
    own = tmp_path / "own"
    hook(
        own,
        "commit-msg",
        f"cp \"$1\" '{tmp_path}/message'; git rev-parse HEAD >'{tmp_path}/before'",
    )
    hook(own, "post-commit", f"git rev-parse HEAD >'{tmp_path}/after'; git diff-index HEAD >&2")
    hook(own, "pre-commit", f"touch '{tmp_path}/pre-commit'")
    desk.repo.git("config", "core.hooksPath", str(own))
    move = prepare(desk)
    said = (tmp_path / "message").read_text()
    assert said.strip() == desk.repo.git("show", "-s", "--format=%B", move.after).strip()
    assert (tmp_path / "before").read_text().strip() == move.before
    assert not (tmp_path / "after").exists()
    desk.carry_out(move)
    assert (tmp_path / "after").read_text().strip() == move.after
    assert not (tmp_path / "pre-commit").exists()


def test_no_hook_runs_unasked(desk: Desk, tmp_path: Path) -> None:
    """Without the setting none runs, wherever it is."""
    for name in ("commit-msg", "post-commit", "pre-commit", "reference-transaction"):
        hook(desk.repo.path / ".git/hooks", name, f"touch '{tmp_path}/ran'; exit 1")
    desk.carry_out(prepare(desk, Terms()))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'JIRA number missing' >&2; exit 3", "JIRA number missing"),
        ("exit 1", "status 1"),
        ("printf '\\033[31mred\\n'; exit 1", r"\?\[31mred"),
        ("echo 'Approved-by: Eve' >>\"$1\"", "changes the message"),
        ('rm "$1"; mkdir "$1"', "changes the message"),
    ],
)
def test_commit_msg_may_refuse_and_not_reword(desk: Desk, script: str, why: str) -> None:
    """Nothing has moved then, and the next command is named."""
    hook(desk.repo.path / ".git/hooks", "commit-msg", script)
    with pytest.raises(HookError, match=why) as caught:
        prepare(desk)
    assert "landing.hooks" in caught.value.hint
    assert (desk.journal.landings(), desk.store.get(1).state) == ((), State.APPROVED)


def test_a_post_commit_that_fails_changes_nothing(desk: Desk) -> None:
    """As with git itself, the commit is made by then."""
    hook(desk.repo.path / ".git/hooks", "post-commit", "exit 1")
    desk.carry_out(prepare(desk))
    assert desk.store.get(1).state is State.APPLIED


def test_hooks_in_the_work_tree_are_nobody_s_own(desk: Desk, tmp_path: Path) -> None:
    """A folder of hooks, or a hook's link, that leads into a work tree is refused."""
    hook(desk.repo.path / "hooks", "commit-msg", f"touch '{tmp_path}/ran'")
    desk.repo.commit(message="hooks that somebody committed")
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", str(linked))
    places = ["hooks", str(desk.repo.path / "hooks"), str(linked / "hooks"), "../repo/hooks"]
    (tmp_path / "link").symlink_to(desk.repo.path / "hooks")
    for place in [*places, str(tmp_path / "link")]:
        desk.repo.git("config", "core.hooksPath", place)
        with pytest.raises(HookError, match="inside the work tree"):
            hooks_folder(desk.git)
    desk.repo.git("config", "--unset", "core.hooksPath")
    own = desk.repo.path / ".git/hooks"
    own.mkdir(exist_ok=True)
    (own / "commit-msg").symlink_to(desk.repo.path / "hooks/commit-msg")
    with pytest.raises(HookError, match="inside the work tree"):
        prepare(desk)
    assert not (tmp_path / "ran").exists()


def test_where_hooks_are(desk: Desk, sealed: Path) -> None:
    """Git's own folder, else what its setting says, with ~ for the home."""
    assert hooks_folder(desk.git) == desk.repo.path / ".git/hooks"
    desk.repo.git("config", "--global", "core.hooksPath", "~/hooks")
    assert hooks_folder(desk.git) == sealed / "home/hooks"
    hook(sealed / "home/hooks", "commit-msg", "exit 0")
    (sealed / "home/hooks/commit-msg").chmod(0o644)
    prepare(desk)
