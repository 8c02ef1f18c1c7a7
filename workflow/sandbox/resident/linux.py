"""Linux's calls for processes, namespaces and mounts, of which Python has no names.

The numbers are Linux's, from `<linux/sched.h>`, `<linux/mount.h>`, `<linux/prctl.h>` and, for calls
that the C library has no function for, the tables of system calls.  All raise `OSError`.
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = (
    0x20000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REC, MS_PRIVATE = 0x4000, 1 << 18

OWNERS = "its file system cannot map owners"
"""What an error of `map_owners` names."""

_CLONE = {"x86_64": 56, "aarch64": 220}
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH, _MOUNT_ATTR_IDMAP = 0x1, 0x4, 0x100000
_MNT_DETACH, _SIGCHLD = 2, 17
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


class _MountAttr(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")
    ]


# NOTE: PyDLL, not CDLL: the interpreter's lock stays held, so that `clone` gives a whole copy.
_libc = ctypes.PyDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def clone(flags: int) -> int:
    """Fork with new namespaces: return 0 in the child and its number in the parent.

    The child is for an `execve` soon: Python's own hooks for a fork are not run.
    """
    number = _CLONE.get(os.uname().machine, _CLONE["aarch64"])
    return _checked(_libc.syscall(number, flags | _SIGCHLD, 0, 0, 0, 0), "clone")


def unshare(flags: int) -> None:
    """Give this process new namespaces."""
    _checked(_libc.unshare(flags), "unshare")


def mount(kind: str, place: str, flags: int, data: str = "") -> None:
    """Mount a new file system of `kind` at `place`, or change the flags there when it is empty."""
    source = kind.encode() or None
    _checked(
        _libc.mount(source, os.fsencode(place), source, ctypes.c_ulong(flags), data.encode()),
        f"mount {kind} {place}",
    )


def tree(path: str) -> int:
    """Return what is mounted at and below `path`, detached: it outlives its old place."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
    return _checked(_libc.syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags), path)


def attach(mounted: int, place: str) -> None:
    """Put a detached mount at `place`, which exists, and close it."""
    try:
        moved = _libc.syscall(
            _MOVE_MOUNT, mounted, b"", _AT_FDCWD, os.fsencode(place), _MOVE_MOUNT_F_EMPTY_PATH
        )
        _checked(moved, f"mount {place}")
    finally:
        os.close(mounted)


def map_owners(mounted: int, namespace: int) -> None:
    """Show the files of a detached mount with their owners as a user namespace maps them."""
    attr = _MountAttr(_MOUNT_ATTR_IDMAP, 0, 0, namespace)
    size = ctypes.sizeof(attr)
    _checked(
        _libc.syscall(_MOUNT_SETATTR, mounted, b"", _AT_EMPTY_PATH, ctypes.byref(attr), size),
        OWNERS,
    )


def enter_root(place: str) -> None:
    """Make the mount at `place` the root of this mount namespace, and let the old one go."""
    os.chdir(place)
    # The old root is put on top of the new one, and is what is taken away there.
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", _MNT_DETACH), "umount")
    os.chdir("/")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(9), 0, 0, 0), "prctl")


def be_readable() -> None:
    """Let this process open its own entries of /proc again, after it has changed its user."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(1), 0, 0, 0), "prctl")
