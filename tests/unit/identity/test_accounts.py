from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import pytest

from workflow.errors import GitError
from workflow.git_store import discover
from workflow.identity import UNKNOWN_ACCOUNT, account, local, single_user
from workflow.types import Proof

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory

FIRST = "         0          0 4294967295\n"
NOBODY_LOGGED_IN = "4294967295"


@pytest.fixture
def repo(git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with one commit."""
    return git_repo({"a": "1"})


def _own() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("0", "root"),
        ("1", pwd.getpwuid(1).pw_name),
        ("3999999999", "3999999999"),
        (NOBODY_LOGGED_IN, None),
        ("junk", None),
        (None, None),
    ],
)
def test_it_is_who_logged_in(tmp_path: Path, login: str | None, expected: str | None) -> None:
    """Who logged in is the human, whoever the process runs as; else it is whose process it is."""
    (tmp_path / "uid_map").write_text(FIRST)
    if login is not None:
        (tmp_path / "loginuid").write_text(login)
    assert account(tmp_path) == (expected or _own())


@pytest.mark.parametrize("ids", ["0 1000 1\n", "0 100000 65536\n", "1000 1000 1\n", "", None])
def test_in_a_user_namespace_it_is_not_known(tmp_path: Path, ids: str | None) -> None:
    """There a process shows whatever user id it likes, so none is believed."""
    (tmp_path / "loginuid").write_text("0")
    if ids is not None:
        (tmp_path / "uid_map").write_text(ids)
    assert account(tmp_path) == UNKNOWN_ACCOUNT


def test_no_variable_makes_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is anybody's to set."""
    before = account()
    for name in ("USER", "LOGNAME", "SUDO_USER", "SUDO_UID", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert account() == before


def test_a_local_person_is_who_git_says(repo: GitRepo) -> None:
    """Name and address are git's, the account is the process's, and the proof is weak."""
    person = local(discover(repo.path))
    assert str(person) == "Carl Committer <carl@example.test>"
    assert (person.account, person.proof) == (account(), Proof.GIT)


@pytest.mark.parametrize(
    ("value", "is_on"), [("true", True), ("yes", True), ("1", True), ("false", False), ("0", False)]
)
def test_single_user_mode_is_gits_setting(repo: GitRepo, value: str, *, is_on: bool) -> None:
    """Whatever git reads as a boolean counts, and where it stands is told."""
    repo.git("config", "workflow.singleUser", value)
    found = single_user(discover(repo.path))
    assert found.is_on is is_on
    assert found.origin.endswith(".git/config")


def test_without_the_setting_several_people_work_here(repo: GitRepo) -> None:
    """Silence is no."""
    repo.git("config", "--global", "--unset", "workflow.singleUser")
    assert not single_user(discover(repo.path)).is_on


def test_a_setting_that_is_no_boolean_is_an_error(repo: GitRepo) -> None:
    """A typing error is not read as a no or a yes."""
    repo.git("config", "workflow.singleUser", "perhaps")
    with pytest.raises(GitError, match="perhaps"):
        single_user(discover(repo.path))


def test_a_file_of_the_work_tree_cannot_say_so(repo: GitRepo) -> None:
    """A setting that a commit brought along does not count, even where git includes the file."""
    repo.git("config", "--global", "--unset", "workflow.singleUser")
    repo.commit({"shared.gitconfig": "[workflow]\n\tsingleUser = true\n"})
    repo.git("config", "include.path", "../shared.gitconfig")
    found = single_user(discover(repo.path))
    assert not found.is_on
    assert found.origin.endswith("shared.gitconfig")


def test_the_environment_cannot_say_so(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """`GIT_CONFIG_COUNT` and its like are not passed on to git."""
    repo.git("config", "--global", "--unset", "workflow.singleUser")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "workflow.singleUser")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    assert not single_user(discover(repo.path)).is_on
