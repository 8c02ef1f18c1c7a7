"""Tries the walls from inside: run in the sandbox by `walls`, never on the host.

Each attempt is one that does no harm should it succeed.  What was possible goes over the report
pipe as one JSON object.  The argument is JSON: what to try it on.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CLONE_NEWUSER = 0x10000000
_TIMEOUT_S = 1.0
_AF_VSOCK = 40
# More than what is allowed, so that the end of it is seen.
_CHILDREN, _FILES, _MEBIBYTES = 64, 600, 24


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


def _calls() -> dict[str, str]:
    """Make system calls that anybody may make where there is no filter; return what each said."""
    import ctypes  # noqa: PLC0415 - the only attempt that needs it

    libc = ctypes.CDLL(None, use_errno=True)
    attempts = {
        "unshare": partial(libc.unshare, _CLONE_NEWUSER),
        "keyctl": partial(libc.syscall, {"x86_64": 250}.get(os.uname().machine, 219), 0, -2, 1),
        "open_tree": partial(libc.syscall, 428, -100, b"/tmp", 0),
        "clone3": partial(libc.syscall, 435, None, 0),
    }
    said = {}
    for name, attempt in attempts.items():
        ctypes.set_errno(0)
        failed = attempt() == -1
        said[name] = errno.errorcode[ctypes.get_errno()] if failed else ""
    return said


def _family(family: int) -> str:
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "")
    return ""


def _forked() -> int:
    """Return how many children there can be at a time; they do nothing and are ended."""
    children = []
    with contextlib.suppress(OSError):
        for _ in range(_CHILDREN):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children)


def _made(folder: Path) -> tuple[int, int]:
    """Return how many mebibytes can be written, and how many empty files be made; remove them."""
    folder.mkdir()
    written = _until_full(folder, _MEBIBYTES, bytes(1024**2))
    made = _until_full(folder, _FILES, b"")
    folder.rmdir()
    return written, made


def _until_full(folder: Path, count: int, content: bytes) -> int:
    paths = [folder / str(number) for number in range(count)]
    done = 0
    with contextlib.suppress(OSError):
        for path in paths:
            path.write_bytes(content)
            done += 1
    for path in paths:
        path.unlink(missing_ok=True)
    return done


def _first_environment() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/1/environ").read_bytes().decode("utf-8", "replace")
    return ""


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
        "environment": _first_environment(),
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
    said["own_comm"] = _can(partial(_open_for_writing, "/proc/self/comm"))
    said["families"] = [_family(family) for family in (socket.AF_PACKET, _AF_VSOCK)]
    said["children"] = _forked()
    said["mebibytes"], said["files"] = _made(Path("full"))
    said["calls"] = _calls()
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
