"""Leaves real root before the sandbox is built: run as a script, and only when started as root.

In a mount namespace of its own it brings what the sandbox needs to a place that everybody can
reach, shows the tree as owned by an unprivileged user (an id-mapped mount, so no file is copied or
changed), becomes that user for good, and starts bubblewrap.  Its one argument is JSON: `sources`
and `tree` are host paths, `program` and `argv` the command.  The numbers are Linux's, from
`<linux/mount.h>`.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys

STAGE = "/tmp"  # noqa: S108 - covered by an empty tmpfs in a mount namespace of our own
FAILED = 121
_NOBODY = 65534

_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_MS_NOSUID_NODEV, _MS_REC_PRIVATE = 0x2 | 0x4, 0x4000 | 1 << 18
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH, _MOUNT_ATTR_IDMAP = 0x1, 0x4, 0x100000


class _MountAttr(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")
    ]


_libc = ctypes.CDLL(None, use_errno=True)


def is_real_root(uid_map: str, euid: int) -> bool:
    """Whether `euid` 0 is the machine's own root; `uid_map` is the text of /proc/self/uid_map."""
    return euid == 0 and uid_map.split()[:2] == ["0", "0"]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def _clone(path: str, flags: int) -> int:
    """Return the mount of `path`, detached: it stays valid when its old place is covered."""
    return _checked(
        _libc.syscall(
            _OPEN_TREE, _AT_FDCWD, os.fsencode(path), _OPEN_TREE_CLONE | os.O_CLOEXEC | flags
        ),
        path,
    )


def _mapping(uid: int, gid: int) -> int:
    """Return a user namespace in which the owner `uid`:`gid` is the unprivileged user."""
    ready_read, ready_write = os.pipe()
    done_read, done_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(done_write)
        os.write(ready_write, b"x" if _libc.unshare(_CLONE_NEWUSER) == 0 else b"-")
        os.read(done_read, 1)
        os._exit(0)
    try:
        if os.read(ready_read, 1) != b"x":
            raise PermissionError(0, "no user namespace", "unshare")
        for name, owner in (("uid_map", uid), ("gid_map", gid)):
            with open(f"/proc/{child}/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs this start-up milliseconds
                file.write(f"{owner} {_NOBODY} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY)
    finally:
        os.close(done_write)
        os.waitpid(child, 0)


def _map_owner(mount: int, path: str) -> None:
    owner = os.stat(path)  # noqa: PTH116 - as above
    attr = _MountAttr(_MOUNT_ATTR_IDMAP, 0, 0, _mapping(owner.st_uid, owner.st_gid))
    size = ctypes.sizeof(attr)
    _checked(
        _libc.syscall(_MOUNT_SETATTR, mount, b"", _AT_EMPTY_PATH, ctypes.byref(attr), size),
        f"{path}: its file system cannot map owners",
    )


def _stage(sources: list[str], tree: str | None) -> None:
    _checked(_libc.unshare(_CLONE_NEWNS), "unshare")
    _checked(_libc.mount(None, b"/", None, _MS_REC_PRIVATE, None), "private mounts")
    mounts: dict[str, int] = {}
    for path in sorted(sources):
        if not any(path.startswith(f"{outer}/") for outer in mounts):
            mounts[path] = _clone(path, _AT_RECURSIVE)
    if tree is not None:
        mounts[tree] = _clone(tree, 0)
        _map_owner(mounts[tree], tree)
    _checked(_libc.mount(b"tmpfs", STAGE.encode(), b"tmpfs", _MS_NOSUID_NODEV, b"mode=755"), STAGE)
    for path, mount in mounts.items():
        _make_place(mount, STAGE + path)
        place = os.fsencode(STAGE + path)
        moved = _libc.syscall(_MOVE_MOUNT, mount, b"", _AT_FDCWD, place, _MOVE_MOUNT_F_EMPTY_PATH)
        _checked(moved, path)


def _make_place(mount: int, place: str) -> None:
    if stat.S_ISDIR(os.fstat(mount).st_mode):
        os.makedirs(place, exist_ok=True)  # noqa: PTH103 - as above
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120 - as above
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))


def main() -> None:
    """Stage, become nobody, start the command; say why not on stderr with status `FAILED`."""
    plan = json.loads(sys.argv[1])
    try:
        _stage(plan["sources"], plan["tree"])
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        os.execve(plan["program"], plan["argv"], {})  # noqa: S606 - the sandbox itself, by full path
    except OSError as error:
        sys.stderr.write(f"cannot leave root: {error.strerror}: {error.filename}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
