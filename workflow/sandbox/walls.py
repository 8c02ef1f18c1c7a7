"""Tries each wall of a sandbox for real, so that `workflow doctor` says what holds here."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.errors import SandboxUnavailableError
from workflow.sandbox import cgroup, landlock
from workflow.sandbox.interface import Command, Limits, Network, Scratch, Wall
from workflow.sandbox.interpreter import interpreter
from workflow.sandbox.root import is_root

if TYPE_CHECKING:
    from workflow.process import Ran
    from workflow.sandbox.interface import Sandbox

_MEBIBYTE = 1024**2
_LIMITS = Limits(
    wall_s=20.0,
    address_space=1024 * _MEBIBYTE,
    file_size=2 * _MEBIBYTE,
    disk=16 * _MEBIBYTE,
    files=500,
    processes=32,
    open_files=128,
)
# What a sandbox keeps for folders and files of its own.
_SPARE_FILES = 64
_BOMB_LIMITS = Limits(wall_s=20.0, memory=64 * _MEBIBYTE)
# Each of four takes less than may be had together.
_BOMB = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        taken = b"x" * (40 * 1024 ** 2)
        time.sleep(10)
        os._exit(0)
time.sleep(10)
"""
_SOCKET = "import socket; socket.socket(socket.AF_INET)"
_ANSWERS = {"unshare": "EPERM", "keyctl": "EPERM", "open_tree": "ENOSYS", "clone3": "ENOSYS"}
_NO_FAMILY = "EAFNOSUPPORT"
_KERNEL = ("/proc/sys/kernel/hostname", "/proc/sys/vm/swappiness", "/proc/sysrq-trigger")
_OUTSIDE = ("/escaped", "/usr/escaped", "/etc/passwd", "/dev/escaped", "/proc/sys/escaped")
_PROBE = Path(__file__).with_name("probe.py")
_INSIDE = "/run/workflow/probe.py"


def tried(sandbox: Sandbox) -> tuple[Wall, ...]:
    """Return every wall with what came of trying to get past it."""
    with tempfile.TemporaryDirectory(prefix="workflow-") as name:
        folder = Path(name)
        said = _probe(sandbox, folder)
        unchanged = (folder / "tree" / "file").read_text("ascii") == "as it was"
    seen = _seen(said, unchanged=unchanged)
    return (*seen, *_kernels(said), _no_network(sandbox), _memory(sandbox), _deadline(sandbox))


def _probe(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Run the probe on scratch files and sockets of this process."""
    tree, private = folder / "tree", folder / "private"
    tree.mkdir()
    for path in (tree / "file", folder / "secret", private):
        path.write_text("as it was", "ascii")
    private.chmod(0o600 if is_root() else 0o000)
    (tree / "link").symlink_to(folder / "secret")
    python = interpreter(Path(sys.executable))
    abstract = f"workflow-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as held:
        tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        unix = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        unix.bind(f"\0{abstract}")
        unix.listen(1)
        target = {
            "port": tcp.getsockname()[1],
            "abstract": abstract,
            "secret": str(folder / "secret"),
            "private": str(private),
            "outside": _OUTSIDE,
            "kernel": _KERNEL,
        }
        ran = sandbox.run(
            Command(
                argv=(str(python.program), "-I", "-S", _INSIDE, json.dumps(target)),
                tree=Scratch(tree),
                # As root this file is readable by root alone: reading it inside means being root.
                read_only=(*python.folders, private),
                links=python.links,
                files=((_INSIDE, _PROBE.read_bytes()),),
                limits=_LIMITS,
                network=Network.LOOPBACK,
                report=True,
            )
        )
    if not ran.is_ok:
        tail = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no output"]
        message = f"the walls could not be tried: {tail[0]}"
        raise SandboxUnavailableError(message, hint="run `workflow doctor` with `--debug`")
    said: dict[str, Any] = json.loads(ran.report)
    return said


def _seen(said: dict[str, Any], *, unchanged: bool) -> tuple[Wall, ...]:
    limits = _LIMITS
    expected = [limits.address_space, limits.file_size, limits.open_files, limits.processes, 0]
    outside, kernel = said["outside"], said["kernel"]
    return (
        Wall("no capability", said["capabilities"] == 0, f"set: {said['capabilities']:#x}"),
        Wall(
            "not the machine's root",
            not said["private"],
            "a file that only another id may read stayed closed",
        ),
        Wall("own processes only", said["processes"] <= 4, f"{said['processes']} to be seen"),  # noqa: PLR2004 - bubblewrap, its child, the probe and its shell
        Wall("no host network", not said["tcp"], "connect to a loopback server of the host"),
        Wall("no abstract sockets", not said["abstract"], "connect to a socket of the host"),
        Wall("own loopback works", said["own_loopback"], "a server and a client inside"),
        Wall("host files invisible", not said["secret"], "read a scratch file of the host"),
        Wall("links lead nowhere", not said["link"], "read the same through a link in the tree"),
        Wall(
            "tree is copy-on-write",
            said["tree"] and unchanged,
            "written inside, unchanged on the host",
        ),
        Wall("all else read-only", not outside, f"written: {', '.join(outside) or 'nothing'}"),
        Wall("kernel settings closed", not kernel, f"opened: {', '.join(kernel) or 'nothing'}"),
        Wall("launcher's environment hidden", "=" not in said["environment"], "/proc/1/environ"),
        Wall("no inherited descriptors", not said["descriptors"], f"open: {said['descriptors']}"),
        Wall("limits set", said["limits"] == expected, f"{said['limits']}"),
        Wall(
            "processes bounded",
            0 < said["children"] < limits.processes,
            f"{said['children']} children of {limits.processes} processes",
        ),
        Wall(
            "disk bounded",
            0 < said["mebibytes"] <= limits.disk // _MEBIBYTE,
            f"{said['mebibytes']} MiB written, {limits.disk // _MEBIBYTE} allowed",
        ),
        Wall(
            "number of files bounded",
            0 < said["files"] <= limits.files + _SPARE_FILES,
            f"{said['files']} files made, {limits.files} allowed",
        ),
    )


def _kernels(said: dict[str, Any]) -> tuple[Wall, ...]:
    """Return the walls of the kernel that a process puts up around itself."""
    calls, families = said["calls"], said["families"]
    version = landlock.version()
    home = cgroup.find()
    return (
        Wall(
            "system call filter",
            calls == _ANSWERS and said["seccomp"] == "2",
            ", ".join(f"{name}: {answer or 'possible'}" for name, answer in calls.items()),
        ),
        Wall("no other sockets", set(families) == {_NO_FAMILY}, "packets, virtual machines"),
        Wall(
            "Landlock",
            not said["own_comm"],
            f"version {version}, behind the mounts"
            if version
            else "this kernel has none, or it is off; the mounts stand without it",
            needed=version >= landlock.FIRST_VERSION,
        ),
        Wall(
            "control group",
            home is not None,
            f"version {home.version}: memory and processes of a run together"
            if home
            else "none to be had here (`systemd-run --user --scope` may give one); memory is "
            "looked at ten times a second instead",
            needed=False,
        ),
    )


def _run_python(sandbox: Sandbox, code: str, limits: Limits) -> Ran:
    python = interpreter(Path(sys.executable))
    argv = (str(python.program), "-I", "-S", "-c", code)
    return sandbox.run(Command(argv, read_only=python.folders, links=python.links, limits=limits))


def _no_network(sandbox: Sandbox) -> Wall:
    ran = _run_python(sandbox, _SOCKET, _LIMITS)
    stands = ran.exit_status == 1 and b"not supported" in ran.stderr
    return Wall("no network at all", stands, "an internet socket, where none is asked for")


def _memory(sandbox: Sandbox) -> Wall:
    """Have processes take more together than is allowed, and each of them less."""
    ran = _run_python(sandbox, _BOMB, _BOMB_LIMITS)
    return Wall(
        "total memory bounded",
        ran.out_of_memory and not ran.timed_out,
        f"160 MiB by four processes, 64 allowed: ended after {ran.seconds:.1f} s",
    )


def _deadline(sandbox: Sandbox) -> Wall:
    """Leave a daemon in a session of its own, and look for it when the time is over."""
    mark = f"{100_000 + secrets.randbelow(800_000)}.25"
    script = f"setsid sleep {mark} & sleep 30"
    ran = sandbox.run(Command(argv=("/bin/sh", "-c", script), limits=Limits(wall_s=0.5)))
    alive = any(mark in line for line in _command_lines())
    return Wall("deadline ends everything", ran.timed_out and not alive, "a daemon in setsid")


def _command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes().decode("utf-8", "replace"))
    return lines
