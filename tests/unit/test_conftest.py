"""The seal holds, and the shared fixtures do what they say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand


@pytest.mark.parametrize(
    "address", [("192.0.2.1", 443), ("2001:db8::1", 443), ("::ffff:192.0.2.1", 443)]
)
def test_a_connection_beyond_loopback_fails_the_test(address: tuple[str, int]) -> None:
    """Not even `except Exception` hides an attempt to reach the network."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with (
        socket.socket(family) as client,
        pytest.raises(pytest.fail.Exception, match="no network but loopback"),
    ):
        client.connect(address)


def test_a_name_beyond_loopback_is_not_even_looked_up() -> None:
    """A DNS query would leave the machine, too."""
    with pytest.raises(pytest.fail.Exception, match=r"example\.test"):
        socket.create_connection(("example.test", 443))


def test_a_datagram_beyond_loopback_fails_the_test() -> None:
    """UDP has no connect."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        pytest.raises(pytest.fail.Exception, match="sendto"),
    ):
        client.sendto(b"x", ("192.0.2.1", 53))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_works(host: str) -> None:
    """Servers under test listen on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
        server.accept()[0].close()


def test_unix_sockets_work(tmp_path: Path) -> None:
    """A path is no network."""
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))


def test_nothing_of_the_callers_environment_is_left(sealed: Path) -> None:
    """Home, temporary files and identity are the test's own, and there are no keys."""
    assert Path.home() == sealed / "home"
    assert Path(tempfile.mkdtemp()).parent == sealed / "tmp"
    assert not [name for name in os.environ if "KEY" in name or "PROXY" in name.upper()]


@given(st.integers())
def test_the_seal_suits_property_tests(number: int) -> None:
    """Hypothesis accepts the seal, which is made once a test and not once an example."""
    assert number == number  # noqa: PLR0124


def test_commits_are_reproducible(git_repo: GitRepoFactory) -> None:
    """Names and dates are pinned, so equal content gives an equal id."""
    ids = {git_repo({"a.txt": "one\n"}, name=name).git("rev-parse", "HEAD") for name in "xy"}
    assert len(ids) == 1


def test_a_snapshot_sees_each_kind_of_change(git_repo: GitRepoFactory) -> None:
    """Content, mode, index, ignored files and refs all count; looking does not."""
    repo = git_repo({"a.txt": "one\n", ".gitignore": "ignored\n"})
    seen = [repo.snapshot()]
    assert repo.snapshot() == seen[0]
    repo.write({"ignored": "x"})
    seen.append(repo.snapshot())
    (repo.path / "a.txt").chmod(0o755)
    seen.append(repo.snapshot())
    repo.git("add", "a.txt")
    seen.append(repo.snapshot())
    repo.git("branch", "other")
    seen.append(repo.snapshot())
    repo.git("switch", "-q", "other")
    seen.append(repo.snapshot())
    assert all(a != b for i, a in enumerate(seen) for b in seen[i + 1 :])


def test_the_patient_is_committed_and_clean(sandbox_repo: GitRepo) -> None:
    """The copy has its dotfiles and nothing uncommitted."""
    assert sandbox_repo.git("status", "--porcelain") == ""
    assert ".gitignore" in sandbox_repo.git("ls-files").splitlines()


def test_the_command_is_stopped_at_its_deadline(workflow: WorkflowCommand, tmp_path: Path) -> None:
    """A command that hangs fails its test and leaves nothing behind."""
    with pytest.raises(pytest.fail.Exception, match="still running"):
        workflow(cwd=tmp_path, timeout=0.001)


def test_subprocesses_inherit_the_seal(sealed: Path) -> None:
    """A child sees the same home."""
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.environ['HOME'])"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert child.stdout.strip() == str(sealed / "home")
