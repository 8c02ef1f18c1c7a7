"""What a run may see and do, as bubblewrap's options: the arguments are the security model.

Order matters: bubblewrap carries the options out one after the other.  Nothing below is mounted
or created through a path that the tree decides (bubblewrap 0.11 follows symbolic links there).
"""

from __future__ import annotations

import os
import posixpath
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.sandbox.interface import TREE

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.sandbox.interface import Command, Scratch

HOME = "/tmp/home"  # noqa: S108 - inside the sandbox, on its own tmpfs
UID = 1000
_SCRATCH_BYTES = 512 * 1024**2
_SHARED_MEMORY_BYTES = 64 * 1024**2
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Where the kernel lets the machine's root write, or shows hardware.
_PROC_COVERED = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
_RESERVED = ("/proc", "/dev", "/sys", "/oldroot", "/newroot")

# Sets the bound on processes where it counts this sandbox alone: inside its user namespace.  What
# bash calls -u is -p in dash, and bash's -p is a bound that it refuses to set.
LIMITED = """
ulimit -v "$1" && ulimit -f "$2" && ulimit -n "$3" && ulimit -t "$4" && ulimit -c 0 || exit 125
(ulimit -u "$5") 2>/dev/null && ulimit -u "$5" || ulimit -p "$5" || exit 125
shift 5
exec "$@"
"""

# Runs in a network namespace made for the purpose, where it alone may set these: the program
# inside gets a network that it cannot configure.  Where that is forbidden (AppArmor), low ports
# come from a capability and foreign addresses stay impossible.
OPEN_NETWORK = """
bwrap=$1 fd=$2
shift 2
{ echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start &&
  echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind; } 2>/dev/null ||
  exec env -i "$bwrap" --args "$fd" --cap-add CAP_NET_BIND_SERVICE -- "$@"
[ ! -e /proc/sys/net/ipv6/ip_nonlocal_bind ] || echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind
exec env -i "$bwrap" --args "$fd" --share-net -- "$@"
"""


def limited(command: Command) -> list[str]:
    """Return the program's words behind the shell that sets its limits."""
    limits = command.limits
    cpu_s = int(limits.wall_s + 1) * (os.cpu_count() or 1)
    words = [
        str(_allowed(resource.RLIMIT_AS, limits.address_space) // 1024),
        str(_allowed(resource.RLIMIT_FSIZE, limits.file_size) // 512),
        str(_allowed(resource.RLIMIT_NOFILE, limits.open_files)),
        str(_allowed(resource.RLIMIT_CPU, cpu_s)),
        str(_allowed(resource.RLIMIT_NPROC, limits.processes)),
    ]
    return ["/bin/sh", "-c", LIMITED, "sh", *words, *command.argv]


def _allowed(kind: int, wanted: int) -> int:
    """Return the bound, or the launcher's own hard one where that is lower."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def options(
    command: Command, *, source: Callable[[Path], str], data: Callable[[bytes], int], status: int
) -> list[str]:
    """Return bubblewrap's options for `command`.

    `source` says where a host path can be reached, `data` gives a descriptor to read bytes from,
    `status` is the descriptor for bubblewrap's own report.  Raises `ValueError` for a path inside
    that is not allowed.
    """
    uid = "0" if command.as_root else str(UID)
    words = [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--clearenv"),
        *("--uid", uid, "--gid", uid, "--hostname", "sandbox"),
        *("--json-status-fd", str(status)),
        *("--perms", "0755", "--dir", "/etc"),
        *_system(),
        *("--proc", "/proc"),
        *(word for name in _PROC_COVERED for word in _read_only(f"/proc/{name}")),
        *("--dev", "/dev", "--perms", "1777"),
        *("--size", str(_SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"),  # noqa: S108 - inside
        *("--perms", "1777", "--size", str(_SCRATCH_BYTES), "--tmpfs", "/tmp"),  # noqa: S108 - inside
        *("--perms", "0700", "--dir", HOME),
    ]
    if command.tree is None:
        words += ["--size", str(_SCRATCH_BYTES), "--tmpfs", TREE]
    else:
        words += ["--overlay-src", source(command.tree.folder), "--tmp-overlay", TREE]
    for name in command.dirs:
        words += ["--size", str(_SCRATCH_BYTES), "--tmpfs", _contained(name, command.tree)]
    for path in command.read_only:
        hidden = any(_is_below(str(path), name) for name in command.dirs)
        if hidden or not is_system(path):
            words += ["--ro-bind", source(path), _contained(str(path), command.tree)]
    for name, target in command.links:
        words += ["--symlink", target, _contained(name, command.tree)]
    for name, content in {**_etc(uid), **dict(command.files)}.items():
        place = _contained(name, command.tree)
        words += ["--perms", "0644", "--file", str(data(content)), place]
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for key, value in _environment(command).items():
        words += ["--setenv", key, value]
    return [*words, "--chdir", command.cwd]


def is_system(path: Path) -> bool:
    """Whether `path` is inside what every sandbox sees read-only anyway."""
    return path.parts[:2] == ("/", "usr") or path.parts[1:2] in [(name,) for name in _SYSTEM]


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    # The loader's index of libraries, Debian's choice of alternatives, the store of Nix.
    for place in ("/etc/ld.so.cache", "/etc/alternatives", "/nix/store"):
        words += _read_only(place)
    return words


def _read_only(path: str) -> list[str]:
    return ["--ro-bind-try", path, path]


def _etc(uid: str) -> dict[str, bytes]:
    account = "" if uid == "0" else f"user:x:{uid}:{uid}::{HOME}:/bin/sh\n"
    group = "" if uid == "0" else f"user:x:{uid}:\n"
    texts = {
        "/etc/passwd": f"root:x:0:0::{HOME}:/bin/sh\n{account}nobody:x:65534:65534::/:/bin/sh\n",
        "/etc/group": f"root:x:0:\n{group}nogroup:x:65534:\n",
        "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
        # NOTE: without this an unresolved name costs a static (musl) program five seconds.
        "/etc/resolv.conf": "options timeout:0 attempts:1\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def _environment(command: Command) -> dict[str, str]:
    standard = {"HOME": HOME, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    return {**standard, **command.env}


def is_placeable(path: Path) -> bool:
    """Whether a host path can appear inside at the same place, but for links of the tree."""
    try:
        _contained(str(path), None)
    except ValueError:
        return False
    return True


def _contained(name: str, tree: Scratch | None) -> str:
    """Return the path inside `name`; raise `ValueError` when the tree could lead it elsewhere."""
    clean = name.startswith("/") and posixpath.normpath(name) == name and name not in {"/", TREE}
    if not clean or any(_is_below(name, place) for place in _RESERVED):
        message = f"not a place inside the sandbox: {name!r}"
        raise ValueError(message)
    if tree is not None and _is_below(name, TREE):
        place = tree.folder
        for part in name[len(TREE) + 1 :].split("/"):
            place = place / part
            if place.is_symlink():
                message = f"leads through a symbolic link of the tree: {name!r}"
                raise ValueError(message)
    return name


def _is_below(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")
