"""Becoming somebody else, or the same in a world of one's own: ids, namespaces, mounts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from pathlib import Path

from tests.integration.sandbox.escapes.attempts.calls import call, libc, reached
from tests.integration.sandbox.escapes.attempts.reading import text_of
from tests.integration.sandbox.escapes.attempts.table import NOTHING, Control, Target, attempt

NEW = {
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "time": 0x80,
}
_BIND, _REMOUNT, _REC = 0x1000, 0x20, 0x4000
_DETACH = 2
_NO_NEW_PRIVILEGES, _SET = 39, 8
_OPEN_TREE_CLONE = 1
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000


@attempt(Control.LAX)
def capabilities(_target: Target) -> str:
    """Hold any capability, or be able to get one."""
    lines = text_of("/proc/self/status").splitlines()
    held = [line for line in lines if line.startswith("Cap") and int(line.split()[1], 16)]
    return ", ".join(held)


@attempt()
def new_privileges(_target: Target) -> str:
    """Be one whom a set-uid program may still lift."""
    return NOTHING if libc.prctl(_NO_NEW_PRIVILEGES, 0, 0, 0, 0) else "possible"


@attempt(root=True)
def set_uid_program(_target: Target) -> str:
    """Become another user by a set-uid program in the tree."""
    said = subprocess.run(["./set-uid", "-u"], capture_output=True, check=False, text=True).stdout
    return said if said and int(said) != os.getuid() else NOTHING


@attempt(Control.LAX, root=True)
def other_user(_target: Target) -> str:
    """Become another user."""
    os.setuid(12345)
    return f"uid {os.getuid()}"


@attempt(Control.LAX, root=True)
def other_groups(_target: Target) -> str:
    """Join a group, or leave one that is kept out."""
    os.setgroups([12345])
    return f"groups {os.getgroups()}"


@attempt()
def user_namespace(_target: Target) -> str:
    """Be root in a user namespace of one's own, the first step of most escapes."""
    return f"returned {call('unshare', NEW['user'])}"


@attempt()
def user_namespace_by_clone(_target: Target) -> str:
    """Start a process in a user namespace of its own."""
    pid = call("clone", NEW["user"] | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f"process {pid}"


@attempt()
def user_namespace_by_clone3(_target: Target) -> str:
    """Start it by the call whose flags no filter can see."""
    words = (ctypes.c_uint64 * 8)(NEW["user"], 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call("clone3", ctypes.byref(words), ctypes.sizeof(words))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f"process {pid}"


@attempt(Control.LAX)
def mount_namespace(_target: Target) -> str:
    """Have mounts of one's own."""
    return f"returned {call('unshare', NEW['mount'])}"


@attempt(Control.LAX)
def process_namespace(_target: Target) -> str:
    """Have process numbers of one's own."""
    return f"returned {call('unshare', NEW['pid'])}"


@attempt(Control.LAX)
def network_namespace(_target: Target) -> str:
    """Have a network of one's own, with all that its root may set."""
    return f"returned {call('unshare', NEW['net'])}"


@attempt(Control.LAX)
def other_namespaces(_target: Target) -> str:
    """Have a host name, shared memory, control groups or clocks of one's own."""
    made = []
    for name in ("uts", "ipc", "cgroup", "time"):
        with contextlib.suppress(OSError):
            call("unshare", NEW[name])
            made.append(name)
    return ", ".join(made)


@attempt(Control.LAX)
def namespace_joined(_target: Target) -> str:
    """Join a namespace by its file."""
    return f"returned {call('setns', os.open('/proc/self/ns/uts', os.O_RDONLY), 0)}"


@attempt(Control.LAX)
def host_name(_target: Target) -> str:
    """Change the machine's name."""
    return f"returned {call('sethostname', b'escaped', 7)}"


@attempt(Control.LAX)
def mounted(_target: Target) -> str:
    """Mount a file system."""
    Path("place").mkdir()
    return f"returned {call('mount', b'none', b'place', b'tmpfs', 0, 0)}"


@attempt(Control.LAX)
def mounted_again(_target: Target) -> str:
    """Show a folder at a second place."""
    Path("again").mkdir()
    return f"returned {call('mount', b'/usr', b'again', 0, _BIND | _REC, 0)}"


@attempt(Control.LAX)
def mounted_writable(_target: Target) -> str:
    """Make a folder writable that is shown read-only."""
    for place in (b"/usr", b"/", b"/etc"):
        with contextlib.suppress(OSError):
            return f"returned {call('mount', b'none', place, 0, _BIND | _REMOUNT, 0)}"
    return NOTHING


@attempt(Control.LAX)
def unmounted(_target: Target) -> str:
    """Uncover what a mount covers."""
    for place in (b"/usr/local/share", b"/proc/sys", b"/tmp", b"/tree", b"/dev/shm"):
        with contextlib.suppress(OSError):
            return f"returned {call('umount2', place, _DETACH)}"
    return NOTHING


@attempt(Control.LAX)
def root_pivoted(_target: Target) -> str:
    """Exchange the root folder."""
    return reached("pivot_root", b"/nowhere", b"/nowhere")


@attempt(Control.LAX)
def root_changed(_target: Target) -> str:
    """Change the root folder; `..` leads out of the old one then."""
    return f"returned {call('chroot', b'.')}"


@attempt(Control.LAX)
def file_system_opened(_target: Target) -> str:
    """Mount by the new calls: make a file system."""
    return f"descriptor {call('fsopen', b'tmpfs', 0)}"


@attempt(Control.LAX)
def file_system_picked(_target: Target) -> str:
    """Mount by the new calls: take a file system that is there."""
    return f"descriptor {call('fspick', _AT_FDCWD, b'/dev', 0)}"


@attempt(Control.LAX)
def mount_cloned(_target: Target) -> str:
    """Mount by the new calls: copy a mount."""
    return f"descriptor {call('open_tree', _AT_FDCWD, b'/usr', _OPEN_TREE_CLONE)}"


@attempt(Control.LAX)
def mount_moved(_target: Target) -> str:
    """Mount by the new calls: move a mount."""
    return reached("move_mount", -1, b"nowhere", -1, b"nowhere", 0)


@attempt(Control.LAX)
def mount_changed(_target: Target) -> str:
    """Mount by the new calls: make one writable."""
    words = (ctypes.c_uint64 * 4)(0, 1, 0, 0)
    fd = os.open("/usr", os.O_PATH)
    size = ctypes.sizeof(words)
    return f"returned {call('mount_setattr', fd, b'', _AT_EMPTY_PATH, ctypes.byref(words), size)}"
