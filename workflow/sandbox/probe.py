"""Tries the walls from inside: run in the sandbox by `walls`, never on the host.

Each attempt is one that does no harm should it succeed.  What was possible goes over the report
pipe as one JSON object.  The argument is JSON: what to try it on.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CLONE_NEWUSER = 0x10000000
_TIMEOUT_S = 1.0


def _can(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _connect(family: int, address: object) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(_TIMEOUT_S)
        client.connect(address)  # type: ignore[arg-type]  # a tuple or a name, by family


def _own_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _connect(socket.AF_INET, server.getsockname())


def _new_user_namespace() -> None:
    import ctypes  # noqa: PLC0415 - the only attempt that needs it

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise PermissionError


def _open_for_writing(path: str) -> None:
    # NOTE: opened and closed, never written.
    os.close(os.open(path, os.O_WRONLY))


def _write(path: str) -> None:
    Path(path).write_text("written from inside", "utf-8")


def _status(key: str) -> str:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")


def main() -> None:
    """Make every attempt and report."""
    target = json.loads(sys.argv[1])
    said = {
        "capabilities": int(_status("CapEff:"), 16) | int(_status("CapBnd:"), 16),
        "seccomp": _status("Seccomp:"),
        "processes": sum(name.isdigit() for name in os.listdir("/proc")),  # noqa: PTH208 - names
        "environment": Path("/proc/1/environ").read_bytes().decode("utf-8", "replace"),
        "limits": [
            resource.getrlimit(kind)[0]
            for kind in (
                resource.RLIMIT_AS,
                resource.RLIMIT_FSIZE,
                resource.RLIMIT_NOFILE,
                resource.RLIMIT_NPROC,
                resource.RLIMIT_CORE,
            )
        ],
        "own_loopback": _can(_own_loopback),
        "tcp": _can(lambda: _connect(socket.AF_INET, ("127.0.0.1", target["port"]))),
        "abstract": _can(lambda: _connect(socket.AF_UNIX, f"\0{target['abstract']}")),
        "secret": _can(lambda: Path(target["secret"]).read_bytes()),
        "private": _can(lambda: Path(target["private"]).read_bytes()),
        "link": _can(lambda: Path("link").read_bytes()),
        "tree": _can(lambda: _write("file")),
        "outside": [name for name in target["outside"] if _can(partial(_write, name))],
        "kernel": [name for name in target["kernel"] if _can(partial(_open_for_writing, name))],
        "descriptors": _descriptors(),
    }
    said["namespace"] = _can(_new_user_namespace)
    with open(int(os.environ["WORKFLOW_REPORT_FD"]), "w", encoding="utf-8") as report:  # noqa: PTH123 - a descriptor, not a path
        json.dump(said, report)


def _descriptors() -> list[int]:
    """Return the open descriptors beyond the three standard ones and the report."""
    known = {0, 1, 2, int(os.environ["WORKFLOW_REPORT_FD"])}
    found = []
    for fd in range(3, 256):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            found.append(fd)
    return sorted(set(found) - known)


if __name__ == "__main__":
    main()
