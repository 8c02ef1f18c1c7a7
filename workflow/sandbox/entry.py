"""What runs first inside: puts up the walls that a process builds around itself, then the program.

Landlock, the bounds on resources, then the program with its environment.  All of it goes through
no shell and no interpreter (see `calls`), so nothing of the tree or of the system has a say.
"""

from __future__ import annotations

import os
import platform
import resource
import struct
from typing import TYPE_CHECKING

from workflow.errors import SandboxUnavailableError
from workflow.sandbox import landlock
from workflow.sandbox.calls import Call, assembled
from workflow.sandbox.interface import TREE
from workflow.sandbox.landlock import DEVICES, LIST, READ, WRITE, Place
from workflow.sandbox.syscalls import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.sandbox.interface import Command

PLACE = "/run/workflow/entry"
"""Where the entry appears inside."""

NOT_STARTED = 127
"""The exit status when the program is not there or cannot be executed, as a shell's."""

_PLACES = (
    Place("/", LIST),
    *(Place(name, READ) for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")),
    *(Place(name, READ) for name in ("/libx32", "/etc", "/nix/store", "/run", "/proc")),
    Place("/dev", DEVICES),
    *(Place(name, WRITE) for name in ("/dev/shm", "/tmp", TREE)),  # noqa: S108 - inside
)
_ERROR = b"sandbox: the limits could not be set\n"


def program(command: Command, environment: Mapping[str, str], machine: str = "") -> bytes:
    """Return the executable that confines itself and becomes the program of `command`.

    `environment` is all that the program gets; its `PATH` is where the program is looked for.
    `machine` is a name as `platform.machine` gives it, by default this machine's.

    Raises `SandboxUnavailableError` for a machine that there is no code for.
    """
    name = machine or platform.machine()
    known = Machine.of(name)
    if known is None:
        message = f"no working sandbox, so nothing was run: it does not know the machine {name!r}"
        raise SandboxUnavailableError(message, hint="use a machine of x86_64 or aarch64")
    walls = (*landlock.calls(_places(command), command.network), *_bounds(command))
    return assembled((*walls, *_become(command.argv, environment)), known)


def _places(command: Command) -> tuple[Place, ...]:
    return (
        *_PLACES,
        *(Place(name, WRITE) for name in command.dirs),
        *(Place(str(path), READ) for path in command.read_only),
        *(Place(name, READ) for name, _ in command.files),
    )


def _bounds(command: Command) -> tuple[Call, ...]:
    """Return the bounds; inside the user namespace, where processes are counted for it alone."""
    limits = command.limits
    wanted = {
        resource.RLIMIT_AS: limits.address_space,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CPU: int(limits.wall_s + 1) * (os.cpu_count() or 1),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: limits.processes,
    }
    return tuple(
        Call(
            "prlimit64",
            (0, kind, struct.pack("=2Q", *[_allowed(kind, bound)] * 2), 0),
            error=_ERROR,
        )
        for kind, bound in wanted.items()
    )


def _allowed(kind: int, wanted: int) -> int:
    """Return the bound, or the launcher's own hard one where that is lower."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _become(argv: tuple[str, ...], environment: Mapping[str, str]) -> tuple[Call, ...]:
    """Return the calls that try the program in each folder of `PATH`, and say that it is absent."""
    words = tuple(os.fsencode(word) for word in argv)
    pairs = tuple(os.fsencode(f"{key}={value}") for key, value in environment.items())
    folders = environment.get("PATH", "").split(":")
    tried = [argv[0]] if "/" in argv[0] else [f"{folder or '.'}/{argv[0]}" for folder in folders]
    absent = b"sandbox: " + words[0] + b": not found, or not executable\n"
    last = len(tried) - 1
    return tuple(
        Call(
            "execve",
            (os.fsencode(path) + b"\0", words, pairs),
            skips=0 if at < last else None,
            error=absent,
            status=NOT_STARTED,
        )
        for at, path in enumerate(tried)
    )
